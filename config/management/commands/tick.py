"""manage.py tick: due work without Celery. In production beat and workers call the same functions."""

from __future__ import annotations

import datetime as dt
import json
import logging
import signal
import threading
import time
from argparse import ArgumentParser
from typing import Any

from celery import Task
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.utils import timezone

from accounts import tasks as accounts
from cohorts import tasks as cohorts
from config.observing import report as observe
from exams import tasks as exams
from operations import tasks as operations
from operations.services import PASSING, contained
from questions import tasks as questions
from scoring import tasks as scoring
from scoring.calibration import nightly

INTERVAL = 5.0
POOLS_EVERY = 60.0  # and what cohorts came to

logger = logging.getLogger("tick")


class Command(BaseCommand):
    help = (
        "End, close and score sittings that are due, keep the pools filled and gather cohorts' results, every 5 "
        "seconds until stopped, and calibrate and tidy up every night."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is due now and stop")
        parser.add_argument("--json", action="store_true", help="report as JSON (with --once)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            done = work(pools=True, night=True)
            report = {
                **(done["scoring.tasks.sweep"] or {"ended": 0, "closed": 0, "scored": 0}),
                "forms": done["exams.tasks.fill_pools"] or 0,
                "calibrated": done["scoring.tasks.calibrate"] or 0,
            }
            failed = [task for task, result in done.items() if result is None]
            text = (
                json.dumps(report)
                if options["json"]
                else ", ".join(f"{count} {what}" for what, count in report.items())
            )
            self.stdout.write(text)
            if failed:
                raise CommandError(f"Failed: {', '.join(failed)}. manage.py doctor says more.")
            return
        observe()
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        pools_due = time.monotonic()
        night: dt.datetime | None = None  # the last one that was seen to
        while not stop.is_set():
            pools = time.monotonic() >= pools_due
            if pools:
                pools_due = time.monotonic() + POOLS_EVERY
            due = nightly.last_due(timezone.now())
            if beat(pools=pools, night=due != night):
                night = due
            stop.wait(INTERVAL)


def steps(*, pools: bool, night: bool) -> list[Task[[], Any]]:
    """The tasks of beat, in the order in which people wait for them."""
    return [
        scoring.sweep,
        questions.refresh_search,
        *([exams.fill_pools, cohorts.roll_up] if pools else []),
        *([scoring.calibrate, accounts.tidy] if night else []),
        questions.work_off_imports,
        exams.compute_coverage,
        cohorts.send_invitations,
        cohorts.prepare_forms,
        cohorts.send_reminders,
        operations.repeat_asked,
    ]


def work(*, pools: bool, night: bool) -> dict[str, Any]:
    """Sittings and wordings that are due; the pools and the last night's calibrations if they are.

    Returns what each task brought. One that fails brings None, is kept as a dead letter and stops no other. Raises
    the database's errors: without it nothing can be done.
    """
    brought: dict[str, Any] = {}
    for task in steps(pools=pools, night=night):
        brought[task.name] = None
        try:
            with contained(task=task.name):
                brought[task.name] = task.run()
        except DatabaseError:
            raise
        except PASSING as error:
            logger.warning("%s waits for the next round: %s", task.name, type(error).__name__)
    return brought


def beat(*, pools: bool, night: bool = False) -> bool:
    """One round; returns whether it went through. A database that is away is a reason to try again, not to end."""
    close_old_connections()
    try:
        work(pools=pools, night=night)
    except DatabaseError as error:
        logger.warning("The database does not answer: %s", str(error).strip())
        connection.close()
        return False
    return True
