"""Numbers of measurement as authors read them; what is unknown is a dash, never NaN."""

from __future__ import annotations

import math

from django import template

register = template.Library()

DASH = "–"


@register.filter
def digits(value: float | None, places: int = 2) -> str:
    """-0.5 -> −0.50; None -> –. A rounded zero has no sign."""
    if value is None or not math.isfinite(value):
        return DASH
    text = f"{value:.{places}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "\N{MINUS SIGN}")


@register.filter
def percent(share: float | None, places: int = 0) -> str:
    """0.914 -> 91 %; None -> –."""
    if share is None or not math.isfinite(share):
        return DASH
    return f"{100 * share:.{places}f}\N{NO-BREAK SPACE}%"


@register.filter
def of_hundred(share: float) -> int:
    """0.914 -> 91, for "of 100 candidates about 91"."""
    return round(100 * share)


@register.filter
def seconds(milliseconds: float | None) -> str:
    """90400 -> 90 s; None -> –."""
    return DASH if milliseconds is None else f"{milliseconds / 1000:.0f}\N{NO-BREAK SPACE}s"
