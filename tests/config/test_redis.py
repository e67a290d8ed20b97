"""With Redis: the worker does due work, and a flushed or dead Redis loses nothing that matters."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from celery import Celery
from django.core.cache import cache
from django.urls import reverse

from config.management.commands.run import die_with_parent
from exams.models import Answer, Sitting
from scoring.models import Result
from tests.background import redis_server, wait_for
from tests.e2e.server import database_url, free_port
from tests.environment import ROOT
from tests.factories import answer, begin

pytestmark = [pytest.mark.redis, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis server of this test's own, which may break it."""
    with redis_server(tmp_path) as url:
        yield url


def test_a_celery_worker_ends_closes_and_scores(redis_url, user, exam, tmp_path):
    sitting = begin(user, exam)
    answer(sitting, right=30)
    long_ago = sitting.started_at - dt.timedelta(days=1)
    Sitting.objects.update(started_at=long_ago, deadline=long_ago + dt.timedelta(minutes=130))
    with (tmp_path / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config.celery", "worker", "--pool", "solo", "-l", "warning"],
            cwd=ROOT, env={**os.environ, "REDIS_URL": redis_url, "DATABASE_URL": database_url()},
            stdout=log, stderr=log, preexec_fn=die_with_parent,
        )  # fmt: skip
    try:
        Celery(broker=redis_url).send_task("scoring.tasks.sweep")
        result = wait_for(lambda: Result.objects.filter(sitting=sitting).first())
    finally:
        worker.terminate()
        worker.wait(15)
    sitting.refresh_from_db()
    assert (result.raw, sitting.ended_at, sitting.end_reason) == (30, sitting.deadline, "deadline")


def test_flushing_redis_loses_nothing_that_matters(redis_url, signed_in, user, exam, settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_url}}
    sitting = begin(user, exam)
    cache.set("something", 1)
    answer(sitting, right=10)
    redis.from_url(redis_url).flushall()
    assert cache.get("something") is None
    assert signed_in.get(reverse("sitting", args=[sitting.pk])).status_code == 200
    assert Answer.objects.filter(sitting=sitting).count() == 65


def test_saving_goes_on_while_redis_is_dead(signed_in, user, exam, settings):
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": nowhere}}
    sitting = begin(user, exam)
    seat = sitting.form.seats.filter(kind="multiple_choice")[0]
    change = {"sequence": 1, "seat": seat.number, "base": 0, "response": [seat.tokens[0]], "flagged": False,
              "spent": 1, "left": 1}  # fmt: skip
    url = reverse("sitting_changes", args=[sitting.pk])
    saved = signed_in.post(url, {"claim": 1, "changes": [change]}, content_type="application/json")
    assert saved.json()["acknowledged"] == {"1": "applied"}
