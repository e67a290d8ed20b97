"""The statements of a save. Every one of them carries the sitting's id.

Nearly always there are two: `look` and `write`, which writes nothing if the sitting's row was touched in between. Where
that was so, and where a sitting is about to end or has ended, `lock`, `read` and `write` in one transaction.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg.types.numeric import Int8

from accounts.prepared import prepared
from exams.models import Event, KeptChange, Sitting
from exams.services.changes import PAD, Change, Refused, Spans, Stored, spans
from exams.services.presence import OFTEN

MOST_KEPT = 1_000  # changes that do not count and that one candidate may make us keep


@dataclass(slots=True)
class Row:
    """The sitting's row. `mark` is None when it is locked, and otherwise which version of it was seen."""

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
    versions: int
    last_seat: int
    supervised: bool
    mark: str | None = None

    @property
    def running(self) -> bool:
        return self.state == Sitting.State.IN_PROGRESS

    def has_run_out(self, now: dt.datetime) -> bool:
        """Whether it is to be ended as of its deadline, and nobody has noticed yet."""
        return self.running and self.paused_at is None and now >= self.deadline

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


Read = tuple[dict[int, Stored], Spans]  # by seat; what has arrived from the claim

COLUMNS = (
    "g.id, g.state, g.claim, g.deadline, g.paused_at, g.grace_seconds, g.end_sequence, g.ended_at, g.closes_at,"
    " g.form_id, g.events, g.open_conflicts, g.versions, g.last_seat, g.supervised"
)
OF_ROW = COLUMNS.count(",") + 1
LOCK = f"SELECT {COLUMNS} FROM exams_sitting g WHERE g.id = %s AND g.user_id = %s FOR UPDATE"
PAD_STANDS = "COALESCE(p.version, 0), COALESCE(p.claim, 0), COALESCE(p.sequence, 0), COALESCE(p.text, '')"
SPAN = re.compile(r"\[(\d+),(\d+)\)")
FEW = 3  # seats; a packet nearly always concerns one


@lru_cache(maxsize=64)
def _stands_sql(pad: bool, seats: int) -> tuple[str, str]:
    """What is selected, and from which tables beside `g` and `c`.

    Seats are parameters of their own and the note pad is joined only where it is asked for: so the plan that the
    database keeps is as good as one for these values. Of an array it would not know how many seats it holds.
    """
    select = f"""
        c.arrived::text, {PAD_STANDS if pad else "0, 0, 0, ''"}, s.number, s.kind, s.tokens, s.slots,
        COALESCE(a.version, 0), COALESCE(a.answered_version, 0), COALESCE(a.claim, 0), COALESCE(a.sequence, 0),
        COALESCE(a.response, '{{}}'), COALESCE(a.flagged, false), COALESCE(a.struck, '{{}}'), COALESCE(a.marks, '{{}}'),
        COALESCE(a.scenario_marks, '{{}}')
    """
    joined = f"""
        {"LEFT JOIN exams_pad p ON p.sitting_id = c.sitting_id" if pad else ""}
        LEFT JOIN exams_seat s ON s.form_id = g.form_id AND s.number IN ({", ".join(["%s::smallint"] * seats)})
        LEFT JOIN exams_answer a ON a.sitting_id = c.sitting_id AND a.seat = s.number
    """
    return select, joined


def look(sitting_id: uuid.UUID, user_id: int, claim: int, seats: Sequence[int]) -> tuple[Row, Read | None]:
    """The sitting and what `read` says of it, in one statement and without a lock; None for a claim that was never
    handed out. Raises Sitting.DoesNotExist when it is not this person's."""
    numbers = sorted(set(seats)) or [PAD]
    select, joined = _stands_sql(PAD in numbers, len(numbers))
    with _cursor(numbers) as cursor:
        cursor.execute(
            f"SELECT {COLUMNS}, g.xmin::text, {select} FROM exams_sitting g"
            f" LEFT JOIN exams_claim c ON c.sitting_id = g.id AND c.number = %s {joined}"
            " WHERE g.id = %s AND g.user_id = %s",
            [wide(claim), *numbers, sitting_id, wide(user_id)],
        )
        rows = cursor.fetchall()
    if not rows:
        raise Sitting.DoesNotExist
    stands = [row[OF_ROW + 1 :] for row in rows]
    return Row(*rows[0][: OF_ROW + 1]), None if stands[0][0] is None else _stands(stands)


def _cursor(seats: Sequence[int]) -> AbstractContextManager[CursorWrapper]:
    """For many seats the statements have too many shapes to be prepared."""
    return prepared() if len(seats) <= FEW else connection.cursor()


def lock(sitting_id: uuid.UUID, user_id: int) -> Row:
    """The sitting's row until the end of the transaction. Raises Sitting.DoesNotExist when it is not this person's."""
    with prepared() as cursor:
        cursor.execute(LOCK, [sitting_id, wide(user_id)])
        row = cursor.fetchone()
    if row is None:
        raise Sitting.DoesNotExist
    return Row(*row)


def read(sitting: Row, claim: int, seats: Sequence[int]) -> Read | None:
    """The seats concerned and what arrived before from this claim; None for a claim that was never handed out. A
    statement of its own: it must see what was committed while we waited for the lock."""
    numbers = sorted(set(seats)) or [PAD]
    select, joined = _stands_sql(PAD in numbers, len(numbers))
    with _cursor(numbers) as cursor:
        cursor.execute(
            f"SELECT {select} FROM exams_claim c JOIN exams_sitting g ON g.id = c.sitting_id {joined}"
            " WHERE c.sitting_id = %s AND c.number = %s",
            [*numbers, sitting.id, wide(claim)],
        )
        rows = cursor.fetchall()
    return _stands(rows) if rows else None


def _stands(rows: Sequence[Sequence[Any]]) -> Read:
    stored = {row[5]: Stored(*row[6:]) for row in rows if row[5] is not None}
    arrived, version, pad_claim, sequence, text = rows[0][:5]
    stored[PAD] = Stored("pad", [], 0, version, version, pad_claim, sequence, [], False, [], [], [], text)
    return stored, [(int(start), int(stop)) for start, stop in SPAN.findall(arrived)]


def write(
    sitting: Row,
    claim: int,
    *,
    arrived: Sequence[Change],
    applied: Sequence[Change],
    kept: Sequence[tuple[Change, str]],
    settled: Sequence[tuple[int, int, int]],
    told: Sequence[Told],
    at_seat: int,
    now: dt.datetime,
) -> bool:
    """One statement: touch the sitting, note what arrived, put everything in its place, continue the timeline.

    `settled` names kept changes as (claim, sequence, seat). Refuses to keep without bounds. False, and then nothing is
    written, when the sitting was not locked and is no longer as it was seen.
    """
    if kept and KeptChange.objects.filter(sitting=sitting.id).count() + len(kept) > MOST_KEPT:
        raise Refused(429, "Too many changes came that cannot count; reload the page.", state=sitting.state)
    statement = _Statement(sitting, claim, now)
    statement.settle(settled, number=sitting.events + len(told) + 1)
    conflicts = sum(reason == KeptChange.Reason.CONFLICT for _, reason in kept)
    answers = [change for change in applied if change.seat != PAD]
    statement.touch(conflicts, at_seat, len(told), len(answers), saved=bool(arrived))
    statement.note(arrived)
    statement.answers(answers)
    statement.pad([change for change in applied if change.seat == PAD])
    statement.keep(kept)
    statement.tell(told)
    statement.hear()
    return statement.carry_out()


def wide(number: int | None) -> Int8 | None:
    """One type whatever the size: each combination of types would be prepared as a statement of its own."""
    return None if number is None else Int8(number)


def array(values: Iterable[str] | Iterable[int]) -> str:
    """Tokens or numbers, in none of which there are quotes, as the text of an array. psycopg looks for the type of each
    list anew, which takes longer."""
    return "{" + ",".join([f'"{value}"' for value in values]) + "}"


class _Statement:
    """Puts together one WITH statement of parts and their parameters. Every part hangs on `touched`: when the sitting's
    row is not what was seen, nothing is written."""

    def __init__(self, sitting: Row, claim: int, now: dt.datetime) -> None:
        self.sitting, self.claim, self.now = sitting, claim, now
        self.parts: list[str] = []
        self.parameters: list[Any] = []
        self.settles = False
        self.rows = 0

    def _add(self, name: str, sql: str, parameters: Sequence[Any]) -> None:
        self.parts.append(f"{name} AS ({sql})")
        self.parameters += parameters

    def _insert(self, name: str, into: str, row: str, rows: Sequence[Sequence[Any]], more: str = "") -> None:
        """`row` gives the columns' types, as nothing else tells those of values that are selected."""
        self.rows += len(rows)
        if rows:
            places = ", ".join(f"%s::{kind}" for kind in row.split())
            values = ", ".join([f"({places})"] * len(rows))
            sql = f"INSERT INTO {into} SELECT v.* FROM touched, (VALUES {values}) AS v {more}"
            self._add(name, sql, [value for row in rows for value in row])

    def note(self, changes: Sequence[Change]) -> None:
        came = ",".join([f"[{start},{stop})" for start, stop in spans(change.sequence for change in changes)])
        self._add(
            "noted",
            "UPDATE exams_claim c SET arrived = c.arrived + %s::int8multirange FROM touched"
            " WHERE c.sitting_id = %s AND c.number = %s",
            [f"{{{came}}}", self.sitting.id, self.claim],
        )

    def answers(self, changes: Sequence[Change]) -> None:
        late = not self.sitting.running
        self._insert(
            "answered",
            "exams_answer AS a (sitting_id, seat, response, flagged, struck, marks, scenario_marks, spent_ms,"
            " version, answered_version, claim, sequence, late, saved_at)",
            "uuid int2 varchar[] bool varchar[] int[] int[] int8 int2 int2 int8 int8 bool timestamptz",
            [
                (
                    self.sitting.id, change.seat, array(change.response), change.flagged, array(change.struck),
                    array(change.marks), array(change.scenario_marks), wide(change.spent_ms), 1,
                    int(bool(change.response)),  # a mere flag on a blank seat is no answer yet
                    self.claim, wide(change.sequence), late, self.now,
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
            "uuid text int2 int8 int8 timestamptz",
            [(self.sitting.id, change.text, 1, self.claim, wide(change.sequence), self.now) for change in changes],
            "ON CONFLICT (sitting_id) DO UPDATE SET text = EXCLUDED.text, version = p.version + 1,"
            " claim = EXCLUDED.claim, sequence = EXCLUDED.sequence, saved_at = EXCLUDED.saved_at",
        )

    def keep(self, kept: Sequence[tuple[Change, str]]) -> None:
        self._insert(
            "kept",
            "exams_keptchange (sitting_id, claim, sequence, reason, seat, response, flagged, struck, text, left_ms,"
            " received_at)",
            "uuid int8 int8 varchar int2 varchar[] bool varchar[] text int8 timestamptz",
            [
                (
                    self.sitting.id, self.claim, change.sequence, reason, change.seat, array(change.response),
                    change.flagged, array(change.struck), change.text, change.left_ms, self.now,
                )
                for change, reason in kept
            ],
        )  # fmt: skip

    def tell(self, told: Sequence[Told]) -> None:
        self._insert(
            "told",
            "exams_event (sitting_id, number, at, kind, by, staff, claim, first_sequence, last_sequence, seats,"
            " left_ms, until_ms)",
            "uuid int8 timestamptz varchar varchar varchar int8 int8 int8 int2[] int8 int8",
            [
                (
                    self.sitting.id, self.sitting.events + place, event.at, event.kind, event.by, "", event.claim,
                    wide(event.first), wide(event.last), array(event.seats), wide(event.left_ms), wide(event.until_ms),
                )
                for place, event in enumerate(told, 1)
            ],
        )  # fmt: skip

    def settle(self, named: Sequence[tuple[int, int, int]], *, number: int) -> None:
        """Close the conflicts that were chosen between; the sitting must be locked. The timeline hears of it only if
        any was still open."""
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
                "UPDATE exams_presence SET seen_at = %s FROM touched WHERE sitting_id = %s AND seen_at < %s",
                [self.now, self.sitting.id, self.now - OFTEN],
            )

    def touch(self, conflicts: int, at_seat: int, events: int, versions: int, *, saved: bool) -> None:
        settled = "(SELECT count(*) FROM settled)" if self.settles else "0"
        told_settled = "(SELECT LEAST(count(*), 1) FROM settled)" if self.settles else "0"
        saved = saved and self.sitting.state not in (Sitting.State.CLOSED, Sitting.State.ABANDONED)
        seen = " AND xmin = %s::xid" if self.sitting.mark else ""
        self._add(
            "touched",
            "UPDATE exams_sitting SET saved_at = CASE WHEN %s THEN %s ELSE saved_at END, last_seat = %s,"
            f" events = events + %s + {told_settled}, open_conflicts = open_conflicts + %s - {settled},"
            f" versions = versions + %s WHERE id = %s{seen} RETURNING open_conflicts, events, versions",
            [
                saved, self.now, at_seat, events, conflicts, versions, self.sitting.id,
                *filter(None, [self.sitting.mark]),
            ],
        )  # fmt: skip

    def carry_out(self) -> bool:
        """Whether the sitting was as it had been seen."""
        # One change and one event is what nearly every packet brings; other shapes are too many to be prepared.
        with prepared() if self.rows <= 2 and not self.settles else connection.cursor() as cursor:
            cursor.execute(f"WITH {', '.join(self.parts)} SELECT * FROM touched", self.parameters)
            row = cursor.fetchone()
        if row is None:
            return False
        self.sitting.open_conflicts, self.sitting.events, self.sitting.versions = row
        return True
