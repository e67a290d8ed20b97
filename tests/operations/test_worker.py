"""A real worker: what fails is repeated, kept, put back and settled; a killed one loses nothing and doubles nothing."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest
from celery import Celery
from django.db import connection
from django.utils import timezone
from redis import Redis

from exams.models import Sitting
from operations import services
from operations.models import DeadLetter
from scoring.models import Result
from tests.background import wait_for
from tests.e2e.server import database_url
from tests.factories import answer, begin

pytestmark = [pytest.mark.redis, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sender(redis_url):
    app = Celery(broker=redis_url)
    Redis.from_url(redis_url).flushall()
    yield app
    app.close()


@pytest.fixture
def noted(redis_url):
    """How often a probe has noted something."""
    with Redis.from_url(redis_url) as known:
        yield lambda what: known.llen(what)


def letter(task):
    return DeadLetter.objects.filter(task=task).first()


def test_what_fails_is_kept_what_was_away_is_repeated_and_what_kills_is_given_up(worker, sender, noted):
    worker(children=3)
    for task in ("deadly", "endless", "fault", "fault", "away", "gone", "well"):
        sender.send_task(f"probe.{task}", [7])
    found = wait_for(lambda: DeadLetter.objects.filter(task="probe.fault", failures=2).first())
    assert (found.arguments, found.error, found.settled_at) == ([7], "ValueError", None)
    assert "probe.py" in found.trace
    assert wait_for(lambda: letter("probe.gone")).error == "django.db.utils.OperationalError"
    assert "TimeLimitExceeded" in wait_for(lambda: letter("probe.endless")).error
    assert "WorkerLostError" in wait_for(lambda: letter("probe.deadly")).error
    wait_for(lambda: noted("away:7") == 3)
    wait_for(lambda: noted("well:7") == 1)
    assert [noted(f"{task}:7") for task in ("gone", "deadly", "endless")] == [3, 2, 1]
    assert letter("probe.away") is letter("probe.well") is None


def test_a_worker_killed_in_the_middle_leaves_everything_to_the_next_with_one_effect(worker, sender, noted, user, exam):
    sitting = begin(user, exam)
    answer(sitting, right=30)
    long_ago = sitting.started_at - dt.timedelta(days=1)
    Sitting.objects.update(started_at=long_ago, deadline=long_ago + dt.timedelta(minutes=130))
    first = worker(children=2)
    with psycopg.connect(database_url()) as blocker:
        blocker.execute("LOCK TABLE scoring_seatresult IN ACCESS EXCLUSIVE MODE")
        sender.send_task("scoring.tasks.sweep")
        sender.send_task("probe.long", [1])
        wait_for(lambda: waiting_for_locks() == 1)  # ended and closed, half of the result written
        wait_for(lambda: noted("begun:1") == 1)
        first.kill()
        wait_for(lambda: ended_waiting() == 0)
    assert Result.objects.count() == 0
    services.keep(task="probe.well", arguments=[3], error="KeyError", now=timezone.now())
    services.put_back(letters=[letter("probe.well").pk], now=timezone.now())
    worker(children=2)
    for _ in range(3):  # beat goes on, and the first message comes back as well
        sender.send_task("scoring.tasks.sweep")
    sender.send_task("operations.tasks.repeat_asked")
    wait_for(lambda: noted("done:1") == 1)
    wait_for(lambda: nothing_waits(sender))
    result = Result.objects.get(sitting=sitting)
    assert (result.raw, result.version, sitting.timeline.filter(kind="closed").count()) == (30, 1, 1)
    assert noted("begun:1") == 2
    assert letter("probe.well").settled_at is not None
    assert noted("well:3") == 1


def waiting_for_locks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return int(cursor.fetchone()[0])


def ended_waiting() -> int:
    """The server notices only later that who waits is gone; it is told."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    return waiting_for_locks()


def nothing_waits(sender: Celery) -> bool:
    with Redis.from_url(sender.conf.broker_url) as redis:
        return bool(redis.llen("celery") == 0 and redis.hlen("unacked") == 0)
