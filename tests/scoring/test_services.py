"""Closing's consequence: exactly one result, decided by the form's frozen table."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from exams.models import Answer, Form, Sitting
from exams.services import bank, saving
from questions.models import Standing
from scoring import services
from scoring.models import Result
from tests.factories import UserFactory, answer, begin, change, close, key_of, sat, wrong_of

MINUTE = dt.timedelta(minutes=1)


def score(sitting: Sitting) -> Result:
    return services.score(sitting_id=sitting.pk, now=timezone.now())


@pytest.mark.parametrize("right", [0, 34, 35, 50])
def test_the_frozen_table_decides(user, exam, right):
    result = sat(user, exam, right=right)
    row = result.table.rows.get(raw=right)
    assert (result.raw, result.equated, result.scaled, result.passed) == (right, row.equated, row.scaled, row.passed)
    assert result.passed == (right >= result.table.minimum_passing_raw) == (result.scaled >= 720)


@pytest.mark.django_db
@settings(max_examples=15)
@given(given_right=st.sets(st.integers(1, 65)), skipped=st.sets(st.integers(1, 65)))
def test_raw_is_the_count_of_right_scored_seats(exam, given_right, skipped):
    sitting = begin(UserFactory(), exam)
    seats = list(sitting.form.seats.order_by("number"))
    changes = [
        change(seat.number, key_of(seat) if seat.number in given_right else wrong_of(seat), sequence=seat.number)
        for seat in seats
        if seat.number not in skipped
    ]
    if changes:
        saving.save(sitting_id=sitting.pk, user_id=sitting.user_id, claim=1, changes=changes)
    Sitting.objects.filter(pk=sitting.pk).update(
        state="closed", ended_at=timezone.now(), closes_at=timezone.now(), closed_at=timezone.now(), end_reason="staff"
    )
    expected = sum(seat.scored and seat.number in given_right - skipped for seat in seats)
    assert score(sitting).raw == expected


def test_unscored_seats_never_count(user, exam):
    sitting = begin(user, exam)
    unscored = sitting.form.seats.filter(scored=False)
    changes = [change(seat.number, key_of(seat), sequence=place) for place, seat in enumerate(unscored, 1)]
    saving.save(sitting_id=sitting.pk, user_id=user.pk, claim=1, changes=changes)
    assert score(close(sitting, sequence=15)).raw == 0


@pytest.mark.parametrize("kind", ["multiple_response", "ordering", "matching"])
def test_half_right_is_wrong(user, exam, kind):
    sitting = begin(user, exam)
    seat = sitting.form.seats.filter(kind=kind, scored=True)[0]
    half = list(key_of(seat))
    half[-1] = "" if kind == "matching" else half[-1]
    half = half if kind == "matching" else half[:-1]
    saving.save(sitting_id=sitting.pk, user_id=user.pk, claim=1, changes=[change(seat.number, half)])
    assert score(close(sitting, sequence=1)).raw == 0


def test_the_same_sitting_is_scored_once(user, exam):
    first = sat(user, exam)
    assert score(first.sitting) == first
    assert Result.objects.count() == 1


def test_later_knowledge_changes_no_result(user, exam):
    first = sat(user, exam, right=35)
    Standing.objects.update(rating="0.9500")
    assert score(first.sitting).scaled == first.scaled
    again = sat(UserFactory(), exam, right=35, form=first.sitting.form)
    assert (again.scaled, again.likely_low, again.likely_high) == (first.scaled, first.likely_low, first.likely_high)


def test_only_a_closed_sitting_is_scored(user, exam):
    with pytest.raises(services.NotClosed):
        score(begin(user, exam))


def test_the_likely_range_holds_the_score(user, exam):
    result = sat(user, exam, right=30)
    assert 100 <= result.likely_low <= result.scaled <= result.likely_high <= 1000
    assert result.provisional


@pytest.mark.parametrize(("right", "low", "high"), [(10, 0, 5), (35, 25, 70), (49, 95, 100)])
def test_the_chance_of_passing_follows_the_score(user, exam, right, low, high):
    chance = sat(user, exam, right=right).chance_of_passing
    assert chance is not None
    assert low <= chance <= high
    assert chance % 5 == 0


def test_who_saw_the_questions_before_gets_no_chance(user, exam):
    form = Form.objects.pool()[0]
    sat(user, exam, form=form)
    again = sat(user, exam, form=form)
    assert (again.seen_before, again.chance_of_passing) == (50, None)


def test_domains_add_up_and_meet_at_the_expected_score(user, exam):
    result = sat(user, exam, right=36)
    domains = list(result.domains.all())
    assert [domain.scored for domain in domains] == [14, 13, 11, 12]
    assert sum(domain.correct for domain in domains) == 36
    expected = sum(domain.expected for domain in domains)
    assert expected == pytest.approx(bank.current_table(result.sitting.form).expected_at_cut)
    for domain in domains:
        assert domain.meets == (domain.correct >= domain.expected - 1e-6)


def test_every_seat_is_accounted_for(user, exam):
    result = sat(user, exam, right=20)
    seats = list(result.seats.all())
    assert len(seats) == 65
    assert sum(seat.correct and seat.scored for seat in seats) == 20
    assert all(seat.answered and seat.spent_ms == 1_000 for seat in seats)


def test_the_sweep_ends_closes_and_scores_what_nobody_looks_at(user, exam):
    sitting = begin(user, exam)
    answer(sitting, right=40)
    late = sitting.deadline + MINUTE
    assert services.sweep(now=late) == {"ended": 1, "closed": 0, "scored": 0}
    assert services.sweep(now=late + 2 * MINUTE) == {"ended": 0, "closed": 1, "scored": 1}
    assert services.sweep(now=late + 3 * MINUTE) == {"ended": 0, "closed": 0, "scored": 0}
    sitting.refresh_from_db()
    assert sitting.ended_at == sitting.deadline
    assert Result.objects.get().raw == 40


def test_one_sitting_that_cannot_be_scored_does_not_stop_the_others(exam, caplog):
    # The reference form is needed for the chance of passing, so the other one is broken.
    sound = begin(UserFactory(), exam, Form.objects.get(reference=True))
    broken = begin(UserFactory(), exam, Form.objects.get(reference=False))
    broken.form.tables.all().delete()
    report = services.sweep(now=broken.deadline + 60 * MINUTE)
    assert report["scored"] == 1
    assert Result.objects.get().sitting == sound
    assert str(broken.pk) in caplog.text


def test_an_abandoned_sitting_has_no_result(user, exam):
    sitting = begin(user, exam)
    Sitting.objects.update(state="abandoned")
    services.sweep(now=sitting.deadline + 60 * MINUTE)
    assert not Result.objects.exists()


@pytest.mark.parametrize("answered", [0, 65])
def test_scoring_takes_a_constant_number_of_statements(user, exam, answered, django_assert_num_queries):
    sitting = begin(user, exam)
    if answered:
        answer(sitting, right=50)
    sitting = close(sitting, sequence=answered)
    assert Answer.objects.count() == answered
    with django_assert_num_queries(23):
        score(sitting)


def test_a_sweep_scores_everything_that_waits_by_the_batch(exam, monkeypatch):
    monkeypatch.setattr(services, "BATCH", 2)
    begun = [begin(UserFactory(), exam) for _ in range(5)]
    late = max(sitting.deadline for sitting in begun) + 60 * MINUTE
    assert services.sweep(now=late) == {"ended": 5, "closed": 5, "scored": 5}
    assert {result.sitting for result in Result.objects.all()} == set(begun)


def test_a_sweep_leaves_the_rest_to_the_next_one_when_its_time_is_over(exam, monkeypatch):
    monkeypatch.setattr(services, "SWEEP_SECONDS", -1.0)
    sitting = begin(UserFactory(), exam)
    assert services.sweep(now=sitting.deadline + 60 * MINUTE)["scored"] == 0
    monkeypatch.undo()
    assert services.sweep(now=sitting.deadline + 61 * MINUTE)["scored"] == 1


@pytest.mark.parametrize("sittings", [2, 6])
def test_a_sweep_takes_a_constant_number_of_statements(exam, sittings, django_assert_num_queries):
    form = Form.objects.get(reference=True)
    begun = [begin(UserFactory(), exam, form) for _ in range(sittings)]
    with django_assert_num_queries(34):
        services.sweep(now=begun[-1].deadline + 60 * MINUTE)
