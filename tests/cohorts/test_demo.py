"""The demo cohort: whole, marked as simulated, and made once."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import User
from cohorts import demo
from cohorts.models import Assignment, Attempt, Cohort
from cohorts.reports.assigned import assigned_to
from exams.models import Sitting
from scoring.models import Result
from tests.cohorts.factories import an_instructor

pytestmark = pytest.mark.django_db


def test_a_class_with_two_mock_exams_behind_it_and_one_under_way(exam, user):
    instructor, now = an_instructor(), timezone.now()
    cohort = demo.ensure(exam=exam, instructor=instructor, candidate=user, now=now)
    assert cohort is not None
    assert cohort.memberships.count() == len(demo.PEOPLE) + 1
    first, second, third = Assignment.objects.order_by("opens_at")
    for assignment, people in ((first, len(demo.PEOPLE)), (second, demo.AGAIN)):
        sittings = Sitting.objects.filter(attempt__assignment=assignment)
        assert sittings.count() == people
        assert sittings.filter(
            started_at__gt=assignment.opens_at, ended_at__lt=assignment.end_by, simulated=True, assigned=True
        ).count() == people  # fmt: skip
        assert Result.objects.current().filter(sitting__in=sittings).count() == people
    at_work = Sitting.objects.filter(attempt__assignment=third)
    assert at_work.in_progress().filter(simulated=True, assigned=True).count() == demo.AT_WORK
    assert [one.assignment for one in assigned_to(user, now=now)] == [third]  # nothing was missed
    # Whoever lent their answers to the second exam is gone.
    assert User.objects.simulated().count() == len(demo.PEOPLE)
    assert demo.ensure(exam=exam, instructor=instructor, candidate=user, now=now) is None
    assert (Cohort.objects.count(), Attempt.objects.count()) == (1, len(demo.PEOPLE) + demo.AGAIN + demo.AT_WORK)


def test_those_who_did_well_once_mostly_do_again(exam, user):
    demo.ensure(exam=exam, instructor=an_instructor(), candidate=user, now=timezone.now())
    first, second = (
        dict(
            Result.objects.current()
            .filter(sitting__attempt__assignment__title=title)
            .values_list("sitting__user", "equated")
        )
        for title in ("First mock exam", "Second mock exam")
    )
    upper = set(sorted(second, key=lambda person: first[person])[len(second) // 2 :])
    better = sum(second[person] for person in upper) / len(upper)
    others = set(second) - upper
    assert better > sum(second[person] for person in others) / len(others) + 3
