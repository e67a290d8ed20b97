"""Many attempts at little cost: copies of one that was sat in earnest."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.db.models import Model

from accounts.models import User
from cohorts.models import Attempt, Membership
from exams.models import Answer, Sitting
from scoring.models import DomainResult, Result, SeatResult
from tests.factories import UserFactory

SECOND = dt.timedelta(seconds=1)


def copies(attempt: Attempt, count: int, *, seats: bool = True, answers: bool = False) -> list[Attempt]:
    """As many more members with the same sitting and result. Without `seats` their results have no
    seats, and without `answers` their sittings no answers."""
    result = Result.objects.current().get(sitting=attempt.sitting)
    sitting, now = attempt.sitting, attempt.sitting.started_at
    start = User.objects.count()
    people = User.objects.bulk_create(
        UserFactory.build(email=f"copy{start + number}@example.com", display_name=f"Copy {start + number:05}")
        for number in range(count)
    )
    Membership.objects.bulk_create(
        Membership(cohort=attempt.assignment.cohort, user=person, joined_at=now) for person in people
    )
    values = _values(sitting)
    sittings = Sitting.objects.bulk_create(
        Sitting(**{**values, "id": uuid.uuid4(), "user_id": person.pk, "started_at": now + number * SECOND})
        for number, person in enumerate(people)
    )
    attempts = Attempt.objects.bulk_create(
        Attempt(assignment=attempt.assignment, user=person, sitting=one, number=1)
        for person, one in zip(people, sittings, strict=True)
    )
    given = _values(result)
    results = Result.objects.bulk_create(Result(**{**given, "sitting_id": one.pk}) for one in sittings)
    parts: list[type[Any]] = [DomainResult, SeatResult] if seats else [DomainResult]
    for model in parts:
        rows = [_values(row) for row in model.objects.filter(result=result)]
        copied = [model(**{**row, "result_id": one.pk}) for one in results for row in rows]
        model.objects.bulk_create(copied, batch_size=5_000)
    if answers:
        given_there = [_values(row) for row in Answer.objects.filter(sitting=sitting)]
        Answer.objects.bulk_create(Answer(**{**row, "sitting_id": one.pk}) for one in sittings for row in given_there)
    return attempts


def _values(row: Model) -> dict[str, Any]:
    """Everything but its id."""
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if field.name != "id"}
