"""Promotion: what a run would change, shown beforehand, and changing it. Nothing else puts a run into force."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.models import User
from exams.models import Form, ScoreTable, Seat, Sitting, Standard
from exams.services import bank
from exams.services.freezing import make_table
from psychometrics import equating, irt, scaling
from questions.models import Exam, Placement, Standing
from questions.models.measurement import Status
from questions.services import record_measurements
from scoring.calibration.decisions import Decision, Outcome, decisions_of
from scoring.calibration.judgement import SETTINGS
from scoring.models import CalibrationRun, RunForm
from scoring.models.results import without_result

APART = 0.5  # raw points between the cuts of the two models from which on a form is pointed at
MOVED = 0.05  # logits by which questions that stay on the line may move the cut without a word

Known = Mapping[int, tuple[Decimal | None, float | None, float | None]]  # revision -> rating, and its own a and d


class NotPromoted(Exception):
    """The run must not be promoted; the message is one sentence."""


class PromotedBefore(NotPromoted):
    """Somebody was faster, or clicked twice."""


@dataclass(frozen=True, slots=True)
class Move:
    """How the table of one form moves. Cuts and minimum passing scores in raw points, `change` in scaled ones.

    `cut_common`: the cut if all questions had one slope, where the run knows it. `change` is the largest change of a
    scaled score, up or down, and `at` the raw score where it happens.
    """

    number: int
    reference: bool
    sittings: int | None
    scored: int
    measured: int
    cut_now: float
    cut_then: float
    cut_common: float | None
    apart: bool
    passing_now: int
    passing_then: int
    passing_common: int | None
    provisional_now: bool
    provisional_then: bool
    change: int
    at: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What promoting a run does. `forms` holds the reference form and the pool; `others` counts the rest that gets a
    new table too. `refusal` says in one sentence why the run may not be promoted, if it may not. `before` is None
    for an exam without a reference form, and then there is no `after` and no form either."""

    run: CalibrationRun
    decisions: list[Decision]
    forms: list[Move]
    others: int
    before: Standard | None
    after: Standard | None
    refusal: str
    warnings: list[str]

    def of(self, *outcomes: Outcome) -> list[Decision]:
        return [decision for decision in self.decisions if decision.outcome in outcomes]

    @property
    def counts(self) -> dict[str, int]:
        """How many questions there are of each outcome, and with alarms."""
        found = Counter(decision.outcome.value for decision in self.decisions)
        alarms = sum(bool(decision.alarms) for decision in self.decisions)
        return {outcome.value: found[outcome.value] for outcome in Outcome} | {"alarms": alarms}


# ---- the preview ----------------------------------------------------------------------------------------------------


def preview_of(run: CalibrationRun) -> Preview:
    """What promoting the run would do now; of a promoted run what it did. A constant number of statements."""
    record = _record(run) if run.promoted_at else None
    if record is not None:
        return record
    exam = run.exam
    standings = _standings(exam)
    decisions = decisions_of(run, standings)
    reference = bank.reference_form(exam)
    refusal, no_tables = refusal_of(run, newest_promoted(exam)), _no_tables(exam, reference)
    if reference is None or no_tables or not run.slope > 0:
        return Preview(run, decisions, [], 0, None, None, refusal or no_tables, list(run.warnings))
    before = bank.standard_of(exam)
    forms = list(_with_table(exam).filter(Q(pk=reference.pk) | Q(state=Form.State.POOL)))
    seats: dict[int, list[Seat]] = defaultdict(list)
    for seat in Seat.objects.filter(form__in=forms).order_by("form_id", "number"):
        seats[seat.form_id].append(seat)
    known = _known_after(standings, decisions)
    scored = [seat.revision_id for seat in seats[reference.pk] if seat.scored]
    after = _standard_after(run, before, known, scored)
    taken = {decision.item.revision_id for decision in decisions if decision.taken}
    taken |= {pk for pk, standing in standings.items() if standing.status == Status.CALIBRATED}
    refusal = refusal or _no_anchors(exam, taken)
    moves = _Moves(exam, before, after, known, taken, scored).of(forms, seats, run)
    return Preview(
        run=run,
        decisions=decisions,
        forms=moves,
        others=_with_table(exam).exclude(pk__in=[form.pk for form in forms]).count(),
        before=before,
        after=after,
        refusal=refusal,
        warnings=[*run.warnings, *_warnings(run, before, after, decisions, moves)],
    )


def _standings(exam: Exam) -> dict[int, Standing]:
    return {standing.revision_id: standing for standing in Standing.objects.filter(exam=exam)}


def _with_table(exam: Exam) -> QuerySet[Form]:
    """Forms that somebody may still be scored by, the reference form first: those that stand ready, and those whose
    sittings have no result yet."""
    open_sittings = Sitting.objects.filter(form=OuterRef("pk")).exclude(state=Sitting.State.ABANDONED)
    unscored = without_result(open_sittings)
    ready = Q(state__in=(Form.State.POOL, Form.State.PENDING))
    return Form.objects.filter(Q(reference=True) | ready | Exists(unscored), exam=exam).order_by("-reference", "number")


def _known_after(standings: Mapping[int, Standing], decisions: Sequence[Decision]) -> Known:
    """Rating and parameters of every question as they are after the promotion."""
    known = {pk: (row.rating, row.discrimination, row.intercept) for pk, row in standings.items()}
    for decision in decisions:
        if decision.taken:
            item = decision.item
            known[item.revision_id] = (decision.rating, item.discrimination, item.intercept)
    return known


def _standard_after(run: CalibrationRun, before: Standard, known: Known, scored: Sequence[int]) -> Standard:
    """The next standard: the same S, on the run's line. The borderline candidate is where the reference form's scored
    questions, under exactly the parameters that are promoted, give S. Not saved."""
    after = Standard(
        exam_id=run.exam_id,
        version=before.version + 1,
        cut=before.cut,
        slope=run.slope,
        alpha=run.alpha,
        beta=run.beta,
        population_mean=run.population_mean,
        population_sd=run.population_sd,
        reason=f"Calibration run {run.number} promoted.",
    )
    a, b = _items(after, known, scored)  # its ability is 0 as yet, so these are on the run's own scale
    after.ability = float(equating.theta_of_expected([float(after.cut)], a, b)[0])
    return after


def _items(standard: Standard, known: Known, revisions: Sequence[int]) -> tuple[list[float], list[float]]:
    """Slopes a and difficulties b of rated questions with the borderline candidate at 0, as a table gets them."""
    a, b = [], []
    for revision in revisions:
        rating, own_slope, own_intercept = known[revision]
        if rating is None:
            raise ValueError("a scored question has no rating")
        slope, intercept = bank.parameters_at_cut(standard, rating, own_slope, own_intercept)
        a.append(slope)
        b.append(-intercept / slope)
    return a, b


class _Moves:
    """Works out the tables that forms would get, as `exams.services.freezing.make_table` does, without writing."""

    def __init__(
        self, exam: Exam, before: Standard, after: Standard, known: Known, calibrated: set[int], scored: Sequence[int]
    ) -> None:
        self.scale = scaling.Scale(minimum=exam.scale_minimum, maximum=exam.scale_maximum, pass_mark=exam.pass_mark)
        self.after, self.known, self.calibrated = after, known, calibrated
        self.reference = _items(after, known, scored)

    def of(self, forms: Sequence[Form], seats: Mapping[int, Sequence[Seat]], run: CalibrationRun) -> list[Move]:
        tables = {
            table.form_id: table
            for table in ScoreTable.objects.filter(form__in=forms)
            .order_by("form_id", "-version")
            .distinct("form_id")
            .prefetch_related("rows")
        }
        told = {row.form_id: row for row in RunForm.objects.filter(run=run)}
        return [self._move(form, seats[form.pk], tables[form.pk], told.get(form.pk)) for form in forms]

    def _move(self, form: Form, seats: Sequence[Seat], table: ScoreTable, told: RunForm | None) -> Move:
        scored = [seat.revision_id for seat in seats if seat.scored and seat.number not in table.removed]
        a, b = _items(self.after, self.known, scored)
        cut = float(irt.characteristic_curve(0.0, a, b))
        whole = form.reference and not table.removed
        passing = scaling.minimum_passing_raw(float(self.after.cut) if whole else cut)
        equated = equating.true_score(a, b, *self.reference)
        rows = scaling.score_table(self.scale, equated, self.after.cut, len(self.reference[0]), passing)
        now = {row.raw: row.scaled for row in table.rows.all()}
        change, at = max(
            ((row.scaled - now[row.raw], row.raw) for row in rows), key=lambda pair: (abs(pair[0]), -pair[1])
        )
        measured = sum(revision in self.calibrated for revision in scored)
        return Move(
            number=form.number,
            reference=form.reference,
            sittings=told.sittings if told else None,
            scored=len(scored),
            measured=measured,
            cut_now=table.expected_at_cut,
            cut_then=cut,
            cut_common=told.common_cut if told else None,
            apart=told is not None and abs(told.cut - told.common_cut) > APART,
            passing_now=table.minimum_passing_raw,
            passing_then=passing,
            passing_common=scaling.minimum_passing_raw(told.common_cut) if told else None,
            provisional_now=table.provisional,
            provisional_then=measured < len(scored),
            change=change,
            at=at,
        )


def _warnings(
    run: CalibrationRun, before: Standard, after: Standard, decisions: Sequence[Decision], moves: Sequence[Move]
) -> list[str]:
    found = [
        f"On form {move.number} the two models put the cut more than {APART} raw points apart."
        for move in moves
        if move.apart
    ]
    if run.cut != before.cut:
        found.append(
            f"The cut was {run.cut.normalize():f} when the run was made and is {before.cut.normalize():f} now; the "
            "figures here use the present one."
        )
    if abs(after.ability - run.ability) > MOVED:
        found.append(
            "Questions that follow the line, not their own figures, move the borderline candidate by "
            f"{after.ability - run.ability:+.2f} logits, so that the reference form’s cut stays."
        )
    if not any(decision.taken for decision in decisions):
        found.append("No question can be calibrated by this run; only the line and the population would change.")
    if any(not decision.item.connected for decision in decisions):
        found.append("Questions in parts that no anchors connect are left out.")
    return found


# ---- what must not be ----------------------------------------------------------------------------------------------


def refusal_of(run: CalibrationRun, newest: CalibrationRun | None) -> str:
    """Why the run may not be promoted, in one sentence; empty if it may. `newest` is the last promoted one."""
    if run.promoted_at:
        return f"Run {run.number} was promoted before."
    if run.includes_simulated:
        return "This run includes simulated sittings; it can be looked at, never promoted."
    if not run.converged:
        return "This run did not converge, so its figures are no estimates."
    if not (run.population_sd > 0 and run.slope > 0):
        return "This run found no spread among candidates, so it cannot tell them apart."
    if newest is None or newest.pk == run.based_on_id:
        return ""
    if newest.number > run.number:
        return f"Run {newest.number} is newer and has been promoted already."
    return f"Run {newest.number} has been promoted since, and this run is not linked to it; calibrate again."


def newest_promoted(exam: Exam) -> CalibrationRun | None:
    """The run in force."""
    return CalibrationRun.objects.promoted().filter(exam=exam).order_by("-number").first()


def _no_anchors(exam: Exam, calibrated: Collection[int]) -> str:
    """Why no later run could be linked to this one, in one sentence; empty if one can. At most one statement.

    Every run after a promotion is held to the scale of the questions that are calibrated by then, so promoting one
    that leaves too few of them would be the last calibration of the exam.
    """
    if len(calibrated) < SETTINGS.fewest_anchors:
        count = f"{len(calibrated)} question{'' if len(calibrated) == 1 else 's'}"
        return (
            f"Only {count} would be calibrated, and later runs need {SETTINGS.fewest_anchors} to be linked to this "
            "one; wait for more sittings."
        )
    placed = Placement.objects.filter(exam=exam, question__revisions__in=calibrated)
    domains = dict(
        exam.domains.annotate(
            anchors=Count("tasks__placements", filter=Q(tasks__placements__in=placed), distinct=True)
        ).values_list("number", "anchors")
    )
    short = [number for number, anchors in sorted(domains.items()) if anchors < SETTINGS.fewest_anchors_in_domain]
    if short:
        return (
            f"Domain {short[0]} would have fewer than {SETTINGS.fewest_anchors_in_domain} calibrated questions, and "
            "later runs could not be linked to this one; wait for more sittings."
        )
    return ""


def _no_tables(exam: Exam, reference: Form | None) -> str:
    """Why no table can be made, in one sentence; empty if all can. One statement."""
    if reference is None:
        return "The exam has no reference form to carry the cut."
    rated = Standing.objects.filter(exam=exam, revision=OuterRef("revision"), rating__isnull=False)
    lost = Seat.objects.filter(~Exists(rated), form__in=_with_table(exam).order_by(), scored=True).order_by(
        "form", "number"
    )
    row = lost.values_list("form__number", "revision__question__public_id").first()
    return f"Form {row[0]} counts {row[1]}, which has no rating any more." if row else ""


# ---- the promotion --------------------------------------------------------------------------------------------------


@transaction.atomic
def promote(*, run: CalibrationRun, by: User, now: dt.datetime) -> Preview:
    """Put the run into force: parameters, a new standard, new tables. Returns what was done. Raises NotPromoted.

    Issued results keep the table that they were made with. Sittings without a result are scored by the new tables.
    """
    # As `freeze` does: forms that are made meanwhile wait, candidates do not.
    list(Exam.objects.select_for_update(no_key=True).filter(pk=run.exam_id))
    locked = CalibrationRun.objects.select_related("exam").get(pk=run.pk)
    if locked.promoted_at:
        raise PromotedBefore(refusal_of(locked, None))
    preview = preview_of(locked)
    if preview.refusal or preview.after is None:
        raise NotPromoted(preview.refusal)
    record_measurements(exam=locked.exam, measured=[decision.measured for decision in preview.decisions])
    preview.after.set_by, preview.after.preview = by, _remember(preview)
    preview.after.save(force_insert=True)
    for form in _with_table(locked.exam).select_related("exam").prefetch_related("seats"):
        make_table(form=form, seats=list(form.seats.all()), reason=preview.after.reason)
    locked.promoted_at, locked.promoted_by = now, by
    locked.save(update_fields=["promoted_at", "promoted_by"])
    return preview


def _remember(preview: Preview) -> dict[str, Any]:
    """What the standard's row keeps of the preview."""
    statuses: dict[str, list[int]] = {status.value: [] for status in Status}
    for decision in preview.decisions:
        statuses[decision.status.value].append(decision.item.revision_id)
    return {
        "run": preview.run.number,
        "questions": preview.counts,
        "statuses": statuses,
        "forms": [asdict(move) for move in preview.forms],
        "others": preview.others,
        "warnings": preview.warnings,
    }


def _record(run: CalibrationRun) -> Preview | None:
    """The preview as it was when the run was promoted."""
    after = Standard.objects.filter(exam=run.exam_id, preview__run=run.number).first()
    if after is None:
        return None
    kept: dict[str, Any] = after.preview
    statuses = {pk: Status(status) for status, pks in kept["statuses"].items() for pk in pks}
    return Preview(
        run=run,
        decisions=decisions_of(run, _standings(run.exam), statuses),
        forms=[Move(**move) for move in kept["forms"]],
        others=kept["others"],
        before=Standard.objects.filter(exam=run.exam_id, version__lt=after.version).order_by("-version").first(),
        after=after,
        refusal=refusal_of(run, None),
        warnings=kept["warnings"],
    )
