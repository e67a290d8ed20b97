"""People who agreed to be compared, with first sittings of one form: made in bulk, because it takes hundreds."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Background, User
from exams.models import EndReason, Form, ScoreRow, Sitting
from exams.services import bank
from questions.models import Exam
from scoring.models import Result, SeatResult

FILLED = (User, Background, Sitting, Result, SeatResult)
SEATS = 24  # of the form; more would only take longer. What is scored of them makes the raw score.
Told = Callable[[int], dict[str, str] | None]


def language(place: int) -> dict[str, str]:
    """Every other person has another first language."""
    return {"first_language": ("english", "other")[place % 2]}


def consenting(
    exam: Exam, people: int, *, told: Told = language, hard_for_others: int = 0, gap: float = 0.0, seed: int = 1,
    **sitting: Any,
) -> list[Result]:  # fmt: skip
    """`people` new candidates whose answers to seat `hard_for_others` fall short where their place is odd.

    `gap` is how much less able, in logits, these are altogether, which is no unfairness of any question.
    """
    form, now, draw = Form.objects.get(exam=exam, reference=True), timezone.now(), random.Random(seed)
    table = bank.current_table(form)
    rows = {row.raw: row for row in ScoreRow.objects.filter(table=table)}
    seats = list(form.seats.order_by("number")[:SEATS])
    started = User.objects.count()
    users = User.objects.bulk_create(
        User(email=f"c{started + n}@example.com", display_name=f"Candidate Name{n}", password="!")
        for n in range(people)
    )
    Background.objects.bulk_create(
        Background(user=user, consented_at=now, **answers)
        for place, user in enumerate(users)
        if (answers := told(place)) is not None
    )
    values = {
        "exam": exam, "form": form, "state": Sitting.State.CLOSED, "started_at": now - dt.timedelta(hours=3),
        "limit_minutes": exam.minutes, "deadline": now, "grace_seconds": 120, "ended_at": now, "closes_at": now,
        "closed_at": now, "end_reason": EndReason.CANDIDATE,
    } | sitting  # fmt: skip
    sittings = Sitting.objects.bulk_create(Sitting(user=user, **values) for user in users)
    results: list[Result] = []
    given: list[dict[int, bool]] = []
    for place, one in enumerate(sittings):
        ability = draw.gauss(0, 1) - gap * (place % 2)
        right = {
            seat.number: draw.random() < 1 / (1 + 2.718281828 ** -(0.8 + ability - 1.6 * hard))
            for seat in seats
            for hard in [seat.number == hard_for_others and place % 2]
        }
        raw = sum(right[seat.number] for seat in seats if seat.scored)
        results.append(
            Result(
                sitting=one, table=table, created_at=now, raw=raw, maximum_raw=table.maximum_raw,
                equated=rows[raw].equated, scaled=rows[raw].scaled, passed=rows[raw].passed, provisional=True,
                likely_low=rows[raw].scaled, likely_high=rows[raw].scaled,
            )
        )  # fmt: skip
        given.append(right)
    Result.objects.bulk_create(results)
    SeatResult.objects.bulk_create(
        SeatResult(
            result=result, seat=seat.number, task_id=seat.task_id, scored=seat.scored, correct=right[seat.number],
            answered=True, spent_ms=60_000,
        )
        for result, right in zip(results, given, strict=True)
        for seat in seats
    )  # fmt: skip
    with connection.cursor() as cursor:
        # Nobody else sees these rows. Where the planner was told of these tables while they held next to nothing, it
        # would go through them row by row for each other row, for many minutes.
        cursor.execute("ANALYZE " + ", ".join(model._meta.db_table for model in FILLED))
    return results
