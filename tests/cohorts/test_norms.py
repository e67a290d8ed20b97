"""All candidates of an exam: whose sittings count, and when they are compared with."""

from __future__ import annotations

import statistics

import pytest
from django.utils import timezone

from cohorts.models import Attempt, Norms
from cohorts.reports import compared
from cohorts.reports.results import look
from cohorts.services import norms
from cohorts.tasks import roll_up
from exams.models import Sitting
from questions.models import Domain
from scoring.models import DomainResult, Result, SeatResult
from tests.cohorts.classes import DAY, sit
from tests.cohorts.factories import a_cohort, a_member, an_assignment, an_attempt
from tests.factories import UserFactory, sat

pytestmark = pytest.mark.django_db


def made(exam) -> Norms:
    norms.refresh(exam=exam, now=timezone.now())
    return Norms.objects.get(exam=exam)


def test_first_real_closed_sittings_that_are_not_void(exam):
    cohort = a_cohort(exam)
    assignment = an_assignment(cohort)
    counted = [sat(UserFactory(), exam, right=right) for right in (5, 20, 40, 50)]
    counted.append(Result.objects.get(sitting=an_attempt(assignment, a_member(cohort), right=30).sitting_id))
    sat(counted[0].sitting.user, exam, right=50)  # a repeat
    sit(assignment, 3)  # simulated
    Sitting.objects.filter(pk=sat(UserFactory(), exam).sitting_id).update(void=True)
    Attempt.objects.filter(pk=an_attempt(assignment, a_member(cohort)).pk).update(void_at=timezone.now())
    found = made(exam)
    scores = [result.scaled for result in counted]
    assert (found.n, found.passed) == (5, sum(result.passed for result in counted))
    assert found.mean == pytest.approx(statistics.mean(scores))
    assert found.sd == pytest.approx(statistics.stdev(scores))
    assert found.quantiles[3] == statistics.median(scores)
    for domain in Domain.objects.filter(exam=exam):
        rows = DomainResult.objects.filter(result__in=counted, domain=domain)
        assert found.domains[str(domain.pk)] == [sum(one.correct for one in rows), sum(one.scored for one in rows)]
    seats = SeatResult.objects.filter(result__in=counted, scored=True)
    for task, (right, scored) in found.tasks.items():
        own = seats.filter(task=int(task))
        assert (right, scored) == (own.filter(correct=True).count(), own.count())


def test_they_are_made_again_only_when_something_has_changed(exam, django_assert_num_queries, monkeypatch):
    a_cohort(exam)
    sat(UserFactory(), exam)
    now = timezone.now()
    assert norms.refresh(exam=exam, now=now)
    with django_assert_num_queries(4):  # two of them are the savepoint's
        assert not norms.refresh(exam=exam, now=now)
    result = sat(UserFactory(), exam, right=50)
    assert norms.refresh_all(now=now) == 1
    assert Norms.objects.get().n == 2
    Sitting.objects.filter(pk=result.sitting_id).update(void=True)
    monkeypatch.setattr(norms, "MANY", 2)
    assert not norms.refresh(exam=exam, now=now + norms.PAUSE / 2)
    assert norms.refresh(exam=exam, now=now + norms.PAUSE)
    assert Norms.objects.get().n == 1
    roll_up()


def comparison(cohort):
    looked = look(cohort, {})
    return compared.comparison_of(cohort, looked.people, list(Domain.objects.filter(exam=cohort.exam)), most=99)


def test_below_five_on_either_side_there_is_no_comparison_nor_below_five_outsiders(exam):
    cohort = a_cohort(exam)
    assignment = an_assignment(cohort)
    members = [a_member(cohort) for _ in range(5)]
    for person in members[:4]:
        an_attempt(assignment, person)
    others = [sat(UserFactory(), exam, right=20) for _ in range(4)]
    assert "Fewer than five candidates of this exam" in comparison(cohort).why
    made(exam)
    assert "Fewer than five of this cohort" in comparison(cohort).why
    an_attempt(assignment, members[4])
    made(exam)
    assert "outside this cohort" in comparison(cohort).why
    others.append(sat(UserFactory(), exam, right=20))
    found = made(exam)
    shown = comparison(cohort)
    assert (shown.why, found.n) == ("", 10)
    passed = sum(result.passed for result in others) + sum(row.passed for row in look(cohort, {}).rows)
    assert (shown.lines[0].label, shown.lines[0].everybody) == ("Passed", passed / 10)
    assert len(shown.lines) == 4 + Domain.objects.filter(exam=exam).count()


def test_the_first_sitting_is_compared_whatever_counts_otherwise(exam):
    cohort = a_cohort(exam)
    assignment = an_assignment(cohort, attempts=2)
    for _ in range(5):
        person = a_member(cohort)
        first = an_attempt(assignment, person, right=0)
        Sitting.objects.filter(pk=first.sitting_id).update(started_at=timezone.now() - DAY)
        an_attempt(assignment, person, right=50)
        sat(UserFactory(), exam)
    made(exam)
    assert comparison(cohort).lines[0].cohort == 0.0
