"""People who sit an exam for a calibration: seriously, under the real conditions, unless a test says otherwise."""

from __future__ import annotations

import datetime as dt
from typing import Any

from accounts.models import User
from exams.models import Answer, Form, Sitting
from questions.models import Exam
from tests.factories import UserFactory, answer, begin, close

UNHURRIED_MS = 60_000


def closed(
    exam: Exam, user: User | None = None, *, form: Form | None = None, right: int = 30, **fields: Any
) -> Sitting:
    """A closed sitting, not scored yet, with a minute on each question. `fields` of the sitting are set afterwards."""
    sitting = begin(user or UserFactory(), exam, form)
    answer(sitting, right=right)
    Answer.objects.filter(sitting=sitting).update(spent_ms=UNHURRIED_MS)
    close(sitting, sequence=sitting.form.seats.count())
    if fields:
        Sitting.objects.filter(pk=sitting.pk).update(**fields)
        sitting.refresh_from_db()
    return sitting


def earlier(sitting: Sitting, days: int) -> Sitting:
    """The same sitting, so many days before."""
    by = dt.timedelta(days=days)
    for name in ("started_at", "deadline", "ended_at", "closed_at", "closes_at"):
        setattr(sitting, name, getattr(sitting, name) - by)
    sitting.save()
    return sitting


def blank(sitting: Sitting, *numbers: int, visited: bool = True) -> None:
    """Take the answers at these seats away, and with them that anybody looked."""
    answers = Answer.objects.filter(sitting=sitting, seat__in=numbers)
    if visited:
        answers.update(response=[], answered_version=0)
    else:
        answers.delete()
