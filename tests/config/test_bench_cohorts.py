"""The database that bench measures cohorts in: people sit once or twice, and every sitting is an attempt."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from accounts.models import User
from cohorts.models import Attempt, Cohort, Outcome
from cohorts.services import outcomes
from config.benchmarks import cohorts
from exams.models import Sitting
from exams.services import simulation
from scoring import services as scoring


@pytest.mark.django_db
def test_every_fifth_sitting_is_somebodys_second(exam):
    now = timezone.now()
    made = simulation.simulate(exam=exam, candidates=10, mean=0.0, sd=1.0, seed=1, now=now)
    scoring.score_all(sitting_ids=made.sitting_ids, now=now)
    with connection.cursor() as cursor:
        for statement in cohorts.PEOPLE.split(";\n"):
            cursor.execute(statement, {"people": 8, "class": 4, "exam": exam.pk})
    assert Cohort.objects.count() == 2
    assert set(Cohort.objects.annotate(n=Count("memberships")).values_list("n", flat=True)) == {4}
    assert Attempt.objects.count() == Sitting.objects.real().count() == 10
    people = User.objects.filter(email__startswith="bench-").annotate(n=Count("sittings"))
    assert sorted(people.values_list("n", flat=True)) == [1] * 6 + [2] * 2
    assert outcomes.catch_up() == Outcome.objects.count() == 10
