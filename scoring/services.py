"""Closing's consequence: a closed sitting gets its result, exactly once, and the same answers the same one for ever."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import OperationalError, transaction

from exams.models import Answer, ScoreTable, Seat, Sitting
from exams.services import bank, sittings
from psychometrics import report
from psychometrics.irt import Prior
from questions.models import Revision
from scoring.models import DomainResult, Result, SeatResult

MOST_SEEN_BEFORE = 5  # beyond this the score says too little about a form never seen
SWEEP_BATCH = 200

logger = logging.getLogger(__name__)


class NotClosed(Exception):
    """Only a closed sitting can be scored."""


@dataclass(frozen=True, slots=True)
class Marked:
    """One seat, what was answered there, and whether that is right."""

    seat: Seat
    revision: Revision
    response: tuple[str, ...]
    key: tuple[str, ...]
    answered: bool
    correct: bool
    spent_ms: int
    seen_before: bool


def score(*, sitting_id: uuid.UUID, now: dt.datetime) -> Result:
    """The sitting's current result, made now if there is none. Idempotent. Raises NotClosed.

    The form's newest table decides the raw, equated and scaled score and the pass; no sum of floats does.
    """
    with transaction.atomic():
        # The lock makes two scorers take turns; the second finds the first one's result.
        sitting = Sitting.objects.select_for_update().get(pk=sitting_id)
        if sitting.state != Sitting.State.CLOSED:
            raise NotClosed
        existing = Result.objects.current().filter(sitting=sitting).first()
        return existing or _make_result(sitting, now)


def mark(sitting: Sitting) -> list[Marked]:
    """Every seat of the sitting's form in order, marked all or nothing. A constant number of statements."""
    answers = {answer.seat: answer for answer in Answer.objects.filter(sitting=sitting)}
    before = _seen_before(sitting)
    seats = list(Seat.objects.filter(form=sitting.form_id).select_related("task__domain").order_by("number"))
    revisions = Revision.objects.with_content().in_bulk([seat.revision_id for seat in seats])
    return [_mark(seat, revisions[seat.revision_id], answers.get(seat.number), before) for seat in seats]


def _mark(seat: Seat, revision: Revision, answer: Answer | None, before: set[int]) -> Marked:
    kind = revision.strategy
    key = seat.key(kind.key(revision.content))
    response = tuple(answer.response) if answer else ()
    answered = kind.is_complete(response, slots=seat.slots)
    return Marked(
        seat=seat,
        revision=revision,
        response=response,
        key=key,
        answered=answered,
        correct=answered and kind.is_correct(response, key),
        spent_ms=answer.spent_ms if answer else 0,
        seen_before=revision.question_id in before,
    )


def _seen_before(sitting: Sitting) -> set[int]:
    """Questions that earlier sittings showed to the same person, whatever the exam."""
    earlier = Sitting.objects.filter(user=sitting.user_id, started_at__lt=sitting.started_at)
    return set(Seat.objects.filter(form__sittings__in=earlier).values_list("revision__question_id", flat=True))


def _make_result(sitting: Sitting, now: dt.datetime) -> Result:
    marked = mark(sitting)
    table = bank.current_table(sitting.form)
    scored = [seat for seat in marked if seat.seat.scored]
    raw = sum(seat.correct for seat in scored)
    row = table.rows.get(raw=raw)
    seen = sum(seat.seen_before for seat in scored)
    low, high = likely_range(table, [seat.seat.number for seat in scored], raw)
    result = Result.objects.create(
        sitting=sitting,
        table=table,
        created_at=now,
        raw=raw,
        maximum_raw=table.maximum_raw,
        equated=row.equated,
        scaled=row.scaled,
        passed=row.passed,
        provisional=table.provisional,
        likely_low=low,
        likely_high=high,
        chance_of_passing=None if seen > MOST_SEEN_BEFORE else chance_of_passing(sitting, table, scored, raw),
        seen_before=seen,
    )
    SeatResult.objects.bulk_create(
        SeatResult(
            result=result,
            seat=seat.seat.number,
            task=seat.seat.task,
            scored=seat.seat.scored,
            correct=seat.correct,
            answered=seat.answered,
            spent_ms=seat.spent_ms,
            seen_before=seat.seen_before,
        )
        for seat in marked
    )
    DomainResult.objects.bulk_create(_domains(result, table, scored))
    return result


def _domains(result: Result, table: ScoreTable, scored: Sequence[Marked]) -> list[DomainResult]:
    by_domain: dict[int, list[Marked]] = defaultdict(list)
    for seat in scored:
        by_domain[seat.seat.task.domain_id].append(seat)
    rows = []
    for seats in by_domain.values():
        correct = sum(seat.correct for seat in seats)
        level = report.domain_level(correct, *bank.parameters(table, [seat.seat.number for seat in seats]))
        rows.append(
            DomainResult(
                result=result,
                domain=seats[0].seat.task.domain,
                correct=correct,
                scored=len(seats),
                expected=level.expected,
                meets=level.meets,
                too_close=level.too_close,
            )
        )
    return sorted(rows, key=lambda row: row.domain.number)


def prior_for(table: ScoreTable) -> Prior:
    """What is believed about a candidate before the answers. Until there is a calibrated population, N(0, 1.5²)."""
    return report.UNCALIBRATED_PRIOR


def rating_error(table: ScoreTable) -> float:
    """Standard deviation, in logits, that judged difficulty adds to a score's uncertainty; 0 once measured."""
    if not table.provisional:
        return 0.0
    equated_to = None if table.form.reference else table.maximum_raw
    return report.rating_error_sd(report.DESK_RATING_SD, table.maximum_raw, equated_to)


def likely_range(table: ScoreTable, scored: Sequence[int], raw: int) -> tuple[int, int]:
    """Central 68 % interval for the score that the candidate's ability is worth, around the one obtained."""
    a, b = bank.parameters(table, scored)
    scaled = list(table.rows.order_by("raw").values_list("scaled", flat=True))
    return report.likely_range(raw, a, b, scaled, prior_for(table), rating_error(table))


def chance_of_passing(sitting: Sitting, table: ScoreTable, scored: Sequence[Marked], raw: int) -> int:
    """Chance in per cent, in steps of 5, of passing the reference form today; 0 is under 5, 100 over 95."""
    reference = bank.reference_form(sitting.exam)
    if reference is None:
        raise ValueError("an exam with a sitting has a reference form")
    reference_table = bank.current_table(reference)
    numbers = reference.seats.filter(scored=True).values_list("number", flat=True)
    chance = report.chance_of_passing(
        raw,
        *bank.parameters(table, [seat.seat.number for seat in scored]),
        *bank.parameters(reference_table, numbers),
        reference_table.minimum_passing_raw,
        prior_for(table),
    )
    steps = report.in_steps(chance)
    return {report.Bound.UNDER: 0, report.Bound.OVER: 100}.get(steps.bound, steps.percent)


def sweep(*, now: dt.datetime) -> dict[str, int]:
    """End what has run out, close what has had its grace, and score what is closed. Safe from any process."""
    ended, closed = sittings.settle(now=now)
    # Newest first: the few that cannot be scored then never fill the batch.
    waiting = Sitting.objects.closed().filter(results__isnull=True).order_by("-closed_at")
    ids = list(waiting.values_list("pk", flat=True)[:SWEEP_BATCH])
    scored = 0
    for sitting_id in ids:
        try:
            score(sitting_id=sitting_id, now=now)
        except OperationalError:
            raise  # the database is away: the next round tries again
        except Exception:
            # One sitting that cannot be scored must not keep the others from their results.
            logger.exception("Sitting %s cannot be scored", sitting_id)
        else:
            scored += 1
    return {"ended": ended, "closed": closed, "scored": scored}
