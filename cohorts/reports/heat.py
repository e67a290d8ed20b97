"""The heat map: candidates by domain, or by the tasks of one domain, against the borderline candidate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.core.paginator import Page, Paginator

from cohorts import packing
from cohorts.reports import expected, figures
from cohorts.reports.chosen import Row
from psychometrics.arrays import FloatArray
from questions.models import Domain, Exam, Task

PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Cell:
    """Right answers of so many; `band` 1 to 7, 0 where nothing was scored."""

    correct: int
    scored: int
    band: int


@dataclass(frozen=True, slots=True)
class Line:
    """One candidate. `before` is the score of their sitting before this one, if there is one."""

    row: Row
    cells: list[Cell]
    sittings: int
    before: int | None

    @property
    def change(self) -> int | None:
        return None if self.before is None else self.row.scaled - self.before

    @property
    def readiness(self) -> str:
        chance = self.row.chance_of_passing
        return "" if chance is None else figures.band_of(chance)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what it is sorted by, what it says, and how it stands in the sorting now."""

    key: str
    label: str
    title: str
    next: str
    sorted: str
    domain: Domain | None = None
    scored: str = ""
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Heat:
    """One page of the map; `shares` in `columns` are over everybody."""

    columns: list[Column]
    page: Page[int]
    lines: list[Line]
    domain: Domain | None
    domains: list[Domain]
    sort: str


@dataclass(frozen=True, slots=True)
class Grid:
    """Counts of every candidate in every column, arrays (candidates, columns)."""

    correct: FloatArray
    scored: FloatArray
    expected: FloatArray

    @property
    def shares(self) -> list[float | None]:
        """Share right of each column over everybody, None where nothing was scored."""
        scored, correct = self.scored.sum(axis=0), self.correct.sum(axis=0)
        return [float(right / all_) if all_ else None for right, all_ in zip(correct, scored, strict=True)]


def domains_grid(rows: Sequence[Row], domains: Sequence[Domain]) -> Grid:
    records, of = packing.unpack([row.domains for row in rows], packing.DOMAIN)
    grid = _grid(records, of, len(rows), [domain.pk for domain in domains])
    grid.expected[:] = _filled(records, of, len(rows), [domain.pk for domain in domains], records["expected"])
    return grid


def tasks_grid(rows: Sequence[Row], tasks: Sequence[Task], known: expected.Expected) -> Grid:
    """`known` says what is expected by table and task; without it nothing is (0)."""
    records, of = packing.unpack([row.tasks for row in rows], packing.TASK)
    grid = _grid(records, of, len(rows), [task.pk for task in tasks])
    if known:
        of_table = {table: [found.get(task.pk, 0.0) for task in tasks] for table, found in known.items()}
        grid.expected[:] = np.array([of_table[row.table_id] for row in rows]).reshape(len(rows), len(tasks))
    return grid


def _grid(records: packing.Records, of: Any, rows: int, keys: Sequence[int]) -> Grid:
    correct, scored = (_filled(records, of, rows, keys, records[name]) for name in ("correct", "scored"))
    return Grid(correct, scored, np.zeros(correct.shape))


def _filled(records: packing.Records, of: Any, rows: int, keys: Sequence[int], values: Any) -> FloatArray:
    """Values placed by row and key; what has another key is left out."""
    found = np.zeros((rows, len(keys)))
    places = {key: place for place, key in enumerate(keys)}
    columns = np.array([places.get(key, -1) for key in records["id"].tolist()], dtype=np.intp)
    known = columns >= 0
    found[of[known], columns[known]] = values[known]
    return found


def heat_of(
    exam: Exam, rows: Sequence[Row], people: dict[int, list[Row]], *, asked_domain: str, sort: str, page: str
) -> Heat:
    """The page asked for; what is not understood is as if it had not been asked. One statement by domain, four by
    task."""
    domains = list(Domain.objects.filter(exam=exam))
    domain = next((one for one in domains if str(one.number) == asked_domain), None)
    heads: list[tuple[str, str, Domain | None]]
    if domain is None:
        heads = [(f"{one.number}. {one.title}", one.title, one) for one in domains]
        grid = domains_grid(rows, domains)
    else:
        tasks = list(Task.objects.filter(domain=domain))
        heads = [(f"{task.code} {task.title}", task.title, None) for task in tasks]
        grid = tasks_grid(rows, tasks, expected.by_task(row.table_id for row in rows))
    order, sort = _order(rows, grid, sort)
    bands = np.nan_to_num(figures.bands(grid.correct, grid.expected, grid.scored)).astype(int).tolist()
    correct, scored = grid.correct.astype(int).tolist(), grid.scored.astype(int).tolist()

    def line(place: int) -> Line:
        row = rows[place]
        own = people[row.user_id]
        at = next(number for number, one in enumerate(own) if one.attempt_id == row.attempt_id)
        cells = [Cell(*values) for values in zip(correct[place], scored[place], bands[place], strict=True)]
        return Line(row, cells, len(own), own[at - 1].scaled if at else None)

    found = Paginator(order, PER_PAGE).get_page(page)
    columns = [
        _column("name", "Candidate", "", sort),
        _column("score", "Score", "", sort),
        _column("chance", "Chance", "Chance of passing another form today", sort),
    ]
    for place, ((label, title, one), share) in enumerate(zip(heads, grid.shares, strict=True)):
        scored_there = _span(grid.scored[:, place])
        columns.append(_column(str(place + 1), label, title, sort, domain=one, scored=scored_there, share=share))
    return Heat(columns, found, [line(place) for place in found.object_list], domain, domains, sort)


def _order(rows: Sequence[Row], grid: Grid, sort: str) -> tuple[list[int], str]:
    """Places of rows in the order asked for, by score from the top if that is not one; ties by score, then name."""
    columns = grid.correct.shape[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.nan_to_num(grid.correct / grid.scored, nan=-1.0)
    asked = sort.removeprefix("-")
    key: Callable[[int], Any]
    if asked == "name":
        key = _names(rows)
    elif asked == "chance":
        key = _chances(rows)
    elif asked.isdecimal() and len(asked) < 4 and 1 <= int(asked) <= columns:
        key = shares[:, int(asked) - 1].__getitem__
    else:
        sort = sort if asked == "score" else "-score"
        key = _scores(rows)
    order = sorted(range(len(rows)), key=lambda place: (-rows[place].scaled, rows[place].name.casefold()))
    # Stable, so that equals stay by score and name, also from the top.
    order.sort(key=key, reverse=sort.startswith("-"))
    return order, sort


def _names(rows: Sequence[Row]) -> Callable[[int], str]:
    return lambda place: rows[place].name.casefold()


def _scores(rows: Sequence[Row]) -> Callable[[int], int]:
    return lambda place: rows[place].scaled


def _chances(rows: Sequence[Row]) -> Callable[[int], int]:
    return lambda place: -1 if (chance := rows[place].chance_of_passing) is None else chance


def _column(key: str, label: str, title: str, sort: str, **more: Any) -> Column:
    now = "descending" if sort == f"-{key}" else "ascending" if sort == key else ""
    first = key if key == "name" else f"-{key}"  # numbers from the top, names from A
    other = f"-{key}" if first == key else key
    return Column(key, label, title, other if sort == first else first, now, **more)


def _span(scored: FloatArray) -> str:
    """13 questions, or 12–14 where forms differ."""
    if not scored.size:
        return ""
    least, most = int(scored.min()), int(scored.max())
    return f"{most} question{'s' * (most != 1)}" if least == most else f"{least}–{most} questions"
