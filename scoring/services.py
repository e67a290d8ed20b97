"""Closing's consequence: a closed sitting gets its result, exactly once, and the same answers the same one for ever."""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable, Collection, Sequence

from django.db import OperationalError, transaction

from accounts.models import User
from exams.models import Sitting
from exams.services import reopening, sittings
from operations import services as operations
from scoring import making, regrading
from scoring.marking import Paper
from scoring.models import Result
from scoring.models.results import without_result

BATCH = 250  # sittings whose results are written together
SCORE = "scoring.tasks.score"  # what operators put back when one sitting could not be scored
SWEEP_SECONDS = 20.0  # after which a sweep leaves the rest to the next one

Progress = Callable[[int, int], None]

logger = logging.getLogger(__name__)


class NotClosed(Exception):
    """Only a closed sitting can be scored."""


def score(*, sitting_id: uuid.UUID, now: dt.datetime) -> Result:
    """The sitting's current result, made now if there is none. Idempotent. Raises NotClosed.

    The form's newest table decides the raw, equated and scaled score and the pass; no sum of floats does.
    """
    with transaction.atomic():
        regrading.catch_up(sitting_ids=[sitting_id])
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
    regrading.catch_up(sitting_ids=sitting_ids)
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
    """Results of sittings that have none that holds. `papers` keeps what was read of their forms."""

    def paper_of(sitting: Sitting) -> Paper:
        if sitting.form_id not in papers:
            papers[sitting.form_id] = Paper(sitting.form)
        return papers[sitting.form_id]

    return making.make_results(chosen, paper_of, before=making.seen_before(chosen), now=now)


@transaction.atomic
def reopen(*, sitting_id: uuid.UUID, deadline: dt.datetime, by: User, now: dt.datetime) -> Sitting:
    """Let an assigned sitting go on until `deadline`. Its result holds no longer; the next close makes a new version.

    Only at most 14 days after the end, and while its keys are not released; what becomes of the clock is said in
    `exams.services.reopening`. Raises exams.services.clock.CannotChange with one sentence, and then nothing changes.
    """
    sitting = reopening.reopen(sitting_id=sitting_id, deadline=deadline, by=by, now=now)
    Result.objects.current().filter(sitting=sitting).update(current=False)
    return sitting


def sweep(*, now: dt.datetime) -> dict[str, int]:
    """End what has run out, close what has had its grace, and score what is closed. Safe from any process."""
    ended, closed = sittings.settle(now=now)
    return {"ended": ended, "closed": closed, "scored": _score_waiting(now)}


def _score_waiting(now: dt.datetime) -> int:
    """Score what is closed, by the batch; returns how many. Several sweeps at once share the work."""
    until = time.monotonic() + SWEEP_SECONDS
    scored = 0
    failed: set[uuid.UUID] = set()
    while time.monotonic() < until and (batch := _waiting(failed)):
        try:
            made = _score_batch(batch, now)
            operations.settle_all(task=SCORE, each=[[str(one)] for one in batch], now=now)
        except OperationalError:
            raise  # the database is away: the next round tries again
        except Exception:
            # One sitting that cannot be scored must not keep the others from their results.
            made = _score_singly(batch, now, failed)
        scored += made
        if not made and not failed.intersection(batch):
            break  # somebody else was faster
    return scored


def _waiting(failed: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """Closed sittings without a result that nobody is scoring at this moment."""
    waiting = without_result(Sitting.objects.closed()).exclude(pk__in=failed).order_by("-closed_at", "pk")
    with transaction.atomic():  # a look at the locks; they are taken by whoever scores
        return list(waiting.select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCH])


@transaction.atomic
def _score_batch(batch: Sequence[uuid.UUID], now: dt.datetime) -> int:
    regrading.catch_up(sitting_ids=batch)
    locked = list(Sitting.objects.closed().filter(pk__in=batch).order_by("pk").select_for_update(skip_locked=True))
    done = set(Result.objects.current().filter(sitting__in=locked).values_list("sitting_id", flat=True))
    return len(_make_results([sitting for sitting in locked if sitting.pk not in done], {}, now))


def _score_singly(batch: Sequence[uuid.UUID], now: dt.datetime, failed: set[uuid.UUID]) -> int:
    scored = 0
    for sitting_id in batch:
        failed.add(sitting_id)
        with operations.contained(task=SCORE, arguments=[str(sitting_id)]):
            score(sitting_id=sitting_id, now=now)
            failed.remove(sitting_id)
            scored += 1
    return scored
