"""The forms of an exam for authors: the list, and what is read of one form for its page and its charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Count, Q

from exams.models import Form, ScoreTable, Seat, Sitting
from exams.services import bank
from psychometrics import irt
from psychometrics.irt import ExpectedScores, Prior
from questions.models import Exam
from scoring.marking import prior_for
from scoring.models import CalibrationRun, RunForm

ENOUGH = 30  # sittings, below which figures say too little to be shown

Items = tuple[list[float], list[float]]


class Unknown(Exception):
    """There is no such run or table version."""


def runs_of(exam: Exam) -> list[CalibrationRun]:
    """All calibration runs, the newest first, without their settings and lists. One statement."""
    runs = CalibrationRun.objects.filter(exam=exam).order_by("-number")
    return list(runs.defer("configuration", "excluded", "link", "disconnected", "warnings"))


def chosen_run(runs: Sequence[CalibrationRun], asked: str) -> CalibrationRun | None:
    """The run with the number asked for; without one the newest that holds only real sittings. Raises Unknown."""
    if not asked:
        return next((run for run in runs if not run.includes_simulated), None)
    for run in runs:
        if str(run.number) == asked:
            return run
    raise Unknown


def enough(measured: RunForm | None) -> bool:
    """Whether the run holds enough sittings of the form for figures."""
    return measured is not None and measured.sittings >= ENOUGH and bool(measured.statistics)


class Subject:
    """One form as an author looks at it: by one version of its table and by one run. Lists are read when asked for.

    `asked_run` and `asked_version` are numbers as they stand in the address, empty for the newest. Raises Unknown.
    """

    def __init__(self, form: Form, *, asked_run: str = "", asked_version: str = "") -> None:
        self.form, self.exam = form, form.exam
        self.tables = list(form.tables.order_by("-version"))
        self.table = self._version(asked_version)
        self.runs = runs_of(self.exam)
        self.run = chosen_run(self.runs, asked_run)
        self.measured: RunForm | None = RunForm.objects.filter(run=self.run, form=form).first() if self.run else None

    def _version(self, asked: str) -> ScoreTable:
        for table in self.tables:
            if not asked or str(table.version) == asked:
                return table
        raise Unknown

    @property
    def enough(self) -> bool:
        return enough(self.measured)

    @property
    def statistics(self) -> dict[str, Any]:
        """What the run says of the scores, see RunForm; empty when that is too little."""
        return self.measured.statistics if self.measured and self.enough else {}

    @cached_property
    def seats(self) -> list[Seat]:
        """In order, with question, task and domain, without wordings."""
        seats = self.form.seats.select_related("revision__question", "task__domain").order_by("number")
        return list(seats.defer("revision__stem", "revision__stem_html", "options", "tokens"))

    @cached_property
    def items(self) -> Items:
        """Slopes and difficulties, frozen with the table, of the seats that count."""
        removed = set(self.table.removed)
        return bank.parameters(
            self.table, [seat.number for seat in self.seats if seat.scored and seat.number not in removed]
        )

    @cached_property
    def reference(self) -> tuple[Form, Items] | None:
        """The reference form and what it held when the table was made; None for the reference form itself."""
        if self.form.reference or (form := bank.reference_form(self.exam)) is None:
            return None
        tables = list(form.tables.order_by("-version"))
        then = next((table for table in tables if table.created_at <= self.table.created_at), tables[-1])
        numbers = form.seats.filter(scored=True).order_by("number").values_list("number", flat=True)
        return form, bank.parameters(then, numbers)

    @property
    def population(self) -> Prior:
        """Abilities with the cut at 0: as measured when the table was made, or assumed."""
        return prior_for(self.table)

    @property
    def assumed(self) -> bool:
        return self.table.population_mean is None

    @property
    def population_named(self) -> str:
        return "assumed population" if self.assumed else "population as measured"

    @cached_property
    def expected(self) -> ExpectedScores:
        """The scores that follow from the parameters alone."""
        return irt.expected_scores(*self.items, self.population)

    @property
    def frequencies(self) -> list[int]:
        """Number of sittings at each raw score, from 0; empty when there are too few."""
        return list(self.statistics.get("frequencies") or ())

    @property
    def same_points(self) -> bool:
        """Whether the run counted as many points as the table does: no question removed between them."""
        return len(self.frequencies) == self.table.maximum_raw + 1

    @property
    def observed_minimum(self) -> int:
        """The lowest passing raw score among the scores that the run counted."""
        if self.measured and not self.same_points:
            return self.measured.minimum_passing_raw
        return self.table.minimum_passing_raw


@dataclass(frozen=True, slots=True)
class FormLine:
    """A form in the list: its newest table, real closed sittings, and what the run says of it."""

    form: Form
    table: ScoreTable
    sittings: int
    measured: RunForm | None

    @property
    def enough(self) -> bool:
        return enough(self.measured)


@dataclass(frozen=True, slots=True)
class FormsPage:
    """The pool with the reference form first, then what is retired; personal forms are only counted."""

    exam: Exam
    pool: tuple[FormLine, ...]
    retired: tuple[FormLine, ...]
    waiting: int
    personal: int
    runs: tuple[CalibrationRun, ...]
    run: CalibrationRun | None


def forms_page(exam: Exam, *, asked_run: str = "") -> FormsPage:
    """Six statements. Raises Unknown for a run that is not there."""
    runs = runs_of(exam)
    run = chosen_run(runs, asked_run)
    shared = Q(state__in=(Form.State.POOL, Form.State.RETIRED)) | Q(reference=True)
    forms = list(Form.objects.filter(shared, exam=exam).order_by("-reference", "number"))
    tables = {
        table.form_id: table
        for table in ScoreTable.objects.filter(form__in=forms).order_by("form_id", "-version").distinct("form_id")
    }
    closed = Sitting.objects.real().closed().filter(form__in=forms).order_by()
    sittings = dict(closed.values("form").annotate(count=Count("pk")).values_list("form", "count"))
    measured = {row.form_id: row for row in RunForm.objects.filter(run=run, form__in=forms)} if run else {}
    lines = [
        FormLine(form, tables[form.pk], sittings.get(form.pk, 0), measured.get(form.pk))
        for form in forms
        if form.pk in tables
    ]
    own = Form.objects.filter(exam=exam).aggregate(
        waiting=Count("pk", filter=Q(state=Form.State.PENDING)),
        personal=Count("pk", filter=Q(state=Form.State.PERSONAL)),
    )
    retired = Form.State.RETIRED
    return FormsPage(
        exam=exam,
        pool=tuple(line for line in lines if line.form.state != retired or line.form.reference),
        retired=tuple(line for line in lines if line.form.state == retired and not line.form.reference),
        waiting=own["waiting"],
        personal=own["personal"],
        runs=tuple(runs),
        run=run,
    )
