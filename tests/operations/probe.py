"""Tasks that fail in every way there is, for a real worker: `celery -A tests.operations.probe`.

What they have done is a list in Redis, which the test reads.
"""

from __future__ import annotations

import os
import signal
import time

from django.conf import settings
from django.db import OperationalError
from redis import Redis

from config.celery import app

SHORT = {"visibility_timeout": 2, "unacked_restore_limit": None}
app.conf.broker_transport_options = (
    app.conf.broker_transport_options | SHORT
)  # a killed worker's messages come back soon
app.conf.task_always_eager = False


def note(what: str) -> int:
    """How often this has been noted, this time included."""
    with Redis.from_url(settings.REDIS_URL) as redis:
        return int(redis.rpush(what, os.getpid()))


@app.task(name="probe.fault")
def fault(number: int) -> None:
    note(f"fault:{number}")
    raise ValueError("the answer was B, said jane@example.com")


@app.task(name="probe.away", retry_backoff=1, retry_backoff_max=1)
def away(number: int) -> None:
    """Somebody is away twice."""
    if note(f"away:{number}") < 3:
        raise OperationalError("the connection is lost")


@app.task(name="probe.gone", retry_backoff=1, retry_backoff_max=1, max_retries=2)
def gone(number: int) -> None:
    note(f"gone:{number}")
    raise OperationalError("the connection is lost")


@app.task(name="probe.deadly", max_retries=1)
def deadly(number: int) -> None:
    """Its own process dies of it, every time."""
    note(f"deadly:{number}")
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="probe.endless", soft_time_limit=1, time_limit=2)
def endless(number: int) -> None:
    """It does not even hear that its time is up."""
    note(f"endless:{number}")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            time.sleep(60)
        except Exception:
            continue


@app.task(name="probe.long")
def long(number: int) -> None:
    """The first to do it takes very long; whoever comes after is quick."""
    if note(f"begun:{number}") == 1:
        time.sleep(60)
    note(f"done:{number}")


@app.task(name="probe.well")
def well(number: int) -> None:
    note(f"well:{number}")
