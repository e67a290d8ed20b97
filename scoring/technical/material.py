"""What the sections read, each thing once and in a constant number of statements."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Q, QuerySet

from exams.models import Form, ScoreTable, Seat, Sitting, Standard
from exams.services import bank
from questions.kinds import CASE_STUDY, KINDS
from questions.models import Domain, Exam, Placement, Standing
from questions.models.bank import RevisionState
from scoring.models import CalibrationRun, RunForm, RunItem


@dataclass(frozen=True, slots=True)
class Known:
    """A published question of the exam: where it belongs and what is known of it."""

    revision_id: int
    public_id: str
    domain: Domain
    kind: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class Paper:
    """A form that more than one person can sit, with its newest table and its seats in order."""

    form: Form
    table: ScoreTable
    seats: list[Seat]

    @property
    def counting(self) -> list[int]:
        """Numbers of the seats that count."""
        return [seat.number for seat in self.seats if seat.scored and seat.number not in self.table.removed]

    def parameters(self) -> tuple[list[float], list[float]]:
        """Slopes and difficulties of the seats that count, the borderline candidate being at 0."""
        return bank.parameters(self.table, self.counting)


class Material:
    """One exam and one year, in UTC, as far as it has passed by `now`.

    Sittings, runs and regrades are those of the year; the bank, forms and tables are taken as they stand.
    """

    def __init__(self, exam: Exam, year: int, now: dt.datetime) -> None:
        self.exam, self.year, self.now = exam, year, now
        self.begin = dt.datetime(year, 1, 1, tzinfo=dt.UTC)
        self.end = min(dt.datetime(year + 1, 1, 1, tzinfo=dt.UTC), now)

    # ---- the bank ----------------------------------------------------------------------------------------------

    @cached_property
    def domains(self) -> list[Domain]:
        return list(self.exam.domains.order_by("number"))

    @cached_property
    def questions(self) -> list[Known]:
        """Published questions that belong to the exam, by public id. Two statements."""
        domains = {domain.pk: domain for domain in self.domains}
        places = dict(Placement.objects.filter(exam=self.exam).values_list("question_id", "task__domain_id"))
        standings = (
            Standing.objects.filter(exam=self.exam, revision__state=RevisionState.PUBLISHED)
            .select_related("revision__question")
            .order_by("revision__question__public_id")
        )
        return [
            Known(
                standing.revision_id,
                standing.revision.question.public_id,
                domains[places[standing.revision.question_id]],
                CASE_STUDY if standing.revision.question.scenario_id else standing.revision.kind,
                standing,
            )
            for standing in standings
            if standing.revision.question_id in places
        ]

    # ---- forms -------------------------------------------------------------------------------------------------

    @cached_property
    def papers(self) -> list[Paper]:
        """The reference form and all that are or were in the pool, in order. Three statements."""
        forms = list(
            Form.objects.filter(Q(state=Form.State.POOL) | Q(reference=True) | Q(state=Form.State.RETIRED))
            .filter(exam=self.exam, owner__isnull=True)
            .order_by("number")
        )
        seats: dict[int, list[Seat]] = defaultdict(list)
        for seat in Seat.objects.filter(form__in=forms).select_related("revision").order_by("form", "number"):
            seats[seat.form_id].append(seat)
        tables = {table.form_id: table for table in ScoreTable.objects.filter(form__in=forms).order_by("version")}
        return [Paper(form, tables[form.pk], seats[form.pk]) for form in forms if form.pk in tables]

    @cached_property
    def reference(self) -> Paper | None:
        return next((paper for paper in self.papers if paper.form.reference), None)

    @cached_property
    def personal_forms(self) -> int:
        return Form.objects.filter(exam=self.exam, owner__isnull=False).count()

    # ---- runs --------------------------------------------------------------------------------------------------

    @cached_property
    def runs(self) -> list[CalibrationRun]:
        """Those of the year, oldest first."""
        of_year = self.exam.calibration_runs.filter(created_at__gte=self.begin, created_at__lt=self.end)
        return list(of_year.select_related("based_on").order_by("number"))

    @cached_property
    def run(self) -> CalibrationRun | None:
        """The newest one up to the end of the year that rests on real sittings only."""
        real = self.exam.calibration_runs.filter(created_at__lt=self.end, includes_simulated=False)
        return real.select_related("based_on").order_by("-number").first()

    @cached_property
    def items(self) -> list[RunItem]:
        """What that run says about questions, by public id."""
        if self.run is None:
            return []
        items = RunItem.objects.filter(run=self.run).select_related("revision__question")
        return list(items.order_by("revision__question__public_id", "revision__number"))

    @cached_property
    def run_forms(self) -> dict[int, RunForm]:
        """What that run says about forms, by form."""
        return {row.form_id: row for row in RunForm.objects.filter(run=self.run)} if self.run else {}

    @cached_property
    def described(self) -> list[tuple[Paper, RunForm]]:
        """Forms that the run has statistics for."""
        found = [(paper, self.run_forms.get(paper.form.pk)) for paper in self.papers]
        return [(paper, row) for paper, row in found if row and row.statistics]

    # ---- standards and sittings --------------------------------------------------------------------------------

    @cached_property
    def standards(self) -> list[Standard]:
        """Every one up to the end of the year, oldest first."""
        return list(Standard.objects.filter(exam=self.exam, created_at__lt=self.end).order_by("version"))

    @cached_property
    def standard(self) -> Standard | None:
        return self.standards[-1] if self.standards else None

    def sittings(self) -> QuerySet[Sitting]:
        """Real sittings begun in the year."""
        return Sitting.objects.real().filter(exam=self.exam, started_at__gte=self.begin, started_at__lt=self.end)


def kind_name(kind: str) -> str:
    return "Case study" if kind == CASE_STUDY else KINDS[kind].label if kind in KINDS else kind
