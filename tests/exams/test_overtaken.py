"""A save looks first and writes only if nobody has touched the sitting since; otherwise it is judged again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import connection, transaction
from django.utils import timezone

from exams.models import Answer, Event, Sitting
from exams.services import clock, sittings
from exams.services.changes import Outcome, Receipt, Refused
from tests.exams.windows import events, save, seat_of_kind, stored, take_over, token
from tests.factories import UserFactory, begin, change

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sitting(exam) -> Sitting:
    return begin(UserFactory(), exam)


def while_it_waits(act: Callable[[], object], saving: Callable[[], Receipt]) -> Receipt | Refused:
    """Do `act` in a transaction that is committed only when `saving` waits for it; what became of the saving."""
    found: list[Receipt | Refused] = []

    def run() -> None:
        try:
            found.append(saving())
        except Refused as refused:
            found.append(refused)
        finally:
            connection.close()

    waiting = threading.Thread(target=run)
    with transaction.atomic():
        act()
        waiting.start()
        waits_for_a_lock()
    waiting.join(30)
    (result,) = found
    return result


def waits_for_a_lock() -> None:
    """Until somebody else stands in line behind this connection."""
    gate = threading.Event()
    for _ in range(400):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
        gate.wait(0.05)
    raise AssertionError("nobody waits")


def test_a_save_that_meets_a_pause_is_refused_and_writes_nothing(sitting):
    staff, seat = UserFactory(), seat_of_kind(sitting, "multiple_choice")
    result = while_it_waits(
        lambda: clock.pause(sitting_id=sitting.pk, by=staff),
        lambda: save(sitting, change(seat, [token(sitting, seat)])),
    )
    assert isinstance(result, Refused)
    assert result.code == 423
    assert not Answer.objects.filter(sitting=sitting).exists()
    assert events(sitting) == ["begun", "paused"]


def test_a_save_that_meets_another_counts_on_from_it(sitting):
    seat, other = sitting.form.seats.filter(kind="multiple_choice").values_list("number", flat=True)[:2]
    result = while_it_waits(
        lambda: save(sitting, change(seat, [token(sitting, seat)])),
        lambda: save(sitting, change(other, [token(sitting, other)], sequence=2)),
    )
    assert isinstance(result, Receipt)
    assert result.outcomes == {2: Outcome.APPLIED}
    assert result.total == 2
    assert stored(sitting, seat).response
    assert stored(sitting, other).response
    numbers = list(Event.objects.filter(sitting=sitting).order_by("number").values_list("number", flat=True))
    assert numbers == [1, 2, 3]
    sitting.refresh_from_db()
    assert sitting.events == 3


def test_a_save_that_meets_a_takeover_is_judged_as_the_older_windows(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    save(sitting, change(seat, [token(sitting, seat, 1)]))

    def newer() -> None:
        take_over(sitting)
        save(sitting, change(seat, [token(sitting, seat, 2)], base=1))

    result = while_it_waits(
        newer, lambda: save(sitting, change(seat, [token(sitting, seat)], sequence=2, base=1), claim=1)
    )
    assert isinstance(result, Receipt)
    assert result.outcomes == {2: Outcome.CONFLICT}
    assert stored(sitting, seat).response == [token(sitting, seat, 2)]


def test_a_save_that_meets_the_end_is_late(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")

    def ends() -> None:
        now = timezone.now()
        Sitting.objects.filter(pk=sitting.pk).update(deadline=now)
        sittings.settle(now=now, sitting_id=sitting.pk)

    result = while_it_waits(ends, lambda: save(sitting, change(seat, [token(sitting, seat)])))
    assert isinstance(result, Receipt)
    assert result.state == Sitting.State.ENDED
    assert stored(sitting, seat).late  # within the grace: it counts, and says so


def test_a_lock_that_changes_nothing_costs_only_the_waiting(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    result = while_it_waits(
        lambda: Sitting.objects.select_for_update().get(pk=sitting.pk),
        lambda: save(sitting, change(seat, [token(sitting, seat)])),
    )
    assert isinstance(result, Receipt)
    assert result.outcomes == {1: Outcome.APPLIED}


def test_twenty_windows_at_once_lose_nothing(sitting):
    seats = list(sitting.form.seats.filter(kind="multiple_choice").values_list("number", flat=True))[:20]
    refused: list[Refused] = []

    def run(number: int, seat: int) -> None:
        try:
            with suppress(Refused):
                save(sitting, change(seat, [token(sitting, seat)], sequence=number))
                return
            refused.append(Refused(500, "refused"))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(seats, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not refused
    assert Answer.objects.filter(sitting=sitting).count() == len(seats)
    sitting.refresh_from_db()
    assert sitting.events == Event.objects.filter(sitting=sitting).count() == len(seats) + 1
