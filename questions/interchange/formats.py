"""The formats there are, and which one a file is in."""

from __future__ import annotations

from pathlib import PurePath

from questions.interchange.exchange import Format, Unreadable

FORMATS: dict[str, Format] = {format_.name: format_ for format_ in list[Format]()}


def detect(data: bytes, name: str) -> Format:
    """The format of a file: first among those that its name suggests, then among all. Raises Unreadable."""
    if not data.strip():
        raise Unreadable("The file is empty.")
    ending = PurePath(name.lower()).suffix
    likely = sorted(FORMATS.values(), key=lambda format_: ending not in format_.extensions)
    for format_ in likely:
        if format_.can_read(data, name):
            return format_
    labels = ", ".join(format_.label for format_ in FORMATS.values())
    raise Unreadable(f"The file is in none of the formats that can be read: {labels}.")
