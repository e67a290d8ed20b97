"""Changing S, the exam's cut score: shown first, then done whole and put on record. See docs/scoring.md."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from exams.models import Form, ScoreTable, Seat, Sitting, Standard
from exams.services import bank
from exams.services.freezing import make_table
from psychometrics import equating, irt, scaling
from questions.models import Exam, Standing
from scoring.models import Result
from scoring.models.results import without_result
from scoring.reports.standards import Distribution, Rate, distribution_of, judged_of, rates_of

LOWEST_FRACTION, HIGHEST_FRACTION = Decimal("0.35"), Decimal("0.65")
SHORTEST_REASON = 20
LONGEST_REASON = 500
DECIMALS = Decimal("0.0001")


class CannotSet(Exception):
    """The standard stays as it is; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class FormMove:
    """What a change does to one form: the borderline candidate's expected raw score and the lowest that passes."""

    form: Form
    expected: tuple[float, float]
    minimum: tuple[int, int]

    @property
    def moves(self) -> bool:
        return self.minimum[0] != self.minimum[1]


@dataclass(frozen=True, slots=True)
class Preview:
    """What setting S to `cut` would do; nothing of it is stored."""

    before: Standard
    cut: Decimal
    ability: float
    full: int
    se: float | None
    distribution: Distribution
    rates_before: list[Rate]
    rates_after: list[Rate]
    forms: list[FormMove]
    results: int  # issued, and they stay
    unclosed: int  # sittings that are under way and will be scored by the new tables

    @property
    def rates(self) -> list[tuple[Rate, Rate]]:
        return list(zip(self.rates_before, self.rates_after, strict=True))

    @property
    def moving(self) -> int:
        return sum(move.moves for move in self.forms)

    def as_json(self) -> dict[str, Any]:
        """For the record: what whoever set it was shown."""
        return {
            "cut": [str(self.before.cut), str(self.cut)],
            "ability": [self.before.ability, self.ability],
            "se": self.se,
            "distribution": "expected" if self.distribution.expected else "observed",
            "sittings": self.distribution.sittings,
            "rates": [
                [[rate.cut, rate.minimum, rate.share] for rate in rates]
                for rates in (self.rates_before, self.rates_after)
            ],
            "forms": [
                {"form": move.form.number, "expected": list(move.expected), "minimum": list(move.minimum)}
                for move in self.forms
            ],
            "results": self.results,
            "unclosed": self.unclosed,
        }


def preview(*, exam: Exam, cut: Decimal) -> Preview:
    """What would happen if S were `cut`. Writes nothing; a constant number of statements. Raises CannotSet."""
    reference = bank.reference_form(exam)
    if reference is None:
        raise CannotSet(f"{exam.code} has no reference form yet, so it has no standard to change.")
    before = bank.standard_of(exam)
    forms = _concerned(exam)
    seats = _scored_seats(forms)
    full = len(seats[reference.pk])
    check(cut=cut, before=before.cut, full=full)
    standings = {row.revision_id: row for row in Standing.objects.filter(exam=exam)}
    stored = Standard(exam=exam, slope=before.slope, alpha=before.alpha, beta=before.beta)  # at θ = 0 of its scale
    parameters = _parameters(stored, seats[reference.pk], standings)
    ability = float(equating.theta_of_expected([float(cut)], *parameters)[0])
    after = Standard(exam=exam, slope=before.slope, alpha=before.alpha, beta=before.beta, ability=ability)
    tables = {
        table.form_id: table
        for table in ScoreTable.objects.filter(form__in=forms).order_by("form_id", "-version").distinct("form_id")
    }
    moves = []
    for form in forms:
        table = tables[form.pk]
        counting = [seat for seat in seats[form.pk] if seat.number not in table.removed]
        expected = float(irt.characteristic_curve(0.0, *_parameters(after, counting, standings)))
        exact = form.pk == reference.pk and not table.removed
        minimum = scaling.minimum_passing_raw(float(cut) if exact else expected)
        moves.append(FormMove(form, (table.expected_at_cut, expected), (table.minimum_passing_raw, minimum)))
    judged, distribution = judged_of(exam, reference), distribution_of(reference, before)
    return Preview(
        before=before,
        cut=cut,
        ability=ability,
        full=full,
        se=judged.se,
        distribution=distribution,
        rates_before=rates_of(distribution, before.cut, judged.se),
        rates_after=rates_of(distribution, cut, judged.se),
        forms=moves,
        results=Result.objects.current().filter(sitting__exam=exam, sitting__simulated=False).count(),
        unclosed=Sitting.objects.real().unclosed().filter(exam=exam).count(),
    )


@transaction.atomic
def set_cut(
    *, exam: Exam, cut: Decimal, reason: str, by: User, now: dt.datetime, version: int | None = None
) -> Standard:
    """Set S to `cut` and give every form that scores from now on a table of it. Raises CannotSet, and changes nothing.

    Issued results keep their tables. `version` is the number of the standard that `by` was shown: if somebody has
    set another since, the preview no longer holds. Statements grow with the number of forms.
    """
    reason = reason.strip()
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise CannotSet(f"The reason needs {SHORTEST_REASON} to {LONGEST_REASON} characters; it stays on record.")
    # As when forms are frozen: none is made by one standard while another is being set. Sittings go on meanwhile.
    list(Exam.objects.select_for_update(no_key=True).filter(pk=exam.pk))
    shown = preview(exam=exam, cut=cut)
    before = shown.before
    if version is not None and before.version != version:
        raise CannotSet("The standard was changed while you looked at this one; look at the new preview first.")
    standard = Standard.objects.create(
        exam=exam,
        version=before.version + 1,
        cut=cut,
        ability=shown.ability,
        slope=before.slope,
        alpha=before.alpha,
        beta=before.beta,
        population_mean=before.population_mean,
        population_sd=before.population_sd,
        reason=reason,
        preview=shown.as_json(),
        set_by=by,
    )
    Standard.objects.filter(pk=standard.pk).update(created_at=now)
    standard.created_at = now
    for move in shown.forms:  # the reference form first: the others are equated to its new table
        make_table(form=move.form, seats=list(move.form.seats.all()), reason=f"S changed from {before.cut} to {cut}.")
    return standard


def check(*, cut: Decimal, before: Decimal, full: int) -> None:
    """Refuse what cannot be a standard of a form with `full` points. Raises CannotSet."""
    if not (cut.is_finite() and 0 < cut < full):
        raise CannotSet(f"S lies between 0 and {full}, the scored questions of the reference form.")
    if cut != cut.quantize(DECIMALS):
        raise CannotSet("S has at most four decimals.")
    if not LOWEST_FRACTION <= cut % 1 <= HIGHEST_FRACTION:
        raise CannotSet(
            f"The decimals of S lie between {LOWEST_FRACTION} and {HIGHEST_FRACTION}, so that no whole score lies on "
            "the edge."
        )
    if cut == before:
        raise CannotSet(f"S is {before} already.")


def _concerned(exam: Exam) -> list[Form]:
    """Forms that score from now on, the reference form first: all that stand ready, and those that somebody sits.

    A personal or retired form on which a sitting is not scored yet is among them, because a result issued tomorrow
    goes by tomorrow's standard, whatever form it is on.
    """
    waiting = Sitting.objects.filter(form=OuterRef("pk")).exclude(state=Sitting.State.ABANDONED)
    unscored = without_result(waiting)
    ready = Q(state__in=(Form.State.POOL, Form.State.PENDING))
    concerned = Form.objects.filter(Q(reference=True) | ready | Exists(unscored), exam=exam)
    return list(concerned.order_by("-reference", "number"))


def _scored_seats(forms: Iterable[Form]) -> dict[int, list[Seat]]:
    """Form id -> its scored seats in order."""
    found: dict[int, list[Seat]] = defaultdict(list)
    for seat in Seat.objects.filter(form__in=list(forms), scored=True).order_by("form_id", "number"):
        found[seat.form_id].append(seat)
    return found


def _parameters(
    standard: Standard, seats: Sequence[Seat], standings: dict[int, Standing]
) -> tuple[list[float], list[float]]:
    """Slopes a and difficulties b of these seats as a table made by this standard would store them."""
    a, b = [], []
    for seat in seats:
        standing = standings.get(seat.revision_id)
        if standing is None or standing.rating is None:
            raise CannotSet(f"Question {seat.number} of {seat.form} has no rating, so no table can be made.")
        slope, intercept = bank.parameters_at_cut(
            standard, standing.rating, standing.discrimination, standing.intercept
        )
        a.append(slope)
        b.append(-intercept / slope)
    return a, b
