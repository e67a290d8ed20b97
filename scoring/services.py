"""Closing's consequence: a closed sitting gets its result, exactly once, and the same answers the same one for ever."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence

from django.db import OperationalError, transaction

from exams.models import Answer, Seat, Sitting
from exams.services import sittings
from scoring.marking import Marked, Paper
from scoring.models import DomainResult, Result, SeatResult

MOST_SEEN_BEFORE = 5  # beyond this the score says too little about a form never seen
SWEEP_BATCH = 200
BATCH = 250  # sittings whose results are written together

Progress = Callable[[int, int], None]

logger = logging.getLogger(__name__)


class NotClosed(Exception):
    """Only a closed sitting can be scored."""


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
        return existing or _make_results([sitting], {}, now)[0]


@transaction.atomic
def score_all(*, sitting_ids: Sequence[uuid.UUID], now: dt.datetime, progress: Progress | None = None) -> int:
    """Score many closed sittings as `score` does, with statements by the batch. Returns how many had no result yet.

    Raises NotClosed, and then none is scored.
    """
    papers: dict[int, Paper] = {}
    made = 0
    for start in range(0, len(sitting_ids), BATCH):
        batch = sitting_ids[start : start + BATCH]
        # In one order, so that two of us never wait for each other.
        locked = list(Sitting.objects.select_for_update().filter(pk__in=batch).order_by("pk"))
        if any(sitting.state != Sitting.State.CLOSED for sitting in locked):
            raise NotClosed
        scored = set(Result.objects.current().filter(sitting__in=locked).values_list("sitting_id", flat=True))
        made += len(_make_results([sitting for sitting in locked if sitting.pk not in scored], papers, now))
        if progress:
            progress(start + len(batch), len(sitting_ids))
    return made


def _make_results(chosen: Sequence[Sitting], papers: dict[int, Paper], now: dt.datetime) -> list[Result]:
    """Mark the sittings and write their results. `papers` keeps what was read of their forms."""
    answers: dict[uuid.UUID, list[Answer]] = defaultdict(list)
    for answer in Answer.objects.filter(sitting__in=chosen):
        answers[answer.sitting_id].append(answer)
    before = _seen_before(chosen)
    results, seats, domains = [], [], []
    for sitting in chosen:
        paper = papers.get(sitting.form_id)
        if paper is None:
            paper = papers[sitting.form_id] = Paper(sitting.form)
        marked = paper.mark(answers[sitting.pk], before[sitting.pk])
        result = _result(sitting, paper, marked, now)
        results.append(result)
        seats += _seats(result, marked)
        domains += _domains(result, paper, marked)
    Result.objects.bulk_create(results)
    SeatResult.objects.bulk_create(seats)
    DomainResult.objects.bulk_create(domains)
    return results


def _seen_before(chosen: Sequence[Sitting]) -> dict[uuid.UUID, set[int]]:
    """Sitting -> questions that earlier real sittings showed to the same person, whatever the exam. Two statements."""
    people = {sitting.user_id for sitting in chosen}
    sat: dict[int, list[tuple[int, dt.datetime]]] = defaultdict(list)
    for user, form, started_at in (
        Sitting.objects.real().filter(user__in=people).order_by().values_list("user_id", "form_id", "started_at")
    ):
        sat[user].append((form, started_at))
    earlier = {
        sitting.pk: {form for form, started_at in sat[sitting.user_id] if started_at < sitting.started_at}
        for sitting in chosen
    }
    shown: dict[int, set[int]] = defaultdict(set)
    rows = Seat.objects.filter(form__in=set().union(*earlier.values())).order_by()
    for form, question in rows.values_list("form_id", "revision__question_id"):
        shown[form].add(question)
    return {sitting: set().union(*(shown[form] for form in forms)) for sitting, forms in earlier.items()}


def _result(sitting: Sitting, paper: Paper, marked: Sequence[Marked], now: dt.datetime) -> Result:
    scored = [seat for seat in marked if seat.scored]
    raw = sum(seat.correct for seat in scored)
    row = paper.rows[raw]
    seen = sum(seat.seen_before for seat in scored)
    low, high = paper.likely_range(raw)
    return Result(
        sitting=sitting,
        table=paper.table,
        created_at=now,
        raw=raw,
        maximum_raw=paper.table.maximum_raw,
        equated=row.equated,
        scaled=row.scaled,
        passed=row.passed,
        provisional=paper.table.provisional,
        likely_low=low,
        likely_high=high,
        chance_of_passing=None if seen > MOST_SEEN_BEFORE else paper.chance_of_passing(raw),
        seen_before=seen,
    )


def _seats(result: Result, marked: Sequence[Marked]) -> list[SeatResult]:
    return [
        SeatResult(
            result=result,
            seat=seat.seat.number,
            task=seat.seat.task,
            scored=seat.scored,
            correct=seat.correct,
            answered=seat.answered,
            spent_ms=seat.spent_ms,
            seen_before=seat.seen_before,
        )
        for seat in marked
    ]


def _domains(result: Result, paper: Paper, marked: Sequence[Marked]) -> list[DomainResult]:
    right = {seat.seat.number for seat in marked if seat.correct}
    rows = []
    for domain, numbers in paper.domains.items():
        correct = len(right.intersection(numbers))
        level = paper.level(domain, correct)
        rows.append(
            DomainResult(
                result=result,
                domain=domain,
                correct=correct,
                scored=len(numbers),
                expected=level.expected,
                meets=level.meets,
                too_close=level.too_close,
            )
        )
    return rows


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
