"""The database keeps the plans of a save, also when its tables are full: planning anew costs more than saving."""

from __future__ import annotations

import pytest
from django.db import connection

from exams.models import Answer
from tests.exams.windows import save, token
from tests.factories import UserFactory, begin, change

PLANS = "SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%%exams_%%'"


@pytest.mark.django_db(transaction=True)
def test_saves_are_planned_a_few_times_and_then_no_more(exam):
    sittings = [begin(UserFactory(), exam) for _ in range(12)]
    seats = sittings[0].form.seats.count()
    Answer.objects.bulk_create(
        Answer(sitting=sitting, seat=seat, claim=1, sequence=seat, saved_at=sitting.started_at)
        for sitting in sittings[1:]
        for seat in range(1, seats + 1)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    connection.close()  # a process of its own age: nothing is prepared yet
    sitting = sittings[0]
    answerable = sitting.form.seats.filter(kind="multiple_choice").values_list("number", flat=True)
    for sequence, seat in enumerate([*answerable, *answerable], 1):
        save(
            sitting,
            change(seat, [token(sitting, seat, sequence % 2)], sequence=sequence, base=sequence > len(answerable)),
        )
    with connection.cursor() as cursor:
        cursor.execute(PLANS)
        plans = cursor.fetchall()
    assert len(plans) >= 2  # look and write
    assert [(text[:80], kept, anew) for text, kept, anew in plans if anew > 5] == []
    assert sum(kept for _, kept, _ in plans) > len(answerable)
