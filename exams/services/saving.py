"""Take changes to answers. This is the path that must never lose anything, so it is short.

The order of things matters: see how the sitting stands, then read the time, then check, write, commit, acknowledge.
What is written hangs on the sitting's row being still the one that was seen; where it is not, everything is done again
under its lock. The rules are in `changes`, the statements in `storing`.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from exams.models import EndReason, Event, KeptChange, Sitting
from exams.services import timeline
from exams.services.changes import (
    PAD,
    Change,
    Outcome,
    Receipt,
    Refused,
    Spans,
    Stored,
    canonical,
    covers,
    holds,
    judge,
    linked,
    merged,
    overtakes,
    spans,
    with_what_stands,
)
from exams.services.storing import Read, Row, Told, lock, look, read, write

MOST_GAPS = 200  # between the sequence numbers that have arrived from one window


class Overtaken(Exception):
    """The sitting is no longer as it was seen."""


Offline = Sequence[tuple[int, int]]  # spans without a connection, as time left (milliseconds) at their start and end


def save(
    *,
    sitting_id: uuid.UUID,
    user_id: int,
    claim: int,
    changes: Sequence[Change],
    at_seat: int = 0,
    offline: Offline = (),
) -> Receipt:
    """Store a packet of changes. Raises Refused (then nothing changes) and Sitting.DoesNotExist (not this person's).

    `at_seat` is the question that the candidate is looking at, 0 when the packet does not say.
    """
    seats = _seats(changes, at_seat)
    if not any(change.settles for change in changes):
        sitting, found = look(sitting_id, user_id, claim, seats)
        now = timezone.now()
        if sitting.running and not sitting.has_run_out(now):
            with suppress(Overtaken):
                return _take(sitting, found, claim, changes, at_seat, offline, now)[0]
    with transaction.atomic():
        sitting = lock(sitting_id, user_id)
        now = timezone.now()
        _run_out(sitting, now)
        found = read(sitting, claim, seats)
        receipt, arrived = _take(sitting, found, claim, changes, at_seat, offline, now)
        return _close_if_complete(sitting, claim, receipt, arrived, now)


def end(
    *,
    sitting_id: uuid.UUID,
    user_id: int,
    claim: int,
    sequence: int,
    changes: Sequence[Change] = (),
    dropped: Sequence[int] = (),
    at_seat: int = 0,
    offline: Offline = (),
    left_ms: int | None = None,
    expired: bool = False,
) -> Receipt:
    """End exam: take the last changes and end the sitting. `sequence` names the last change the window made.

    The sitting closes at once when every change up to that one has arrived or was `dropped` because it was
    refused, otherwise with the grace. Ending an ended sitting again is harmless. With `expired` it is not the
    candidate who ends but the window's clock that has run out: then it ends only if the server's clock agrees,
    because staff may have granted time that the window has not heard of. Raises as `save` does.
    """
    with transaction.atomic():
        sitting = lock(sitting_id, user_id)
        now = timezone.now()
        if sitting.state in (Sitting.State.CLOSED, Sitting.State.ABANDONED):
            # Repeated: what arrived before is acknowledged again, anything new is kept and does not count.
            if not changes:
                return _receipt(sitting, now)
            found = read(sitting, claim, _seats(changes, at_seat))
            return _take(sitting, found, claim, changes, at_seat, offline, now)[0]
        if claim != sitting.claim:
            raise Refused(409, "This exam continues in another window, so it can be ended only there.")
        _run_out(sitting, now)
        _refuse_paused(sitting)
        repeated = sitting.end_sequence is not None
        found = read(sitting, claim, _seats(changes, at_seat))
        receipt, arrived = _take(sitting, found, claim, changes, at_seat, () if repeated else offline, now)
        if sitting.running and expired:
            return receipt
        if sitting.running:
            _end(sitting, now, EndReason.CANDIDATE, left_ms)
        if sitting.end_sequence is None:
            sitting.end_sequence = sequence
            Sitting.objects.filter(pk=sitting.id).update(end_sequence=sequence)
        return _close_if_complete(sitting, claim, receipt, [*arrived, *spans(dropped)], now)


def _run_out(sitting: Row, now: dt.datetime) -> None:
    """End the sitting as of its deadline when that has passed and nobody has noticed yet."""
    if sitting.has_run_out(now):
        _end(sitting, sitting.deadline, EndReason.DEADLINE)


def _end(sitting: Row, at: dt.datetime, reason: EndReason, left_ms: int | None = None) -> None:
    sitting.state, sitting.ended_at = Sitting.State.ENDED, at
    sitting.closes_at = at + dt.timedelta(seconds=sitting.grace_seconds)
    Sitting.objects.filter(pk=sitting.id).update(
        state=sitting.state, ended_at=at, end_reason=reason, closes_at=sitting.closes_at
    )
    by = Event.By.CLOCK if reason is EndReason.DEADLINE else Event.By.CANDIDATE
    sitting.events = timeline.tell(sitting.id, Event.Kind.ENDED, at=at, by=by, left_ms=left_ms)


def _seats(changes: Sequence[Change], at_seat: int) -> list[int]:
    """The seats to read: the candidate's place too, if only to learn whether the form has it."""
    return [*(change.seat for change in changes), *([at_seat] if at_seat else [])]


def _take(
    sitting: Row,
    found: Read | None,
    claim: int,
    changes: Sequence[Change],
    at_seat: int,
    offline: Offline,
    now: dt.datetime,
) -> tuple[Receipt, Spans]:
    """Judge and write the changes; returns the receipt and everything that has arrived from this claim.

    Raises Overtaken, with nothing written, when the sitting was not locked and somebody else has touched it since.
    """
    if found is None:
        raise Refused(409, "This window does not hold the exam; reload the page.", state=sitting.state)
    stored, arrived = found
    if len(arrived) > MOST_GAPS:
        raise Refused(429, "Too many changes are missing in between; reload the page.", state=sitting.state)
    changes = linked([canonical(change, stored.get(change.seat)) for change in changes], claim)
    said = {change.seat: change for change in sorted(changes, key=lambda change: change.sequence)}
    fresh = [change for change in changes if not holds(arrived, change.sequence)]
    if fresh:
        _refuse_paused(sitting)
    fresh = [with_what_stands(change, stored[change.seat]) for change in fresh]
    outcomes = dict.fromkeys((change.sequence for change in changes), Outcome.DUPLICATE)
    in_time = [change for change in fresh if not _is_late(sitting, claim, change, now)]
    newest = {change.seat: change.sequence for change in sorted(in_time, key=lambda change: change.sequence)}
    for change in fresh:
        if change not in in_time:
            outcomes[change.sequence] = Outcome.LATE
        elif newest[change.seat] == change.sequence:
            overtaken = overtakes(arrived, change.sequence)
            outcomes[change.sequence] = judge(change, claim, sitting.claim, stored[change.seat], overtaken=overtaken)
        else:
            outcomes[change.sequence] = Outcome.SUPERSEDED
    applied = [
        merged(change, claim, sitting.claim, stored[change.seat])
        for change in fresh
        if outcomes[change.sequence] is Outcome.APPLIED
    ]
    reasons = {Outcome.CONFLICT: KeptChange.Reason.CONFLICT, Outcome.LATE: KeptChange.Reason.LATE}
    kept = [(change, str(reasons[outcome])) for change in fresh if (outcome := outcomes[change.sequence]) in reasons]
    if fresh or (offline and not changes):  # a repeated packet has told its spans before
        written = write(
            sitting,
            claim,
            arrived=fresh,
            applied=applied,
            kept=kept,
            # Choices between kept changes hold even if the answer chosen was changed again at once.
            settled=[
                (*pair, change.seat)
                for change in fresh
                if outcomes[change.sequence] not in reasons
                for pair in change.settles
            ],
            told=_told(sitting, claim, fresh, outcomes, offline, now),
            at_seat=_place(sitting, claim, in_time, at_seat if at_seat in stored else 0),
            now=now,
        )
        if not written:
            raise Overtaken
    versions = {change.seat: stored[change.seat].version for change in changes if change.seat in stored}
    versions |= {change.seat: stored[change.seat].version + 1 for change in applied}
    stands = stored | {change.seat: change for change in applied}
    standing = {
        seat: (list(stands[seat].response), stands[seat].flagged)
        for seat, change in said.items()
        if seat != PAD and not _same(change, stands[seat])
    }
    receipt = _receipt(sitting, now, outcomes=outcomes, versions=versions, standing=standing)
    return receipt, [*arrived, *spans(change.sequence for change in fresh)]


def _same(change: Change, stands: Change | Stored) -> bool:
    return (list(change.response), change.flagged) == (list(stands.response), stands.flagged)


def _refuse_paused(sitting: Row) -> None:
    if sitting.running and sitting.paused_at is not None:
        raise Refused(423, "The exam is paused; nothing can be answered until it goes on.", state=sitting.state)


def _is_late(sitting: Row, claim: int, change: Change, now: dt.datetime) -> bool:
    """Whether a change cannot count. Within the grace, what was made before the end still does."""
    if sitting.running:
        return False
    beyond_the_end = (
        sitting.end_sequence is not None and claim == sitting.claim and change.sequence > sitting.end_sequence
    )
    return (
        sitting.state != Sitting.State.ENDED
        or (sitting.closes_at is not None and now >= sitting.closes_at)
        or change.left_ms <= 0
        or beyond_the_end
    )


def _place(sitting: Row, claim: int, changes: Sequence[Change], at_seat: int) -> int:
    """Where the candidate is: what the newest window says, or else the question it changed last."""
    if claim != sitting.claim or not changes:
        return sitting.last_seat
    last = max(changes, key=lambda change: change.sequence).seat
    return at_seat or last or sitting.last_seat


def _told(
    sitting: Row,
    claim: int,
    changes: Sequence[Change],
    outcomes: dict[int, Outcome],
    offline: Offline,
    now: dt.datetime,
) -> list[Told]:
    """What the timeline says about a packet: spans without a connection, what counts, and what does not."""
    told = [
        Told(Event.Kind.OFFLINE, now, claim=claim, left_ms=since_ms, until_ms=until_ms)
        for since_ms, until_ms in offline
    ]
    counts = Event.Kind.SAVED if sitting.running else Event.Kind.LATE
    idle = (Outcome.LATE, Outcome.CONFLICT)
    for kind, group in (
        (counts, [change for change in changes if outcomes[change.sequence] not in idle]),
        (Event.Kind.KEPT, [change for change in changes if outcomes[change.sequence] in idle]),
    ):
        if group:
            numbers = [change.sequence for change in group]
            seats = sorted({change.seat for change in group})
            left_ms = min(change.left_ms for change in group)
            told.append(Told(kind, now, Event.By.CANDIDATE, claim, min(numbers), max(numbers), seats, left_ms))
    return told


def _close_if_complete(sitting: Row, claim: int, receipt: Receipt, arrived: Spans, now: dt.datetime) -> Receipt:
    """Close an ended sitting once everything up to the change that End named has arrived.

    End comes from the newest claim and names its own sequence; what older windows deliver says nothing about it.
    """
    named = sitting.end_sequence if claim == sitting.claim else None
    complete = named is not None and covers(arrived, named)
    if sitting.state == Sitting.State.ENDED and complete:
        sitting.state = Sitting.State.CLOSED
        Sitting.objects.filter(pk=sitting.id).update(state=sitting.state, closed_at=now)
        sitting.events = timeline.tell(sitting.id, Event.Kind.CLOSED, at=now, by=Event.By.CLOCK)
    after = _receipt(sitting, now)
    return replace(receipt, state=after.state, remaining=after.remaining)


def _receipt(sitting: Row, now: dt.datetime, **became: Any) -> Receipt:
    """Where the sitting stands, and what `became` of the packet."""
    return Receipt(
        state=sitting.state,
        claim=sitting.claim,
        deadline=sitting.deadline,
        now=now,
        remaining=sitting.remaining(now),
        paused=sitting.running and sitting.paused_at is not None,
        supervised=sitting.supervised,
        conflicts=sitting.open_conflicts,
        total=sitting.versions,
        **became,
    )
