"""Which of a cohort's attempts a file is about: all, those of one assignment, those begun in a span of days."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.http import urlencode

from cohorts.models import Assignment, Attempt, Cohort, Outcome


class BadScope(Exception):
    """What was asked for makes no sense; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Days are whole days where whoever asks is; the moments keep their meaning when the zone is put away."""

    cohort: Cohort
    assignment: Assignment | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    start: dt.datetime | None = None
    end: dt.datetime | None = None

    def attempts(self) -> QuerySet[Attempt]:
        found = Attempt.objects.filter(assignment__cohort=self.cohort)
        found = found.filter(assignment=self.assignment) if self.assignment else found
        found = found.filter(sitting__started_at__gte=self.start) if self.start else found
        return found.filter(sitting__started_at__lt=self.end) if self.end else found

    def outcomes(self) -> QuerySet[Outcome]:
        found = Outcome.objects.filter(cohort=self.cohort)
        found = found.filter(assignment=self.assignment) if self.assignment else found
        found = found.filter(started_at__gte=self.start) if self.start else found
        return found.filter(started_at__lt=self.end) if self.end else found

    @property
    def query(self) -> str:
        """The same choice as a query string, with its question mark; empty for everything."""
        chosen = {
            "assignment": self.assignment and self.assignment.pk,
            "since": self.since and self.since.isoformat(),
            "until": self.until and self.until.isoformat(),
        }
        named = {name: value for name, value in chosen.items() if value}
        return f"?{urlencode(named)}" if named else ""

    @property
    def words(self) -> str:
        """What was chosen, for a report's head."""
        parts = [f"assignment “{self.assignment.title}”" if self.assignment else "all assignments"]
        if self.since:
            parts.append(f"begun on or after {self.since:%-d %B %Y}")
        if self.until:
            parts.append(f"begun on or before {self.until:%-d %B %Y}")
        return ", ".join(parts)


def scope_of(cohort: Cohort, query: Mapping[str, str]) -> Scope:
    """What the query string asks for. Raises BadScope. One statement when it names an assignment."""
    since, until = _day(query.get("since", "")), _day(query.get("until", ""))
    if since and until and since > until:
        raise BadScope("The first day lies after the last.")
    return Scope(
        cohort=cohort,
        assignment=_assignment(cohort, query.get("assignment", "")),
        since=since,
        until=until,
        start=_midnight(since) if since else None,
        end=_midnight(until + dt.timedelta(days=1)) if until else None,
    )


def _day(text: str) -> dt.date | None:
    if not text.strip():
        return None
    try:
        day = dt.date.fromisoformat(text.strip())
    except ValueError:
        raise BadScope(f"“{text[:40]}” is no day: write it like 2026-11-21.") from None
    if not 2000 <= day.year <= 2200:
        raise BadScope(f"“{text[:40]}” is no day between 2000 and 2200.")
    return day


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def _assignment(cohort: Cohort, text: str) -> Assignment | None:
    if not text.strip():
        return None
    try:
        found = Assignment.objects.filter(cohort=cohort, pk=uuid.UUID(text.strip())).first()
    except ValueError:
        found = None
    if found is None:
        raise BadScope("There is no such assignment in this cohort.")
    return found
