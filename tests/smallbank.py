"""A hand-made exam: four seats, three of them scored, two domains with the tasks 1.1, 1.2 and 2.1, two kinds."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.utils import timezone

from questions.models import Domain, Exam, KindShare, Placement, Question, Revision, Standing, Task
from questions.models.bank import RevisionState
from questions.models.measurement import Status

CODE = "SMALL"
CHOICE, MATCHING = "multiple_choice", "matching"


def small_exam(code: str = CODE) -> Exam:
    exam = Exam.objects.create(
        code=code, name="A small exam", level="Any", status="For tests", as_of=dt.date(2026, 1, 1), minutes=10,
        questions=4, scored=3, pass_mark=700,
    )  # fmt: skip
    for kind, form, scored in ((CHOICE, (2, 4), (1, 3)), (MATCHING, (0, 2), (0, 1))):
        KindShare.objects.create(
            exam=exam, kind=kind, form_minimum=form[0], form_maximum=form[1], scored_minimum=scored[0],
            scored_maximum=scored[1],
        )  # fmt: skip
    first, second = (
        Domain.objects.create(exam=exam, number=number, code=f"D{number}", title=title, weight=weight)
        for number, title, weight in ((1, "Making", 67), (2, "Mending", 33))
    )
    for number, (code, domain) in enumerate((("1.1", first), ("1.2", first), ("2.1", second)), 1):
        Task.objects.create(exam=exam, domain=domain, number=number, code=code, title=f"Task {code}")
    return exam


def add(exam: Exam, task: str, count: int = 1, *, kind: str = CHOICE, rating: str | None = "0.7000") -> list[Question]:
    """Published questions of a task; without a rating they are pretest."""
    found = []
    for _ in range(count):
        number = Question.objects.count() + 1
        question = Question.objects.create(public_id=f"small-{number:05}")
        revision = Revision.objects.create(
            question=question, number=1, state=RevisionState.PUBLISHED, kind=kind, stem="Which?", digest=str(number),
            published_at=timezone.now(),
        )  # fmt: skip
        Placement.objects.create(question=question, exam=exam, task=Task.objects.get(exam=exam, code=task))
        status = Status.SCORABLE if rating else Status.PRETEST
        Standing.objects.create(
            revision=revision, exam=exam, status=status, rating=Decimal(rating) if rating else None
        )  # fmt: skip
        found.append(question)
    return found


def form_of(exam: Exam, forms: int = 1) -> None:
    """Questions for so many disjoint forms: their rating sum of 2.4 lets each be a reference form."""
    for task in ("1.1", "1.2", "2.1", "1.1"):
        add(exam, task, forms, rating="0.8000")
