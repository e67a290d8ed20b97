"""Numbers as the report prints them: a real minus sign, and a dash where there is none."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Sequence

import numpy as np

NONE = "–"
MINUS = "\N{MINUS SIGN}"


def number(value: object, digits: int = 2) -> str:
    """3.14; −0.50; a dash for what is missing or no number."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        return NONE
    text = f"{value:,.{digits}f}"
    return (text if float(text.replace(",", "")) else f"{0:.{digits}f}").replace("-", MINUS)


def signed(value: float | None, digits: int = 2) -> str:
    """+0.31; −0.50; 0.00."""
    text = number(value, digits)
    return f"+{text}" if re.search("[1-9]", text) and text[0] != MINUS else text


def whole(value: int) -> str:
    return f"{value:,}"


def percent(share: object, digits: int = 0) -> str:
    """0.873 -> 87 %."""
    text = number(share * 100 if isinstance(share, (int, float)) else None, digits)
    return text if text == NONE else f"{text} %"


def day(moment: dt.date | dt.datetime | None) -> str:
    """3 May 2026, in UTC."""
    if moment is None:
        return NONE
    if isinstance(moment, dt.datetime):
        moment = moment.astimezone(dt.UTC)
    return f"{moment.day} {moment:%B %Y}"


def counted(count: int, thing: str, things: str = "") -> str:
    """1 sitting; 2 sittings."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def quantiles(values: Sequence[float], shares: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> list[str]:
    """Quantiles in two decimals; dashes for no values."""
    return [number(float(place)) for place in np.quantile(values, shares)] if values else [NONE] * len(shares)


def yes(value: bool) -> str:
    return "yes" if value else "no"
