"""Small wordings of reports."""

from __future__ import annotations

import datetime as dt

from django import template

from scoring.reports.charts import clock
from scoring.reports.wording import lasting

register = template.Library()

register.filter("minutes_seconds", clock)
register.filter("lasting", lasting)


@register.filter
def chance(percent: int) -> str:
    """0 -> under 5 %, 35 -> about 35 %, 100 -> over 95 %."""
    words = {0: "under 5", 100: "over 95"}.get(percent, f"about {percent}")
    return f"{words}\N{NO-BREAK SPACE}%"


@register.filter
def in_minutes(length: dt.timedelta) -> int:
    """Whole minutes, rounded up: of 65 seconds left, two minutes are not over yet."""
    return -(-int(length.total_seconds()) // 60)


@register.filter
def spoken(milliseconds: float) -> str:
    """261000 -> 4 minutes 21 seconds."""
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    parts = [(minutes, "minute"), (seconds, "second")]
    said = [f"{count} {unit}{'s' * (count != 1)}" for count, unit in parts if count]
    return " ".join(said) or "no time"


@register.filter
def seconds_left(seconds: float) -> str:
    """83.2 -> 84 seconds; 300 -> 5 minutes."""
    whole = max(-(-int(seconds * 1000) // 1000), 1)
    if whole <= 120:
        return f"{whole} second{'s' * (whole != 1)}"
    return f"{-(-whole // 60)} minutes"
