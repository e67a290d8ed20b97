"""The coverage page: published against needed by task, kind and difficulty, the forms this makes, what to write."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from exams.services import coverage
from psychometrics.assembly.cells import BANDS, LIMITS, Cell
from psychometrics.assembly.coverage import MOST_FORMS, Capacity, Next
from psychometrics.assembly.gaps import Gap
from questions.kinds import CASE_STUDY, KINDS
from questions.models import Exam, Task

KIND_LABELS = {**{kind.name: kind.label for kind in KINDS.values()}, CASE_STUDY: "Case study"}
LISTED = 12  # lines of what to write before the rest is folded away

# Steps of the shade: the least share of what is needed, step of the scale, words for the legend.
SHADES = (
    (1.5, 6, "half as many again, or more"),
    (1.0, 5, "as many as needed"),
    (0.75, 3, "three quarters or more"),
    (0.4, 2, "less"),
    (0.0, 1, "under two fifths"),
)


@dataclass(frozen=True, slots=True)
class Difficulty:
    """A column of the map: a band of difficulty."""

    name: str
    label: str
    range: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One cell of the table. `needed` is None until that has been worked out; `href` leads to its questions."""

    published: int
    needed: int | None
    href: str = ""
    helps: bool = False

    @property
    def shade(self) -> int | None:
        """Step of the diverging scale, 4 in its middle; None where there is nothing to compare."""
        if self.needed is None or not (self.needed or self.published):
            return None
        if not self.needed:
            return 4
        return next(step for least, step, _ in SHADES if self.published / self.needed >= least)


@dataclass(frozen=True, slots=True)
class Row:
    """A task with its cells and their sum."""

    code: str
    title: str
    cells: list[Shown]
    total: Shown


@dataclass(frozen=True, slots=True)
class Group:
    """A domain and its tasks."""

    title: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Writing:
    """One line of what to write."""

    rank: int
    task: str
    title: str
    kind: str
    difficulty: str
    questions: int
    pretest: bool
    published: int
    href: str


@dataclass(frozen=True, slots=True)
class Map:
    """The heat map of some kinds."""

    kinds: list[str]
    difficulties: list[Difficulty]
    groups: list[Group]
    totals: list[Shown]
    total: Shown


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the page shows. Without `found` only what is counted at once is known."""

    forms: int
    most: int
    kind: str
    kinds: list[tuple[str, str]]
    shades: list[tuple[int, str]]
    refused: str = ""
    published: int = 0
    pretest: int = 0
    off_the_map: int = 0
    tasks: int = 0
    map: Map | None = None
    found: coverage.Known | None = None
    current: bool = False
    writing: tuple[Writing, ...] = ()

    @property
    def capacity(self) -> Capacity | None:
        return self.found.coverage.capacity if self.found else None

    @property
    def next(self) -> Next | None:
        return self.found.coverage.next if self.found else None

    @property
    def gap(self) -> Gap | None:
        """What is missing for the number of forms asked about."""
        return self.found.coverage.gaps[self.forms - 1] if self.found else None

    @property
    def gaps(self) -> tuple[Gap, ...]:
        return self.found.coverage.gaps if self.found else ()

    @property
    def any_helps(self) -> bool:
        """Whether every question, wherever it stands, brings the next form nearer."""
        return self.next is not None and _any_helps(self.next.helps, self.kinds, self.tasks)

    @property
    def first(self) -> tuple[Writing, ...]:
        return self.writing[:LISTED]

    @property
    def rest(self) -> tuple[Writing, ...]:
        return self.writing[LISTED:]

    @property
    def computed_at(self) -> dt.datetime | None:
        return self.found.computed_at if self.found else None


def page_of(exam: Exam, *, asked: Mapping[str, str]) -> Page:
    """The page as the GET parameters ask for it. A constant number of statements; asks for what is not known."""
    kinds = [
        (share.kind, KIND_LABELS.get(share.kind, share.kind)) for share in exam.kind_shares.all() if share.form_maximum
    ]
    kind = asked.get("kind", "") if asked.get("kind", "") in dict(kinds) else ""
    forms = _forms(asked.get("forms", ""))
    shades = [(step, words) for _, step, words in reversed(SHADES)]
    tasks = list(exam.tasks.select_related("domain"))
    try:
        state = coverage.state_of(exam)
    except ValueError as error:
        return Page(forms, MOST_FORMS, kind, kinds, shades, refused=str(error))
    found = coverage.known(exam)
    if found and found.tasks != state.blueprint.task_names:
        found = None  # the outline is another one: its cells would be misread
    current = found is not None and found.digest == state.digest
    if not current:
        coverage.ask(exam)
    published = state.published
    helps = found.coverage.next.helps if found and found.coverage.next else frozenset()
    marked = frozenset[Cell]() if _any_helps(helps, kinds, len(tasks)) else helps  # a mark on every cell tells nothing
    return Page(
        forms=forms,
        most=MOST_FORMS,
        kind=kind,
        kinds=kinds,
        shades=shades,
        published=len(state.candidates),
        pretest=state.pretest,
        off_the_map=state.off_the_map,
        tasks=len(tasks),
        map=_map(exam, tasks, [kind] if kind else [name for name, _ in kinds], published, found, forms, marked),
        found=found,
        current=current,
        writing=tuple(_writing(exam, tasks, published, found)),
    )


def _forms(text: str) -> int:
    """The number asked for, or what the pool wants where it is none of ours."""
    if text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MOST_FORMS:
        return int(text)
    return coverage.wanted_forms()


def _any_helps(helps: Collection[Cell], kinds: Iterable[tuple[str, str]], tasks: int) -> bool:
    """Whether a question in any cell helps, case studies aside: they are several questions."""
    single = [kind for kind, _ in kinds if kind != CASE_STUDY]
    cells = {Cell(task, kind, band) for task in range(tasks) for kind in single for band in range(len(BANDS))}
    return bool(cells) and cells <= set(helps)


def difficulties() -> list[Difficulty]:
    low, high = (round(100 * limit) for limit in LIMITS)
    ranges = (f"under {low} %", f"{low} to {high} %", f"{high} % or more")
    return [Difficulty(name, name.capitalize(), told) for name, told in zip(BANDS, ranges, strict=True)]


def _map(
    exam: Exam,
    tasks: list[Task],
    kinds: list[str],
    published: Counter[Cell],
    found: coverage.Known | None,
    forms: int,
    marked: Collection[Cell],
) -> Map:
    needed = found.coverage.needed[forms] if found else None

    def together(cells: Iterable[Cell]) -> Shown:
        cells = list(cells)
        wanted = sum(needed.get(cell, 0) for cell in cells) if needed is not None else None
        return Shown(sum(published[cell] for cell in cells), wanted)

    columns = [(kind, band) for kind in kinds for band in range(len(BANDS))]
    groups: dict[int, Group] = {}
    for index, task in enumerate(tasks):
        cells = [Cell(index, kind, band) for kind, band in columns]
        shown = [
            Shown(
                published[cell],
                None if needed is None else needed.get(cell, 0),
                _questions(exam, task, cell.kind, BANDS[cell.band]),
                cell in marked,
            )
            for cell in cells
        ]
        row = Row(task.code, task.title, shown, together(cells))
        groups.setdefault(task.domain_id, Group(str(task.domain), [])).rows.append(row)
    every = range(len(tasks))
    return Map(
        kinds=[KIND_LABELS.get(kind, kind) for kind in kinds],
        difficulties=difficulties(),
        groups=list(groups.values()),
        totals=[together(Cell(index, kind, band) for index in every) for kind, band in columns],
        total=together(Cell(index, kind, band) for index in every for kind, band in columns),
    )


def _writing(
    exam: Exam, tasks: list[Task], published: Counter[Cell], found: coverage.Known | None
) -> Iterable[Writing]:
    if found is None or found.coverage.next is None:
        return
    for rank, line in enumerate(found.coverage.next.lines, 1):
        task, band = tasks[line.cell.task], BANDS[line.cell.band]
        yield Writing(
            rank=rank,
            task=task.code,
            title=task.title,
            kind=KIND_LABELS.get(line.cell.kind, line.cell.kind),
            difficulty=band.capitalize(),
            questions=line.questions,
            pretest=line.pretest,
            published=published[line.cell],
            href=_questions(exam, task, line.cell.kind, band),
        )


def _questions(exam: Exam, task: Task, kind: str, difficulty: str) -> str:
    """The list of the questions in a cell."""
    query = urlencode({"task": task.code, "kind": kind, "difficulty": difficulty})
    return f"{reverse('bank_questions', args=[exam.code])}?{query}"
