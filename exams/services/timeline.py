"""Continue a sitting's timeline. The caller holds the sitting's lock, so that numbers follow each other."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import connection

from exams.models import Event


def tell(
    sitting_id: uuid.UUID,
    kind: Event.Kind,
    *,
    at: dt.datetime,
    by: Event.By = Event.By.CANDIDATE,
    staff: str = "",
    claim: int | None = None,
    left_ms: int | None = None,
    minutes: int | None = None,
) -> int:
    """Add one event; returns its number. One statement, which names the sitting for each table (ADR 0005)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH counted AS (UPDATE exams_sitting SET events = events + 1 WHERE id = %s RETURNING events)
            INSERT INTO exams_event (sitting_id, number, at, kind, by, staff, claim, seats, left_ms, minutes)
            SELECT %s, events, %s, %s, %s, %s, %s, '{}', %s, %s FROM counted RETURNING number
            """,
            [sitting_id, sitting_id, at, kind, by, staff, claim, left_ms, minutes],
        )
        (number,) = cursor.fetchone()
    return int(number)
