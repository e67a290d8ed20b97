"""Score what is stored once more, each result by its own table, and say where the two differ.

Answers, keys and frozen tables are all that a score may hang on; so whatever was issued must come out again. What is
left out hangs on something else: whether a question had been seen before, on the person's other sittings.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from exams.models import ScoreTable, Sitting
from scoring.making import MOST_SEEN_BEFORE
from scoring.marking import Paper
from scoring.models import Result

CHUNK = 1_000  # results read together
EXPECTED_TOLERANCE = 1e-9  # raw points; the one float that is stored, and another processor may round it otherwise

# One row for each result, so that its 65 answers and 65 seats travel as two arrays. A seat and a domain are packed
# into one number each, the same way as in `_Rescorer`.
STORED = """
    SELECT r.sitting_id, r.version, r.seen_before,
           r.raw, r.maximum_raw, r.equated, r.scaled, r.passed, r.provisional, r.likely_low, r.likely_high,
           r.chance_of_passing, a.seats, a.given, s.packed, d.packed, d.expected
    FROM scoring_result r
    LEFT JOIN LATERAL (
        SELECT array_agg(seat ORDER BY seat) AS seats,
               string_agg(array_to_string(response, ' '), ';' ORDER BY seat) AS given
        FROM exams_answer WHERE sitting_id = r.sitting_id
    ) a ON TRUE
    LEFT JOIN LATERAL (
        SELECT array_agg((task_id * 1000 + seat) * 8 + scored::int * 4 + answered::int * 2 + correct::int ORDER BY seat)
               AS packed
        FROM scoring_seatresult WHERE result_id = r.id
    ) s ON TRUE
    LEFT JOIN LATERAL (
        SELECT array_agg(((domain_id * 1000 + correct) * 1000 + scored) * 4 + meets::int * 2 + too_close::int
                         ORDER BY domain_id) AS packed,
               array_agg(expected ORDER BY domain_id) AS expected
        FROM scoring_domainresult WHERE result_id = r.id
    ) d ON TRUE
    WHERE r.id = ANY(%s)
    ORDER BY r.id
"""
SCORED, ANSWERED, CORRECT = 4, 2, 1
FIGURES = ("raw", "maximum_raw", "equated", "scaled", "passed", "provisional", "likely_low", "likely_high",
           "chance_of_passing")  # fmt: skip

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored result that does not come out again, and what of it differs."""

    sitting_id: uuid.UUID
    version: int
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """How many results were scored once more, and those that differ."""

    results: int
    differing: tuple[Difference, ...]


def verify(*, sittings: QuerySet[Sitting] | None = None, progress: Progress | None = None) -> Verified:
    """Score every stored result again, versions before a regrade too, by its own version of its form's table.

    Those of before a reopening are left out: they rest on answers that have gone on since.

    Compared are raw, equated and scaled score, pass, likely range, chance of passing, and every seat and domain.
    """
    stored = Result.objects.on_standing_answers()
    stored = stored if sittings is None else stored.filter(sitting__in=sittings)
    total, done = stored.count(), 0
    differing: list[Difference] = []
    tables = ScoreTable.objects.filter(pk__in=stored.order_by().values("table").distinct())
    for table in tables.select_related("form__exam").order_by("form", "version"):
        again = _Rescorer(Paper(table.form, table))
        ids = list(stored.filter(table=table).order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(ids), CHUNK):
            differing += again.differences(ids[start : start + CHUNK])
            done += len(ids[start : start + CHUNK])
            if progress:
                progress(done, total)
    return Verified(done, tuple(differing))


class _Rescorer:
    """Scores by one version of one form's table. What is the same for many sittings is worked out once."""

    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        counting = {seat.number for seat in paper.scored}
        self.place = {seat.number: place for place, seat in enumerate(paper.seats)}
        self.blank = [
            (seat.task_id * 1000 + seat.number) * 8 + SCORED * (seat.number in counting) for seat in paper.seats
        ]
        self.counting = counting
        self.domains = sorted(
            ((domain, frozenset(numbers)) for domain, numbers in paper.domains.items()), key=lambda pair: pair[0].pk
        )
        self.marks: dict[int, dict[str, int]] = {seat.number: {} for seat in paper.seats}
        self.figures = cache(self._figures)
        self.levels = cache(self._levels)

    def differences(self, ids: Sequence[int]) -> list[Difference]:
        with connection.cursor() as cursor:
            cursor.execute(STORED, [list(ids)])
            return [
                Difference(row[0], row[1], what)
                for row in cursor.fetchall()
                if (what := self._compare(row[2], row[3:12], *row[12:]))
            ]

    def _compare(
        self, seen: int, issued: tuple[Any, ...], seats: list[int] | None, given: str | None, packed: list[int] | None,
        domains: list[int] | None, expected: list[float] | None,
    ) -> tuple[str, ...]:  # fmt: skip
        """Names of what differs; empty where everything comes out again."""
        again, right = self.blank.copy(), []
        for number, response in zip(seats or (), (given or "").split(";"), strict=False):
            mark = self.marks[number].get(response)
            if mark is None:
                mark = self.marks[number][response] = self._mark(number, response)
            again[self.place[number]] += mark
            if mark & CORRECT:
                right.append(number)
        raw = len(self.counting.intersection(right))
        figures = self.figures(raw, seen > MOST_SEEN_BEFORE)
        levels, lines = self.levels(tuple(len(numbers.intersection(right)) for _, numbers in self.domains))
        what = (
            [] if figures == issued else [name for name, a, b in zip(FIGURES, figures, issued, strict=True) if a != b]
        )
        if again != packed:
            what.append("seats")
        if levels != domains or not _same(lines, expected):
            what.append("domains")
        return tuple(what)

    def _mark(self, number: int, response: str) -> int:
        seat = self.paper.seats[self.place[number]]
        answered, correct = self.paper.judge(seat, tuple(response.split(" ")) if response else ())
        return ANSWERED * answered + CORRECT * correct

    def _figures(self, raw: int, seen_too_many: bool) -> tuple[Any, ...]:
        paper, row = self.paper, self.paper.rows[raw]
        chance = None if seen_too_many else paper.chance_of_passing(raw)
        table = paper.table
        return (
            raw, table.maximum_raw, row.equated, row.scaled, row.passed, table.provisional, *paper.likely_range(raw),
            chance,
        )  # fmt: skip

    def _levels(self, correct: tuple[int, ...]) -> tuple[list[int], list[float]]:
        packed, lines = [], []
        for (domain, numbers), right in zip(self.domains, correct, strict=True):
            level = self.paper.level(domain, right)
            number = (domain.pk * 1000 + right) * 1000 + len(numbers)
            packed.append(number * 4 + level.meets * 2 + level.too_close)
            lines.append(level.expected)
        return packed, lines


def _same(lines: Sequence[float], stored: Sequence[float] | None) -> bool:
    if stored is None or len(stored) != len(lines):
        return False
    return all(abs(a - b) <= EXPECTED_TOLERANCE for a, b in zip(lines, stored, strict=True))
