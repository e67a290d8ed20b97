"""Cohorts to test with: made by rows, sat by the real services."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from accounts.services import grant_role
from cohorts.models import Assignment, Attempt, Cohort, Instructor, Membership
from cohorts.services import attending
from questions.models import Exam
from scoring import services as scoring
from tests import factories
from tests.factories import UserFactory

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def an_instructor(**fields: Any) -> User:
    """Somebody who may run cohorts."""
    person: User = UserFactory(**fields)
    grant_role(user=person, role=Role.INSTRUCTOR)
    return person


def a_cohort(exam: Exam, owner: User | None = None, *, name: str = "Autumn class", members: int = 0) -> Cohort:
    now = timezone.now()
    cohort = Cohort.objects.create(name=name, exam=exam, created_at=now)
    Instructor.objects.create(cohort=cohort, user=owner or an_instructor(), owner=True, added_at=now)
    for _ in range(members):
        a_member(cohort)
    return cohort


def a_member(cohort: Cohort, user: User | None = None, **fields: Any) -> User:
    person: User = user or UserFactory()
    given = {"joined_at": timezone.now() - 30 * DAY, **fields}
    Membership.objects.create(cohort=cohort, user=person, **given)
    return person


def an_assignment(cohort: Cohort, **fields: Any) -> Assignment:
    """Open since an hour, to be begun within the next four, to be ended within the next eight."""
    now = timezone.now()
    given: dict[str, Any] = {
        "title": "Mock exam",
        "opens_at": now - HOUR,
        "start_by": now + 4 * HOUR,
        "end_by": now + 8 * HOUR,
        "grace_seconds": 120,
        "created_at": now,
    }
    return Assignment.objects.create(cohort=cohort, **{**given, **fields})


def an_attempt(assignment: Assignment, user: User, *, right: int = 40) -> Attempt:
    """Begun, answered with `right` scored questions correct, ended and scored."""
    sitting = attending.begin(assignment=assignment, user=user)
    factories.answer(sitting, right=right)
    factories.close(sitting, sequence=sitting.form.seats.count())
    scoring.score(sitting_id=sitting.pk, now=timezone.now())
    return Attempt.objects.get(sitting=sitting)


def over(attempt: Attempt) -> Attempt:
    """Its assignment has ended, so that nothing of it has to be kept from anybody any more."""
    now = timezone.now()
    Assignment.objects.filter(pk=attempt.assignment_id).update(start_by=now, end_by=now)
    return attempt
