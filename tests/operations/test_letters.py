"""Dead letters: one row for each piece of work, no values in it, seen by operators, repeated when they say so."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.db import OperationalError, connection
from django.urls import reverse
from django.utils import timezone

from config.management.commands import tick
from operations import services
from operations.models import DeadLetter
from scoring import tasks as scoring
from tests.accounts.factories import SuperuserFactory
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)
HELD = "jane@example.com answered B"
LATER = NOW + dt.timedelta(minutes=5)


def keep(task="exams.tasks.fill_pool", arguments=(7,), error=None, now=NOW):
    services.keep(task=task, arguments=arguments, error=error or KeyError("B"), now=now)
    return DeadLetter.objects.dead().get(task=task, arguments=list(arguments))


def broken(*_):
    raise KeyError(HELD)


# ---- keeping and settling ------------------------------------------------------------------------------------------


def test_the_same_work_is_one_row_however_often_it_fails():
    keep()
    keep(arguments=[8])
    again = keep(now=LATER)
    assert (again.failures, again.first_failed_at, again.last_failed_at) == (2, NOW, LATER)
    assert DeadLetter.objects.count() == 2


def test_what_goes_through_is_settled_and_may_die_again():
    first = keep()
    assert services.settle(task=first.task, arguments=[7], now=LATER)
    assert not services.settle(task=first.task, arguments=[7], now=LATER)
    assert keep(now=LATER).failures == 1
    assert DeadLetter.objects.count() == 2


def test_several_are_settled_in_one_statement(django_assert_num_queries):
    for number in range(5):
        keep(arguments=[number])
    with django_assert_num_queries(1):
        assert services.settle_all(task="exams.tasks.fill_pool", each=[[1], [2], [9]], now=LATER) == 2


def test_nothing_of_what_was_worked_on_is_kept():
    with services.contained(task="scoring.tasks.score", arguments=["s1"]):
        broken()
    with services.contained(task="questions.tasks.refresh_search"), connection.cursor() as cursor:
        cursor.execute("SAVEPOINT one")
        try:
            cursor.execute("SELECT 'jane@example.com'::int")
        finally:
            cursor.execute("ROLLBACK TO one")
    first, second = DeadLetter.objects.order_by("pk")
    assert (first.error, second.error) == ("KeyError", "django.db.utils.DataError (22P02)")
    assert first.trace.splitlines()[-1].endswith("in broken: raise KeyError(HELD)")
    assert HELD not in first.error + first.trace + second.error + second.trace


def test_one_object_that_fails_does_not_stop_the_others_and_a_database_that_is_away_does():
    done = []
    for number in range(3):
        with services.contained(task="exams.tasks.fill_pool", arguments=[number]):
            done.append({0: "a", 2: "c"}[number])
    assert done == ["a", "c"]
    assert DeadLetter.objects.get().arguments == [1]
    with pytest.raises(OperationalError), services.contained(task="exams.tasks.fill_pool"):
        raise OperationalError


# ---- tick ------------------------------------------------------------------------------------------------------------


def test_a_step_of_tick_that_fails_is_kept_and_the_others_are_done(monkeypatch, exam):
    monkeypatch.setattr("scoring.services._score_waiting", broken)
    told = tick.work(pools=False, night=False)
    assert told.pop("scoring.tasks.sweep") is None
    assert told
    assert None not in told.values()
    assert DeadLetter.objects.dead().get().task == scoring.sweep.name
    monkeypatch.undo()
    tick.work(pools=False, night=False)
    assert DeadLetter.objects.dead().count() == 0


def test_tick_does_what_was_put_back(exam):
    row = keep(arguments=[exam.pk])
    services.put_back(letters=[row.pk], now=timezone.now())
    assert tick.work(pools=False, night=False)["operations.tasks.repeat_asked"] == 1
    row.refresh_from_db()
    assert row.settled_at is not None


# ---- putting back ----------------------------------------------------------------------------------------------------


def test_what_fails_again_is_dead_again():
    row = keep()
    assert services.put_back(letters=[row.pk], now=NOW) == 1
    assert services.repeat_asked(run=broken, now=LATER) == 0
    row.refresh_from_db()
    assert (row.asked_at, row.busy_until, row.failures, row.settled_at) == (None, None, 2, None)


def test_what_was_away_when_it_was_repeated_stays_put_back():
    row = keep()
    services.put_back(letters=[row.pk], now=NOW)

    def away(*_):
        raise OperationalError

    for _ in range(10):
        with pytest.raises(OperationalError):
            services.repeat_asked(run=away, now=LATER)
    assert services.repeat_asked(run=lambda *_: None, now=LATER) == 1


def test_somebody_killed_while_repeating_leaves_it_to_the_next_and_not_for_ever():
    row = keep()
    services.put_back(letters=[row.pk], now=NOW)
    now, runs = NOW, []
    for _ in range(services.MOST_TRIES):
        assert services._claim(now) == row  # and is killed
        assert services.repeat_asked(run=lambda *given: runs.append(given), now=now) == 0
        now += services.LEASE + dt.timedelta(seconds=1)
    assert services.repeat_asked(run=lambda *given: runs.append(given), now=now) == 0
    row.refresh_from_db()
    assert (runs, row.asked_at, row.error) == ([], None, services.NO_END)


def test_with_nothing_put_back_it_costs_two_statements(django_assert_num_queries):
    keep()
    with django_assert_num_queries(4):  # and a savepoint around the second
        services.repeat_asked(run=broken, now=NOW)


# ---- the admin -------------------------------------------------------------------------------------------------------


def test_operators_see_them_put_them_back_and_let_them_go(client):
    client.force_login(SuperuserFactory())
    rows = [keep(arguments=[number]) for number in range(2)]
    keep(arguments=[9])
    services.settle(task="exams.tasks.fill_pool", arguments=[9], now=NOW)
    address = reverse("admin:operations_deadletter_changelist")
    page = client.get(address).content.decode()
    assert "exams.tasks.fill_pool(0)" in page
    assert "exams.tasks.fill_pool(9)" not in page
    assert "exams.tasks.fill_pool(9)" in client.get(f"{address}?standing=settled").content.decode()
    for action, row in zip(("put_back", "let_go"), rows, strict=True):
        client.post(address, {"action": action, "_selected_action": [row.pk]})
    assert list(DeadLetter.objects.asked()) == [rows[0]]
    assert list(DeadLetter.objects.dead()) == [rows[0]]
    assert LogEntry.objects.count() == 2
    assert client.get(reverse("admin:operations_deadletter_change", args=[rows[0].pk])).status_code == 200


def test_nobody_else_does(client):
    client.force_login(UserFactory())
    assert client.get(reverse("admin:operations_deadletter_changelist")).status_code in (302, 404)


def test_the_list_asks_as_much_for_many_as_for_few(client, django_assert_max_num_queries):
    client.force_login(SuperuserFactory())
    for number in range(30):
        keep(arguments=[number])
    with django_assert_max_num_queries(9):
        client.get(reverse("admin:operations_deadletter_changelist"))
