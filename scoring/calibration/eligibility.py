"""Who calibrates: first sittings under the real conditions, taken seriously. Everybody else is counted by reason."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Count, Q, Sum

from exams.models import EndReason, Sitting
from questions.models import Exam
from scoring.models import SeatResult

VISITED = 90  # per cent of the seats, at least
FAST_MS = 5_000
FAST = 10  # per cent of the answers; fewer may be faster than that
AT_WORK = 80  # per cent of the limit spent on questions, from which on a deadline was met at work
BATCH = 1_000  # sittings whose seats are counted by one statement

Progress = Callable[[int, int], None]


class Reason(StrEnum):
    """Why a sitting is left out. Only the first that applies is counted, in this order."""

    SIMULATED = "simulated"
    VOID = "declared void"
    LATER = "not the person's first sitting"
    REOPENED = "reopened after its end"
    LIMIT = "another time limit than the exam's"
    EXTRA = "extra time agreed beforehand"
    GRANTED = "extra time granted while it ran"
    PAUSED = "paused while it ran"
    STAFF = "ended by staff"
    UNSCORED = "cannot be scored"
    VISITED = f"fewer than {VISITED} % of the questions visited"
    NOTHING = "nothing answered"
    UNTIMED = "no times recorded (sat without scripts)"
    FAST = f"{FAST} % or more of the answers given in under {FAST_MS // 1_000} seconds"


@dataclass(frozen=True, slots=True)
class First:
    """A sitting that calibrates, and its current result."""

    sitting: uuid.UUID
    form: int
    closed_at: dt.datetime
    result: int


@dataclass(frozen=True, slots=True)
class Screening:
    """Sittings that calibrate, and how many do not, by reason.

    `overtaken` are left out because they visited too little, but not for want of trying: their time ran out while
    they were at work. Whoever asks whether the time was enough must hear them, too.
    """

    firsts: list[First]
    overtaken: list[First]
    left_out: Counter[str]


@dataclass(frozen=True, slots=True)
class _Seats:
    """What the seats of one result come to."""

    result: int
    seats: int
    visited: int
    answered: int
    timed: int
    fast: int
    spent_ms: int

    @property
    def reason(self) -> Reason | None:
        """In whole numbers: shares are compared exactly."""
        if 100 * self.visited < VISITED * self.seats:
            return Reason.VISITED
        if self.answered == 0:
            return Reason.NOTHING
        if self.timed == 0:
            return Reason.UNTIMED
        return Reason.FAST if 100 * self.fast >= FAST * self.answered else None


def screen(
    *,
    exam: Exam,
    until: dt.datetime,
    since: dt.datetime | None = None,
    include_simulated: bool = False,
    progress: Progress | None = None,
) -> Screening:
    """Judge the exam's sittings closed after `since` and up to `until`.

    A person's first sitting is the first by its start that was not given up, closed or not, void or not; of simulated
    people too.
    One statement for the sittings, and one for the seats of each batch.
    """
    left_out: Counter[str] = Counter()
    candidates = []
    known: set[int] = set()
    # In the order of their starts, the first of a person comes first.
    for sitting in (
        Sitting.objects.filter(exam=exam).exclude(state=Sitting.State.ABANDONED).order_by("started_at", "pk").iterator()
    ):
        simulated = sitting.simulated and not include_simulated
        is_first = simulated or sitting.user_id not in known
        if not simulated:
            known.add(sitting.user_id)
        closed_at = sitting.closed_at if sitting.state == Sitting.State.CLOSED else None
        if closed_at is None or closed_at > until or (since is not None and closed_at <= since):
            continue
        reason = _conditions(sitting, exam) if is_first else Reason.LATER
        reason = Reason.SIMULATED if simulated else Reason.VOID if sitting.void else reason
        if reason:
            left_out[reason] += 1
        else:
            ran_out = sitting.end_reason == EndReason.DEADLINE
            candidates.append((sitting.pk, sitting.form_id, closed_at, ran_out))
    firsts, overtaken = [], []
    for start in range(0, len(candidates), BATCH):
        batch = candidates[start : start + BATCH]
        seats = _seats([candidate[0] for candidate in batch])
        for sitting_id, form, closed_at, ran_out in batch:
            found = seats.get(sitting_id)
            if found is None:
                left_out[Reason.UNSCORED] += 1
                continue
            first = First(sitting_id, form, closed_at, found.result)
            reason = found.reason
            if reason is None:
                firsts.append(first)
                continue
            left_out[reason] += 1
            if reason == Reason.VISITED and ran_out and found.spent_ms >= AT_WORK * 600 * exam.minutes:
                overtaken.append(first)
        if progress:
            progress(start + len(batch), len(candidates))
    return Screening(firsts, overtaken, left_out)


def _conditions(sitting: Sitting, exam: Exam) -> Reason | None:
    """Whether it ran under other conditions than the real exam's."""
    if sitting.reopened_at:
        return Reason.REOPENED
    window = sitting.window_ends_at
    cut_short = window is not None and window < sitting.started_at + dt.timedelta(minutes=sitting.limit_minutes)
    if sitting.limit_minutes != exam.minutes or cut_short:
        return Reason.LIMIT
    if sitting.multiplier != 1 or sitting.extra_minutes:
        return Reason.EXTRA
    if sitting.granted_minutes:
        return Reason.GRANTED
    if sitting.paused_seconds or sitting.paused_at:
        return Reason.PAUSED
    return Reason.STAFF if sitting.end_reason == EndReason.STAFF else None


def _seats(sittings: list[uuid.UUID]) -> dict[uuid.UUID, _Seats]:
    """Sitting -> what its seats come to, by its current result."""
    visited = Q(answered=True) | Q(spent_ms__gt=0)
    rows = (
        SeatResult.objects.filter(result__sitting__in=sittings, result__current=True)
        .order_by()
        .values("result__sitting_id", "result_id")
        .annotate(
            seats=Count("pk"),
            visited=Count("pk", filter=visited),
            was_answered=Count("pk", filter=Q(answered=True)),
            timed=Count("pk", filter=Q(spent_ms__gt=0)),
            fast=Count("pk", filter=Q(answered=True, spent_ms__lt=FAST_MS)),
            spent=Sum("spent_ms"),
        )
    )
    fields = ("result__sitting_id", "result_id", "seats", "visited", "was_answered", "timed", "fast", "spent")
    return {sitting: _Seats(*counts) for sitting, *counts in rows.values_list(*fields)}
