"""When a candidate may see the result of an assigned sitting, and its keys."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from exams.models import Sitting


@dataclass(frozen=True, slots=True)
class Release:
    """What is still to come: `at` a certain time, or, without one, when an instructor releases it."""

    at: dt.datetime | None


def of_result(sitting: Sitting, now: dt.datetime) -> Release | None:
    """When the result will be shown; None if it may be seen now. No statement."""
    if sitting.shows_result(now):
        return None
    return Release(None if sitting.results_held else sitting.results_at)


def of_review(sitting: Sitting, now: dt.datetime) -> Release | None:
    """When keys and rationales will be shown, which is never before the result; None if they may be seen now."""
    if sitting.shows_review(now):
        return None
    if sitting.results_held or sitting.review_held:
        return Release(None)
    return Release(max((at for at in (sitting.results_at, sitting.review_at) if at is not None), default=None))
