"""The score report of one closed sitting."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from exams.models import Answer, EndReason, Seat, Sitting
from exams.services import bank
from psychometrics import report, scaling
from questions.models import Domain, Exam, Reference, Task
from scoring import marking, services
from scoring.models import DomainResult, Result, SeatResult
from scoring.reports import charts, release, review
from scoring.reports.notices import Notice, notices_of

STUDY_TASKS = 3
STUDY_REFERENCES = 2  # links for each task, so that the list stays one that somebody follows
SLOWER = 1.25  # times the usual pace, before the report calls a task slow
SLOWER_MS = 20_000


@dataclass(frozen=True, slots=True)
class ScaleChart:
    """Where the score lies: curve, likely range, pass mark."""

    scale: charts.Scale
    curve: charts.Curve
    span: charts.Span
    score: charts.Tick
    ticks: list[charts.Tick]


@dataclass(frozen=True, slots=True)
class DomainLine:
    """A domain's bar: share correct, and the tick of the borderline candidate."""

    result: DomainResult
    share: str
    borderline: str

    @property
    def domain(self) -> Domain:
        return self.result.domain


@dataclass(frozen=True, slots=True)
class TaskLine:
    """Counts of one task's scored questions, and the median time on all of its questions."""

    task: Task
    correct: int
    scored: int
    unanswered: int
    median_ms: float
    missed: list[int]  # seat numbers of scored questions that were not right

    @property
    def marks(self) -> list[bool]:
        """One entry for each scored question, the right ones first."""
        return [place < self.correct for place in range(self.scored)]


@dataclass(frozen=True, slots=True)
class DomainTasks:
    """A domain's tasks under its own sum."""

    domain: Domain
    correct: int
    scored: int
    tasks: list[TaskLine]


@dataclass(frozen=True, slots=True)
class Study:
    """A task worth studying, and where to read."""

    line: TaskLine
    slow: bool
    references: list[Reference]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything on the score report."""

    sitting: Sitting
    result: Result
    chart: ScaleChart
    domains: list[DomainLine]
    study: list[Study]
    groups: list[DomainTasks]
    seats: list[SeatResult]
    times: charts.TimeChart | None
    median_ms: float
    longest: SeatResult | None
    late: int
    regrades: list[Notice]
    withheld: bool  # nothing about single questions while the person sits some of them again, or
    review: release.Release | None  # until the review is released

    @property
    def exam(self) -> Exam:
        return self.sitting.exam

    @property
    def uncounted(self) -> int:
        """Questions that did not count."""
        return len(self.seats) - self.result.maximum_raw

    @property
    def undecided(self) -> bool:
        """Whether the likely range holds both passing and failing scores."""
        return self.result.likely_low < self.exam.pass_mark <= self.result.likely_high

    @property
    def used(self) -> dt.timedelta:
        ended = self.sitting.ended_at or self.sitting.deadline
        return ended - self.sitting.started_at - dt.timedelta(seconds=self.sitting.paused_seconds)

    @property
    def extra(self) -> dt.timedelta:
        """What the person's time had over the exam's own."""
        return self.sitting.limit - dt.timedelta(minutes=self.sitting.limit_minutes)

    @property
    def ran_out(self) -> bool:
        return self.sitting.end_reason == EndReason.DEADLINE

    @property
    def ended_by_candidate(self) -> bool:
        return self.sitting.end_reason == EndReason.CANDIDATE

    @property
    def answered(self) -> int:
        return sum(seat.answered for seat in self.seats)


def result_of(sitting: Sitting, *, now: dt.datetime) -> Result:
    """The closed sitting's current result, scored now if nobody has. Reading a report again locks nothing."""
    found = Result.objects.current().select_related("table__form").filter(sitting=sitting).first()
    return found or services.score(sitting_id=sitting.pk, now=now)


def report_of(sitting: Sitting, result: Result, *, now: dt.datetime, staff: bool = False) -> Report:
    """A constant number of statements, whatever was answered.

    `staff` reads it about somebody else: no release binds them, nor what that person sits on their own.
    """
    later = None if staff else release.of_review(sitting, now)
    shut = not staff and (later is not None or review.withheld(sitting, now=now))
    seats = list(SeatResult.objects.filter(result=result).select_related("task__domain").order_by("seat"))
    domains = DomainResult.objects.filter(result=result).select_related("domain").order_by("domain__number")
    groups = _groups(seats)
    usual = _median(seats)
    return Report(
        sitting=sitting,
        result=result,
        chart=_scale_chart(sitting, result, [seat.seat for seat in seats if seat.scored]),
        domains=[_domain_line(row) for row in domains],
        study=[] if shut else _study(sitting, groups, usual),
        groups=groups,
        seats=seats,
        times=_times(sitting, seats) if usual and not shut else None,
        median_ms=usual,
        longest=max(seats, key=lambda seat: seat.spent_ms, default=None),
        late=Answer.objects.filter(sitting=sitting, late=True).count(),
        regrades=notices_of(result),
        withheld=shut,
        review=later,
    )


def scale_of(exam: Exam) -> charts.Scale:
    return charts.Scale(exam.scale_minimum, exam.scale_maximum, exam.pass_mark)


def _scale_chart(sitting: Sitting, result: Result, scored: Sequence[int]) -> ScaleChart:
    table, exam = result.table, sitting.exam
    centres, density = report.scaled_density(
        result.raw,
        *bank.parameters(table, scored),
        [float(equated) for equated in table.rows.order_by("raw").values_list("equated", flat=True)],
        scaling.Scale(minimum=exam.scale_minimum, maximum=exam.scale_maximum, pass_mark=exam.pass_mark),
        table.reference_cut,
        marking.prior_for(table),
        marking.rating_error(table),
    )
    scale = scale_of(exam)
    return ScaleChart(
        scale=scale,
        curve=charts.curve(scale, centres.tolist(), density.tolist()),
        span=charts.Span.of(scale, result.likely_low, result.likely_high, result.scaled),
        score=scale.label(result.scaled),
        ticks=scale.ticks(beside=[result.scaled]),
    )


def _domain_line(row: DomainResult) -> DomainLine:
    return DomainLine(row, f"{100 * row.correct / row.scored:.1f}%", f"{100 * row.expected / row.scored:.1f}%")


def _groups(seats: Sequence[SeatResult]) -> list[DomainTasks]:
    by_task: dict[Task, list[SeatResult]] = defaultdict(list)
    for seat in seats:
        by_task[seat.task].append(seat)
    lines = [_task_line(task, by_task[task]) for task in sorted(by_task, key=lambda task: task.number)]
    lines.sort(key=lambda line: line.task.domain.number)
    return [
        DomainTasks(domain, sum(line.correct for line in tasks), sum(line.scored for line in tasks), tasks)
        for domain, tasks in ((key, list(group)) for key, group in groupby(lines, key=lambda line: line.task.domain))
    ]


def _task_line(task: Task, seats: Sequence[SeatResult]) -> TaskLine:
    scored = [seat for seat in seats if seat.scored]
    return TaskLine(
        task=task,
        correct=sum(seat.correct for seat in scored),
        scored=len(scored),
        unanswered=sum(not seat.answered for seat in scored),
        median_ms=_median(seats),
        missed=[seat.seat for seat in scored if not seat.correct],
    )


def _median(seats: Sequence[SeatResult]) -> float:
    """Median time of the questions that were looked at; 0 when none was."""
    return median([seat.spent_ms for seat in seats if seat.spent_ms] or [0])


def _study(sitting: Sitting, groups: Sequence[DomainTasks], usual: float) -> list[Study]:
    """The tasks that cost most: missed scored questions times the domain's weight, then the lower share correct."""
    missed = [line for group in groups for line in group.tasks if line.missed]
    missed.sort(key=lambda line: (-len(line.missed) * line.task.domain.weight, line.correct / line.scored))
    worst = missed[:STUDY_TASKS]
    references = _references(sitting, [number for line in worst for number in line.missed])
    return [
        Study(
            line=line,
            slow=line.median_ms > max(SLOWER * usual, usual + SLOWER_MS) and usual > 0,
            references=_most_useful([found for number in line.missed for found in references[number]]),
        )
        for line in worst
    ]


def _references(sitting: Sitting, numbers: Sequence[int]) -> dict[int, list[Reference]]:
    """Seat number -> documentation pages of its question. Two statements."""
    seats = Seat.objects.filter(form=sitting.form_id, number__in=numbers)
    revisions = dict(seats.values_list("number", "revision_id"))
    found: dict[int, list[Reference]] = defaultdict(list)
    for reference in Reference.objects.filter(revision__in=revisions.values()).order_by("revision", "number"):
        found[reference.revision_id].append(reference)
    return {number: found[revision] for number, revision in revisions.items()}


def _most_useful(references: Sequence[Reference]) -> list[Reference]:
    """Each page once, those that settle most of the missed questions first."""
    count = Counter(reference.url for reference in references)
    once = {reference.url: reference for reference in references}
    return sorted(once.values(), key=lambda reference: -count[reference.url])[:STUDY_REFERENCES]


def _times(sitting: Sitting, seats: Sequence[SeatResult]) -> charts.TimeChart:
    even = sitting.limit.total_seconds() * 1000 / max(len(seats), 1)
    return charts.time_chart([(seat.seat, seat.spent_ms, *_bar(seat)) for seat in seats], even)


def _bar(seat: SeatResult) -> tuple[str, str]:
    """CSS class and words of a question's bar."""
    if seat.correct:
        return "fill", "correct"
    return ("wrong", "incorrect") if seat.answered else ("open", "not answered")
