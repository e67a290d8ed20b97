"""Promoting a run in tests, and what to compare before and after."""

from __future__ import annotations

from typing import Any

from django.core import serializers
from django.utils import timezone

from accounts.models import User
from exams.models import Form
from exams.services import bank
from questions.models import Exam, Standing
from questions.models.measurement import Status
from scoring.calibration.promotion import Preview, promote
from scoring.models import CalibrationRun, DomainResult, Result, RunItem, SeatResult


def put(run: CalibrationRun, author: User) -> Preview:
    return promote(run=run, by=author, now=timezone.now())


def item(run: CalibrationRun, status: Status, **fields: Any) -> RunItem:
    """One rated question of the run, which had that status, with something about it changed."""
    rated = Standing.objects.filter(exam=run.exam, rating__isnull=False, revision__run_items__run=run)
    standing = rated.order_by("pk").first()
    assert standing is not None
    standing.status = status
    standing.discrimination, standing.intercept = (1.1, 0.2) if status == Status.CALIBRATED else (None, None)
    standing.save()
    RunItem.objects.filter(run=run, revision=standing.revision_id).update(**fields)
    return run.items.get(revision=standing.revision_id)


def now_of(item: RunItem) -> Standing:
    return Standing.objects.get(revision=item.revision_id, exam=item.run.exam)


def dump() -> str:
    return "".join(
        serializers.serialize("json", model.objects.order_by("pk")) for model in (Result, SeatResult, DomainResult)
    )


def reference_of(exam: Exam) -> Form:
    form = bank.reference_form(exam)
    assert form is not None
    return form


def some_of(exam: Exam) -> list[int]:
    """Ten scored questions of the reference form."""
    return list(
        reference_of(exam).seats.filter(scored=True).order_by("number").values_list("revision_id", flat=True)[:10]
    )


def uncalibrated(form: Form) -> bool:
    scored = form.seats.filter(scored=True).values("revision")
    return Standing.objects.filter(exam=form.exam, revision__in=scored).exclude(status=Status.CALIBRATED).exists()
