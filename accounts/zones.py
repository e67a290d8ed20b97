"""The time zones a person may choose from."""

from __future__ import annotations

import zoneinfo
from functools import cache

# The areas of the time zone database that are places; the rest are abbreviations and old names.
AREAS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@cache
def known() -> frozenset[str]:
    """Every name this machine can compute with; read from disk once."""
    return frozenset(zoneinfo.available_timezones())


@cache
def grouped() -> list[tuple[str, list[tuple[str, str]]]]:
    """Choices for a select: UTC, then the places by area."""
    groups: list[tuple[str, list[tuple[str, str]]]] = [("Everywhere", [("UTC", "UTC")])]
    for area in AREAS:
        names = sorted(name for name in known() if name.startswith(f"{area}/"))
        groups.append((area, [(name, name.partition("/")[2].replace("_", " ").replace("/", ", ")) for name in names]))
    return groups


def choices(present: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """The same, with the person's present zone among them even when it is one of the old names."""
    if any(present == name for _, names in grouped() for name, _ in names):
        return grouped()
    return [("At present", [(present, present)]), *grouped()]
