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

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.utils import timezone

from cohorts.tasks import prepare_forms, roll_up, send_invitations, send_reminders
from exams.tasks import compute_coverage, fill_pools
from questions import search
from questions.tasks import work_off_imports
from scoring import services
from scoring.calibration import nightly

INTERVAL = 5.0
POOLS_EVERY = 60.0  # and what cohorts came to

logger = logging.getLogger("tick")


class Command(BaseCommand):
    help = (
        "End, close and score sittings that are due, keep the pools filled and gather cohorts' results, every 5 "
        "seconds until stopped, and calibrate every night."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is due now and stop")
        parser.add_argument("--json", action="store_true", help="report as JSON (with --once)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            search.refresh_stale()
            report = {**services.sweep(now=timezone.now()), "forms": fill_pools(), "calibrated": calibrate()}
            compute_coverage()
            work_off_imports()
            send_invitations()
            prepare_forms()
            send_reminders()
            roll_up()
            text = (
                json.dumps(report)
                if options["json"]
                else ", ".join(f"{count} {what}" for what, count in report.items())
            )
            self.stdout.write(text)
            return
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


def calibrate() -> int:
    """What the last night should have brought, unless it has; returns how many runs were made."""
    now = timezone.now()
    return len(nightly.calibrate_due(now=now, unless_since=nightly.last_due(now)))


def work(*, pools: bool, night: bool) -> None:
    """Sittings and wordings that are due; the pools and the last night's calibrations if they are."""
    services.sweep(now=timezone.now())
    search.refresh_stale()
    if pools:
        fill_pools()
        roll_up()
    if night:
        calibrate()
    work_off_imports()
    compute_coverage()
    send_invitations()
    prepare_forms()
    send_reminders()


def beat(*, pools: bool, night: bool = False) -> bool:
    """One round; returns whether it went through. A database that is away is a reason to try again, not to end."""
    close_old_connections()
    try:
        work(pools=pools, night=night)
    except DatabaseError as error:
        logger.warning("The database does not answer: %s", str(error).strip())
        connection.close()
        return False
    except Exception:
        logger.exception("A round of due work failed")
        return False
    return True
