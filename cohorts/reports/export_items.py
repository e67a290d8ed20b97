"""How a cohort answered each question, for a file: the item analysis of the pages, one row for each question."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from cohorts.reports import results
from cohorts.reports.confidential import withheld_of
from cohorts.reports.export_scope import Scope
from cohorts.reports.item import Listed, listed
from cohorts.reports.items import items_of

HEADS = (
    "Task number", "Task", "Kind", "Question id", "Revision", "Scored", "Answers to it", "Correct",
    "Facility (share correct)", "Point-biserial with the other scored questions", "Not answered", "Flagged",
    "Median seconds", "Most chosen distractor", "How many chose it", "Worth a look",
)  # fmt: skip


def rows(scope: Scope, now: dt.datetime) -> Iterator[Sequence[str | int | float | bool | None]]:
    """Every question that those who count have met, in the order of the outline. A constant number of statements."""
    found = items_of(scope.cohort, results.look(scope.cohort, scope.asked).rows)
    found.sort(key=lambda one: (one.task.domain.number, one.task.number, one.public_id, one.number))
    withheld = withheld_of(scope.cohort, [one.revision_id for one in found], now=now)
    for one in listed(found, withheld):
        yield _row(one)


def _row(one: Listed) -> tuple[str | int | float | bool | None, ...]:
    item, distractor = one.item, one.distractor
    return (
        item.task.code, item.task.title, item.kind_label, item.public_id, item.number, item.scored, item.n,
        item.correct, _rounded(item.facility), _rounded(item.item_rest), item.n - item.answered, item.flagged,
        None if item.median_ms is None else round(item.median_ms / 1000),
        distractor.words if distractor else None, distractor.n if distractor else None,
        "; ".join(flag.label for flag in item.flags),
    )  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
