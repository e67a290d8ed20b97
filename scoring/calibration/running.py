"""A calibration run: everything measured, written down, and nothing changed. Promotion is another matter."""

from __future__ import annotations

import datetime as dt
import logging
import platform
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import scipy
from django.db import OperationalError, connection, transaction
from django.db.models import Max

from accounts.models import User
from exams.models import Sitting, Standard
from exams.services import bank
from psychometrics import scaling
from psychometrics.arrays import FloatArray, IntArray
from psychometrics.calibration import Calibration, Held, calibrate
from psychometrics.irt import characteristic_curve
from questions.models import Exam, Standing
from questions.models.measurement import Status
from scoring import services
from scoring.calibration import eligibility, judgement
from scoring.calibration.caveats import caveats
from scoring.calibration.data import Data, gather
from scoring.calibration.eligibility import Progress, screen
from scoring.calibration.judgement import SETTINGS, Place, alarms, obstacles
from scoring.calibration.numbers import number, share
from scoring.calibration.statistics import FEWEST, form_figures, item_figures
from scoring.models import CalibrationRun, RunForm, Rung, RunItem
from scoring.models.results import without_result

CALIBRATION_LOCK = 0xCA  # advisory lock: one calibration of an exam at a time
RUNGS = {0: Rung.RATING, 1: Rung.COMMON, 2: Rung.OWN}

logger = logging.getLogger(__name__)


class Refused(Exception):
    """Nothing was calibrated and nothing written; the message is one sentence."""


@transaction.atomic
def run(
    *,
    exam: Exam,
    now: dt.datetime,
    made_by: User | None = None,
    include_simulated: bool = False,
    progress: Progress | None = None,
) -> CalibrationRun:
    """Calibrate the exam on the first sittings closed up to now and write the run. Raises Refused.

    No parameter, status, table or result changes. The same answers, ratings and promoted runs give the same figures.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [CALIBRATION_LOCK, exam.pk])
        if not cursor.fetchone()[0]:
            raise Refused(f"{exam.code} is being calibrated at this moment.")
    if bank.reference_form(exam) is None:
        raise Refused(f"{exam.code} has no reference form yet; make forms with manage.py assemble {exam.code}.")
    score_waiting(exam=exam, now=now)
    screening = screen(exam=exam, until=now, include_simulated=include_simulated)
    if not screening.firsts:
        raise Refused(f"{exam.code} has no sitting to calibrate on{_among(screening.left_out)}.")
    data = gather(exam=exam, screening=screening, progress=progress)
    standings = {row.revision_id: row for row in Standing.objects.filter(exam=exam)}
    before = CalibrationRun.objects.promoted().filter(exam=exam).order_by("-promoted_at").first()
    standard = bank.standard_of(exam)
    try:
        calibration = calibrate(
            data.responses,
            np.array([_rating(standings.get(revision)) for revision in data.columns]),
            _reference(data),
            float(standard.cut),
            domains=_domains(data),
            held=None if before is None else _held(data, standings),
            recent=np.array([before is None or first.closed_at > before.data_until for first in data.persons]),
            settings=SETTINGS,
        )
    except ValueError as problem:
        sittings = len(data.persons)
        raise Refused(
            f"{exam.code} cannot be calibrated on {sittings:,} sitting{'s' * (sittings != 1)}"
            f"{_among(screening.left_out)}: {problem}."
        ) from None
    _check_forms(data, calibration)
    return _write(data, calibration, standings, screening.left_out, standard, before, made_by, include_simulated, now)


def _check_forms(data: Data, calibration: Calibration) -> None:
    """Every scored seat must have parameters, or a form has no cut. Raises Refused."""
    for sheet in data.sheets:
        for column in sheet.columns[sheet.counts].tolist():
            if not np.isfinite(calibration.d[column]) or not np.isfinite(calibration.a[column]):
                raise Refused(
                    f"Form {sheet.form.number} counts {data.name(column)}, which has neither a rating nor enough "
                    "answers; rate it, or regrade the form without it."
                )


def score_waiting(*, exam: Exam, now: dt.datetime) -> None:
    """Score the exam's closed sittings that have no result yet; one that cannot be scored is told and left out."""
    waiting = without_result(Sitting.objects.closed().filter(exam=exam, closed_at__lte=now))
    ids = list(waiting.order_by("pk").values_list("pk", flat=True))
    if _tried("The waiting sittings cannot be scored together", services.score_all, sitting_ids=ids, now=now):
        return
    for sitting_id in ids:
        _tried(f"Sitting {sitting_id} cannot be scored", services.score, sitting_id=sitting_id, now=now)


def _tried(otherwise: str, service: Callable[..., object], **arguments: object) -> bool:
    """Whether the service did it; what stopped it is logged. A database that is away stops everything."""
    try:
        service(**arguments)
    except OperationalError:
        raise
    except Exception:
        logger.exception(otherwise)
        return False
    return True


def _among(left_out: Counter[str]) -> str:
    """Why there are so few, in brackets."""
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in left_out.most_common())
    return f" (left out: {reasons})" if reasons else ""


def _rating(standing: Standing | None) -> float:
    return float("nan") if standing is None or standing.rating is None else float(standing.rating)


def _reference(data: Data) -> IntArray:
    """Columns of the reference form's scored seats; one that lost a question carries the cut as it was."""
    sheet = next(sheet for sheet in data.sheets if sheet.form.reference)
    return sheet.columns[[seat.scored for seat in sheet.seats]]


def _domains(data: Data) -> IntArray:
    """The number of each column's domain: where the question is placed, or where it stood. Two statements."""
    exam = data.exam
    of_task = dict(exam.tasks.values_list("pk", "domain__number"))
    placed = dict(exam.placements.values_list("question_id", "task_id"))
    stood = {seat.revision_id: seat.task_id for sheet in data.sheets for seat in sheet.seats}
    tasks = (placed.get(data.revisions[revision].question_id) or stood[revision] for revision in data.columns)
    return np.array([of_task[task] for task in tasks], dtype=np.intp)


def _held(data: Data, standings: dict[int, Standing]) -> Held:
    """What was promoted and stands. One statement."""
    rungs = dict(
        RunItem.objects.filter(run__in=CalibrationRun.objects.promoted().filter(exam=data.exam))
        .order_by("run__promoted_at")
        .values_list("revision_id", "rung")
    )
    a, d = np.full(len(data.columns), np.nan), np.full(len(data.columns), np.nan)
    for column, revision in enumerate(data.columns):
        standing = standings.get(revision)
        if standing and standing.status == Status.CALIBRATED:
            a[column], d[column] = standing.discrimination, standing.intercept
    own = np.array([rungs.get(revision) == Rung.OWN for revision in data.columns])
    return Held(a, d, own & ~np.isnan(a))


def _write(
    data: Data,
    calibration: Calibration,
    standings: dict[int, Standing],
    left_out: Counter[str],
    standard: Standard,
    before: CalibrationRun | None,
    made_by: User | None,
    include_simulated: bool,
    now: dt.datetime,
) -> CalibrationRun:
    forms = _forms(data, calibration, standard)
    run = CalibrationRun.objects.create(
        exam=data.exam,
        number=(CalibrationRun.objects.filter(exam=data.exam).aggregate(Max("number"))["number__max"] or 0) + 1,
        created_at=now,
        made_by=made_by,
        based_on=before,
        includes_simulated=include_simulated,
        data_until=now,
        digest=data.digest,
        sittings=len(data.persons),
        answers=data.responses.item.size,
        excluded=dict(left_out.most_common()) | dict(data.left_out.most_common()),
        configuration=_configuration(),
        alpha=calibration.alpha,
        beta=calibration.beta,
        tau=calibration.tau,
        slope=calibration.slope,
        population_mean=calibration.population.mean,
        population_sd=calibration.population.sd,
        ability=calibration.ability,
        cut=standard.cut,
        log_likelihood=calibration.log_likelihood,
        converged=calibration.converged,
        iterations=calibration.iterations,
        link=_link(data, calibration),
        disconnected=[[data.name(column) for column in part.tolist()] for part in calibration.parts],
        warnings=[warning[:500] for warning in caveats(data, calibration, forms, SETTINGS)],
    )
    for item in (items := _items(data, calibration, standings)):
        item.run = run
    RunItem.objects.bulk_create(items)
    for form in forms:
        form.run = run
    RunForm.objects.bulk_create(forms)
    return run


def _items(data: Data, calibration: Calibration, standings: dict[int, Standing]) -> list[RunItem]:
    """One row for each column, judged."""
    counts = {int(column) for sheet in data.sheets for column in sheet.columns[sheet.counts]}
    items = []
    for column, (revision_id, figures) in enumerate(zip(data.columns, item_figures(data, calibration), strict=True)):
        enough, estimated = figures.n >= FEWEST, not calibration.anchor[column]
        known = np.isfinite(calibration.d[column])
        common = np.isfinite(calibration.common_d[column])
        item = RunItem(
            revision_id=revision_id,
            rung=RUNGS[int(calibration.rung[column])],
            n=figures.n,
            facility=figures.facility,
            item_rest=figures.item_rest,
            infit=number(calibration.infit[column]) if enough else None,
            outfit=number(calibration.outfit[column]) if enough else None,
            omitted=figures.omitted,
            median_ms=figures.median_ms,
            discrimination=number(calibration.a[column]) if known else None,
            intercept=number(calibration.d[column]),
            se_discrimination=_error(calibration.se_a[column]),
            se_difficulty=_error(calibration.se_b[column]),
            common_discrimination=number(calibration.common_a[column]) if common else None,
            common_intercept=number(calibration.common_d[column]),
            connected=bool(calibration.connected[column]),
            anchor=not estimated,
            drift=number(calibration.drift[column]),
            drift_z=number(np.clip(calibration.drift_z[column], -1e6, 1e6)),
            options=figures.options,
            curve=figures.curve,
        )
        place = _place(data, column, standings.get(revision_id), stands_scored=column in counts)
        item.obstacles = [obstacle[:120] for obstacle in obstacles(item, place)]
        item.alarms = [alarm[:200] for alarm in alarms(item, place)]
        items.append(item)
    return items


def _error(value: float) -> float | None:
    """A standard error; none of what was held or not measured."""
    return number(value) if value > 0 else None


def _place(data: Data, column: int, standing: Standing | None, *, stands_scored: bool) -> Place:
    revision = data.revisions[data.columns[column]]
    status = Status(standing.status) if standing else Status.PRETEST
    return Place(
        status=status,
        state=revision.state,
        kind=revision.kind,
        rated=standing is not None and standing.rating is not None,
        chance=revision.strategy.chance(revision.content),
        scored=stands_scored or status != Status.PRETEST,
    )


def _forms(data: Data, calibration: Calibration, standard: Standard) -> list[RunForm]:
    """One row for each form of the pool, each that was sat, and the reference form."""
    rows = []
    for place, sheet in enumerate(data.sheets):
        scored = sheet.columns[sheet.counts]
        carries = sheet.form.reference and not sheet.removed.any()
        cut = float(standard.cut) if carries else _expected(calibration.ability, calibration.a, calibration.d, scored)
        rows.append(
            RunForm(
                form=sheet.form,
                sittings=sheet.persons,
                cut=cut,
                common_cut=_expected(calibration.common_ability, calibration.common_a, calibration.common_d, scored),
                minimum_passing_raw=scaling.minimum_passing_raw(cut),
                measured=int((calibration.rung[scored] > 0).sum()),
                statistics=form_figures(data, place, calibration, cut),
            )
        )
    return rows


def _expected(ability: float, a: FloatArray, d: FloatArray, scored: IntArray) -> float:
    """T(ability) of the questions in these columns, raw points."""
    return float(characteristic_curve(ability, a[scored], -d[scored] / a[scored]))


def _link(data: Data, calibration: Calibration) -> dict[str, Any]:
    """Empty for a first run."""
    if not calibration.anchor.any():
        return {}
    link = calibration.link
    return {
        "anchors": int(calibration.anchor.sum()),
        "drifted": [data.name(column) for column in np.flatnonzero(calibration.drifted).tolist()],
        "slope": None if link is None else share(link.A),
        "intercept": None if link is None else share(link.B),
        "gap": share(calibration.link_gap),
    }


def _configuration() -> dict[str, Any]:
    """Everything that the figures hang on beside the data."""
    return {
        "calibration": asdict(SETTINGS),
        "promotion": judgement.THRESHOLDS.as_json(),
        "eligibility": {
            "visited_percent": eligibility.VISITED,
            "fast_ms": eligibility.FAST_MS,
            "fast_percent": eligibility.FAST,
        },
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__},
    }
