"""What to teach next: tasks by how many of those who fail would pass if the task were mastered.

Mastered means: every scored question of the task that somebody had wrong would be right with probability `MASTERED`,
independently; what they had right stays right. With c of s right, raw score x and m the least raw score that passes
by the table of the person's own result, the chance that they then pass is P(B >= m - x) with B binomial(s - c,
MASTERED); who passed already gains nothing. The sum over those who failed is how many would pass.

Its likely range is the central 68 % of `DRAWS` bootstrap samples of the candidates who count, drawn with replacement
from a fixed seed (Efron & Tibshirani 1993, chapter 13): what another class of the same kind would have shown.

Source:
    Efron, B., & Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.db.models import Min
from scipy.special import bdtrc

from cohorts.reports.chosen import Row
from cohorts.reports.figures import RANKED_FROM
from cohorts.reports.heat import tasks_grid
from cohorts.reports.items import Item
from exams.models import ScoreRow
from psychometrics.arrays import FloatArray, IntArray
from questions.models import Exam, Task

MASTERED = 0.9
DRAWS = 1_000
SEED = 7
LIKELY = (0.16, 0.84)
QUESTIONS = 5  # most missed ones named with a task


@dataclass(frozen=True, slots=True)
class Candidate:
    """A task: what fixing it would do, and how it stands. `low` and `high` are the likely range of `gained`."""

    task: Task
    gained: float
    low: float
    high: float
    share: float | None
    per_person: float
    items: list[Item] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Teaching:
    """Ranked tasks, and those with too few scored questions per person to be ranked, in outline order."""

    n: int
    failed: int
    ranked: list[Candidate]
    thin: list[Candidate]


def chances(raw: IntArray, minimum: IntArray, wrong: FloatArray) -> FloatArray:
    """P(B >= minimum - raw), B ~ binomial(wrong, MASTERED), for those who fail, and 0 for those who pass.

    `raw` and `minimum` have shape (persons,), `wrong` (persons, tasks); so has what comes back.
    """
    short = (minimum - raw)[:, np.newaxis]
    found = np.zeros(wrong.shape)
    # bdtrc(k, n, p) is P(B > k), for k below n.
    some = (short > 0) & (short <= wrong)
    found[some] = bdtrc(np.broadcast_to(short, wrong.shape)[some] - 1, wrong[some].astype(np.intp), MASTERED)
    return found


def likely(gains: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ends of the likely range of each column's sum over persons, (tasks,) each; `gains` is (persons, tasks)."""
    persons = gains.shape[0]
    drawn = np.random.default_rng(SEED).integers(persons, size=(DRAWS, persons))
    drawn += persons * np.arange(DRAWS)[:, np.newaxis]  # each draw counts for itself
    times = np.bincount(drawn.ravel(), minlength=DRAWS * persons).reshape(DRAWS, persons)
    sums = times.astype(np.float64) @ gains
    low, high = np.quantile(sums, LIKELY, axis=0)
    return low, high


def teaching_of(exam: Exam, rows: Sequence[Row], items: Sequence[Item]) -> Teaching | None:
    """None where nobody has sat. Two statements."""
    if not rows:
        return None
    tasks = list(Task.objects.filter(exam=exam).select_related("domain"))
    minimum_of = minima({row.table_id for row in rows})
    grid = tasks_grid(rows, tasks, {})
    raw = np.array([row.raw for row in rows])
    gains = chances(raw, np.array([minimum_of[row.table_id] for row in rows]), grid.scored - grid.correct)
    low, high = likely(gains)
    per_person = grid.scored.mean(axis=0)
    found = [
        Candidate(
            task=task,
            gained=float(gains[:, place].sum()),
            low=float(low[place]),
            high=float(high[place]),
            share=share,
            per_person=float(per_person[place]),
            items=[item for item in items if item.task.pk == task.pk and item.missed is not None][:QUESTIONS],
        )
        for place, (task, share) in enumerate(zip(tasks, grid.shares, strict=True))
    ]
    ranked = [one for one in found if one.per_person >= RANKED_FROM]
    ranked.sort(key=lambda one: (-one.gained, one.task.number))
    return Teaching(
        n=len(rows),
        failed=sum(not row.passed for row in rows),
        ranked=ranked,
        thin=[one for one in found if 0 < one.per_person < RANKED_FROM],
    )


def minima(tables: set[int]) -> Mapping[int, int]:
    """Table -> the least raw score that passes; beyond the table's end where none does. One statement."""
    rows = ScoreRow.objects.filter(table__in=tables, passed=True).order_by()
    found = dict(rows.values_list("table_id").annotate(least=Min("raw")))
    return {table: found.get(table, 10_000) for table in tables}
