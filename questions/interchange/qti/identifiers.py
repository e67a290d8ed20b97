"""Identifiers and file names that every reader of a package accepts."""

from __future__ import annotations

import re

from questions.interchange.names import fingerprint

VALID = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,63}")


class Identifiers:
    """Gives each thing in a package a name of its own, also where names differ only in capitals."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def claim(self, wanted: str, prefix: str = "q") -> str:
        """The identifier itself where it is valid and free, else one made from it."""
        name = wanted
        if not VALID.fullmatch(wanted) or wanted.lower() in self._taken:
            base = re.sub(r"[^A-Za-z0-9_.\-]+", "-", wanted)[:40].strip("-.")
            name = f"{prefix}-{base}-{fingerprint(wanted)}" if base else f"{prefix}-{fingerprint(wanted)}"
        unique, number = name, 1
        while unique.lower() in self._taken:
            number += 1
            unique = f"{name}-{number}"
        self._taken.add(unique.lower())
        return unique
