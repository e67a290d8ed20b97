"""A bar on the terminal for long work; nothing where nobody looks."""

from __future__ import annotations

from collections.abc import Callable

from django.core.management.base import OutputWrapper

WIDTH = 30
STEPS = 100


def bar(stream: OutputWrapper, what: str) -> Callable[[int, int], None]:
    """A progress callback that draws on the stream if that is a terminal."""

    def draw(done: int, total: int) -> None:
        if not stream.isatty() or (done != total and done % max(total // STEPS, 1)):
            return
        filled = WIDTH * done // max(total, 1)
        line = f"\r{what} [{'#' * filled}{'.' * (WIDTH - filled)}] {done:,} of {total:,}"
        stream.write(line, ending="\n" if done == total else "")

    return draw
