"""imsmanifest.xml: which items a package holds, and what it says about them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from lxml import etree

from questions.interchange.exchange import ForeignReference, ForeignStatistics
from questions.interchange.notes import Notes
from questions.interchange.qti.archive import resolve
from questions.interchange.qti.canonical import attribute, children, every, first, text_of
from questions.interchange.text import tidy

OUTLINE = "Cutscore outline"  # source of the taxon path that leads to an exam and a task
REFERENCES = "references"  # kind of the LOM relation that names a source
ITEM, CLASSIC, TEST = "imsqti_item", "imsqti_xmlv1p", ("imsqti_test", "imsqti_section", "imsqti_assessment")
STATISTICS = {  # name: lowest and highest value
    "facility": (0, 1),
    "point_biserial": (-1, 1),
    "discrimination": (-1_000, 1_000),
    "intercept": (-1_000, 1_000),
    "first_exposures": (0, 1_000_000_000),
}


@dataclass(frozen=True, slots=True)
class Resource:
    """An entry of the manifest; `name` is its member in the archive, "" where it has none in there."""

    identifier: str
    kind: str
    name: str
    element: etree._Element


@dataclass(frozen=True, slots=True)
class About:
    """What a manifest says about an item."""

    identifier: str = ""
    tags: tuple[str, ...] = ()
    exam: str = ""
    task: str = ""
    rating: Decimal | None = None
    statistics: ForeignStatistics | None = None
    references: tuple[ForeignReference, ...] = ()


def resources(root: etree._Element, manifest: str) -> list[Resource]:
    """All resources of a manifest that stands at the member `manifest`."""
    outer = resolve(manifest, attribute(root, "base") + ".") if attribute(root, "base") else ""
    found = []
    for group in every(root, "resources"):
        for element in children(group, "resource"):
            href = attribute(element, "href") or next(
                (attribute(file, "href") for file in children(element, "file")), ""
            )
            prefix = attribute(group, "base") + attribute(element, "base")
            base = f"{outer}/x" if outer else manifest
            found.append(
                Resource(
                    attribute(element, "identifier"), attribute(element, "type"), resolve(base, prefix + href), element
                )
            )
    return found


def about(resource: Resource, notes: Notes) -> About:
    """The metadata of a resource; what has no place with us is named."""
    metadata = first(resource.element, "metadata")
    if metadata is None:
        return About()
    lom = first(metadata, "lom")
    if first(metadata, "curriculumStandardsMetadataSet") is not None:
        notes.dropped("links to curriculum standards", "questions have tasks of an exam instead")
    if lom is None:
        return About()
    own = first(lom, "cutscore-question")
    exam, task, subjects = _outline(lom)
    if subjects:
        notes.converted("classification", "its subjects became tags")
    rating = _share(own, notes)
    difficulty = text_of(first(lom, "educational", "difficulty", "value"))
    if difficulty and rating is None:
        notes.converted(f"difficulty {difficulty!r}", "it became a tag, for it is no judge's rating")
        subjects = [*subjects, f"difficulty {difficulty}"]
    keywords = [_words(keyword) for general in children(lom, "general") for keyword in children(general, "keyword")]
    return About(
        identifier=attribute(own, "id") if own is not None else "",
        tags=tuple(dict.fromkeys(tag for tag in [*keywords, *subjects] if tag)),
        exam=exam,
        task=task,
        rating=rating,
        statistics=_statistics(own, notes),
        references=_references(lom, notes),
    )


def _words(element: etree._Element | None) -> str:
    """The first language of a LOM string."""
    if element is None:
        return ""
    return tidy(text_of(next(iter(children(element, "string", "langstring")), element)))


def _outline(lom: etree._Element) -> tuple[str, str, list[str]]:
    """Exam and task of our own taxon path, and the last subject of every other path."""
    exam, task, subjects = "", "", list[str]()
    for path in every(lom, "taxonPath", "taxonpath"):
        taxons = children(path, "taxon")
        if _words(first(path, "source")) == OUTLINE:
            codes = [tidy(text_of(first(taxon, "id"))) for taxon in taxons]
            exam, task = [*codes, "", ""][:2]
        elif taxons:
            subjects.append(_words(first(taxons[-1], "entry")) or tidy(text_of(first(taxons[-1], "id"))))
    return exam, task, [subject for subject in subjects if subject]


def _references(lom: etree._Element, notes: Notes) -> tuple[ForeignReference, ...]:
    found = []
    for relation in children(lom, "relation"):
        if text_of(first(relation, "kind", "value")).lower() == REFERENCES:
            address = tidy(text_of(first(relation, "resource", "identifier", "entry")))
            title = _words(first(relation, "resource", "description"))
            if re.match(r"https?://", address):
                found.append(ForeignReference(title or address, address))
            else:
                notes.dropped(f"reference {(title or address)[:60]}".strip(), "it gives no web address")
    return tuple(found)


def _share(own: etree._Element | None, notes: Notes) -> Decimal | None:
    given = attribute(own, "rating") if own is not None else ""
    if not given:
        return None
    try:
        rating = Decimal(given)
    except InvalidOperation:
        rating = Decimal("NaN")
    if rating.is_finite() and 0 <= rating <= 1:
        return rating
    notes.dropped("rating", "it is no share between 0 and 1")
    return None


def _statistics(own: etree._Element | None, notes: Notes) -> ForeignStatistics | None:
    element = first(own, "cutscore-statistics") if own is not None else None
    if element is None:
        return None
    values: dict[str, float | None] = {}
    for name, (lowest, highest) in STATISTICS.items():
        given = attribute(element, written := name.replace("_", "-"))
        number = _number(given)
        values[name] = number if number is not None and lowest <= number <= highest else None
        if given and values[name] is None:
            notes.dropped(f"statistic {written}", f"it is no number from {lowest:,} to {highest:,}")
    exposures = values.pop("first_exposures")
    return ForeignStatistics(**values, first_exposures=int(exposures) if exposures is not None else None)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def is_item(resource: Resource) -> bool:
    return resource.kind.startswith(ITEM)


def is_classic(resource: Resource) -> bool:
    return resource.kind.startswith(CLASSIC) or resource.name.endswith(".xml.qti")


def is_test(resource: Resource) -> bool:
    return resource.kind.startswith(TEST)
