"""What is known of the exams and of one exam: questions, forms, sittings, standard, pipeline, exposure, drift, runs."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet

from exams.models import Form, ScoreTable, Sitting, Standard
from exams.services import bank
from questions.models import Exam, Standing
from questions.models.bank import RevisionState
from questions.models.measurement import Status
from scoring.calibration.judgement import THRESHOLDS
from scoring.models import CalibrationRun, Result, RunItem
from scoring.reports.exposure import Exposure, FormCount, exposure_of, first_exposures, form_counts
from scoring.reports.standards import ENOUGH_SITTINGS, Judged, first_sittings, judged_of, signed

FEWEST_FIRST = THRESHOLDS.n  # first exposures that a question needs before it can be calibrated
MOST_DRIFT, MOST_DRIFT_Z = 0.3, 2.7
PIPELINE_PAGE = 25
MOST_DRIFTED = 50
LATEST_RUNS = 5


@dataclass(frozen=True, slots=True)
class Counts:
    """Published questions of an exam by status."""

    pretest: int = 0
    scorable: int = 0
    calibrated: int = 0

    @property
    def total(self) -> int:
        return self.pretest + self.scorable + self.calibrated


@dataclass(frozen=True, slots=True)
class Line:
    """An exam in the list."""

    exam: Exam
    counts: Counts
    pool: int
    sittings: int
    standard: Standard | None
    run: CalibrationRun | None


@dataclass(frozen=True, slots=True)
class FirstSittings:
    """Everybody's first sitting: how many are scored, and how many of these passed."""

    scored: int
    passed: int

    @property
    def enough(self) -> bool:
        return self.scored >= ENOUGH_SITTINGS

    @property
    def percent(self) -> str:
        return f"{100 * self.passed / self.scored:.0f}" if self.scored else ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A pretest question on its way: `first` people whose first sitting showed it, and what the last run says."""

    standing: Standing
    first: int
    item: RunItem | None

    @property
    def percent(self) -> str:
        """Of those that it needs, for the bar."""
        return f"{min(100 * self.first / FEWEST_FIRST, 100):.0f}%"


@dataclass(frozen=True, slots=True)
class Drifted:
    """A question whose difficulty moved: the run that says so, and what every run said."""

    item: RunItem
    history: list[tuple[int, str]]  # run number, drift in logits

    @property
    def drift(self) -> str:
        return "" if self.item.drift is None else signed(self.item.drift, 2)

    @property
    def z(self) -> str:
        return "" if self.item.drift_z is None else signed(self.item.drift_z, 1)


@dataclass(frozen=True, slots=True)
class Drift:
    """`compared` is how many times a run has measured a question again that was measured before."""

    compared: int
    found: list[Drifted]


@dataclass(frozen=True, slots=True)
class FormLine:
    """A form of the pool, or the reference form, with its newest table."""

    form: Form
    table: ScoreTable
    count: FormCount


@dataclass(frozen=True, slots=True)
class ExamPage:
    """One exam's page."""

    exam: Exam
    counts: Counts
    begun: int
    closed: int
    first: FirstSittings
    standard: Standard
    judged: Judged
    pipeline: Page[Waiting]
    exposure: Exposure
    drift: Drift
    forms: list[FormLine]
    runs: list[CalibrationRun]
    more_runs: bool

    @property
    def last_run(self) -> CalibrationRun | None:
        return self.runs[0] if self.runs else None


# ---- the list ----------------------------------------------------------------------------------------------------


def lines() -> list[Line]:
    """Every exam, offered or not. Six statements."""
    exams = list(Exam.objects.all())
    counts = status_counts(exams)
    pool = _numbers(Form.objects.pool().order_by().values_list("exam_id").annotate(Count("pk")))
    sittings = _numbers(Sitting.objects.real().order_by().values_list("exam_id").annotate(Count("pk")))
    newest = Standard.objects.order_by("exam_id", "-version").distinct("exam_id")
    standards = {standard.exam_id: standard for standard in newest}
    runs = {run.exam_id: run for run in CalibrationRun.objects.order_by("exam_id", "-number").distinct("exam_id")}
    return [
        Line(
            exam=exam,
            counts=counts[exam.pk],
            pool=pool.get(exam.pk, 0),
            sittings=sittings.get(exam.pk, 0),
            standard=standards.get(exam.pk),
            run=runs.get(exam.pk),
        )
        for exam in exams
    ]


def status_counts(exams: Collection[Exam]) -> dict[int, Counts]:
    """Exam id -> its published questions by status. One statement."""
    rows = _placed(exams).order_by().values_list("exam_id", "status").annotate(Count("pk"))
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for exam, status, count in rows:
        found[exam][status] = count
    return {exam.pk: Counts(**found[exam.pk]) for exam in exams}


def _placed(exams: Collection[Exam]) -> QuerySet[Standing]:
    """What is known of published questions in the exams that they are placed in now."""
    return Standing.objects.filter(
        exam__in=exams, revision__state=RevisionState.PUBLISHED, revision__question__placements__exam=F("exam")
    )


def _numbers(rows: QuerySet[Form, tuple[int, int]] | QuerySet[Sitting, tuple[int, int]]) -> dict[int, int]:
    return dict(rows)


# ---- one exam ------------------------------------------------------------------------------------------------------


def page_of(exam: Exam, *, page: str, now: dt.datetime) -> ExamPage:
    """A constant number of statements. `page` is the page of the pipeline, as somebody typed it."""
    runs = list(CalibrationRun.objects.filter(exam=exam).order_by("-number")[: LATEST_RUNS + 1])
    sat = form_counts(exam, now)
    results = Result.objects.current().filter(sitting__in=first_sittings([exam])).order_by()
    first = results.aggregate(scored=Count("pk"), passed=Count("pk", filter=Q(passed=True)))
    return ExamPage(
        exam=exam,
        counts=status_counts([exam])[exam.pk],
        begun=sum(count.shown for count in sat.values()),
        closed=sum(count.closed for count in sat.values()),
        first=FirstSittings(**first),
        standard=bank.standard_of(exam),
        judged=judged_of(exam, bank.reference_form(exam)),
        pipeline=pipeline_of(exam, page),
        exposure=exposure_of(exam, sat),
        drift=drift_of(exam),
        forms=forms_of(exam, sat),
        runs=runs[:LATEST_RUNS],
        more_runs=len(runs) > LATEST_RUNS,
    )


def pipeline_of(exam: Exam, page: str) -> Page[Waiting]:
    """Pretest questions, those published longest ago first. At most five statements."""
    rows = _placed([exam]).filter(status=Status.PRETEST).select_related("revision__question")
    chosen = Paginator(rows.order_by("revision__published_at", "revision__question__public_id"), PIPELINE_PAGE)
    standings: Page[Standing] = chosen.get_page(page)
    revisions = [standing.revision_id for standing in standings]
    met = first_exposures(exam, revisions)
    real = CalibrationRun.objects.filter(exam=exam, includes_simulated=False).order_by("-number")
    items = RunItem.objects.filter(run=real.values("pk")[:1], revision__in=revisions).select_related("run")
    said = {item.revision_id: item for item in items}
    found = [Waiting(standing, met[standing.revision_id], said.get(standing.revision_id)) for standing in standings]
    return Page(found, standings.number, chosen)  # type: ignore[arg-type]  # the numbers are those of the standings


def drift_of(exam: Exam) -> Drift:
    """Questions that became harder or easier since they were measured, newest run first. At most three statements."""
    items = RunItem.objects.filter(run__exam=exam, run__includes_simulated=False, drift__isnull=False)
    far = Q(drift__gt=MOST_DRIFT) | Q(drift__lt=-MOST_DRIFT)
    sure = Q(drift_z__gt=MOST_DRIFT_Z) | Q(drift_z__lt=-MOST_DRIFT_Z)
    newest = items.filter(far, sure).select_related("run", "revision__question")
    found = list(newest.order_by("-run__number", "revision__question__public_id")[:MOST_DRIFTED])
    told: dict[int, list[tuple[int, str]]] = defaultdict(list)
    every = items.filter(revision__in={item.revision_id for item in found}).order_by("run__number")
    for revision, number, drift in every.values_list("revision_id", "run__number", "drift"):
        told[revision].append((number, signed(drift or 0.0, 2)))
    return Drift(items.count(), [Drifted(item, told[item.revision_id]) for item in found])


def forms_of(exam: Exam, sat: Mapping[int, FormCount]) -> list[FormLine]:
    """The reference form and those of the pool. Two statements."""
    forms = list(Form.objects.filter(Q(reference=True) | Q(state=Form.State.POOL), exam=exam).order_by("number"))
    newest = ScoreTable.objects.filter(form__in=forms).order_by("form_id", "-version").distinct("form_id")
    tables = {table.form_id: table for table in newest}
    return [FormLine(form, tables[form.pk], sat.get(form.pk, FormCount())) for form in forms]
