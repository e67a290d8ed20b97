"""Every night each offered exam is calibrated anew, if enough has come in. Promotion stays with people."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import OperationalError

from questions.models import Exam, Standing
from questions.services import record_exposures
from scoring.calibration.eligibility import screen
from scoring.calibration.running import Refused, run
from scoring.models import CalibrationRun
from scoring.reports.exposure import first_exposures

NIGHTLY = dt.time(3, 10, tzinfo=dt.UTC)
FEWEST_NEW = 50  # sittings since the last run

logger = logging.getLogger(__name__)


def last_due(now: dt.datetime) -> dt.datetime:
    """When the nightly calibration was last due."""
    today = dt.datetime.combine(now.astimezone(dt.UTC).date(), NIGHTLY)
    return today if today <= now else today - dt.timedelta(days=1)


def calibrate_due(*, now: dt.datetime, unless_since: dt.datetime | None = None) -> list[CalibrationRun]:
    """Calibrate each offered exam with enough sittings closed since its last run.

    Exams that have a run since `unless_since` wait for the next night. Refusals are logged; one exam's failure does
    not keep the others from their runs.
    """
    made = []
    for exam in Exam.objects.offered():
        count_exposures(exam)
        try:
            if _is_due(exam, now, unless_since):
                made.append(run(exam=exam, now=now))
        except Refused as refusal:
            logger.info("No calibration: %s", refusal)
        except OperationalError:
            raise  # the database is away: the next round tries again
        except Exception:
            logger.exception("The calibration of %s failed", exam.code)
    for each in made:
        logger.info("%s: calibration run %s on %s sittings", each.exam.code, each.number, each.sittings)
    return made


def count_exposures(exam: Exam) -> None:
    """Say of every question how many people have met it: assembly gives unscored seats to those met least."""
    revisions = list(Standing.objects.filter(exam=exam).values_list("revision_id", flat=True))
    met = first_exposures(exam, revisions)
    record_exposures(exam=exam, met={revision: met[revision] for revision in revisions})


def _is_due(exam: Exam, now: dt.datetime, unless_since: dt.datetime | None) -> bool:
    last = CalibrationRun.objects.filter(exam=exam, includes_simulated=False).order_by("-number").first()
    if last and unless_since and last.created_at >= unless_since:
        return False
    return len(screen(exam=exam, until=now, since=last.data_until if last else None).firsts) >= FEWEST_NEW
