"""Take changes to answers. This is the path that must never lose anything, so it is short: three statements.

The order of things matters: lock the sitting's row, then read the time, then check, write, commit, acknowledge.
Changes are ordered by (claim, sequence), never by anybody's clock. Every statement carries the sitting's id.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from psycopg.types.multirange import Int8Multirange
from psycopg.types.range import Int8Range

from exams.models import EndReason, Sitting
from questions.kinds import KINDS, ImpossibleResponse, Response


@dataclass(frozen=True, slots=True)
class Change:
    """What a browser says about one seat. `left_ms` is its own idea of the time left: evidence, never proof."""

    sequence: int
    seat: int
    base: int
    response: Sequence[str]
    flagged: bool
    spent_ms: int
    left_ms: int


# Sequence numbers that have arrived, as half-open spans [start, stop).
Spans = list[tuple[int, int]]

# What one candidate may make us keep: gaps between arrived numbers, and changes that lost against a newer window.
MOST_GAPS = 200
MOST_CONFLICTS = 1_000


class Outcome(StrEnum):
    APPLIED = "applied"
    SUPERSEDED = "superseded"  # something newer stands there
    DUPLICATE = "duplicate"  # it had arrived before
    CONFLICT = "conflict"  # from an older window; kept for the candidate to choose


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a packet. Only when it is returned, after COMMIT, is anything acknowledged."""

    state: str
    claim: int
    deadline: dt.datetime
    now: dt.datetime
    remaining: dt.timedelta
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    versions: dict[int, int] = field(default_factory=dict)
    # What stands at the seats whose change met a newer answer, so that the window shows what counts.
    standing: dict[int, tuple[list[str], bool]] = field(default_factory=dict)


class Refused(Exception):
    """A packet that changes nothing. `code` is the HTTP status that says why, `sequences` the changes at fault."""

    def __init__(self, code: int, sentence: str, *, state: str = "", sequences: Sequence[int] = ()) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.state, self.sequences = code, sentence, state, list(sequences)


@dataclass(slots=True)
class _Locked:
    """The sitting's row, locked."""

    id: uuid.UUID
    state: str
    claim: int
    deadline: dt.datetime
    paused_at: dt.datetime | None
    grace_seconds: int
    end_sequence: int | None
    ended_at: dt.datetime | None
    closes_at: dt.datetime | None
    form_id: int


@dataclass(frozen=True, slots=True)
class _Stored:
    """A seat of the form and what is stored there; version 0 when nothing is."""

    kind: str
    tokens: list[str]
    slots: int
    version: int
    claim: int
    sequence: int
    response: list[str]
    flagged: bool


def save(*, sitting_id: uuid.UUID, user_id: int, claim: int, changes: Sequence[Change]) -> Receipt:
    """Store a packet of changes. Raises Refused (then nothing changes) and Sitting.DoesNotExist (not this person's)."""
    with transaction.atomic():
        sitting = _lock(sitting_id, user_id)
        now = timezone.now()
        _run_out(sitting, now)
        receipt, arrived = _take(sitting, claim, changes, now)
        return _close_if_complete(sitting, claim, receipt, arrived, now)


def end(
    *,
    sitting_id: uuid.UUID,
    user_id: int,
    claim: int,
    sequence: int,
    changes: Sequence[Change] = (),
    dropped: Sequence[int] = (),
) -> Receipt:
    """End exam: take the last changes and end the sitting. `sequence` names the last change the window made.

    The sitting closes at once when every change up to that one has arrived or was `dropped` because it was
    refused, otherwise with the grace. Ending an ended sitting again is harmless. Raises as `save` does.
    """
    with transaction.atomic():
        sitting = _lock(sitting_id, user_id)
        now = timezone.now()
        if sitting.state in (Sitting.State.CLOSED, Sitting.State.ABANDONED):
            # Repeated: what arrived before is acknowledged again, anything new is refused.
            return _take(sitting, claim, changes, now)[0] if changes else _receipt(sitting, now)
        if claim != sitting.claim:
            raise Refused(409, "This exam continues in another window, so it can be ended only there.")
        _run_out(sitting, now)
        receipt, arrived = _take(sitting, claim, changes, now)
        if sitting.state == Sitting.State.IN_PROGRESS:
            _end(sitting, now, EndReason.CANDIDATE)
        if sitting.end_sequence is None:
            sitting.end_sequence = sequence
            Sitting.objects.filter(pk=sitting.id).update(end_sequence=sequence)
        accounted = [*arrived, *((number, number + 1) for number in dropped)]
        return _close_if_complete(sitting, claim, receipt, accounted, now)


def _lock(sitting_id: uuid.UUID, user_id: int) -> _Locked:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, state, claim, deadline, paused_at, grace_seconds, end_sequence, ended_at, closes_at, form_id"
            " FROM exams_sitting WHERE id = %s AND user_id = %s FOR UPDATE",
            [sitting_id, user_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise Sitting.DoesNotExist
    return _Locked(*row)


def _run_out(sitting: _Locked, now: dt.datetime) -> None:
    """End the sitting as of its deadline when that has passed and nobody has noticed yet."""
    if sitting.state == Sitting.State.IN_PROGRESS and sitting.paused_at is None and now >= sitting.deadline:
        _end(sitting, sitting.deadline, EndReason.DEADLINE)


def _end(sitting: _Locked, at: dt.datetime, reason: EndReason) -> None:
    sitting.state, sitting.ended_at = Sitting.State.ENDED, at
    sitting.closes_at = at + dt.timedelta(seconds=sitting.grace_seconds)
    Sitting.objects.filter(pk=sitting.id).update(
        state=sitting.state, ended_at=at, end_reason=reason, closes_at=sitting.closes_at
    )


def _take(sitting: _Locked, claim: int, changes: Sequence[Change], now: dt.datetime) -> tuple[Receipt, Spans]:
    """Check and write the changes; returns the receipt and everything that has arrived from this claim."""
    stored, arrived = _read(sitting, claim, changes)
    if len(arrived) > MOST_GAPS:
        raise Refused(429, "Too many changes are missing in between; reload the page.", state=sitting.state)
    fresh = [change for change in changes if not _holds(arrived, change.sequence)]
    _refuse_late(sitting, claim, fresh, now)
    responses = _parse(fresh, stored)
    outcomes = dict.fromkeys((change.sequence for change in changes), Outcome.DUPLICATE)
    newest = {change.seat: change.sequence for change in sorted(fresh, key=lambda change: change.sequence)}
    for change in fresh:
        is_newest = newest[change.seat] == change.sequence
        outcomes[change.sequence] = (
            _judge(change, claim, sitting.claim, stored[change.seat]) if is_newest else Outcome.SUPERSEDED
        )
    applied = [change for change in fresh if outcomes[change.sequence] is Outcome.APPLIED]
    if fresh:
        _write(sitting, claim, fresh, applied, responses, now)
    for change in fresh:
        if outcomes[change.sequence] is Outcome.CONFLICT:
            _keep_conflict(sitting, claim, change, responses[change.sequence], now)
    versions = {change.seat: stored[change.seat].version for change in changes if change.seat in stored}
    versions |= {change.seat: stored[change.seat].version + 1 for change in applied}
    standing = {
        change.seat: (stored[change.seat].response, stored[change.seat].flagged)
        for change in fresh
        if outcomes[change.sequence] is Outcome.CONFLICT
    }
    receipt = replace(_receipt(sitting, now), outcomes=outcomes, versions=versions, standing=standing)
    return receipt, _with(arrived, fresh)


def _read(sitting: _Locked, claim: int, changes: Sequence[Change]) -> tuple[dict[int, _Stored], Spans]:
    """The seats concerned and what arrived before. A statement of its own: it must see what was committed
    while we waited for the lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.arrived, s.number, s.kind, s.tokens, s.slots,
                   COALESCE(a.version, 0), COALESCE(a.claim, 0), COALESCE(a.sequence, 0),
                   COALESCE(a.response, '{}'), COALESCE(a.flagged, false)
            FROM exams_claim c
            LEFT JOIN exams_seat s ON s.form_id = %s AND s.number = ANY(%s)
            LEFT JOIN exams_answer a ON a.sitting_id = c.sitting_id AND a.seat = s.number
            WHERE c.sitting_id = %s AND c.number = %s
            """,
            [sitting.form_id, [change.seat for change in changes], sitting.id, claim],
        )
        rows = cursor.fetchall()
    if not rows:
        raise Refused(409, "This window does not hold the exam; reload the page.", state=sitting.state)
    stored = {row[1]: _Stored(*row[2:]) for row in rows if row[1] is not None}
    return stored, [(part.lower, part.upper) for part in rows[0][0]]


def _refuse_late(sitting: _Locked, claim: int, changes: Sequence[Change], now: dt.datetime) -> None:
    """Refuse what comes too late. Within the grace, what was made before the end still counts."""
    if sitting.state == Sitting.State.IN_PROGRESS:
        if sitting.paused_at is not None and changes:
            raise Refused(423, "The exam is paused; nothing can be answered until it goes on.", state=sitting.state)
        return
    late = [
        change.sequence
        for change in changes
        if sitting.state != Sitting.State.ENDED
        or (sitting.closes_at is not None and now >= sitting.closes_at)
        or change.left_ms <= 0
        or (sitting.end_sequence is not None and claim == sitting.claim and change.sequence > sitting.end_sequence)
    ]
    if late:
        raise Refused(409, "The exam has ended, so this answer was not saved.", state=sitting.state, sequences=late)


def _parse(changes: Sequence[Change], stored: dict[int, _Stored]) -> dict[int, Response]:
    """Canonical responses by sequence number; refuses seats and options that the form does not have."""
    responses = {}
    for change in changes:
        seat = stored.get(change.seat)
        if seat is None:
            raise Refused(422, f"This form has no question {change.seat}.", sequences=[change.sequence])
        try:
            response = KINDS[seat.kind].parse(change.response, tokens=seat.tokens, slots=seat.slots)
        except ImpossibleResponse as problem:
            raise Refused(422, str(problem), sequences=[change.sequence]) from problem
        responses[change.sequence] = response
    return responses


def _judge(change: Change, claim: int, newest_claim: int, stored: _Stored) -> Outcome:
    """Where a change stands against what is stored.

    The newest window always wins by (claim, sequence). A change from an older one applies only where nothing newer
    stands: on the version it was based on, or on this same window's own earlier change.
    """
    if stored.claim == claim and stored.sequence >= change.sequence:
        return Outcome.SUPERSEDED
    if claim == newest_claim or stored.claim == claim or change.base == stored.version:
        return Outcome.APPLIED
    return Outcome.CONFLICT


def _write(
    sitting: _Locked,
    claim: int,
    fresh: Sequence[Change],
    applied: Sequence[Change],
    responses: dict[int, Response],
    now: dt.datetime,
) -> None:
    """One statement: note what arrived, touch the sitting, and put the answers in their places."""
    came = Int8Multirange(Int8Range(start, stop) for start, stop in _with([], fresh))
    last = max(fresh, key=lambda change: change.sequence)
    head = """
        WITH noted AS (
            UPDATE exams_claim SET arrived = arrived + %s::int8multirange WHERE sitting_id = %s AND number = %s
        ), touched AS (
            UPDATE exams_sitting SET saved_at = %s, last_seat = CASE WHEN claim = %s THEN %s ELSE last_seat END
            WHERE id = %s
        )
    """
    parameters: list[Any] = [came, sitting.id, claim, now, claim, last.seat, sitting.id]
    if not applied:
        with connection.cursor() as cursor:
            cursor.execute(head + "SELECT 1", parameters)
        return
    late = sitting.state != Sitting.State.IN_PROGRESS
    for change in applied:
        parameters += [
            sitting.id, change.seat, list(responses[change.sequence]), change.flagged, change.spent_ms,
            claim, change.sequence, late, now,
        ]  # fmt: skip
    values = ", ".join(["(%s, %s, %s::varchar[], %s, %s, 1, %s, %s, %s, %s)"] * len(applied))
    with connection.cursor() as cursor:
        cursor.execute(
            head
            + f"""
            INSERT INTO exams_answer AS a
                (sitting_id, seat, response, flagged, spent_ms, version, claim, sequence, late, saved_at)
            VALUES {values}
            ON CONFLICT (sitting_id, seat) DO UPDATE SET
                response = EXCLUDED.response, flagged = EXCLUDED.flagged,
                spent_ms = GREATEST(a.spent_ms, EXCLUDED.spent_ms), version = a.version + 1,
                claim = EXCLUDED.claim, sequence = EXCLUDED.sequence, late = EXCLUDED.late,
                saved_at = EXCLUDED.saved_at
            """,
            parameters,
        )


def _keep_conflict(sitting: _Locked, claim: int, change: Change, response: Response, now: dt.datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO exams_conflict (sitting_id, claim, sequence, seat, response, flagged, received_at)"
            " SELECT %s, %s, %s, %s, %s::varchar[], %s, %s"
            " WHERE (SELECT count(*) FROM exams_conflict WHERE sitting_id = %s) < %s ON CONFLICT DO NOTHING",
            [
                sitting.id,
                claim,
                change.sequence,
                change.seat,
                list(response),
                change.flagged,
                now,
                sitting.id,
                MOST_CONFLICTS,
            ],
        )


def _close_if_complete(sitting: _Locked, claim: int, receipt: Receipt, arrived: Spans, now: dt.datetime) -> Receipt:
    """Close an ended sitting once everything up to the change that End named has arrived.

    End comes from the newest claim and names its own sequence; what older windows deliver says nothing about it.
    """
    named = sitting.end_sequence if claim == sitting.claim else None
    complete = named is not None and _covers(arrived, named)
    if sitting.state == Sitting.State.ENDED and complete:
        sitting.state = Sitting.State.CLOSED
        Sitting.objects.filter(pk=sitting.id).update(state=sitting.state, closed_at=now)
    after = _receipt(sitting, now)
    return replace(receipt, state=after.state, remaining=after.remaining)


def _receipt(sitting: _Locked, now: dt.datetime) -> Receipt:
    running = sitting.state == Sitting.State.IN_PROGRESS
    remaining = max(sitting.deadline - (sitting.paused_at or now), dt.timedelta(0)) if running else dt.timedelta(0)
    return Receipt(sitting.state, sitting.claim, sitting.deadline, now, remaining)


def _holds(arrived: Spans, sequence: int) -> bool:
    return any(start <= sequence < stop for start, stop in arrived)


def _with(arrived: Spans, changes: Sequence[Change]) -> Spans:
    return [*arrived, *((change.sequence, change.sequence + 1) for change in changes)]


def _covers(arrived: Spans, last: int) -> bool:
    """Whether every sequence number from 1 to `last` is in the set."""
    reached = 0
    for start, stop in sorted(arrived):
        if start > reached + 1:
            break
        reached = max(reached, stop - 1)
    return reached >= last
