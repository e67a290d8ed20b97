"""Small wordings of the exam pages."""

from __future__ import annotations

import html
import re

from django import template

from questions.markdown import without_images

register = template.Library()

WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight")
TAG = re.compile(r"<[^>]+>")


@register.filter
def in_words(number: int) -> str:
    """2 -> two; numbers beyond eight stay figures."""
    return WORDS[number] if 0 <= number < len(WORDS) else str(number)


@register.filter
def clock(milliseconds: int) -> str:
    """7365000 -> 02:02:45, rounded up so that 00:00:00 means that time is up."""
    seconds = -(-max(milliseconds, 0) // 1000)
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"


@register.filter
def beginning(markup: str) -> str:
    """The first words of rendered Markdown as plain text."""
    text = " ".join(html.unescape(TAG.sub(" ", without_images(markup))).split())
    return text if len(text) <= 90 else text[:90].rsplit(" ", 1)[0] + " …"


@register.filter
def duration(minutes: float) -> str:
    """130 -> 2 h 10 min."""
    whole = round(minutes)
    hours, rest = divmod(whole, 60)
    return " ".join(
        part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest or not hours else "") if part
    )
