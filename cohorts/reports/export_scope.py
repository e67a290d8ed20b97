"""Which of a cohort's attempts a file is about: what the filter of the pages of results leaves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual, LessThan

from cohorts.models import Attempt, Cohort, Outcome
from cohorts.reports.chosen import Wanted, wanted_of


class BadScope(Exception):
    """What was asked for makes no sense; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Days are whole days where whoever asks is; the moments keep their meaning when the zone is put away."""

    cohort: Cohort
    wanted: Wanted = field(default_factory=lambda: Wanted([]))
    asked: Mapping[str, str] = field(default_factory=dict)
    start: dt.datetime | None = None
    end: dt.datetime | None = None

    def attempts(self) -> QuerySet[Attempt]:
        """Running ones count by their beginning."""
        found = Attempt.objects.filter(assignment__cohort=self.cohort)
        if self.wanted.assignment:
            found = found.filter(assignment=self.wanted.assignment)
        at = Coalesce("sitting__ended_at", "sitting__started_at")
        found = found.filter(GreaterThanOrEqual(at, self.start)) if self.start else found
        return found.filter(LessThan(at, self.end)) if self.end else found

    def outcomes(self) -> QuerySet[Outcome]:
        found = Outcome.objects.filter(cohort=self.cohort)
        if self.wanted.assignment:
            found = found.filter(assignment=self.wanted.assignment)
        found = found.filter(ended_at__gte=self.start) if self.start else found
        return found.filter(ended_at__lt=self.end) if self.end else found

    @property
    def query(self) -> str:
        """The same choice as a query string, with its question mark; empty for everything."""
        return f"?{self.wanted.query}" if self.wanted.query else ""

    @property
    def words(self) -> str:
        return words_of(self.wanted)


def words_of(wanted: Wanted) -> str:
    """What was chosen, for a page or a report's head."""
    parts = [f"assignment “{wanted.assignment.title}”" if wanted.assignment else "all assignments"]
    if wanted.since:
        parts.append(f"sat on or after {wanted.since:%-d %B %Y}")
    if wanted.until:
        parts.append(f"sat on or before {wanted.until:%-d %B %Y}")
    return ", ".join(parts)


def scope_of(cohort: Cohort, asked: Mapping[str, str]) -> Scope:
    """What the query string asks for. Raises BadScope. One statement."""
    wanted = wanted_of(cohort, asked)
    if wanted.error:
        raise BadScope(wanted.error)
    return Scope(cohort=cohort, wanted=wanted, asked=asked, start=wanted.start, end=wanted.end)
