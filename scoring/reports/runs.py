"""What authors see of calibration runs: the list, and one run with what its promotion does."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q
from scipy.special import expit

from exams.models import Sitting
from exams.services.bank import logit
from questions.models import Exam, Question
from scoring.calibration.decisions import Decision, Outcome
from scoring.calibration.promotion import Preview, newest_promoted, preview_of, refusal_of
from scoring.models import CalibrationRun, Rung, RunItem
from scoring.models.results import without_result
from scoring.reports.filters import Filter
from scoring.reports.run_charts import Spread, population_of, spread_of

PER_PAGE = 50
LINE_AT = (30, 50, 70, 90)  # ratings in per cent for which the line is told
SLIGHT = 0.05  # logits, or a share of beta, below which a deviation is none worth words
MOST_LISTED = 12


class State(Enum):
    """Where a run stands: what is said of it, and the tone."""

    IN_FORCE = ("In force", "ok", "check")
    PROMOTED = ("Promoted before", "", "clock")
    WAITING = ("Can be promoted", "info", "info")
    SIMULATED = ("Simulated, to look at only", "warn", "warn")
    REFUSED = ("Cannot be promoted", "", "x")

    def __init__(self, label: str, tone: str, icon: str) -> None:
        self.label, self.tone, self.icon = label, tone, icon


def state_of(run: CalibrationRun, newest: CalibrationRun | None) -> State:
    if run.promoted_at:
        return State.IN_FORCE if newest and newest.pk == run.pk else State.PROMOTED
    if run.includes_simulated:
        return State.SIMULATED
    return State.REFUSED if refusal_of(run, newest) else State.WAITING


# ---- the list -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in the list; `measured` counts questions with figures of their own."""

    run: CalibrationRun
    state: State
    measured: int
    questions: int


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of an exam's runs, the newest first."""

    lines: list[RunLine]
    page: Page[CalibrationRun]


def runs_of(exam: Exam, page: str = "1") -> Listing:
    """Four statements."""
    runs = CalibrationRun.objects.filter(exam=exam).select_related("promoted_by").order_by("-number")
    found, newest = Paginator(runs, PER_PAGE).get_page(page), newest_promoted(exam)
    rows = RunItem.objects.filter(run__in=list(found)).order_by().values("run_id")
    counted = rows.annotate(own=Count("pk", filter=~Q(rung=Rung.RATING)), all=Count("pk"))
    counts = {row["run_id"]: (row["own"], row["all"]) for row in counted}
    return Listing([RunLine(run, state_of(run, newest), *counts.get(run.pk, (0, 0))) for run in found], found)


# ---- one run --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and a value, as text."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class LinePoint:
    """What the line makes of a rating, both in per cent of the borderline candidates."""

    rating: int
    expected: int


@dataclass(frozen=True, slots=True)
class Questions:
    """The chosen questions, a page of them."""

    show: str
    filters: list[Filter]
    page: Page[Decision]


@dataclass(frozen=True, slots=True)
class RunPage:
    """One run. Numbers that are not known are None, and the page says so in words."""

    run: CalibrationRun
    state: State
    preview: Preview
    measured: dict[str, int]
    excluded: list[tuple[str, int]]
    settings: list[Fact]
    link: list[Fact]
    drifting: list[RunItem]
    above: int
    mean: str
    cut: str
    line: list[str]
    line_points: list[LinePoint]
    parts: list[list[str]]
    spread: Spread | None
    questions: Questions


LABELS = {  # the first that has questions is shown first
    "ready": "Ready",
    "waits": "Not ready",
    "alarms": "Alarms",
    "measured": "Newly measured",
    "line": "On the line",
    "again": "Measured again",
    "keeps": "Kept as they were",
    "all": "All",
}


def page_of(run: CalibrationRun, *, show: str = "", page: str = "1") -> RunPage:
    """A constant number of statements, whatever the number of questions and forms."""
    preview = preview_of(run)
    ability = preview.after.ability if preview.after else run.ability
    items = [decision.item for decision in preview.decisions]
    moved = [item for item in items if item.drift is not None]
    return RunPage(
        run=run,
        state=state_of(run, newest_promoted(run.exam)),
        preview=preview,
        measured={rung.value: sum(item.rung == rung for item in items) for rung in Rung},
        excluded=sorted(run.excluded.items(), key=lambda pair: (-pair[1], pair[0])),
        settings=list(facts(run.configuration)),
        link=list(facts(run.link)),
        drifting=sorted(moved, key=lambda item: -abs(item.drift_z or item.drift or 0.0))[:MOST_LISTED],
        above=round(100 * (1 - population_of(run, ability).cdf(0))),
        mean=_from_cut(run.population_mean - ability),
        cut=points(run.cut),
        line=line_in_words(run, ability),
        line_points=[LinePoint(rating, round(100 * on_line(run, ability, rating / 100))) for rating in LINE_AT],
        parts=_parts(run),
        spread=spread_of(run),
        questions=_questions(preview.decisions, show, page),
    )


def _from_cut(logits: float) -> str:
    return f"{abs(logits):.2f} logits {'below' if logits < 0 else 'above'} the cut"


def points(cut: Decimal) -> str:
    """A cut without the zeros that only storage adds."""
    return f"{cut.normalize():f}"


def _questions(decisions: Sequence[Decision], show: str, page: str) -> Questions:
    chosen = {outcome.value: [decision for decision in decisions if decision.outcome == outcome] for outcome in Outcome}
    chosen |= {"alarms": [decision for decision in decisions if decision.alarms], "all": list(decisions)}
    filters = [Filter(name, label, len(chosen[name])) for name, label in LABELS.items() if chosen[name]]
    if show not in chosen or not chosen[show]:
        show = filters[0].name if filters else "all"
    return Questions(show, filters, Paginator(chosen[show], PER_PAGE).get_page(page))


def on_line(run: CalibrationRun, ability: float, rating: float) -> float:
    """Share of the borderline candidates who the line expects to be right on a question with that rating (0-1)."""
    return float(expit(run.alpha + run.beta * logit(rating) + run.slope * ability))


def line_in_words(run: CalibrationRun, ability: float) -> list[str]:
    """Alpha, beta and tau, one sentence each. All ratings are seen from the borderline candidate."""
    shift = run.alpha + run.slope * ability
    if abs(shift) < SLIGHT:
        first = "Questions rated 50 % are as hard as judged."
    else:
        first = f"Questions rated 50 % are {abs(shift):.2f} logits {'easier' if shift > 0 else 'harder'} than judged."
    if abs(run.beta - 1) < SLIGHT:
        second = "Ratings lie as far apart as the questions."
    elif run.beta > 1:
        second = (
            "Ratings lie too close together: judges keep to the middle. A logit between two ratings stands for "
            f"{run.beta:.2f} logits between the questions."
        )
    else:
        second = (
            f"Ratings lie too far apart: a logit between two ratings stands for {run.beta:.2f} logits between the "
            "questions, which regress to the mean."
        )
    third = f"Two thirds of the questions lie within {run.tau:.2f} logits of the line."
    return [first, second, third]


def facts(values: Any, above: str = "") -> Iterator[Fact]:
    """What a JSON field holds as names and texts, whatever its shape; inner names follow outer ones."""
    if isinstance(values, dict):
        for name, value in values.items():
            plain = str(name).replace("_", " ")
            yield from facts(value, f"{above}, {plain}" if above else plain[:1].upper() + plain[1:])
    elif isinstance(values, list) and values and all(isinstance(value, dict) for value in values):
        for place, value in enumerate(values[:MOST_LISTED], 1):
            yield from facts(value, f"{above} {place}".strip())
        if len(values) > MOST_LISTED:
            yield Fact(above, f"and {len(values) - MOST_LISTED} more")
    else:
        yield Fact(above or "Value", _text(values))


def _text(value: Any) -> str:
    if isinstance(value, list):
        few = ", ".join(_text(one) for one in value[:MOST_LISTED])
        return f"{few} and {len(value) - MOST_LISTED} more" if len(value) > MOST_LISTED else few or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else "not computed"
    return "not set" if value is None or value == "" else str(value)


def _parts(run: CalibrationRun) -> list[list[str]]:
    """Public ids of the questions in every disconnected part. At most one statement."""
    if not run.disconnected:
        return []
    numbers = [pk for part in run.disconnected for pk in part if isinstance(pk, int)]
    names = dict(Question.objects.filter(pk__in=numbers).values_list("pk", "public_id"))
    return [[names.get(pk, str(pk)) for pk in part] for part in run.disconnected]


# ---- before the promotion -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What whoever promotes a run is told first. `running`: sittings that will be scored by the new tables."""

    run: CalibrationRun
    preview: Preview
    cut: str
    tables: int
    passing: list[int]
    measured_whole: list[int]
    running: int


def confirmation_of(run: CalibrationRun) -> Confirmation | None:
    """None if the run must not be promoted."""
    preview = preview_of(run)
    if preview.refusal or preview.before is None:
        return None
    unscored = Sitting.objects.real().filter(exam=run.exam).exclude(state=Sitting.State.ABANDONED)
    return Confirmation(
        run=run,
        preview=preview,
        cut=points(preview.before.cut),
        tables=len(preview.forms) + preview.others,
        passing=[move.number for move in preview.forms if move.passing_now != move.passing_then],
        measured_whole=[move.number for move in preview.forms if move.provisional_now and not move.provisional_then],
        running=without_result(unscored).count(),
    )
