"""The timeline of a sitting: numbered without holes whatever happens, and never changed afterwards."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from exams.models import Event, Sitting
from exams.services import clock, sittings
from exams.services.changes import Refused
from tests.exams.windows import end, events, save, seat_of_kind, take_over, token
from tests.factories import UserFactory, begin, change, close

SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)


def numbers(sitting: Sitting) -> list[int]:
    return list(Event.objects.filter(sitting=sitting).order_by("number").values_list("number", flat=True))


def check_numbers(sitting: Sitting) -> None:
    """1, 2, 3, ... up to the number that the sitting remembers."""
    sitting.refresh_from_db(fields=["events"])
    assert numbers(sitting) == list(range(1, sitting.events + 1))


def told(sitting: Sitting) -> list[Any]:
    return list(Event.objects.filter(sitting=sitting).order_by("number").values())


# ---- a whole life --------------------------------------------------------------------------------------------------


def life(sitting: Sitting) -> Iterator[str]:
    """Step by step through everything that can happen; each step is named by what the timeline says of it."""
    staff = UserFactory()
    seat = seat_of_kind(sitting, "multiple_choice")
    where: dict[str, Any] = {"sitting_id": sitting.pk, "by": staff}
    first, second, third = (token(sitting, seat, place) for place in range(3))
    start = sitting.started_at

    @contextmanager
    def after(minutes: float) -> Iterator[None]:
        with time_machine.travel(start + minutes * MINUTE, tick=False):
            yield

    with after(1):
        save(sitting, change(seat, [first]), offline=[(9, 8)])
    yield "offline saved"
    with after(2):
        save(sitting, change(seat, [first]))
    yield ""  # a repeated packet is no news
    with after(2):
        take_over(sitting)
    yield "claimed"
    with after(3):
        save(sitting, change(seat, [second], base=1), change(0, [], sequence=2, text="note"))
    yield "saved"
    with after(4):
        save(sitting, change(seat, [third], sequence=2, base=1), change(9, [], sequence=3), claim=1)
    yield "saved kept"
    with after(5):
        save(sitting, change(seat, [third], sequence=3, base=2, settles=[(1, 2)]))
    yield "saved settled"
    with after(6):
        clock.grant(minutes=5, **where)
    yield "granted"
    with after(7):
        clock.pause(**where)
    yield "paused"
    with after(8), pytest.raises(Refused):
        save(sitting, change(seat, [first], sequence=4))
    yield ""
    sittings.settle(now=start + 500 * MINUTE)
    yield ""
    with after(9):
        clock.resume(**where)
    yield "resumed"
    with after(10), pytest.raises(clock.CannotChange):
        clock.resume(**where)
    yield ""
    with after(137):
        assert save(sitting, change(seat, [first], sequence=5)).state == "ended"
    yield "ended late"
    with after(137):
        save(sitting, change(seat, [second], sequence=6, left_ms=0))
    yield "kept"
    for _ in range(2):
        sittings.settle(now=start + 500 * MINUTE)
    yield "closed"
    with after(500):
        save(sitting, change(seat, [third], sequence=7))
    yield "kept"
    with after(500):
        end(sitting, 7)
        take_over(sitting)
        sittings.abandon(sitting_id=sitting.pk, user_id=sitting.user_id)
    yield ""


def test_a_whole_life_is_told_in_order_and_nothing_told_is_ever_changed(sitting):
    before = told(sitting)
    for expected in life(sitting):
        after = told(sitting)
        assert after[: len(before)] == before
        assert [event["kind"] for event in after[len(before) :]] == expected.split()
        check_numbers(sitting)
        before = after


def test_giving_up_is_told(sitting):
    sittings.abandon(sitting_id=sitting.pk, user_id=sitting.user_id)
    assert events(sitting) == ["begun", "abandoned"]
    check_numbers(sitting)


# ---- the sweep -----------------------------------------------------------------------------------------------------


def test_a_sweep_tells_every_sitting_it_moves_on(exam):
    everyone = [begin(UserFactory(), exam) for _ in range(5)]
    save(everyone[0], change(1, []))
    late = max(sitting.deadline for sitting in everyone) + SECOND
    assert sittings.settle(now=late) == (5, 0)
    assert sittings.settle(now=late + 300 * SECOND) == (0, 5)
    for sitting in everyone:
        assert events(sitting)[-2:] == ["ended", "closed"]
        check_numbers(sitting)


def test_one_sweep_after_the_grace_ends_and_closes(sitting):
    assert sittings.settle(now=sitting.deadline + 3600 * SECOND) == (1, 1)
    moments = Event.objects.filter(sitting=sitting).order_by("number").values_list("at", flat=True)
    assert list(moments)[1:] == [sitting.deadline, sitting.deadline + sitting.grace_seconds * SECOND]
    check_numbers(sitting)


@pytest.mark.django_db(transaction=True)
def test_sweeps_reads_and_saves_at_once_tell_everything_once(exam):
    everyone = [begin(UserFactory(), exam) for _ in range(6)]
    late = max(sitting.deadline for sitting in everyone) + SECOND
    gate = threading.Barrier(5)
    moved: list[int] = []

    def run(act: object) -> None:
        try:
            gate.wait(10)
            act()  # type: ignore[operator]
        finally:
            connection.close()

    def sweep() -> None:
        moved.append(sittings.settle(now=late)[0])

    def read() -> None:
        moved.extend(sittings.settle(now=late, sitting_id=sitting.pk)[0] for sitting in reversed(everyone))

    def answer() -> None:
        for sitting in everyone:
            for sequence in (1, 2, 3):
                save(sitting, change(sequence, [], sequence=sequence))

    with time_machine.travel(late, tick=False):
        threads = [threading.Thread(target=run, args=(act,)) for act in (sweep, sweep, read, answer, answer)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    sittings.settle(now=late)
    for sitting in everyone:
        assert events(sitting).count("ended") == 1
        assert sorted(events(sitting)) == ["begun", "ended", "late", "late", "late"]
        check_numbers(sitting)
    assert len(moved) == 8


# ---- the database's own rule ---------------------------------------------------------------------------------------


def test_the_database_refuses_to_change_an_event(sitting):
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        Event.objects.filter(sitting=sitting).update(kind="closed")


def test_the_database_refuses_to_take_an_event_away(sitting):
    def commit() -> None:
        with transaction.atomic():
            Event.objects.filter(sitting=sitting).delete()
            connection.check_constraints()  # as COMMIT does

    with pytest.raises(IntegrityError, match="never changed"):
        commit()
    assert numbers(sitting) == [1]


def test_the_database_refuses_a_second_event_of_one_number(sitting):
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.create(sitting=sitting, number=1, at=sitting.started_at, kind="closed")


def test_a_person_who_goes_takes_the_timeline_along(sitting):
    close(sitting).user.delete()
    connection.check_constraints()
    assert not Event.objects.exists()
