"""What measurement writes onto the bank, and what it leaves alone."""

from __future__ import annotations

import pytest

from questions.models import Standing
from questions.models.measurement import Status
from questions.services import Measured, record_measurements


@pytest.fixture
def standings(exam):
    """A pretest question with a rating, a pretest question without, a scorable and a calibrated one."""
    rows = list(Standing.objects.filter(exam=exam, rating__isnull=False).order_by("pk")[:4])
    values = [(Status.PRETEST, True), (Status.PRETEST, False), (Status.SCORABLE, True), (Status.CALIBRATED, True)]
    for row, (status, rated) in zip(rows, values, strict=True):
        row.status = status
        row.rating = row.rating if rated else None
        row.discrimination, row.intercept = (0.8, 0.3) if status == Status.CALIBRATED else (None, None)
        row.save()
    return rows


def record(standings, a: float | None, d: float | None) -> list[tuple[str, float | None, float | None, int]]:
    measured = [Measured(row.revision_id, a, d, 250 + place) for place, row in enumerate(standings)]
    assert record_measurements(exam=standings[0].exam, measured=measured) == len(standings)
    fresh = [Standing.objects.get(pk=row.pk) for row in standings]
    return [(row.status, row.discrimination, row.intercept, row.first_exposures) for row in fresh]


def test_a_rated_question_with_parameters_becomes_calibrated(standings):
    pretest, _, scorable, calibrated = record(standings, 1.25, -0.5)
    assert pretest == ("calibrated", 1.25, -0.5, 250)
    assert scorable == ("calibrated", 1.25, -0.5, 252)
    assert calibrated == ("calibrated", 1.25, -0.5, 253)


def test_a_question_without_a_rating_is_never_scored(standings):
    assert record(standings, 1.25, -0.5)[1] == ("pretest", None, None, 251)


def test_without_parameters_only_the_count_changes(standings):
    assert record(standings, None, None) == [
        ("pretest", None, None, 250),
        ("pretest", None, None, 251),
        ("scorable", None, None, 252),
        ("calibrated", 0.8, 0.3, 253),
    ]


def test_other_questions_and_other_exams_are_left_alone(standings):
    before = list(Standing.objects.exclude(pk=standings[2].pk).order_by("pk").values())
    record_measurements(exam=standings[2].exam, measured=[Measured(standings[2].revision_id, 1.0, 0.0, 400)])
    assert list(Standing.objects.exclude(pk=standings[2].pk).order_by("pk").values()) == before


@pytest.mark.parametrize("size", [2, 100])
def test_one_statement_whatever_the_number(exam, size, django_assert_num_queries):
    revisions = Standing.objects.filter(exam=exam, rating__isnull=False).values_list("revision_id", flat=True)[:size]
    measured = [Measured(revision, 0.9, 0.1, 300) for revision in revisions]
    with django_assert_num_queries(1):
        assert record_measurements(exam=exam, measured=measured) == size


def test_nothing_measured_is_no_error(exam):
    assert record_measurements(exam=exam, measured=[]) == 0


@pytest.mark.parametrize(("a", "d"), [(1.0, None), (None, 0.5)])
def test_half_a_pair_of_parameters_is_refused(a, d):
    with pytest.raises(ValueError, match="both parameters"):
        Measured(1, a, d, 300)
