"""Numbers as rows keep them: never NaN, never infinite, no more digits than they are worth."""

from __future__ import annotations

import math
from typing import SupportsFloat

import numpy as np

from psychometrics.arrays import FloatArray

DIGITS = 4


def number(value: SupportsFloat | None) -> float | None:
    """As it is, None where it does not exist."""
    if value is None or not math.isfinite(found := float(value)):
        return None
    return found


def share(value: SupportsFloat | None) -> float | None:
    """A share, correlation or ability in a list, to four digits; None where it does not exist."""
    found = number(value)
    return None if found is None else round(found, DIGITS)


def correlation(x: FloatArray, y: FloatArray) -> float | None:
    """Product-moment correlation; None where either does not vary."""
    if x.size < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return number(np.corrcoef(x, y)[0, 1])


def median_ms(spent_ms: object) -> int | None:
    """Median of the times of those who looked; None if nobody did."""
    times = np.asarray(spent_ms)
    looked = times[times > 0]
    return round(float(np.median(looked))) if looked.size else None
