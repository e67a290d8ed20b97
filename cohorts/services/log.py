"""Everything an instructor does is written down with it, in the same transaction."""

from __future__ import annotations

import datetime as dt

from accounts.models import User
from cohorts.models import Assignment, Cohort, LogEntry


def write(
    *, cohort: Cohort, by: User, what: str, at: dt.datetime, assignment: Assignment | None = None,
    about: User | str = "",
) -> LogEntry:  # fmt: skip
    """Add one entry; `what` is a short sentence in the past tense without the name of who did it. One statement."""
    return LogEntry.objects.create(
        cohort=cohort,
        assignment=assignment,
        at=at,
        by=by.email,
        about=about.email if isinstance(about, User) else about,
        what=what[:500],
    )
