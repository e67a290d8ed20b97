"""Every night each offered exam is calibrated anew, if enough has come in. Promotion stays with people."""

from __future__ import annotations

import datetime as dt
import logging

from operations import services as operations
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

    Exams that have a run since `unless_since` wait for the next night. Refusals are logged; one exam's failure is
    kept for operators and does not keep the others from their runs.
    """
    made = []
    for exam in Exam.objects.offered():
        with operations.contained(task="scoring.tasks.calibrate_exam", arguments=[exam.pk]):
            calibrated = calibrate_exam(exam=exam, now=now, unless_since=unless_since)
            if calibrated is not None:
                made.append(calibrated)
    for each in made:
        logger.info("%s: calibration run %s on %s sittings", each.exam.code, each.number, each.sittings)
    return made


def calibrate_exam(*, exam: Exam, now: dt.datetime, unless_since: dt.datetime | None = None) -> CalibrationRun | None:
    """One exam's run, if it is due and can be made."""
    count_exposures(exam)
    try:
        return run(exam=exam, now=now) if _is_due(exam, now, unless_since) else None
    except Refused as refusal:
        logger.info("No calibration: %s", refusal)
        return None


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
