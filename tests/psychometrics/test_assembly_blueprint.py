from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psychometrics.assembly import Blueprint, Share, apportion, minimum_passing_raw

WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any)


@pytest.mark.parametrize(
    ("total", "weights", "counts"),
    [
        (65, (28, 26, 22, 24), (18, 17, 14, 16)),
        (50, (28, 26, 22, 24), (14, 13, 11, 12)),
        (15, (28, 26, 22, 24), (4, 4, 3, 4)),
        (65, (20, 24, 36, 20), (13, 16, 23, 13)),
        (50, (20, 24, 36, 20), (10, 12, 18, 10)),
        (15, (20, 24, 36, 20), (3, 4, 5, 3)),
    ],
)
def test_seats_follow_the_published_weights(total, weights, counts):
    assert apportion(total, weights) == counts


def test_equal_remainders_go_to_the_earlier_domains():
    assert apportion(5, (1, 1, 1)) == (2, 2, 1)
    assert apportion(1, (3, 3)) == (1, 0)


def test_remainders_too_close_for_floats_are_told_apart():
    large = 10**17
    assert apportion(2, (large, large + 1, large)) == (1, 1, 0)
    assert apportion(1, (large, large + 1, large)) == (0, 1, 0)


@given(st.integers(0, 10**4), WEIGHTS)
def test_every_domain_gets_its_quota_rounded_down_or_up(total, weights):
    counts = apportion(total, weights)
    assert sum(counts) == total
    for count, weight in zip(counts, weights, strict=True):
        assert total * weight // sum(weights) <= count <= -(-total * weight // sum(weights))


@given(st.integers(0, 500), WEIGHTS)
def test_a_seat_over_the_quota_needs_the_larger_remainder(total, weights):
    whole = sum(weights)
    quotas = [divmod(total * weight, whole) for weight in weights]
    raised = [
        remainder for count, (floor, remainder) in zip(apportion(total, weights), quotas, strict=True) if count > floor
    ]
    kept = [
        remainder for count, (floor, remainder) in zip(apportion(total, weights), quotas, strict=True) if count == floor
    ]
    assert not raised or not kept or min(raised) >= max(kept)


@pytest.mark.parametrize(("total", "weights"), [(-1, (1, 2)), (5, ()), (5, (0, 0)), (5, (3, -1))])
def test_nonsense_is_refused(total, weights):
    with pytest.raises(ValueError, match="apportion"):
        apportion(total, weights)


def test_scored_and_unscored_seats_are_apportioned_apart(mla):
    assert mla.scored_by_domain == (14, 13, 11, 12)
    assert mla.unscored_by_domain == (4, 4, 3, 4)


def test_domains_and_tasks_are_numbered_unless_named(mla):
    assert mla.domain_names == ("D1", "D2", "D3", "D4")
    assert mla.task_names[:4] == ("1.1", "1.2", "1.3", "2.1")
    assert replace(mla, domain_names=("A", "B", "C", "D")).domain_names[0] == "A"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"scored": 66}, "66 scored of 65"),
        ({"weights": (28, 26, 22, 0)}, "positive weight"),
        ({"tasks": (0, 1, 2, 3, 4)}, "not there"),
        ({"tasks": (0, 1, 2)}, "domain D4 has 0 tasks"),
        ({"tasks": (0, 1, 2) + (3,) * 13}, "13 tasks and 12 scored seats"),
        ({"domain_names": ("A",)}, "needs one name"),
        ({"shares": {"essay": Share((65, 60), (50, 50))}}, "not a range"),
        ({"shares": {"essay": Share((0, 60), (50, 50))}}, "0 to 60 questions, not 65"),
        ({"shares": {"essay": Share((65, 65), (51, 60))}}, "51 to 60 scored questions, not 50"),
        ({"shares": {"essay": Share((0, 49), (50, 50))}}, "more scored questions"),
    ],
)
def test_a_blueprint_no_bank_could_meet_is_refused(mla, change, complaint):
    change = {"domain_names": (), "task_names": (), **change}
    with pytest.raises(ValueError, match=complaint):
        replace(mla, **change)


def test_a_small_exam_is_possible():
    tiny = Blueprint(3, 2, (1, 1), (0, 1), {"essay": Share((3, 3), (2, 2))})
    assert (tiny.scored_by_domain, tiny.unscored_by_domain) == ((1, 1), (1, 0))


@pytest.mark.parametrize(("expected", "raw"), [(34.2, 35), (35.0, 35), (35.0000005, 35), (35.00001, 36), (34.999, 35)])
def test_the_passing_raw_score_is_the_ceiling_but_for_float_noise(expected, raw):
    assert minimum_passing_raw(expected) == raw


def test_float_noise_cannot_raise_the_passing_score():
    assert minimum_passing_raw(math.fsum([0.7] * 50) + 1e-12) == 35
