"""Times and lengths in the words of logs and refusals."""

from __future__ import annotations

import datetime as dt


def said(moment: dt.datetime) -> str:
    """A time as the log keeps it, the same for all its readers: 3 November 2026, 10:00 UTC."""
    return f"{moment.astimezone(dt.UTC):%-d %B %Y, %H:%M} UTC"


def spell(length: dt.timedelta) -> str:
    """130 minutes -> 2 h 10 min; below an hour only the minutes. Seconds are dropped."""
    hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
    parts = [f"{hours} h"] if hours else []
    return " ".join([*parts, f"{minutes} min"] if minutes or not hours else parts)
