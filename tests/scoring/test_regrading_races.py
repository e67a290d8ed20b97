"""Somebody is scored while a question is regraded: whoever comes second sees what the first one did."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.utils import timezone

from exams.models import Form
from scoring import services
from scoring.models import Regrade, Result
from tests.factories import UserFactory, answer, begin, close
from tests.scoring.corrections import a_seat, act

pytestmark = pytest.mark.django_db(transaction=True)

WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = %s"
PATIENCE = 20


def beside(work: Callable[[], object]) -> threading.Thread:
    """The work in a thread with a connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def wait_for_somebody() -> None:
    from scoring.regrading import REGRADE_LOCK

    until = time.monotonic() + PATIENCE
    with connection.cursor() as cursor:
        while not cursor.execute(WAITING, [REGRADE_LOCK]).fetchone()[0]:
            assert time.monotonic() < until, "nobody waits"
            time.sleep(0.02)


def test_whoever_is_scored_meanwhile_gets_the_newest_table(exam):
    form = Form.objects.get(exam=exam, reference=True)
    seat = a_seat(form)
    first, second = (begin(UserFactory(), exam, form) for _ in range(2))
    for sitting in (first, second):
        answer(sitting, right=50)
        close(sitting, sequence=65)

    with transaction.atomic():  # somebody is being scored by the first table, and not done yet
        services.score(sitting_id=first.pk, now=timezone.now())
        regrading = beside(lambda: act(seat))
        wait_for_somebody()
    regrading.join(PATIENCE)
    assert Result.objects.current().get(sitting=first).raw == 49

    other = a_seat(form, 2)
    with transaction.atomic():  # somebody regrades, and whoever comes to be scored waits for the table
        act(other, Regrade.Act.REMOVED)
        scoring = beside(lambda: services.score(sitting_id=second.pk, now=timezone.now()))
        wait_for_somebody()
    scoring.join(PATIENCE)
    result = Result.objects.get(sitting=second)
    assert (result.raw, result.maximum_raw, result.version, result.table.version) == (48, 49, 1, 3)


def test_two_authors_at_once_regrade_once(exam):
    form = Form.objects.get(exam=exam, reference=True)
    seat = a_seat(form)
    refused: list[Exception] = []

    def too_late() -> None:
        try:
            act(seat, Regrade.Act.REMOVED)
        except Exception as problem:
            refused.append(problem)

    with transaction.atomic():
        act(seat)
        second = beside(too_late)
        wait_for_somebody()
    second.join(PATIENCE)
    assert [str(problem) for problem in refused] == ["This question has been regraded already; take that back first."]
    assert form.tables.count() == 2
