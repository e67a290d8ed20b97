"""A calibration run made up for tests of what shows or promotes one: plausible numbers, the same every time."""

from __future__ import annotations

import random
from collections.abc import Collection
from typing import Any

from django.utils import timezone

from exams.models import Form, Seat
from exams.services import bank
from questions.models import Exam, Standing
from scoring.models import CalibrationRun, RunForm, Rung, RunItem

PERSONS = 900


def a_run(exam: Exam, *, unmeasured: Collection[int] = (), **fields: Any) -> CalibrationRun:
    """A run over every question that stands on a form of the exam; revisions in `unmeasured` have 120 answers only."""
    now = timezone.now()
    values = {
        "number": exam.calibration_runs.count() + 1,
        "created_at": now,
        "data_until": now,
        "digest": "0" * 64,
        "sittings": PERSONS,
        "answers": PERSONS * 65,
        "excluded": {"not the first sitting": 41, "extra time": 12, "hardly looked at": 9},
        "alpha": 0.12,
        "beta": 0.84,
        "tau": 0.41,
        "slope": 0.95,
        "population_mean": 0.35,
        "population_sd": 0.9,
        "cut": bank.standard_of(exam).cut,
        "log_likelihood": -31_234.5,
        "converged": True,
        "iterations": 87,
    } | fields
    run = CalibrationRun.objects.create(exam=exam, **values)
    seats = Seat.objects.filter(form__exam=exam).select_related("revision").order_by("revision_id")
    revisions = {seat.revision_id: seat for seat in seats}
    standings = {row.revision_id: row for row in Standing.objects.filter(exam=exam)}
    RunItem.objects.bulk_create(
        an_item(run, seat, standings[pk], n=120 if pk in unmeasured else PERSONS) for pk, seat in revisions.items()
    )
    RunForm.objects.bulk_create(a_form(run, form) for form in Form.objects.filter(exam=exam))
    return run


def an_item(run: CalibrationRun, seat: Seat, standing: Standing, n: int = PERSONS) -> RunItem:
    draw = random.Random(seat.revision_id)
    rating = 0.65 if standing.rating is None else float(standing.rating)
    facility = min(max(rating + draw.gauss(0, 0.08), 0.12), 0.97)
    measured = n >= 200
    others = [round((1 - facility) / (len(seat.options) - 1), 4)] * (len(seat.options) - 1)
    options = [
        {"label": [number], "key": number == 1, "n": round(n * share), "share": share, "flagged": False,
         "thirds": [max(share - 0.15 * sign, 0), share, min(share + 0.15 * sign, 1)], "correlation": 0.3 * sign}
        for number, (share, sign) in enumerate([(facility, 1), *((share, -0.3) for share in others)], 1)
    ]  # fmt: skip
    a = run.slope * 2.718281828 ** draw.gauss(0, 0.2) if measured else run.slope
    d = run.alpha + run.beta * bank.logit(rating) + (draw.gauss(0, run.tau) if measured else 0.0)
    return RunItem(
        run=run, revision_id=seat.revision_id, rung=Rung.OWN if measured else Rung.RATING, n=n, facility=facility,
        item_rest=draw.uniform(0.12, 0.42), infit=draw.uniform(0.9, 1.1), outfit=draw.uniform(0.85, 1.2),
        omitted=0.01, median_ms=round(draw.uniform(50_000, 130_000)), discrimination=a, intercept=d,
        se_discrimination=0.09 if measured else None, se_difficulty=0.08 if measured else None,
        common_discrimination=run.slope, common_intercept=d, options=options,
        curve=[[theta, n // 7, 1 / (1 + 2.718281828 ** -(a * theta + d))] for theta in (-1.5, -0.8, 0, 0.8, 1.5)],
        obstacles=[] if measured else ["120 first exposures, 200 needed"],
    )  # fmt: skip


def a_form(run: CalibrationRun, form: Form) -> RunForm:
    table = bank.current_table(form)
    seats = list(form.seats.order_by("number"))
    agreement = {"accuracy": 0.91, "consistency": 0.87, "kappa": 0.71}
    frequencies = [max(0, round(60 - abs(raw - 34) * 5)) for raw in range(table.maximum_raw + 1)]
    return RunForm(
        run=run, form=form, sittings=sum(frequencies), cut=table.expected_at_cut, measured=40,
        common_cut=table.expected_at_cut + 0.2, minimum_passing_raw=table.minimum_passing_raw,
        statistics={
            "mean": 34.1, "sd": 6.4, "alpha": 0.84, "sem": 2.6, "frequencies": frequencies, "q3": [[3, 17, 0.24]],
            "livingston_lewis": agreement, "lee": agreement,
            "speededness": {"completing": 0.94, "reaching_most": 0.998, "mean_not_reached": 0.6, "unspeeded": True,
                            "seats": [[seat.number, 1 - 0.001 * seat.number, 0.01] for seat in seats]},
            "median_ms": [90_000 - 300 * seat.number for seat in seats],
        },
    )  # fmt: skip
