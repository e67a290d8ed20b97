"""What a list may be narrowed to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of a list, and how much it shows."""

    name: str
    label: str
    count: int
