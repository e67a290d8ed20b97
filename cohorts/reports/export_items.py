"""How a cohort answered each question, for a file: counted while reading, so that only sums are held."""

from __future__ import annotations

import datetime as dt
import html
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts import packing
from cohorts.reports.export_scope import Scope
from cohorts.reports.secrecy import may_show_keys
from exams.models import Seat
from questions.models import Revision

FACILITY_FROM = 10  # answers
DISCRIMINATION_FROM = 50
BATCH = 200
OPTIONS = 16  # an option number is one hexadecimal digit
LONGEST = 200
TAG = re.compile(r"<[^>]+>")

HEADS = (
    "Task number", "Task", "Kind", "Question id", "Revision", "Counts", "Answers to it", "Correct",
    "Facility (share correct)", "Point-biserial with the other scored questions", "Not answered", "Flagged",
    "Median seconds", "Most chosen distractor", "Share of answers with that distractor",
)  # fmt: skip


@dataclass(slots=True)
class Tally:
    """What is known of one revision: n answers, x right, y the share right of the other scored questions."""

    seat: Seat
    counted: set[bool] = field(default_factory=set)
    n: int = 0
    right: int = 0
    empty: int = 0
    flagged: int = 0
    y: float = 0.0
    yy: float = 0.0
    xy: float = 0.0
    spent: list[NDArray[np.int32]] = field(default_factory=list)
    wrong: NDArray[np.int64] = field(default_factory=lambda: np.zeros(OPTIONS, dtype=np.int64))

    def add(self, records: packing.Records, raw: NDArray[Any], most: NDArray[Any]) -> None:
        """Answers at one seat with the scores they belong to, without those of people who had met the question."""
        fresh = ~packing.has(records, packing.SEEN_BEFORE)
        records, raw, most = records[fresh], raw[fresh], most[fresh]
        if not records.size:
            return
        right, scored = packing.has(records, packing.CORRECT), packing.has(records, packing.SCORED)
        rest = (raw - (right & scored)) / np.maximum(most - scored, 1)
        self.counted |= set(scored.tolist())
        self.n += records.size
        self.right += int(right.sum())
        self.empty += int((~packing.has(records, packing.ANSWERED)).sum())
        self.flagged += int(packing.has(records, packing.FLAGGED).sum())
        self.y += float(rest.sum())
        self.yy += float((rest**2).sum())
        self.xy += float(rest[right].sum())
        times = records["spent_ms"].astype(np.int32)
        self.spent.append(times[times > 0])
        given = records["given"][~right].astype(np.int64)
        for place in range(self.seat.slots):
            digits = (given >> 4 * place) & (OPTIONS - 1)
            self.wrong += np.bincount(digits[digits > 0], minlength=OPTIONS)

    @property
    def facility(self) -> float | None:
        return round(self.right / self.n, 3) if self.n >= FACILITY_FROM else None

    @property
    def point_biserial(self) -> float | None:
        """Product-moment correlation with the rest score (Henrysson 1963); None where it does not exist."""
        if self.n < DISCRIMINATION_FROM:
            return None
        n, x = self.n, self.right
        spread = (n * x - x * x) * (n * self.yy - self.y * self.y)
        return round((n * self.xy - x * self.y) / math.sqrt(spread), 3) if spread > 1e-9 else None

    @property
    def median_seconds(self) -> float | None:
        times = np.concatenate(self.spent) if self.spent else np.zeros(0)
        return round(float(np.median(times)) / 1000, 1) if times.size else None

    def distractor(self, revision: Revision) -> tuple[str | None, float | None]:
        """The wrong option that was chosen most, in words, and the share that chose it."""
        if self.n < FACILITY_FROM or self.seat.kind not in ("multiple_choice", "multiple_response"):
            return None, None
        wrong = self.wrong.copy()
        wrong[list(revision.strategy.key(revision.content))] = 0
        if not wrong.any():
            return None, None
        number = int(wrong.argmax())
        text = next(option.html for option in revision.options.all() if option.number == number)
        plain = " ".join(html.unescape(TAG.sub(" ", text)).split())
        return plain[:LONGEST], round(int(wrong[number]) / self.n, 3)


def rows(scope: Scope, now: dt.datetime) -> Iterator[Sequence[Any]]:
    """Every question that the attempts showed, in the order of the outline."""
    tallies = tally(scope)
    revisions = (
        Revision.objects.with_content().select_related("question").in_bulk([one.seat.revision_id for one in tallies])
    )
    shown = may_show_keys(
        cohort=scope.cohort, questions={revision.question_id for revision in revisions.values()}, now=now
    )
    for one in tallies:
        revision = revisions[one.seat.revision_id]
        open_now = revision.question_id in shown
        task = one.seat.task
        yield (
            task.code, task.title, revision.strategy.label, revision.question.public_id if open_now else "",
            revision.number if open_now else None,
            "partly" if len(one.counted) > 1 else "yes" if True in one.counted else "no",
            one.n, one.right, one.facility, one.point_biserial, one.empty, one.flagged, one.median_seconds,
            *(one.distractor(revision) if open_now else (None, None)),
        )  # fmt: skip


def tally(scope: Scope) -> list[Tally]:
    """Each revision once. One statement for the attempts, and one for each batch that brings a new form."""
    seats: dict[int, list[Seat]] = {}
    tallies: dict[int, Tally] = {}
    fields = ("form_id", "raw", "maximum_raw", "seats")
    found = scope.outcomes().order_by("form", "pk").values_list(*fields).iterator(chunk_size=BATCH)
    while batch := list(islice(found, BATCH)):
        by_form: dict[int, list[tuple[int, int, packing.Packed]]] = defaultdict(list)
        for form, *rest in batch:
            by_form[form].append(tuple(rest))
        if missing := by_form.keys() - seats.keys():
            seats = {form: [] for form in missing} | {form: seats[form] for form in by_form.keys() - missing}
            for seat in Seat.objects.filter(form__in=missing).select_related("task__domain").order_by("number"):
                seats[seat.form_id].append(seat)
        for form, lines in by_form.items():
            raw, most = (np.array([line[place] for line in lines]) for place in (0, 1))
            records = packing.seats([line[2] for line in lines])
            for place, seat in enumerate(seats[form]):
                tallies.setdefault(seat.revision_id, Tally(seat)).add(records[:, place], raw, most)
    order = [one for one in tallies.values() if one.n]
    return sorted(order, key=lambda one: (one.seat.task.domain.number, one.seat.task.number, one.seat.revision_id))
