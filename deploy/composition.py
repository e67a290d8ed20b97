"""What docker-compose.yml, the Dockerfile and .env.example say, for running it without containers.

Commands, variables and health checks are read from those files and nowhere written twice, so that they cannot drift.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Part:
    """One service: what it runs, with which variables, how it is asked whether it is well, and what comes first."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    check: tuple[str, ...]
    after: frozenset[str]
    stop_seconds: float


@cache
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return found


@cache
def dockerfile() -> str:
    """Its lines, continued ones joined."""
    return re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())


def image_command() -> list[str]:
    """What a container of our image runs when docker-compose.yml names nothing else: the web server."""
    (found,) = re.findall(r"^CMD (\[.*\])$", dockerfile(), re.MULTILINE)
    command: list[str] = json.loads(found)
    return command


def image_variables() -> dict[str, str]:
    """What the Dockerfile sets, without the search path for programs."""
    lines = re.findall(r"^ENV (.*)$", dockerfile(), re.MULTILINE)
    pairs = (word.split("=", 1) for line in lines for word in shlex.split(line))
    return {name: value for name, value in pairs if name != "PATH"}


def example() -> dict[str, str]:
    """The variables of .env.example with its values."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))


def part(name: str, *, variables: Mapping[str, str] | None = None) -> Part:
    """A service as compose would start it with .env.example as .env; `variables` stand above that file."""
    service = services()[name]
    ours = "build" in service
    values = {**example(), **(variables or {})}

    def filled(text: object) -> str:
        """As compose does it: ${NAME} is a variable, $$ is one dollar sign."""
        return re.sub(r"\$\$|\$\{(\w+)\}", lambda found: values[found[1]] if found[1] else "$", str(text))

    environment = image_variables() if ours else {}
    environment |= {key: filled(value) for key, value in service.get("environment", {}).items()}
    command = service.get("command") or (image_command() if ours else [])
    kind, *check = service.get("healthcheck", {"test": ["NONE"]})["test"]
    if kind == "CMD-SHELL":
        check = ["sh", "-c", *check]
    return Part(
        name=name,
        command=tuple(filled(word) for word in command),
        environment=environment,
        check=tuple(filled(word) for word in check),
        after=frozenset(service.get("depends_on", {})),
        stop_seconds=float(str(service.get("stop_grace_period", "10s")).removesuffix("s")),
    )


def order(names: set[str]) -> list[str]:
    """The services in an order in which each comes after those it waits for."""
    waiting, found = set(names), []
    while waiting:
        ready = sorted(name for name in waiting if not part(name).after & waiting)
        if not ready:
            raise ValueError(f"docker-compose.yml lets {', '.join(sorted(waiting))} wait for each other.")
        found += ready
        waiting -= set(ready)
    return found


def collect_command() -> tuple[dict[str, str], list[str]]:
    """How the Dockerfile collects static files: variables for that command, and the command."""
    (line,) = re.findall(r"^RUN (SECRET_KEY=.*?) && ", dockerfile(), re.MULTILINE)
    words = shlex.split(line)
    variables = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
    return variables, words[len(variables) :]
