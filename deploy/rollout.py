"""One release after another on a running stack, step by step as docs/deploying.md tells it for containers.

    rollout(stack, folder)                   the code in the folder takes over; its migrations are applied
    rollout(stack, ROOT, migrate=False)      back again: the schema stays as it is

Old and new code run side by side from the migration until the old instances have finished what they had begun.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.asking import free_ports
from deploy.composition import ROOT, part
from deploy.processes import Program
from deploy.stack import PREPARE_SECONDS, START_SECONDS, Stack

PREPARE: tuple[tuple[str, ...], ...] = (
    ("migrate", "--noinput"),
    ("publish_static", "/srv/published/static"),
)


def rollout(
    stack: Stack,
    code: Path,
    *,
    prepare: Sequence[Sequence[str]] = PREPARE,
    migrate: bool = True,
    step: Callable[[str], object] = lambda _: None,
) -> None:
    """Replace the running release by the one in `code`; `step` is told what has just been done.

    Raises NotWell when a process of the new release is not well. Until the proxy is told, the old one then goes on
    serving alone, so that nobody has noticed.
    """
    old = list(stack.web)
    turn_to(stack, code)
    step("collected")
    for arguments in prepare if migrate else prepare[1:]:
        stack.manage(*arguments, timeout=PREPARE_SECONDS)
    step("prepared")
    replace(stack, "worker")  # whoever reads the queue is always as new as whoever writes to it
    step("worker")
    start_web(stack, count=len(old))
    step("started")
    lead_to(stack)
    step("led")
    for name in old:
        stack.programs.pop(name).stop()
    step("stopped")
    replace(stack, "beat")
    stack.note()
    step("done")


def turn_to(stack: Stack, code: Path) -> None:
    """What is started from here on is the code in this folder, with static files of its own. Nothing is stopped."""
    stack.code = code
    stack.var = stack.folder / ("var" if code == ROOT else f"releases/{code.name}")
    if not (stack.var / "static").exists():  # the release has not run here before
        stack.static = None
        stack.collect()


def replace(stack: Stack, name: str) -> None:
    """Stop a background process as compose does, warm, and start that of the release."""
    stack.programs[name].stop()
    stack.programs[name] = stack.program(name, part(name, variables=stack.variables))
    stack.programs[name].start()
    stack.programs[name].wait(START_SECONDS)


def start_web(stack: Stack, *, count: int) -> None:
    """New instances beside the old ones. The proxy does not know them yet. Those that are not well are taken away."""
    last = max(int(name.rpartition("-")[2]) for name in stack.web)
    names = [f"web-{last + number}" for number in range(1, count + 1)]
    stack.web_ports |= dict(zip(names, free_ports(count), strict=True))
    try:
        for name in names:
            stack.programs[name] = stack.program(name, part("web", variables=stack.variables))
            stack.programs[name].start()
        for name in names:
            stack.programs[name].wait(START_SECONDS)
    except BaseException:
        for name in names:
            if program := stack.programs.pop(name, None):
                program.stop()
        raise
    stack.web = names


def lead_to(stack: Stack) -> None:
    """Have the proxy read its file again: new requests go to the instances of the release, those begun are finished."""
    (stack.folder / "Caddyfile").write_text(stack.caddyfile())
    proxy = stack.program("proxy", part("proxy", variables=stack.variables))
    assert isinstance(proxy, Program)
    command = ["caddy", "reload", *proxy.command[2:], "--address", f"127.0.0.1:{stack.admin_port}"]
    subprocess.run(command, env=proxy.environment, check=True, capture_output=True, timeout=60)
