"""A thousand simulated sittings and the calibration run on them, shared by the tests of a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Model

from exams.models import Form, ScoreTable, Seat
from exams.services import simulation
from psychometrics.simulation import Item
from questions.models import Exam, Question, Scenario, Standing
from scoring import services
from scoring.calibration.running import run
from scoring.models import CalibrationRun, Result, SeatResult

CANDIDATES = 1_000
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
FEW, SOME = 20, 300  # first exposures of two questions; everybody else who saw them had seen them before


@dataclass(frozen=True, slots=True)
class World:
    """The run, the truth behind its answers, what else lay in the database before it, and two special questions."""

    exam: Exam
    run: CalibrationRun
    truth: dict[int, Item]
    before: dict[str, Any]
    few: Seat
    some: Seat


def sit(exam: Exam, candidates: int, **more: Any) -> simulation.Simulation:
    made = simulation.simulate(
        exam=exam, candidates=candidates, **{"mean": 0.3, "sd": 1.0, "seed": 5, "now": NOW, **more}
    )
    services.score_all(sitting_ids=made.sitting_ids, now=NOW)
    with connection.cursor() as cursor:
        # Nobody else sees these rows before they are gone, so no autovacuum will tell the planner of them, and without
        # it statements over all of them may take minutes.
        cursor.execute("ANALYZE")
    return made


def untouched() -> dict[str, Any]:
    models: list[type[Model]] = [Standing, ScoreTable, Result]
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in models}


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Shared by the tests of this file; then it is as if nothing of it had been."""
    with django_db_blocker.unblock(), transaction.atomic():
        exam = Exam.objects.get(code="MLA-C01")
        simulated = sit(exam, CANDIDATES)
        reference = Form.objects.get(exam=exam, reference=True)
        only_here = reference.seats.filter(scored=True, kind="multiple_choice").exclude(
            revision__in=Seat.objects.exclude(form=reference).values("revision")
        )
        few, some = only_here.order_by("number")[:2]
        for seat, n in ((few, FEW), (some, SOME)):
            seen = SeatResult.objects.filter(result__sitting__form=reference, seat=seat.number).order_by("pk")
            SeatResult.objects.filter(pk__in=list(seen.values_list("pk", flat=True)[n:])).update(seen_before=True)
        case = Scenario.objects.create(public_id="a-case")
        shared = reference.seats.filter(scored=True).exclude(pk__in=[few.pk, some.pk]).order_by("number")[:3]
        Question.objects.filter(revisions__seats__in=list(shared)).update(scenario=case)
        before = untouched()
        truth = {true.revision.pk: true.item for true in simulated.items.values()}
        world = World(exam, run(exam=exam, now=NOW, include_simulated=True), truth, before, few, some)
        connection.check_constraints()  # once: tests are undone, and with them their checks of what came before
        yield world
        transaction.set_rollback(True)


@pytest.fixture
def world(db: None, made: World) -> World:
    return made
