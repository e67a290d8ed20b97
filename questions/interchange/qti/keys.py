"""The key of an item out of its response declaration."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lxml import etree

from questions.interchange.notes import Notes
from questions.interchange.qti.canonical import attribute, children, every, first, text_of


@dataclass(frozen=True, slots=True)
class Key:
    """The right response: identifiers of choices, or pairs of them for matching."""

    cardinality: str
    values: tuple[str, ...]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        found = [tuple(value.split()) for value in self.values]
        return [(pair[0], pair[1]) for pair in found if len(pair) == 2]


def key_of(item: etree._Element, response: str, notes: Notes) -> Key:
    """The key that belongs to the response variable; partial credit is named as lost.

    A correct response comes first. Without one, every value that a mapping gives points to is right, and of a single
    choice the one that it gives most to.
    """
    declared = next(
        (found for found in children(item, "responseDeclaration") if attribute(found, "identifier") == response), None
    )
    if declared is None:
        return Key("single", ())
    cardinality = attribute(declared, "cardinality", "single")
    correct = first(declared, "correctResponse")
    values = [text_of(value) for value in children(correct, "value")] if correct is not None else []
    points = _points(declared)
    counts = points and (not values or _is_mapped(item))
    if counts and _is_partial(points, cardinality):
        notes.dropped("partial credit", "a question is right or wrong here, nothing between")
    if not values and points:
        best = max(points.values())
        values = [key for key, value in points.items() if value > 0 and (cardinality != "single" or value == best)]
        if values:
            notes.converted("key", "the item names no correct response, so it was taken from the points it gives")
    return Key(cardinality, tuple(value for value in values if value))


def _points(declared: etree._Element) -> dict[str, float]:
    mapping = first(declared, "mapping")
    points: dict[str, float] = {}
    for entry in children(mapping, "mapEntry") if mapping is not None else []:
        try:
            value = float(attribute(entry, "mappedValue", "0"))
        except ValueError:
            continue
        if math.isfinite(value):
            points[" ".join(attribute(entry, "mapKey").split())] = value
    return points


def _is_mapped(item: etree._Element) -> bool:
    """Whether the item's scoring uses the mapping at all."""
    processing = first(item, "responseProcessing")
    if processing is None:
        return False
    return "map_response" in attribute(processing, "template") or any(True for _ in every(processing, "mapResponse"))


def _is_partial(points: dict[str, float], cardinality: str) -> bool:
    """Points for less than the whole key, or points off."""
    given = [value for value in points.values() if value > 0]
    return len(given) > 1 or any(value < 0 for value in points.values()) or (cardinality != "single" and bool(given))
