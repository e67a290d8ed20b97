"""What other keys or fewer questions would do to an exam's tables and results. Nothing here is written."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone

from exams.models import Answer, Form, ScoreRow, ScoreTable, Seat
from exams.services import tables
from exams.services.tables import Keys, Variant
from questions.models import Exam, Revision
from scoring.marking import judge
from scoring.models import Result, SeatResult

# What a table says of removed seats and corrected keys -> what it is to say of them.
Edit = Callable[[Seat, ScoreTable], tuple[list[int], Keys]]


@dataclass(frozen=True)
class Change:
    """One version of a form's table that results rest on, or the newest one, and the version that takes its place."""

    seat: Seat
    base: ScoreTable
    rows: dict[int, ScoreRow]
    variant: Variant
    domains: dict[int, int]  # of the form's scored seats
    newest: bool

    @property
    def form(self) -> Form:
        return self.base.form

    @property
    def table(self) -> ScoreTable:
        return self.variant.table

    @property
    def empties_a_domain(self) -> bool:
        left = {domain for number, domain in self.domains.items() if number not in self.table.removed}
        return left != set(self.domains.values())

    @cached_property
    def after(self) -> dict[int, ScoreRow]:
        return self.variant.by_raw

    def counts(self, table: ScoreTable) -> bool:
        """Whether the question counts by this version."""
        return self.seat.scored and self.seat.number not in table.removed

    def points(self, *, was: bool, right: bool) -> int:
        """What it adds to somebody's raw score: 1, 0 or -1. Their answer `was` right by the base and now is or not."""
        return (right and self.counts(self.table)) - (was and self.counts(self.base))


@dataclass(frozen=True, slots=True)
class Figures:
    """What a result says: right answers of so many that count, reported score, pass or fail."""

    raw: int
    maximum_raw: int
    scaled: int
    passed: bool


@dataclass(frozen=True, slots=True)
class Move:
    """One result that says something else afterwards. Nothing here says whose it is: authors see results, not people.

    `label` tells the candidates of one table apart and means nothing outside it.
    """

    sitting_id: uuid.UUID
    label: str
    simulated: bool
    begun: dt.date
    form: str
    before: Figures
    after: Figures

    @property
    def up(self) -> bool:
        return self.after.scaled > self.before.scaled

    @property
    def down(self) -> bool:
        return self.after.scaled < self.before.scaled

    @property
    def gained(self) -> bool:
        return self.after.passed and not self.before.passed

    @property
    def lost(self) -> bool:
        return self.before.passed and not self.after.passed


@dataclass(frozen=True, slots=True)
class Moves:
    """Every result that moves, those that lose or gain a pass first; and how many rest on the tables at all."""

    moved: tuple[Move, ...]
    results: int
    simulated: int


def seats_of(exam: Exam, revision: Revision) -> list[Seat]:
    """Where the revision, read with its content, stands, on forms in any state. One statement."""
    seats = list(Seat.objects.filter(form__exam=exam, revision=revision).order_by("form__number"))
    for seat in seats:
        seat.revision = revision
    return seats


def changes(exam: Exam, seats: Sequence[Seat], edit: Edit, reason: str) -> list[Change]:
    """What becomes of the forms' tables; nothing is written. A constant number of statements.

    Every version that current results rest on gets a successor of its own, with its own parameters, so that what
    somebody learnt of a form since moves nobody's score. The newest version's successor is the newest again.
    """
    seat_of = {seat.form_id: seat for seat in seats}
    newest = ScoreTable.objects.filter(form=OuterRef("form_id")).order_by("-version").values("pk")[:1]
    issued = Result.objects.current().filter(table=OuterRef("pk"))
    found = (
        ScoreTable.objects.filter(Q(pk=Subquery(newest)) | Exists(issued), form__in=seat_of)
        .select_related("form__exam")
        .order_by("form__number", "version")
    )
    by_form = [list(group) for _, group in groupby(found, key=lambda table: table.form_id)]
    rows: dict[int, dict[int, ScoreRow]] = defaultdict(dict)
    for row in ScoreRow.objects.filter(table__in=[table.pk for group in by_form for table in group]):
        rows[row.table_id][row.raw] = row
    domains: dict[int, dict[int, int]] = defaultdict(dict)
    scored = Seat.objects.filter(form__in=seat_of, scored=True).order_by("number")
    for form, number, domain in scored.values_list("form_id", "number", "task__domain_id"):
        domains[form][number] = domain
    reference = tables.Reference(exam)
    made = []
    for group in by_form:
        seat = seat_of[group[0].form_id]
        wanted = [edit(seat, table) for table in group]
        if all((table.removed, table.keys) == edited for table, edited in zip(group, wanted, strict=True)):
            continue
        for place, (table, (removed, keys)) in enumerate(zip(group, wanted, strict=True), 1):
            variant = tables.variant(
                table,
                rows=rows[table.pk],
                seats=list(domains[table.form_id]),
                reference=reference,
                removed=removed,
                keys=keys,
                version=group[-1].version + place,
                reason=reason,
            )
            made.append(Change(seat, table, rows[table.pk], variant, domains[table.form_id], table is group[-1]))
    return made


def moves(changed: Collection[Change]) -> Moves:
    """Every current result on the tables that would say something else. One statement.

    Only one seat differs, so the sum of the others need not be counted again.
    """
    change_of = {change.base.pk: change for change in changed}
    judged: dict[tuple[int, tuple[str, ...]], bool] = {}
    keys = {change.base.pk: right_at(change.seat, change.table) for change in changed}
    moved: list[tuple[int, Move]] = []
    results, simulated = 0, 0
    for sitting, table, raw, maximum, scaled, passed, is_simulated, begun, user, form, was, given in _issued(
        change_of, changed
    ):
        change = change_of[table]
        results, simulated = results + (not is_simulated), simulated + is_simulated
        response = (table, tuple(given or ()))
        if response not in judged:
            judged[response] = judge(change.seat, keys[table], response[1])[1]
        new = raw + change.points(was=bool(was), right=judged[response])
        row = change.after[new]
        before = Figures(raw, maximum, scaled, passed)
        after = Figures(new, change.table.maximum_raw, row.scaled, row.passed)
        if (raw, scaled, passed) != (after.raw, after.scaled, after.passed):
            day = timezone.localdate(begun)
            moved.append((user, Move(sitting, "", is_simulated, day, f"Form {form}", before, after)))
    moved.sort(key=lambda one: (not one[1].lost, not one[1].gained))
    number: dict[int, int] = {}
    labelled = (replace(move, label=f"Candidate {number.setdefault(user, len(number) + 1)}") for user, move in moved)
    return Moves(tuple(labelled), results, simulated)


def _issued(bases: Collection[int], changed: Collection[Change]) -> list[Any]:
    """Current results on these tables, with what was given at the seat and whether that was right."""
    numbers = Seat.objects.filter(form=OuterRef("sitting__form_id"), revision__in={c.seat.revision_id for c in changed})
    was = SeatResult.objects.filter(result=OuterRef("pk"), seat=OuterRef("number"))
    given = Answer.objects.filter(sitting=OuterRef("sitting_id"), seat=OuterRef("number"))
    return list(
        Result.objects.current()
        .filter(table__in=bases)
        .annotate(number=Subquery(numbers.values("number")[:1]))
        .annotate(was=Subquery(was.values("correct")[:1]), given=Subquery(given.values("response")[:1]))
        .order_by("sitting__form__number", "sitting__started_at", "sitting")
        .values_list(
            "sitting_id", "table_id", "raw", "maximum_raw", "scaled", "passed", "sitting__simulated",
            "sitting__started_at", "sitting__user_id", "sitting__form__number",
            "was", "given",
        )
    )  # fmt: skip


def right_at(seat: Seat, table: ScoreTable) -> list[tuple[str, ...]]:
    """Every response that is right at the seat by this version, in its tokens; the one to show first."""
    corrected = table.keys.get(str(seat.number))
    right = corrected or [seat.revision.strategy.key(seat.revision.content)]
    return [seat.key(tuple(numbers)) for numbers in right]
