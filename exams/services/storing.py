"""The three statements of a save: lock, read, write. Every one of them carries the sitting's id."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from psycopg.types.multirange import Int8Multirange
from psycopg.types.range import Int8Range

from exams.models import Event, KeptChange, Sitting
from exams.services.changes import PAD, Change, Refused, Spans, Stored, spans
from exams.services.presence import OFTEN

MOST_KEPT = 1_000  # changes that do not count and that one candidate may make us keep


@dataclass(slots=True)
class Locked:
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
    events: int
    open_conflicts: int
    last_seat: int
    supervised: bool

    @property
    def running(self) -> bool:
        return self.state == Sitting.State.IN_PROGRESS

    def remaining(self, now: dt.datetime) -> dt.timedelta:
        """Time left, never negative; stands still while paused."""
        left = self.deadline - (self.paused_at or now) if self.running else dt.timedelta(0)
        return max(left, dt.timedelta(0))


@dataclass(slots=True)
class Told:
    """One entry for the timeline; the fields are those of the model."""

    kind: str
    at: dt.datetime
    by: str = Event.By.CANDIDATE
    claim: int | None = None
    first: int | None = None
    last: int | None = None
    seats: Sequence[int] = ()
    left_ms: int | None = None
    until_ms: int | None = None


def lock(sitting_id: uuid.UUID, user_id: int) -> Locked:
    """Raises Sitting.DoesNotExist when it is not this person's."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, state, claim, deadline, paused_at, grace_seconds, end_sequence, ended_at, closes_at, form_id,"
            " events, open_conflicts, last_seat, supervised"
            " FROM exams_sitting WHERE id = %s AND user_id = %s FOR UPDATE",
            [sitting_id, user_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise Sitting.DoesNotExist
    return Locked(*row)


def read(sitting: Locked, claim: int, seats: Sequence[int]) -> tuple[dict[int, Stored], Spans, int]:
    """The seats concerned, what arrived before from this claim, and the sum of all versions. A statement of its own: it
    must see what was committed while we waited for the lock. Refuses a claim that was never handed out."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (SELECT COALESCE(sum(version), 0) FROM exams_answer WHERE sitting_id = %s),
                   c.arrived, COALESCE(p.version, 0), COALESCE(p.claim, 0), COALESCE(p.sequence, 0),
                   COALESCE(p.text, ''),
                   s.number, s.kind, s.tokens, s.slots,
                   COALESCE(a.version, 0), COALESCE(a.answered_version, 0), COALESCE(a.claim, 0),
                   COALESCE(a.sequence, 0), COALESCE(a.response, '{}'), COALESCE(a.flagged, false),
                   COALESCE(a.struck, '{}'), COALESCE(a.marks, '{}'), COALESCE(a.scenario_marks, '{}')
            FROM exams_claim c
            LEFT JOIN exams_pad p ON p.sitting_id = c.sitting_id AND %s
            LEFT JOIN exams_seat s ON s.form_id = %s AND s.number = ANY(%s)
            LEFT JOIN exams_answer a ON a.sitting_id = c.sitting_id AND a.seat = s.number
            WHERE c.sitting_id = %s AND c.number = %s
            """,
            [sitting.id, PAD in seats, sitting.form_id, list(seats), sitting.id, claim],
        )
        rows = cursor.fetchall()
    if not rows:
        raise Refused(409, "This window does not hold the exam; reload the page.", state=sitting.state)
    stored = {row[6]: Stored(*row[7:]) for row in rows if row[6] is not None}
    total, arrived, version, pad_claim, sequence, text = rows[0][:6]
    stored[PAD] = Stored("pad", [], 0, version, version, pad_claim, sequence, [], False, [], [], [], text)
    return stored, [(part.lower, part.upper) for part in arrived], int(total)


def write(
    sitting: Locked,
    claim: int,
    *,
    arrived: Sequence[Change],
    applied: Sequence[Change],
    kept: Sequence[tuple[Change, str]],
    settled: Sequence[tuple[int, int, int]],
    told: Sequence[Told],
    at_seat: int,
    now: dt.datetime,
) -> None:
    """One statement: note what arrived, touch the sitting, put everything in its place, continue the timeline.

    `settled` names kept changes as (claim, sequence, seat). Refuses to keep without bounds.
    """
    if kept and KeptChange.objects.filter(sitting=sitting.id).count() + len(kept) > MOST_KEPT:
        raise Refused(429, "Too many changes came that cannot count; reload the page.", state=sitting.state)
    statement = _Statement(sitting, claim, now)
    statement.note(arrived)
    statement.answers([change for change in applied if change.seat != PAD])
    statement.pad([change for change in applied if change.seat == PAD])
    statement.keep(kept)
    statement.tell(told)
    statement.settle(settled, number=sitting.events + len(told) + 1)
    statement.hear()
    conflicts = sum(reason == KeptChange.Reason.CONFLICT for _, reason in kept)
    statement.touch(conflicts, at_seat, len(told), saved=bool(arrived))


class _Statement:
    """Puts together one WITH statement of parts and their parameters."""

    def __init__(self, sitting: Locked, claim: int, now: dt.datetime) -> None:
        self.sitting, self.claim, self.now = sitting, claim, now
        self.parts: list[str] = []
        self.parameters: list[Any] = []
        self.settles = False

    def _add(self, name: str, sql: str, parameters: Sequence[Any]) -> None:
        self.parts.append(f"{name} AS ({sql})")
        self.parameters += parameters

    def _insert(self, name: str, into: str, row: str, rows: Sequence[Sequence[Any]], more: str = "") -> None:
        if rows:
            values = ", ".join([row] * len(rows))
            self._add(name, f"INSERT INTO {into} VALUES {values} {more}", [value for row in rows for value in row])

    def note(self, changes: Sequence[Change]) -> None:
        came = Int8Multirange(Int8Range(*span) for span in spans(change.sequence for change in changes))
        self._add(
            "noted",
            "UPDATE exams_claim SET arrived = arrived + %s::int8multirange WHERE sitting_id = %s AND number = %s",
            [came, self.sitting.id, self.claim],
        )

    def answers(self, changes: Sequence[Change]) -> None:
        late = not self.sitting.running
        self._insert(
            "answered",
            "exams_answer AS a (sitting_id, seat, response, flagged, struck, marks, scenario_marks, spent_ms,"
            " version, answered_version, claim, sequence, late, saved_at)",
            "(%s, %s, %s::varchar[], %s, %s::varchar[], %s::integer[], %s::integer[], %s, 1, %s, %s, %s, %s, %s)",
            [
                (
                    self.sitting.id, change.seat, list(change.response), change.flagged, list(change.struck),
                    list(change.marks), list(change.scenario_marks), change.spent_ms,
                    int(bool(change.response)),  # a mere flag on a blank seat is no answer yet
                    self.claim, change.sequence, late, self.now,
                )
                for change in changes
            ],
            """
            ON CONFLICT (sitting_id, seat) DO UPDATE SET
                response = EXCLUDED.response, flagged = EXCLUDED.flagged, struck = EXCLUDED.struck,
                marks = EXCLUDED.marks, scenario_marks = EXCLUDED.scenario_marks,
                spent_ms = GREATEST(a.spent_ms, EXCLUDED.spent_ms), version = a.version + 1,
                answered_version = CASE WHEN a.response = EXCLUDED.response THEN a.answered_version
                                        ELSE a.version + 1 END,
                claim = EXCLUDED.claim, sequence = EXCLUDED.sequence, late = EXCLUDED.late,
                saved_at = EXCLUDED.saved_at
            """,
        )  # fmt: skip

    def pad(self, changes: Sequence[Change]) -> None:
        self._insert(
            "padded",
            "exams_pad AS p (sitting_id, text, version, claim, sequence, saved_at)",
            "(%s, %s, 1, %s, %s, %s)",
            [(self.sitting.id, change.text, self.claim, change.sequence, self.now) for change in changes],
            "ON CONFLICT (sitting_id) DO UPDATE SET text = EXCLUDED.text, version = p.version + 1,"
            " claim = EXCLUDED.claim, sequence = EXCLUDED.sequence, saved_at = EXCLUDED.saved_at",
        )

    def keep(self, kept: Sequence[tuple[Change, str]]) -> None:
        self._insert(
            "kept",
            "exams_keptchange (sitting_id, claim, sequence, reason, seat, response, flagged, struck, text, left_ms,"
            " received_at)",
            "(%s, %s, %s, %s, %s, %s::varchar[], %s, %s::varchar[], %s, %s, %s)",
            [
                (
                    self.sitting.id, self.claim, change.sequence, reason, change.seat, list(change.response),
                    change.flagged, list(change.struck), change.text, change.left_ms, self.now,
                )
                for change, reason in kept
            ],
        )  # fmt: skip

    def tell(self, told: Sequence[Told]) -> None:
        self._insert(
            "told",
            "exams_event (sitting_id, number, at, kind, by, staff, claim, first_sequence, last_sequence, seats,"
            " left_ms, until_ms)",
            "(%s, %s, %s, %s, %s, '', %s, %s, %s, %s::smallint[], %s, %s)",
            [
                (
                    self.sitting.id, self.sitting.events + place, event.at, event.kind, event.by, event.claim,
                    event.first, event.last, list(event.seats), event.left_ms, event.until_ms,
                )
                for place, event in enumerate(told, 1)
            ],
        )  # fmt: skip

    def settle(self, named: Sequence[tuple[int, int, int]], *, number: int) -> None:
        """Close the conflicts that were chosen between. The timeline hears of it only if any was still open."""
        self.settles = bool(named)
        if named:
            places = ", ".join(["(%s, %s, %s)"] * len(named))
            self._add(
                "settled",
                "UPDATE exams_keptchange SET settled_at = %s WHERE sitting_id = %s AND settled_at IS NULL"
                f" AND reason = 'conflict' AND (claim, sequence, seat) IN ({places}) RETURNING seat",
                [self.now, self.sitting.id, *(part for one in named for part in one)],
            )
            self._add(
                "told_settled",
                "INSERT INTO exams_event (sitting_id, number, at, kind, by, staff, claim, seats)"
                " SELECT %s, %s, %s, %s, %s, '', %s, array_agg(DISTINCT seat) FROM settled HAVING count(*) > 0",
                [self.sitting.id, number, self.now, Event.Kind.SETTLED, Event.By.CANDIDATE, self.claim],
            )

    def hear(self) -> None:
        """A supervised page that saves has been heard of. It only moves a mark: see `presence`."""
        if self.sitting.supervised:
            self._add(
                "heard",
                "UPDATE exams_presence SET seen_at = %s WHERE sitting_id = %s AND seen_at < %s",
                [self.now, self.sitting.id, self.now - OFTEN],
            )

    def touch(self, conflicts: int, at_seat: int, events: int, *, saved: bool) -> None:
        settled = "(SELECT count(*) FROM settled)" if self.settles else "0"
        told_settled = "(SELECT LEAST(count(*), 1) FROM settled)" if self.settles else "0"
        saved = saved and self.sitting.state not in (Sitting.State.CLOSED, Sitting.State.ABANDONED)
        self._add(
            "touched",
            "UPDATE exams_sitting SET saved_at = CASE WHEN %s THEN %s ELSE saved_at END, last_seat = %s,"
            f" events = events + %s + {told_settled}, open_conflicts = open_conflicts + %s - {settled}"
            " WHERE id = %s RETURNING open_conflicts, events",
            [saved, self.now, at_seat, events, conflicts, self.sitting.id],
        )
        with connection.cursor() as cursor:
            cursor.execute(f"WITH {', '.join(self.parts)} SELECT * FROM touched", self.parameters)
            self.sitting.open_conflicts, self.sitting.events = cursor.fetchone()
