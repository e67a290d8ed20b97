"""What the borderline candidate is expected to reach in each task of each form: T_task(0), as results have it by
domain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from exams.models import ScoreTable, Seat
from exams.services import bank
from psychometrics import irt

Expected = dict[int, dict[int, float]]


def by_task(table_ids: Iterable[int]) -> Expected:
    """Table -> task -> expected right answers of the borderline candidate on its scored seats. Two statements."""
    tables = list(ScoreTable.objects.filter(pk__in=set(table_ids)))
    seats: dict[int, dict[int, int]] = defaultdict(dict)
    rows = Seat.objects.filter(form__in={table.form_id for table in tables}, scored=True).order_by("number")
    for form, number, task in rows.values_list("form_id", "number", "task_id"):
        seats[form][number] = task
    found: Expected = {}
    for table in tables:
        numbers = [number for number in seats[table.form_id] if number not in table.removed]
        chances = irt.probability(0.0, *bank.parameters(table, numbers)).tolist()
        sums: dict[int, float] = defaultdict(float)
        for number, chance in zip(numbers, chances, strict=True):
            sums[seats[table.form_id][number]] += chance
        found[table.pk] = dict(sums)
    return found
