"""One member of a cohort: what they sat for it, how it went, and where they stand. Nothing of their own practice."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from cohorts.models import Attempt, Cohort, Membership
from exams.models import Sitting
from exams.services import sittings
from scoring.models import Result
from scoring.reports import progress, score


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt; `result` is None until its sitting is closed."""

    attempt: Attempt
    result: Result | None

    @property
    def sitting(self) -> Sitting:
        return self.attempt.sitting

    @property
    def counts(self) -> bool:
        return self.attempt.void_at is None and not self.sitting.void and self.result is not None


@dataclass(frozen=True, slots=True)
class Candidate:
    """The member's page. `history` and `report` rest on attempts that no instructor declared void."""

    membership: Membership
    tries: list[Try]  # newest first
    history: progress.ExamProgress | None
    report: score.Report | None  # of the newest attempt that counts

    @property
    def simulated(self) -> bool:
        return any(one.sitting.simulated for one in self.tries)


def membership_of(cohort: Cohort, user_id: int) -> Membership | None:
    """Somebody who learns in the cohort or did. One statement."""
    return Membership.objects.select_related("user").filter(cohort=cohort, user_id=user_id).first()


def candidate_of(membership: Membership, *, cohort: Cohort, now: dt.datetime) -> Candidate:
    """A constant number of statements, unless a sitting has just run out or is not scored yet."""
    tries = tries_of(cohort, membership, now=now)
    counting = [one.result for one in tries if one.counts and one.result]
    latest = counting[0] if counting else None
    return Candidate(
        membership=membership,
        tries=tries,
        history=progress.history_of(cohort.exam, counting) if counting else None,
        report=score.report_of(latest.sitting, latest, now=now, staff=True) if latest else None,
    )


def tries_of(cohort: Cohort, membership: Membership, *, now: dt.datetime) -> list[Try]:
    """The member's attempts, newest first, each in its true state. Two statements."""
    attempts = _settled(_attempts(cohort, membership), now)
    results = _results(attempts)
    return [
        Try(one, results.get(one.sitting_id) or _scored(one, now))
        for one in sorted(attempts, key=lambda one: one.sitting.started_at, reverse=True)
    ]


def attempt_of(cohort: Cohort, user_id: int, sitting_id: uuid.UUID, *, now: dt.datetime) -> Attempt | None:
    """A sitting of this member for this cohort, in its true state; None for any other, own practice above all."""
    found = list(_found(cohort).filter(user_id=user_id, sitting_id=sitting_id))
    return _settled(found, now)[0] if found else None


def _found(cohort: Cohort) -> QuerySet[Attempt]:
    rows = Attempt.objects.filter(assignment__cohort=cohort, user__memberships__cohort=cohort)
    return rows.select_related("assignment", "user", "sitting__form", "sitting__exam")


def _attempts(cohort: Cohort, membership: Membership) -> list[Attempt]:
    return list(_found(cohort).filter(user=membership.user_id))


def _settled(attempts: Sequence[Attempt], now: dt.datetime) -> list[Attempt]:
    """What has run out is ended, what has had its grace is closed."""
    for attempt in attempts:
        if attempt.sitting.is_due(now):
            sittings.settle(now=now, sitting_id=attempt.sitting_id)
            attempt.sitting = Sitting.objects.select_related("form", "exam").get(pk=attempt.sitting_id)
    return list(attempts)


def _results(attempts: Sequence[Attempt]) -> dict[uuid.UUID, Result]:
    found = (
        Result.objects.current().select_related("table__form").filter(sitting__in=[one.sitting_id for one in attempts])
    )
    by_sitting = {one.sitting_id: one.sitting for one in attempts}
    results = {result.sitting_id: result for result in found}
    for key, result in results.items():
        result.sitting = by_sitting[key]
    return results


def _scored(attempt: Attempt, now: dt.datetime) -> Result | None:
    """The result of a sitting that closed a moment ago."""
    if attempt.sitting.state != Sitting.State.CLOSED:
        return None
    made = score.result_of(attempt.sitting, now=now)
    made.sitting = attempt.sitting
    return made
