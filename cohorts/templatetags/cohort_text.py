"""Small wordings of cohort results."""

from __future__ import annotations

from django import template

register = template.Library()

MINUS, NARROW = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}"


@register.filter
def signed(value: float) -> str:
    """12.4 -> +12; -3 -> −3; 0 -> ±0."""
    whole = round(value)
    return f"{'+' if whole > 0 else MINUS if whole < 0 else '±'}{abs(whole)}"


@register.filter
def points(share: float) -> str:
    """0.07 -> +7 %, a difference of shares in points of per cent."""
    return f"{signed(100 * share)}{NARROW}%"


@register.filter
def chance_figure(percent: int) -> str:
    """0 -> < 5 %, 35 -> 35 %, 100 -> > 95 %."""
    return {0: f"<{NARROW}5{NARROW}%", 100: f">{NARROW}95{NARROW}%"}.get(percent, f"{percent}{NARROW}%")


@register.filter
def lower_first(sentence: str) -> str:
    """For what follows a colon."""
    return sentence[:1].lower() + sentence[1:]


@register.filter
def one_place(value: float) -> str:
    """2.34 -> 2.3; what is above 10 in whole numbers."""
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"
