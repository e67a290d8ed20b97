"""Messages from staff to people who sit an exam at the moment. They are shown on the exam screen."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection

from accounts.models import User
from exams.models import Event, Notice

LONGEST = Notice._meta.get_field("text").max_length or 0

SEND = """
    WITH running AS (
        SELECT id FROM exams_sitting
        WHERE id = ANY(%(sittings)s) AND state = 'in_progress' AND (paused_at IS NOT NULL OR deadline > %(now)s)
        ORDER BY id FOR UPDATE
    ),
    counted AS (
        UPDATE exams_sitting s SET notices = notices + 1, events = events + 1, supervised = TRUE
        FROM running WHERE s.id = running.id RETURNING s.id, s.notices, s.events
    ),
    said AS (INSERT INTO exams_notice (sitting_id, number, at, text) SELECT id, notices, %(now)s, %(text)s FROM counted)
    INSERT INTO exams_event (sitting_id, number, at, kind, by, staff, seats)
    SELECT id, events, %(now)s, %(kind)s, %(by)s, %(staff)s, '{}' FROM counted
"""


class CannotSend(Exception):
    """Nothing was sent; the message is one sentence for the staff."""


def send(*, sitting_ids: Sequence[uuid.UUID], text: str, by: User, now: dt.datetime) -> int:
    """Show a message to whoever of these is sitting now, paused or not. Returns to how many it went.

    From then on their pages ask for news. One statement, however many they are. Raises CannotSend.
    """
    text = text.replace("\0", "").replace("\r\n", "\n").strip()
    if not text:
        raise CannotSend("Write what the message is to say.")
    if len(text) > LONGEST:
        raise CannotSend(f"A message has at most {LONGEST} characters; this one has {len(text)}.")
    values: dict[str, Any] = {
        "sittings": list(sitting_ids), "now": now, "text": text, "kind": Event.Kind.NOTICE.value,
        "by": Event.By.STAFF.value, "staff": by.email,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(SEND, values)
        return int(cursor.rowcount)
