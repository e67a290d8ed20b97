"""What else staff may do to sittings: end them, declare them void, send messages, set releases."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from exams.models import EndReason, Event, Notice, Sitting
from exams.services import clock, notices, release, sittings
from exams.services.clock import CannotChange
from tests.exams.windows import end, events, save, seat_of_kind, stored, token
from tests.factories import UserFactory, assigned, begin, change, close

SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def staff(db):
    return UserFactory(email="proctor@example.org")


def fresh(sitting: Sitting) -> Sitting:
    return Sitting.objects.get(pk=sitting.pk)


# ---- finish --------------------------------------------------------------------------------------------------------


def test_staff_end_a_sitting_and_it_closes_after_the_grace(sitting, staff):
    at = sitting.started_at + 30 * MINUTE
    with time_machine.travel(at, tick=False):
        clock.finish(sitting_id=sitting.pk, by=staff)
    after = fresh(sitting)
    assert (after.state, after.ended_at, after.end_reason) == ("ended", at, EndReason.STAFF)
    closes_at = at + sitting.grace_seconds * SECOND
    assert after.closes_at == closes_at
    assert sittings.settle(now=closes_at - SECOND) == (0, 0)
    assert sittings.settle(now=closes_at) == (0, 1)
    told = Event.objects.get(sitting=sitting, kind=Event.Kind.ENDED)
    assert (told.by, told.staff) == (Event.By.STAFF, "proctor@example.org")


def test_what_waits_on_a_device_still_arrives_and_then_it_closes_at_once(sitting, staff):
    seat = seat_of_kind(sitting, "multiple_choice")
    clock.finish(sitting_id=sitting.pk, by=staff)
    assert save(sitting, change(seat, [token(sitting, seat)])).outcomes == {1: "applied"}
    assert end(sitting, 1, expired=True).state == "closed"
    assert stored(sitting, seat).response == [token(sitting, seat)]


def test_a_paused_sitting_can_be_ended_and_its_deadline_stays_true(sitting, staff):
    with time_machine.travel(sitting.started_at + MINUTE, tick=False):
        clock.pause(sitting_id=sitting.pk, by=staff)
    with time_machine.travel(sitting.started_at + 6 * MINUTE, tick=False):
        clock.finish(sitting_id=sitting.pk, by=staff)
    after = fresh(sitting)
    assert (after.state, after.paused_at, after.paused_seconds) == ("ended", None, 300)
    assert after.deadline == after.computed_deadline() == sitting.deadline + 5 * MINUTE


@pytest.mark.parametrize("offset", [0, 1])
def test_what_has_run_out_is_not_ended_once_more(sitting, staff, offset):
    with time_machine.travel(sitting.deadline + offset * SECOND, tick=False):
        with pytest.raises(CannotChange, match="no longer in progress"):
            clock.finish(sitting_id=sitting.pk, by=staff)
        sittings.settle(now=timezone.now(), sitting_id=sitting.pk)
    assert fresh(sitting).end_reason == EndReason.DEADLINE


def test_what_is_closed_is_not_ended_again(sitting, staff):
    close(sitting)
    with pytest.raises(CannotChange, match=r"\(closed\)"):
        clock.finish(sitting_id=sitting.pk, by=staff)


# ---- void ----------------------------------------------------------------------------------------------------------


def test_a_running_sitting_is_ended_before_it_is_void(sitting, staff):
    clock.void(sitting_id=sitting.pk, by=staff, reason="You  were ill.\n")
    after = fresh(sitting)
    assert (after.void, after.state, after.end_reason, after.notices) == (True, "ended", EndReason.STAFF, 1)
    assert events(sitting) == ["begun", "ended", "voided"]
    assert Notice.objects.get(sitting=sitting).text == "You were ill."


def test_a_closed_sitting_becomes_void_and_stays_closed(sitting, staff):
    close(sitting)
    clock.void(sitting_id=sitting.pk, by=staff, reason="A fire alarm.")
    assert (fresh(sitting).void, fresh(sitting).state) == (True, "closed")
    with pytest.raises(CannotChange, match="void already"):
        clock.void(sitting_id=sitting.pk, by=staff, reason="A fire alarm.")


@pytest.mark.parametrize("reason", ["", " \n\0 ", "x" * 201])
def test_a_reason_is_given_and_is_short(sitting, staff, reason):
    with pytest.raises(CannotChange, match="at most 200 characters"):
        clock.void(sitting_id=sitting.pk, by=staff, reason=reason)
    assert not fresh(sitting).void


# ---- messages ------------------------------------------------------------------------------------------------------


def test_a_message_reaches_those_who_sit_and_nobody_else(exam, staff):
    running, paused, ended, over, other = (begin(UserFactory(), exam) for _ in range(5))
    clock.pause(sitting_id=paused.pk, by=staff)
    close(ended)
    now = timezone.now()
    Sitting.objects.filter(pk=over.pk).update(deadline=now)
    chosen = [one.pk for one in (running, paused, ended, over)]
    for number in (1, 2):
        assert notices.send(sitting_ids=chosen, text=f" Message {number}\r\n", by=staff, now=now) == 2
    assert list(Notice.objects.filter(sitting=running).values_list("number", "text", "at")) == [
        (1, "Message 1", now), (2, "Message 2", now),
    ]  # fmt: skip
    assert [fresh(one).notices for one in (running, paused, ended, over, other)] == [2, 2, 0, 0, 0]
    assert fresh(running).supervised
    assert events(running) == ["begun", "notice", "notice"]
    assert Event.objects.filter(sitting=running, number=3).get().staff == "proctor@example.org"


@pytest.mark.parametrize("people", [1, 4])
def test_a_message_takes_one_statement(exam, staff, people, django_assert_num_queries):
    chosen = [begin(UserFactory(), exam).pk for _ in range(people)]
    with django_assert_num_queries(1):
        assert notices.send(sitting_ids=chosen, text="Five minutes", by=staff, now=timezone.now()) == people


@pytest.mark.parametrize(("text", "sentence"), [("", "Write what"), (" \0", "Write what"), ("x" * 501, "has 501")])
def test_a_message_is_neither_empty_nor_long(sitting, staff, text, sentence):
    with pytest.raises(notices.CannotSend, match=sentence):
        notices.send(sitting_ids=[sitting.pk], text=text, by=staff, now=timezone.now())
    assert fresh(sitting).notices == 0


# ---- releases ------------------------------------------------------------------------------------------------------


def test_releases_are_set_on_assigned_sittings_only(exam, django_assert_num_queries):
    given, own = assigned(UserFactory(), exam), begin(UserFactory(), exam)
    at = timezone.now()
    with django_assert_num_queries(1):
        count = release.set_release(
            sitting_ids=[given.pk, own.pk], results_at=at, results_held=False, review_at=None, review_held=True
        )
    assert count == 1
    after = fresh(given)
    assert [after.shows_result(at + offset * SECOND) for offset in (-1, 0, 1)] == [False, True, True]
    assert not after.shows_review(at + SECOND)
    assert fresh(own).shows_review(at - SECOND)
