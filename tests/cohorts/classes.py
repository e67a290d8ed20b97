"""Whole classes: simulated sittings, scored by the real services and counted as attempts at one assignment."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from accounts.models import User
from cohorts.models import Assignment, Attempt, Cohort, Membership
from exams.models import Sitting
from exams.services import simulation
from questions.models import Exam
from scoring import services as scoring
from tests.cohorts.factories import a_cohort, an_assignment

DAY = dt.timedelta(days=1)


def an_ended_assignment(cohort: Cohort, **fields: object) -> Assignment:
    now = timezone.now()
    return an_assignment(cohort, opens_at=now - 90 * DAY, start_by=now - DAY, end_by=now - DAY / 2, **fields)


def a_class(exam: Exam, size: int, *, owner: User | None = None, seed: int = 1, mean: float = 0.0) -> Cohort:
    """A cohort whose `size` members have each sat its one assignment, which has ended."""
    cohort = a_cohort(exam, owner)
    sit(an_ended_assignment(cohort), size, seed=seed, mean=mean)
    return cohort


def sit(assignment: Assignment, size: int, *, seed: int = 1, mean: float = 0.0) -> list[User]:
    """New members who sit it, simulated."""
    now, exam = timezone.now(), assignment.cohort.exam
    made = simulation.simulate(exam=exam, candidates=size, mean=mean, sd=1.0, seed=seed, now=now)
    scoring.score_all(sitting_ids=made.sitting_ids, now=now)
    Sitting.objects.filter(pk__in=made.sitting_ids).update(assigned=True)
    sittings = list(Sitting.objects.filter(pk__in=made.sitting_ids).select_related("user").order_by("pk"))
    cohort = assignment.cohort
    Membership.objects.bulk_create(Membership(cohort=cohort, user=one.user, joined_at=now) for one in sittings)
    Attempt.objects.bulk_create(
        Attempt(assignment=assignment, user=one.user, number=1, sitting=one) for one in sittings
    )
    return [one.user for one in sittings]
