"""A person's results over time, exam by exam."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt

from accounts.models import User
from exams.models import Sitting
from questions.models import Domain, Exam
from scoring.making import MOST_SEEN_BEFORE
from scoring.models import DomainResult, Result
from scoring.reports import charts, release
from scoring.reports.overview import Past
from scoring.reports.score import scale_of

CHARTED = 12  # newest results in the chart and
COMPARED = 5  # in the table of domains; the table of results holds them all


@dataclass(frozen=True, slots=True)
class Point:
    """One result in the chart."""

    result: Result
    span: charts.Span
    again: bool  # too many of its questions were seen before


@dataclass(frozen=True, slots=True)
class Cell:
    """A domain in one result, and where it stands against the borderline candidate: band 1 (far below) to 7."""

    row: DomainResult
    band: int


@dataclass(frozen=True, slots=True)
class DomainHistory:
    """One domain over the latest results, oldest first."""

    domain: Domain
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class ExamProgress:
    """All results of one exam, newest first."""

    exam: Exam
    results: list[Result]
    scale: charts.Scale
    ticks: list[charts.Tick]
    points: list[Point]
    compared: list[Result]
    domains: list[DomainHistory]

    @property
    def repeats(self) -> bool:
        """Whether a result rests on so many questions seen before that it cannot be compared."""
        return any(not comparable(result) for result in self.results)

    @property
    def most_seen(self) -> int:
        return MOST_SEEN_BEFORE


def awaited_by(user: User, *, now: dt.datetime) -> list[Past]:
    """Closed sittings whose results are still to be released, the latest first. One statement."""
    closed = Sitting.objects.counting().closed().filter(user=user).select_related("exam", "form")
    waiting = closed.exclude(pk__in=Sitting.objects.results_released(now).filter(user=user).values("pk"))
    return [Past(sitting, None, release.of_result(sitting, now)) for sitting in waiting.order_by("-started_at")]


def comparable(result: Result) -> bool:
    return result.seen_before <= MOST_SEEN_BEFORE


def progress_of(user: User, *, now: dt.datetime) -> list[ExamProgress]:
    """Released results by exam. Two statements."""
    released = Sitting.objects.real().filter(user=user).results_released(now)
    results = list(
        Result.objects.current()
        .filter(sitting__in=released)
        .select_related("sitting__exam", "sitting__form")
        .order_by("sitting__exam__code", "-sitting__started_at")
    )
    grouped = [(exam, list(group)) for exam, group in groupby(results, key=lambda result: result.sitting.exam)]
    rows = _domains([result for _, group in grouped for result in group[:COMPARED]])
    return [_exam_progress(exam, group, rows) for exam, group in grouped]


def history_of(exam: Exam, results: list[Result]) -> ExamProgress:
    """Somebody's results of one exam, read with sitting and form, newest first. One statement."""
    return _exam_progress(exam, results, _domains(results[:COMPARED]))


def _domains(results: Sequence[Result]) -> dict[int, list[DomainResult]]:
    """Result id -> its domains in order. One statement."""
    rows: dict[int, list[DomainResult]] = defaultdict(list)
    found = DomainResult.objects.filter(result__in=[result.pk for result in results]).select_related("domain")
    for row in found.order_by("domain__number"):
        rows[row.result_id].append(row)
    return rows


def _exam_progress(exam: Exam, results: list[Result], rows: dict[int, list[DomainResult]]) -> ExamProgress:
    scale = scale_of(exam)
    compared = results[:COMPARED][::-1]
    return ExamProgress(
        exam=exam,
        results=results,
        scale=scale,
        ticks=scale.ticks(),
        points=[
            Point(
                result,
                charts.Span.of(scale, result.likely_low, result.likely_high, result.scaled),
                not comparable(result),
            )
            for result in results[:CHARTED]
        ],
        compared=compared,
        domains=_histories([rows[result.pk] for result in compared]),
    )


def _histories(columns: Sequence[Sequence[DomainResult]]) -> list[DomainHistory]:
    by_domain: dict[Domain, list[Cell]] = defaultdict(list)
    for column in columns:
        for row in column:
            by_domain[row.domain].append(Cell(row, band(row)))
    return [DomainHistory(domain, cells) for domain, cells in by_domain.items()]


def band(row: DomainResult) -> int:
    """Distance from the borderline candidate in standard errors, cut into seven: 4 is level with them."""
    share = row.expected / row.scored
    error = sqrt(row.scored * share * (1 - share))
    steps = (row.correct - row.expected) / error
    size = sum(abs(steps) > border for border in (0.5, 1.0, 2.0))
    return 4 + (size if steps > 0 else -size)
