"""The exam's published questions with what a calibration run says about each: one table to sort, filter and page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator

from exams.services.bank import UNRATED_SHARE, parameters_at_cut, standard_of
from psychometrics.assembly.cells import BANDS, band_of, chance_of
from questions.kinds import CASE_STUDY, KINDS
from questions.models import Domain, Exam, Standing
from questions.models.bank import RevisionState
from questions.models.measurement import Status
from scoring.calibration.judgement import THRESHOLDS
from scoring.models import CalibrationRun, RunItem

FEW = 30  # first exposures; with fewer only facility is told, greyed
NEEDED = THRESHOLDS.n  # first exposures; from here on a question is measured
ON_A_PAGE = 50
RECENT = 12  # runs that were not promoted, to choose from


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run tells of one revision. None is what could not be computed, or would say nothing yet.

    `a` and `b` follow from the rating as long as the question is not `measured`; then they have no standard error.
    """

    n: int
    facility: float | None
    item_rest: float | None = None
    infit: float | None = None
    outfit: float | None = None
    omitted: float | None = None
    median_ms: int | None = None
    measured: bool = False
    a: float | None = None
    b: float | None = None
    se_a: float | None = None
    se_b: float | None = None
    anchor: bool = False
    drift: float | None = None
    drift_z: float | None = None

    @property
    def few(self) -> bool:
        return self.n < FEW


def figures_of(item: RunItem) -> Figures:
    """The figures that may be told of an item."""
    if item.n < FEW:
        return Figures(item.n, item.facility)
    return Figures(
        n=item.n, facility=item.facility, item_rest=item.item_rest, infit=item.infit, outfit=item.outfit,
        omitted=item.omitted, median_ms=item.median_ms, measured=item.measured, a=item.discrimination,
        b=item.difficulty, se_a=item.se_discrimination if item.measured else None,
        se_b=item.se_difficulty if item.measured else None, anchor=item.anchor, drift=item.drift,
        drift_z=item.drift_z,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One question in the table."""

    public_id: str
    place: int
    task: str
    task_title: str
    domain: str
    kind: str
    case: bool
    status: str
    figures: Figures | None
    alarms: int
    obstacles: int
    ready: bool
    difficulty: str

    @property
    def kind_label(self) -> str:
        return KINDS[self.kind].label

    @property
    def status_label(self) -> str:
        return Status(self.status).label

    def told(self, name: str) -> Any:
        """A figure to sort by, as far as the table shows it."""
        if self.figures is None or (name in ("a", "b") and not self.figures.measured):
            return None
        return getattr(self.figures, name)


STATUSES = list(Status)
SORTS: dict[str, tuple[str, Callable[[Row], Any]]] = {
    "id": ("Question", lambda row: row.public_id),
    "task": ("Task", lambda row: row.place),
    "kind": ("Kind", lambda row: (row.kind_label, row.case)),
    "status": ("Status", lambda row: STATUSES.index(Status(row.status))),
    "n": ("n", lambda row: row.told("n")),
    "facility": ("Facility", lambda row: row.told("facility")),
    "r": ("Item-rest r", lambda row: row.told("item_rest")),
    "a": ("a", lambda row: row.told("a")),
    "b": ("b ± SE", lambda row: row.told("b")),
    "alarms": ("Alarms, obstacles", lambda row: (row.alarms, row.obstacles) if row.figures else None),
}
FIRST_DOWN = {"alarms"}  # what one wants to see is at the other end
SHOWS: dict[str, tuple[str, Callable[[Row], bool]]] = {
    "": ("All", lambda row: True),
    "alarms": ("With alarms", lambda row: row.alarms > 0),
    "ready": ("Ready to be calibrated", lambda row: row.ready),
}


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a column: how it is sorted now ("", "ascending", "descending") and what choosing it asks for."""

    name: str
    label: str
    sorted: str
    next: str

    @property
    def number(self) -> bool:
        return self.name in ("n", "facility", "r", "a", "b")


@dataclass(frozen=True, slots=True)
class Choices:
    """What the form offers, as (value, label)."""

    domains: list[tuple[str, str]]
    tasks: list[tuple[str, str]]
    statuses: list[tuple[str, str]]
    kinds: list[tuple[str, str]]
    difficulties: list[tuple[str, str]]
    shows: list[tuple[str, str]]
    runs: list[CalibrationRun]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for; what nobody offered is ignored."""

    search: str
    domain: str
    task: str
    status: str
    kind: str
    difficulty: str
    show: str
    sort: str

    @property
    def any(self) -> bool:
        narrowed = self.domain or self.task or self.status or self.kind or self.difficulty
        return bool(self.search or narrowed or self.show)

    def takes(self, row: Row) -> bool:
        return (
            self.search.lower() in row.public_id
            and self.domain in ("", row.domain)
            and self.task in ("", row.task)
            and self.difficulty in ("", row.difficulty)
            and self.status in ("", row.status)
            and (self.kind in ("", row.kind) or (self.kind == CASE_STUDY and row.case))
            and SHOWS[self.show][1](row)
        )


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the questions that the filters leave, and how to ask for others."""

    run: CalibrationRun | None
    wanted: Wanted
    choices: Choices
    columns: list[Column]
    page: Page[Row]
    total: int

    @property
    def found(self) -> int:
        return self.page.paginator.count


def listing_of(
    exam: Exam, run: CalibrationRun | None, *, asked: Mapping[str, str], runs: list[CalibrationRun]
) -> Listing:
    """The table as the GET parameters `asked` for it. Five statements; a bank has some hundred questions, so they
    are filtered and sorted here, by what is shown of them."""
    rows = _rows(exam, run)
    choices = _choices(exam, runs)
    wanted = _wanted(asked, choices)
    left = [row for row in rows if wanted.takes(row)]
    return Listing(
        run=run,
        wanted=wanted,
        choices=choices,
        columns=_columns(wanted.sort),
        page=Paginator(_sorted(left, wanted.sort), ON_A_PAGE).get_page(asked.get("page")),
        total=len(rows),
    )


def offered_runs(runs: list[CalibrationRun], shown: CalibrationRun | None) -> list[CalibrationRun]:
    """Runs, newest first, without all those of long ago that came to nothing."""
    others = [run.pk for run in runs if run.promoted_at is None][:RECENT]
    return [run for run in runs if run.promoted_at or run.pk in others or run == shown]


def _rows(exam: Exam, run: CalibrationRun | None) -> list[Row]:
    """Every published question of the exam, by public id. Three statements, two without a run."""
    standard = standard_of(exam)
    items = RunItem.objects.none() if run is None else RunItem.objects.filter(run=run).defer("options", "curve")
    item_of = {item.revision_id: item for item in items}
    standings = (
        Standing.objects.filter(
            exam=exam, revision__state=RevisionState.PUBLISHED, revision__question__placements__exam=exam
        )
        .order_by("revision__question__public_id")
        .values_list(
            "revision_id",
            "revision__question__public_id",
            "revision__question__placements__task__number",
            "revision__question__placements__task__code",
            "revision__question__placements__task__title",
            "revision__question__placements__task__domain__code",
            "revision__kind",
            "revision__question__scenario_id",
            "status",
            "rating",
            "discrimination",
            "intercept",
        )
    )
    return [
        Row(
            public_id, place, code, title, domain, kind, scenario is not None, status,
            *_told(item_of.get(revision), status),
            BANDS[band_of(chance_of(parameters_at_cut(standard, rating or UNRATED_SHARE, slope, intercept)[1]))],
        )
        for (
            revision, public_id, place, code, title, domain, kind, scenario, status, rating, slope, intercept
        ) in standings
    ]  # fmt: skip


def _told(item: RunItem | None, status: str) -> tuple[Figures | None, int, int, bool]:
    """Figures, number of alarms and of obstacles, and whether the question is ready to be calibrated."""
    if item is None:
        return None, 0, 0, False
    ready = status != Status.CALIBRATED and item.measured and item.connected and not item.obstacles
    return figures_of(item), len(item.alarms), len(item.obstacles), ready


def _choices(exam: Exam, runs: list[CalibrationRun]) -> Choices:
    return Choices(
        domains=[(domain.code, str(domain)) for domain in Domain.objects.filter(exam=exam)],
        tasks=[(task.code, str(task)) for task in exam.tasks.all()],
        statuses=[(status.value, status.label) for status in Status],
        kinds=[*((kind.name, kind.label) for kind in KINDS.values()), (CASE_STUDY, "Case study")],
        difficulties=[(band, band.capitalize()) for band in BANDS],
        shows=[(name, label) for name, (label, _) in SHOWS.items()],
        runs=runs,
    )


def _wanted(asked: Mapping[str, str], choices: Choices) -> Wanted:
    def one_of(name: str, offered: list[tuple[str, str]]) -> str:
        value = asked.get(name, "")
        return value if value in dict(offered) else ""

    sort = asked.get("sort", "")
    return Wanted(
        search=asked.get("q", "").strip()[:61],
        domain=one_of("domain", choices.domains),
        task=one_of("task", choices.tasks),
        status=one_of("status", choices.statuses),
        kind=one_of("kind", choices.kinds),
        difficulty=one_of("difficulty", choices.difficulties),
        show=one_of("show", choices.shows),
        sort=sort if sort.removeprefix("-") in SORTS else "id",
    )


def _sorted(rows: list[Row], sort: str) -> list[Row]:
    """Rows without a value stand last, whichever way the others run."""
    value = SORTS[sort.removeprefix("-")][1]
    known = sorted((row for row in rows if value(row) is not None), key=value, reverse=sort.startswith("-"))
    return known + [row for row in rows if value(row) is None]


def _columns(sort: str) -> list[Column]:
    columns = []
    for name, (label, _) in SORTS.items():
        first, second = (f"-{name}", name) if name in FIRST_DOWN else (name, f"-{name}")
        direction = {name: "ascending", f"-{name}": "descending"}.get(sort, "")
        columns.append(Column(name, label, direction, second if sort == first else first))
    return columns
