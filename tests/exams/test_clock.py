"""What staff may do to a running sitting's clock, and that it never brings back one that has ended."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from exams.models import Event, Sitting
from exams.services import clock, sittings
from exams.services.clock import CannotChange
from tests.exams.windows import end, events, save
from tests.factories import UserFactory, begin, change, close, stranger_id
from tests.together import together

SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def staff(db):
    return UserFactory(email="proctor@example.org")


def fresh(sitting: Sitting) -> Sitting:
    return Sitting.objects.get(pk=sitting.pk)


# ---- grant ---------------------------------------------------------------------------------------------------------


def test_a_grant_moves_the_deadline(sitting, staff):
    changed = clock.grant(sitting_id=sitting.pk, minutes=10, by=staff)
    assert changed == clock.Change(sitting.deadline + 10 * MINUTE, dt.timedelta(0))
    after = fresh(sitting)
    assert (after.deadline, after.limit) == (sitting.deadline + 10 * MINUTE, sitting.limit + 10 * MINUTE)


def test_a_grant_is_not_multiplied(user, exam, staff):
    sitting = begin(user, exam)
    Sitting.objects.filter(pk=sitting.pk).update(multiplier="2.00")
    clock.grant(sitting_id=sitting.pk, minutes=10, by=staff)
    assert fresh(sitting).limit == 270 * MINUTE


def test_grants_add_up(sitting, staff):
    for minutes in (5, 7):
        clock.grant(sitting_id=sitting.pk, minutes=minutes, by=staff)
    assert fresh(sitting).deadline == sitting.deadline + 12 * MINUTE


@pytest.mark.parametrize("minutes", [0, -5, clock.MOST_GRANTED + 1])
def test_a_grant_is_one_minute_to_ten_hours(sitting, staff, minutes):
    with pytest.raises(CannotChange, match="1 to 600 extra minutes in all"):
        clock.grant(sitting_id=sitting.pk, minutes=minutes, by=staff)
    assert fresh(sitting).deadline == sitting.deadline


def test_grants_are_bounded_in_total(sitting, staff):
    clock.grant(sitting_id=sitting.pk, minutes=clock.MOST_GRANTED - 1, by=staff)
    clock.grant(sitting_id=sitting.pk, minutes=1, by=staff)
    with pytest.raises(CannotChange, match="in all"):
        clock.grant(sitting_id=sitting.pk, minutes=1, by=staff)
    assert fresh(sitting).granted_minutes == clock.MOST_GRANTED


@pytest.mark.parametrize(("offset", "granted"), [(-1, True), (0, False), (1, False)])
def test_a_grant_comes_before_the_deadline_or_not_at_all(sitting, staff, offset, granted):
    with time_machine.travel(sitting.deadline + offset * SECOND, tick=False):
        if granted:
            clock.grant(sitting_id=sitting.pk, minutes=5, by=staff)
        else:
            with pytest.raises(CannotChange, match="no longer in progress"):
                clock.grant(sitting_id=sitting.pk, minutes=5, by=staff)
    assert (fresh(sitting).deadline > sitting.deadline) == granted
    assert fresh(sitting).supervised == granted


@pytest.mark.parametrize("how", ["ended", "closed", "given up"])
def test_what_has_ended_is_given_nothing(sitting, staff, how):
    if how == "given up":
        sittings.abandon(sitting_id=sitting.pk, user_id=sitting.user_id)
    else:
        end(sitting, 99 if how == "ended" else 0)
    for act in (clock.pause, clock.resume):
        with pytest.raises(CannotChange, match="no longer in progress"):
            act(sitting_id=sitting.pk, by=staff)
    with pytest.raises(CannotChange, match="no longer in progress"):
        clock.grant(sitting_id=sitting.pk, minutes=5, by=staff)


def test_a_sitting_that_does_not_exist_is_not_found(sitting, staff):
    with pytest.raises(Sitting.DoesNotExist):
        clock.grant(sitting_id=stranger_id(), minutes=5, by=staff)


@pytest.fixture
def windowed(sitting):
    """The window closes five minutes after the candidate's own time."""
    sitting.window_ends_at = sitting.deadline + 5 * MINUTE
    sitting.save(update_fields=["window_ends_at"])
    return sitting


def test_the_window_cuts_a_grant_and_says_so(windowed, staff):
    changed = clock.grant(sitting_id=windowed.pk, minutes=8, by=staff)
    assert changed == clock.Change(windowed.window_ends_at, 3 * MINUTE)
    assert fresh(windowed).deadline == windowed.window_ends_at


def test_a_grant_that_fits_is_not_cut(windowed, staff):
    assert clock.grant(sitting_id=windowed.pk, minutes=5, by=staff).cut == dt.timedelta(0)


def test_the_window_can_be_moved_as_far_as_the_grant_needs(windowed, staff):
    changed = clock.grant(sitting_id=windowed.pk, minutes=8, by=staff, extend_window=True)
    assert changed == clock.Change(windowed.deadline + 8 * MINUTE, dt.timedelta(0))
    assert fresh(windowed).window_ends_at == windowed.deadline + 8 * MINUTE


def test_moving_the_window_gives_back_nothing_that_a_late_start_had_lost(sitting, staff):
    end = sitting.deadline - 10 * MINUTE
    sitting.window_ends_at = sitting.deadline = end
    sitting.save(update_fields=["window_ends_at", "deadline"])
    changed = clock.grant(sitting_id=sitting.pk, minutes=3, by=staff, extend_window=True)
    assert changed == clock.Change(end + 3 * MINUTE, 10 * MINUTE)


def test_a_window_that_is_wide_enough_stays(windowed, staff):
    clock.grant(sitting_id=windowed.pk, minutes=1, by=staff, extend_window=True)
    assert fresh(windowed).window_ends_at == windowed.window_ends_at


# ---- pause and resume ----------------------------------------------------------------------------------------------


def pause_for(sitting: Sitting, staff: User, seconds: float) -> dt.timedelta:
    """Pause half an hour into the sitting, resume later; what resuming has added to the time left."""
    start = sitting.started_at + 30 * MINUTE
    with time_machine.travel(start, tick=False):
        clock.pause(sitting_id=sitting.pk, by=staff)
        before = fresh(sitting).remaining(start)
    stop = start + seconds * SECOND
    with time_machine.travel(stop, tick=False):
        clock.resume(sitting_id=sitting.pk, by=staff)
        return fresh(sitting).remaining(stop) - before


@pytest.mark.parametrize("seconds", [0, 1, 600, 100_000])
def test_a_pause_keeps_the_time_left(sitting, staff, seconds):
    assert pause_for(sitting, staff, seconds) == dt.timedelta(0)


@pytest.mark.parametrize("seconds", [0.001, 0.999, 59.5])
def test_parts_of_a_second_go_to_the_candidate(sitting, staff, seconds):
    assert dt.timedelta(0) <= pause_for(sitting, staff, seconds) < SECOND


def test_pauses_add_up(sitting, staff):
    assert [pause_for(sitting, staff, 60) for _ in range(2)] == [dt.timedelta(0)] * 2
    assert fresh(sitting).paused_seconds == 120


@pytest.mark.parametrize("offset", [-1, 0, 1, 86_400])
def test_what_is_paused_never_runs_out(sitting, staff, offset):
    clock.pause(sitting_id=sitting.pk, by=staff)
    left = fresh(sitting).remaining(sitting.started_at)
    now = sitting.deadline + offset * SECOND
    assert sittings.settle(now=now) == (0, 0)
    assert sittings.settle(now=now, sitting_id=sitting.pk) == (0, 0)
    with time_machine.travel(now, tick=False):
        clock.resume(sitting_id=sitting.pk, by=staff)
    assert SECOND > fresh(sitting).remaining(now) - left >= dt.timedelta(0)


@pytest.mark.parametrize(("offset", "ended"), [(-1, 0), (0, 1), (1, 1)])
def test_after_a_pause_it_runs_out_as_of_the_later_deadline(sitting, staff, offset, ended):
    pause_for(sitting, staff, 600)
    later = sitting.deadline + 600 * SECOND
    assert sittings.settle(now=later + offset * SECOND)[0] == ended
    assert (fresh(sitting).ended_at == later) == bool(ended)


@pytest.mark.parametrize(("offset", "paused"), [(-1, True), (0, False), (1, False)])
def test_a_pause_comes_before_the_deadline_or_not_at_all(sitting, staff, offset, paused):
    with time_machine.travel(sitting.deadline + offset * SECOND, tick=False):
        if paused:
            clock.pause(sitting_id=sitting.pk, by=staff)
        else:
            with pytest.raises(CannotChange, match="no longer in progress"):
                clock.pause(sitting_id=sitting.pk, by=staff)
    assert (fresh(sitting).paused_at is not None) == paused


def test_pausing_twice_is_refused(sitting, staff):
    clock.pause(sitting_id=sitting.pk, by=staff)
    with pytest.raises(CannotChange, match="stands still already"):
        clock.pause(sitting_id=sitting.pk, by=staff)


def test_resuming_twice_is_refused(sitting, staff):
    clock.pause(sitting_id=sitting.pk, by=staff)
    clock.resume(sitting_id=sitting.pk, by=staff)
    with pytest.raises(CannotChange, match="running already"):
        clock.resume(sitting_id=sitting.pk, by=staff)


def test_a_grant_while_paused_counts_after_it(sitting, staff):
    clock.pause(sitting_id=sitting.pk, by=staff)
    before = fresh(sitting).remaining(sitting.started_at)
    clock.grant(sitting_id=sitting.pk, minutes=5, by=staff)
    after = fresh(sitting)
    assert after.is_paused
    assert after.remaining(sitting.started_at) == before + 5 * MINUTE


def test_the_window_cuts_a_pause_and_says_so(windowed, staff):
    """A window that everybody shares does not move because one person was interrupted."""
    with time_machine.travel(windowed.started_at + MINUTE, tick=False):
        clock.pause(sitting_id=windowed.pk, by=staff)
    with time_machine.travel(windowed.started_at + 11 * MINUTE, tick=False):
        changed = clock.resume(sitting_id=windowed.pk, by=staff)
    assert changed == clock.Change(windowed.window_ends_at, 5 * MINUTE)


def test_a_paused_practice_can_be_given_up_at_any_time(sitting, staff):
    clock.pause(sitting_id=sitting.pk, by=staff)
    with time_machine.travel(sitting.deadline + MINUTE, tick=False):
        sittings.abandon(sitting_id=sitting.pk, user_id=sitting.user_id)
    assert fresh(sitting).state == Sitting.State.ABANDONED


# ---- what is written about it --------------------------------------------------------------------------------------


def test_everything_is_told_with_the_name_of_who_did_it(sitting, staff):
    clock.grant(sitting_id=sitting.pk, minutes=5, by=staff)
    clock.pause(sitting_id=sitting.pk, by=staff)
    clock.resume(sitting_id=sitting.pk, by=staff)
    told = Event.objects.filter(sitting=sitting, number__gt=1).order_by("number")
    assert [(event.kind, event.by, event.staff, event.minutes) for event in told] == [
        ("granted", "staff", "proctor@example.org", 5),
        ("paused", "staff", "proctor@example.org", None),
        ("resumed", "staff", "proctor@example.org", None),
    ]


def test_what_was_refused_is_not_told(sitting, staff):
    with pytest.raises(CannotChange):
        clock.resume(sitting_id=sitting.pk, by=staff)
    assert events(sitting) == ["begun"]


@pytest.mark.parametrize("act", [clock.pause, lambda **who: clock.grant(minutes=1, **who)])
def test_from_then_on_its_page_asks_for_news(sitting, staff, act):
    assert not save(sitting, change(1, [])).supervised
    act(sitting_id=sitting.pk, by=staff)
    assert fresh(sitting).supervised


# ---- at the same moment as the deadline ----------------------------------------------------------------------------


def grant(sitting: Sitting, staff: User) -> Callable[[], object]:
    return lambda: clock.grant(sitting_id=sitting.pk, minutes=5, by=staff)


def rivals(sitting: Sitting) -> list[Callable[[], object]]:
    """Everybody else who may notice that time is up."""
    return [
        lambda: sittings.settle(now=sitting.deadline),
        lambda: sittings.settle(now=sitting.deadline, sitting_id=sitting.pk),
        lambda: save(sitting, change(1, [])),
        lambda: end(sitting, 9, expired=True),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_grant_at_the_deadline_never_revives_what_has_ended(exam):
    """Whoever is first at the lock decides, and it is one or the other: granted and running, or ended as it was."""
    staff = UserFactory()
    for number in range(12):
        sitting = begin(UserFactory(), exam)
        rival = rivals(sitting)[number % 4]
        with time_machine.travel(sitting.deadline - number // 4 * 0.01 * SECOND, tick=True):
            granted, _ = together(grant(sitting, staff), rival)
        sittings.settle(now=sitting.deadline + SECOND, sitting_id=sitting.pk)
        after = fresh(sitting)
        if isinstance(granted, clock.Change):
            assert (after.state, after.deadline) == ("in_progress", sitting.deadline + 5 * MINUTE)
            assert "ended" not in events(sitting)
        else:
            assert (after.state, after.ended_at, after.granted_minutes) == ("ended", sitting.deadline, 0)
            assert "granted" not in events(sitting)
        close(sitting)


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_for_the_lock_judges_by_what_it_finds_then(exam):
    staff, sitting = UserFactory(), begin(UserFactory(), exam)
    results: list[object] = []
    now = sitting.deadline + SECOND
    with transaction.atomic():
        clock.grant(sitting_id=sitting.pk, minutes=5, by=staff)
        waiting = threading.Thread(
            target=lambda: results.extend(together(lambda: sittings.settle(now=now, sitting_id=sitting.pk)))
        )
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
    waiting.join(30)
    assert (results, fresh(sitting).state) == ([(0, 0)], "in_progress")

    deadline = fresh(sitting).deadline
    with time_machine.travel(deadline - 0.1 * SECOND, tick=True):
        assert timezone.now() < deadline  # the traveller's clock goes from the first look at it
        with transaction.atomic():
            Sitting.objects.select_for_update().get(pk=sitting.pk)
            waiting = threading.Thread(target=lambda: results.extend(together(grant(sitting, staff))))
            waiting.start()  # in time, but it gets the lock too late
            waiting.join(0.3)
        waiting.join(30)
    assert isinstance(results[1], CannotChange)
    assert fresh(sitting).deadline == deadline
