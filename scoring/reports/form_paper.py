"""What one form holds and what was frozen with it: seats, blueprint, curves, tables, and what it shares with others."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, F, OuterRef, Q, Subquery

from exams.models import Form, ScoreRow, ScoreTable, Seat, Standard
from exams.services import bank
from psychometrics import irt
from psychometrics.assembly.blueprint import apportion
from questions.kinds import KINDS
from questions.models import Domain, Exam, Standing
from questions.models.measurement import Status
from scoring.models import Regrade, Result
from scoring.reports.forms import Subject

ABILITIES = [step / 2 for step in range(-6, 7)]
COLUMNS = 3  # of the raw-to-scaled table, one under the other on a narrow screen


@dataclass(frozen=True, slots=True)
class SeatRow:
    """One seat. `a` and `b` as frozen with the table, the cut at 0."""

    seat: Seat
    counts: bool
    removed: bool
    corrected: bool
    kind: str
    rating: Decimal | None
    a: float | None
    b: float | None
    measured: bool


@dataclass(frozen=True, slots=True)
class DomainCount:
    """Seats of a domain against what the blueprint asks: (scored, unscored) each."""

    domain: Domain
    scored: int
    unscored: int
    asked_scored: int
    asked_unscored: int

    @property
    def as_asked(self) -> bool:
        return (self.scored, self.unscored) == (self.asked_scored, self.asked_unscored)


@dataclass(frozen=True, slots=True)
class AbilityRow:
    """The form at one ability θ. `error` is in logits, `expected` and `sem` in raw points."""

    theta: float
    information: float
    error: float
    expected: float
    sem: float
    reference_information: float | None
    reference_expected: float | None


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the table: why it was made, and which results of real sittings it moved."""

    table: ScoreTable
    regrades: tuple[Regrade, ...]
    results: int
    up: int
    down: int
    gained: int
    lost: int

    @property
    def moved(self) -> int:
        return self.up + self.down


@dataclass(frozen=True, slots=True)
class Shared:
    """Seats in common with another form of the pool, in the same wording.

    `anchors` are unscored here and scored there, `lent` the other way round.
    """

    form: Form
    seats: int
    scored: int
    anchors: int
    lent: int


def seat_rows(subject: Subject) -> list[SeatRow]:
    """The seats with what the table froze of them. Three statements."""
    table = subject.table
    standings = {
        row.revision_id: row for row in Standing.objects.filter(exam=subject.exam, revision__seats__form=subject.form)
    }
    standard = _standard_at(table, subject.exam)
    rows = []
    for seat in subject.seats:
        standing = standings.get(seat.revision_id)
        a, d = table.discriminations[seat.number - 1], table.intercepts[seat.number - 1]
        removed = seat.number in table.removed
        label = KINDS[seat.kind].label
        rows.append(
            SeatRow(
                seat=seat,
                counts=seat.scored and not removed,
                removed=removed,
                corrected=str(seat.number) in table.keys,
                kind=f"{label}, case study" if seat.revision.scenario_revision_id else label,
                rating=standing.rating if standing else None,
                a=a,
                b=None if a is None or d is None else -d / a,
                measured=standing is not None
                and a is not None
                and d is not None
                and _is_measured(standing, standard, a, d),
            )
        )
    return rows


def _standard_at(table: ScoreTable, exam: Exam) -> Standard:
    """The standard that held when the table was made."""
    standards = list(Standard.objects.filter(exam=exam).order_by("-version"))
    return (
        next((one for one in standards if one.created_at <= table.created_at), standards[-1])
        if standards
        else bank.standard_of(exam)
    )


def _is_measured(standing: Standing, standard: Standard, a: float, d: float) -> bool:
    """Whether the table's parameters are the question's own. Those of a table made before its calibration lie on the
    line through the ratings, like those of every question that is only judged."""
    if standing.status != Status.CALIBRATED or standing.rating is None:
        return False
    slope, intercept = bank.parameters_at_cut(standard, standing.rating, None, None)
    return not (math.isclose(a, slope, abs_tol=1e-9) and math.isclose(d, intercept, abs_tol=1e-9))


def blueprint_of(exam: Exam, seats: Sequence[SeatRow]) -> tuple[DomainCount, ...]:
    """Seats as they were assembled; a question removed later still stands in its domain."""
    domains = list(exam.domains.all())
    weights = [domain.weight for domain in domains]
    scored = Counter(row.seat.task.domain_id for row in seats if row.seat.scored)
    unscored = Counter(row.seat.task.domain_id for row in seats if not row.seat.scored)
    asked = zip(domains, apportion(exam.scored, weights), apportion(exam.unscored, weights), strict=True)
    return tuple(
        DomainCount(domain, scored[domain.pk], unscored[domain.pk], of_scored, of_unscored)
        for domain, of_scored, of_unscored in asked
    )


def abilities_of(subject: Subject) -> tuple[AbilityRow, ...]:
    information = irt.information(ABILITIES, *subject.items)
    expected = irt.characteristic_curve(ABILITIES, *subject.items)
    sem = irt.conditional_sem(ABILITIES, *subject.items)
    reference = subject.reference
    others = irt.information(ABILITIES, *reference[1]) if reference else None
    curve = irt.characteristic_curve(ABILITIES, *reference[1]) if reference else None
    return tuple(
        AbilityRow(
            theta=theta,
            information=float(information[place]),
            error=1 / math.sqrt(information[place]),
            expected=float(expected[place]),
            sem=float(sem[place]),
            reference_information=None if others is None else float(others[place]),
            reference_expected=None if curve is None else float(curve[place]),
        )
        for place, theta in enumerate(ABILITIES)
    )


def columns_of(rows: list[ScoreRow]) -> tuple[tuple[ScoreRow, ...], ...]:
    """Highest score first, cut into columns of like length."""
    rows = rows[::-1]
    length = -(-len(rows) // COLUMNS)
    return tuple(tuple(rows[start : start + length]) for start in range(0, len(rows), length))


def versions_of(subject: Subject) -> tuple[Version, ...]:
    """Newest first. Two statements."""
    regrades: dict[int, list[Regrade]] = defaultdict(list)
    through = Regrade.tables.through.objects.filter(scoretable__form=subject.form).order_by("regrade_id")
    for row in through.select_related("regrade__revision__question", "regrade__made_by"):
        regrades[row.scoretable_id].append(row.regrade)
    before = Result.objects.filter(sitting=OuterRef("sitting"), version=OuterRef("version") - 1)
    moved = (
        Result.objects.filter(table__form=subject.form, sitting__simulated=False)
        .order_by()
        .annotate(was=Subquery(before.values("scaled")[:1]), had=Subquery(before.values("passed")[:1]))
        .values("table")
        .annotate(
            results=Count("pk", filter=Q(current=True)),
            up=Count("pk", filter=Q(scaled__gt=F("was"))),
            down=Count("pk", filter=Q(scaled__lt=F("was"))),
            gained=Count("pk", filter=Q(passed=True, had=False)),
            lost=Count("pk", filter=Q(passed=False, had=True)),
        )
        .values_list("table", "results", "up", "down", "gained", "lost")
    )
    counts = {table: found for table, *found in moved}
    return tuple(Version(table, tuple(regrades[table.pk]), *counts.get(table.pk, [0] * 5)) for table in subject.tables)


def shared_of(subject: Subject) -> tuple[tuple[Shared, ...], int, int]:
    """Pool forms with seats in common, how many pool forms have none, and how many unscored seats of this form hold
    a question that some pool form scores. Two statements."""
    own = {seat.revision_id: seat.scored for seat in subject.seats}
    forms = list(
        Form.objects.filter(Q(state=Form.State.POOL) | Q(reference=True), exam=subject.exam)
        .exclude(pk=subject.form.pk)
        .order_by("-reference", "number")
    )
    counts: dict[int, Counter[tuple[bool, bool]]] = defaultdict(Counter)
    anchors = set()
    rows = Seat.objects.filter(form__in=forms, revision__in=own).order_by()
    for form, revision, scored in rows.values_list("form_id", "revision_id", "scored"):
        counts[form][own[revision], scored] += 1
        if scored and not own[revision]:
            anchors.add(revision)
    shared = tuple(
        Shared(form, found.total(), found[True, True], found[False, True], found[True, False])
        for form in forms
        if (found := counts[form.pk])
    )
    return shared, len(forms) - len(shared), len(anchors)
