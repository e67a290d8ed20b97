"""A sitting's life: begin, run out as of the deadline, close after the grace, be abandoned."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.services import set_accommodation
from exams.models import Form, Sitting
from exams.services import saving, sittings
from exams.services.sittings import CannotBegin
from tests.factories import UserFactory, begin, close, sat

SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)


def test_begin_starts_the_clock(user, exam):
    before = timezone.now()
    sitting = begin(user, exam)
    assert before <= sitting.started_at <= timezone.now()
    assert sitting.deadline - sitting.started_at == 130 * MINUTE


def test_begin_twice_is_one_sitting(user, exam):
    assert begin(user, exam) == begin(user, exam)


def test_the_database_allows_one_open_sitting(user, exam):
    sitting = begin(user, exam)
    sitting.pk = None
    with pytest.raises(IntegrityError, match="sitting_one_in_progress"), transaction.atomic():
        sitting.save(force_insert=True)


@pytest.mark.parametrize(
    ("multiplier", "extra", "minutes"),
    [("1.00", 30, 160), ("1.25", 0, 162.5), ("1.50", 0, 195), ("2.00", 30, 290)],
)
def test_accommodations_lengthen_the_limit(user, exam, multiplier, extra, minutes):
    set_accommodation(user=user, multiplier=Decimal(multiplier), extra_minutes=extra)
    sitting = begin(user, exam)
    assert sitting.deadline - sitting.started_at == minutes * MINUTE


def test_the_window_cuts_the_deadline(user, exam):
    sitting = begin(user, exam)
    sitting.window_ends_at = sitting.started_at + 10 * MINUTE
    assert sitting.computed_deadline() == sitting.window_ends_at


def test_pauses_lengthen_and_stop_the_clock(user, exam):
    sitting = begin(user, exam)
    sitting.paused_seconds = 60
    assert sitting.computed_deadline() == sitting.started_at + 131 * MINUTE
    sitting.paused_at = sitting.started_at + 30 * MINUTE
    assert sitting.remaining(sitting.started_at + 90 * MINUTE) == 100 * MINUTE


def test_an_exam_not_offered_cannot_be_begun(user, exam):
    exam.offered = False
    with pytest.raises(CannotBegin, match="not offered"):
        sittings.begin(user=user, exam=exam)


def test_without_a_form_nothing_begins(user, exam):
    Form.objects.update(state=Form.State.RETIRED)
    with pytest.raises(CannotBegin, match="No form of MLA-C01 is ready"):
        sittings.begin(user=user, exam=exam)
    assert not Sitting.objects.exists()


@pytest.mark.parametrize(("offset", "allowed"), [(-1, False), (0, True), (1, True)])
def test_the_retake_rule(user, exam, offset, allowed):
    sitting = sat(user, exam).sitting
    sitting.refresh_from_db()
    assert sitting.ended_at is not None
    exam.retake_after_days = 14
    with time_machine.travel(sitting.ended_at + dt.timedelta(days=14) + offset * SECOND, tick=False):
        if allowed:
            sittings.begin(user=user, exam=exam)
        else:
            with pytest.raises(CannotBegin, match="You can sit MLA-C01 again from"):
                sittings.begin(user=user, exam=exam)


@pytest.mark.parametrize("how", ["ended", "given up"])
def test_the_retake_rule_knows_every_sitting_that_showed_its_questions(user, exam, how):
    sitting = begin(user, exam)
    if how == "ended":
        saving.end(sitting_id=sitting.pk, user_id=user.pk, claim=1, sequence=99)
    else:
        sittings.abandon(sitting_id=sitting.pk, user_id=user.pk)
    exam.retake_after_days = 14
    with pytest.raises(CannotBegin):
        sittings.begin(user=user, exam=exam)


@pytest.mark.parametrize(("offset", "ended"), [(-1, 0), (0, 1), (1, 1), (3600, 1)])
def test_time_runs_out_as_of_the_deadline_whoever_notices(user, exam, offset, ended):
    sitting = begin(user, exam)
    assert sittings.settle(now=sitting.deadline + offset * SECOND)[0] == ended
    sitting.refresh_from_db()
    assert (sitting.ended_at == sitting.deadline and sitting.end_reason == "deadline") == bool(ended)


def test_running_out_happens_once(user, exam):
    sitting = begin(user, exam)
    now = sitting.deadline + SECOND
    assert [sittings.settle(now=now), sittings.settle(now=now)] == [(1, 0), (0, 0)]


@pytest.mark.parametrize(("offset", "closed"), [(-1, 0), (0, 1), (1, 1)])
def test_closing_waits_for_the_grace(user, exam, offset, closed):
    sitting = begin(user, exam)
    grace = sitting.grace_seconds * SECOND
    sittings.settle(now=sitting.deadline)
    assert sittings.settle(now=sitting.deadline + grace + offset * SECOND) == (0, closed)
    sitting.refresh_from_db()
    assert (sitting.closed_at == sitting.deadline + grace) == bool(closed)


def test_a_paused_sitting_does_not_run_out(user, exam):
    sitting = begin(user, exam)
    Sitting.objects.update(paused_at=sitting.started_at + MINUTE)
    assert sittings.settle(now=sitting.deadline + 60 * MINUTE) == (0, 0)


def test_settling_one_person_leaves_others_alone(user, exam):
    mine, theirs = begin(user, exam), begin(UserFactory(), exam)
    sittings.settle(now=mine.deadline + MINUTE, user=user)
    theirs.refresh_from_db()
    assert theirs.state == Sitting.State.IN_PROGRESS


def test_beginning_again_after_time_ran_out_unnoticed(user, exam):
    first = begin(user, exam)
    with time_machine.travel(first.deadline + MINUTE, tick=False):
        second = sittings.begin(user=user, exam=exam)
    first.refresh_from_db()
    assert second != first
    assert first.ended_at == first.deadline


def test_a_sitting_can_be_abandoned(user, exam):
    sitting = begin(user, exam)
    assert sittings.abandon(sitting_id=sitting.pk, user_id=user.pk).state == Sitting.State.ABANDONED
    assert begin(user, exam) != sitting


@pytest.mark.parametrize(("offset", "state"), [(-1, "abandoned"), (0, "in_progress"), (1, "in_progress")])
def test_after_the_deadline_nothing_can_be_abandoned(user, exam, offset, state):
    sitting = begin(user, exam)
    with time_machine.travel(sitting.deadline + offset * SECOND, tick=False):
        assert sittings.abandon(sitting_id=sitting.pk, user_id=user.pk).state == state


def test_a_closed_sitting_cannot_be_abandoned(user, exam):
    sitting = close(begin(user, exam))
    assert sittings.abandon(sitting_id=sitting.pk, user_id=user.pk).state == Sitting.State.CLOSED


def test_every_window_gets_a_higher_claim(user, exam):
    sitting = begin(user, exam)
    assert [sittings.claim(sitting_id=sitting.pk, user_id=user.pk).claim for _ in range(2)] == [2, 3]


def test_after_the_deadline_a_window_may_still_claim_to_hand_in_what_waits(user, exam):
    sitting = begin(user, exam)
    sittings.settle(now=sitting.deadline)
    assert sittings.claim(sitting_id=sitting.pk, user_id=user.pk).claim == 2


def test_once_a_window_has_ended_the_exam_no_other_may_claim_it(user, exam):
    sitting = begin(user, exam)
    saving.end(sitting_id=sitting.pk, user_id=user.pk, claim=1, sequence=99)  # 99 changes are still on their way
    assert sittings.claim(sitting_id=sitting.pk, user_id=user.pk).claim == 1


@pytest.mark.parametrize("sequence", [0, 99], ids=["closed", "ended"])
def test_what_waits_after_the_end_is_handed_in_under_numbers_of_its_own(user, exam, sequence):
    sitting = begin(user, exam)
    saving.end(sitting_id=sitting.pk, user_id=user.pk, claim=1, sequence=sequence)
    assert [sittings.hand_in(sitting_id=sitting.pk, user_id=user.pk) for _ in range(2)] == [2, 3]
    sitting.refresh_from_db()
    assert sitting.claim == 1


def test_windows_are_not_without_end(user, exam):
    sitting = begin(user, exam)
    Sitting.objects.update(claim=sittings.MOST_CLAIMS)
    with pytest.raises(sittings.TooManyClaims):
        sittings.claim(sitting_id=sitting.pk, user_id=user.pk)


def test_a_closed_sitting_hands_out_no_claim(user, exam):
    sitting = close(begin(user, exam))
    assert sittings.claim(sitting_id=sitting.pk, user_id=user.pk).claim == 1
