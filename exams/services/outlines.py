"""Changing an exam that forms and sittings rest on, and what its bank lacks for a form."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from django.db import transaction

from accounts.models import User
from exams.models import Form, Seat, Sitting
from exams.services import bank
from psychometrics.assembly import lacking
from questions import outlining
from questions.models import Exam
from questions.models.bank import RevisionState
from questions.outlining import Use
from questions.specification import Specification, blueprint_of


def use_of(exam: Exam) -> Use:
    """What rests on the exam. Three statements."""
    return Use(
        assembled=Form.objects.filter(exam=exam).count(),
        sat=Sitting.objects.real().filter(exam=exam).count(),
        seated=frozenset(Seat.objects.filter(form__exam=exam).order_by().values_list("task_id", flat=True).distinct()),
    )


@transaction.atomic
def change(*, exam: Exam, spec: Specification, version: str, by: User, now: dt.datetime) -> list[str]:
    """As `outlining.change`, with what rests on the exam read under its lock. Raises CannotSave.

    Forms keep their seats and tables, and sittings their limit, whatever changes here.
    """
    list(Exam.objects.select_for_update().filter(pk=exam.pk))  # no form is made and nobody begins meanwhile
    return outlining.change(exam=exam, spec=spec, version=version, use=use_of(exam), by=by, now=now)


def shortage_of(exam: Exam, spec: Specification) -> list[str]:
    """What the published questions lack for one form by `spec`, as assembly names it; [] when the counts suffice.

    `spec` is the exam's own or one that could be saved as its next. A constant number of statements.
    """
    places = {task.id: place for place, task in enumerate(spec.tasks) if task.id}
    stored = [places.get(task) for task in exam.tasks.values_list("pk", flat=True)]
    candidates = [
        replace(candidate, task=place)
        for candidate in bank.candidates_of(exam)
        if (place := stored[candidate.task]) is not None
    ]
    return lacking(candidates, blueprint_of(spec))


def published_in(exam: Exam) -> int:
    """Published questions that stand in the exam's outline. One statement."""
    return exam.placements.filter(question__revisions__state=RevisionState.PUBLISHED).count()
