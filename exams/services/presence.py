"""When a supervised page was last heard of: who looks at a board learns from it whether somebody is connected."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import connection

from accounts.prepared import prepared
from exams.models import Sitting

OFTEN = dt.timedelta(seconds=10)  # a mark younger than this is left as it is

# What tells how a sitting stands, in the order of the model's fields. Pulses are most of all requests, and to build a
# sitting of all its columns was two fifths of answering one.
COLUMNS = ("id", "state", "paused_at", "deadline", "claim", "open_conflicts", "supervised", "notices")

# Only the first mark of a sitting touches its row, because of the key, and Begin has written that one where staff have
# assigned it. What saves answers never waits for this.
HEAR = f"""
    WITH heard AS (
        INSERT INTO exams_presence AS p (sitting_id, seen_at)
        SELECT id, %(now)s FROM exams_sitting
        WHERE id = %(sitting)s AND state IN ('in_progress', 'ended')
          AND NOT EXISTS (SELECT 1 FROM exams_presence WHERE sitting_id = %(sitting)s AND seen_at > %(stale)s)
        ON CONFLICT (sitting_id) DO UPDATE SET seen_at = GREATEST(p.seen_at, EXCLUDED.seen_at)
    )
    SELECT {", ".join(COLUMNS)} FROM exams_sitting WHERE id = %(sitting)s
"""  # noqa: S608 - names of columns alone


def hear(*, sitting_id: uuid.UUID, now: dt.datetime) -> Sitting | None:
    """The sitting whose page has asked; that it did is marked, at most once in ten seconds. One statement.

    None if there is none. Nothing but the mark is changed, and the sitting's row is not locked. What is not among
    `COLUMNS` is deferred.
    """
    with prepared() as cursor:
        cursor.execute(HEAR, {"sitting": sitting_id, "now": now, "stale": now - OFTEN})
        row = cursor.fetchone()
    return Sitting.from_db(connection.alias, COLUMNS, row) if row else None
