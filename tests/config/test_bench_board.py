"""The room that the live board is measured with is a real one."""

from __future__ import annotations

import pytest
from django.utils import timezone

from cohorts.reports.board import Standing, board_of
from config.benchmarks.board import fill
from tests.cohorts.factories import a_cohort, an_assignment


@pytest.mark.django_db
def test_everybody_sits_is_connected_and_has_answered_everything(exam):
    assignment = an_assignment(a_cohort(exam))
    now = timezone.now()
    fill(assignment, 5, now)
    people = board_of(assignment, now=now).people
    assert len(people) == 5
    assert {one.standing for one in people} == {Standing.RUNNING}
    assert {one.connection for one in people} == {"Connected"}
    assert {one.progress for one in people} == {f"{exam.questions} of {exam.questions}"}
