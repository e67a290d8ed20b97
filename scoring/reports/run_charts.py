"""Charts of a calibration run: what judges said against what was measured, and who sat against what the form tells."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit, logit

from exams.services import bank
from psychometrics import irt
from questions.models import Standing
from scoring import plots
from scoring.models import CalibrationRun, Rung

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS = (-3, -2, -1, 0, 1, 2, 3)  # logits from the cut for which the table tells the numbers
REACH = 3.5
LEAST_SD = 0.01  # of a run that found no spread and so is never promoted; only to have something to draw
WIDTH = 5.25  # inches; the charts stand side by side


@dataclass(frozen=True, slots=True)
class SpreadRow:
    """One ability in logits from the cut: share of the population within half a logit (per cent), information there
    (per squared logit) and the standard error that follows (logits)."""

    ability: int
    share: float
    information: float
    error: float


@dataclass(frozen=True, slots=True)
class Spread:
    """The population against the information of the reference form, by the run's own figures: parameters `a`, `b`
    with the cut at 0."""

    a: list[float]
    b: list[float]
    rows: list[SpreadRow]


def population_of(run: CalibrationRun, ability: float) -> NormalDist:
    """First sittings in logits from the borderline candidate at `ability`."""
    return NormalDist(run.population_mean - ability, max(run.population_sd, LEAST_SD))


def spread_of(run: CalibrationRun) -> Spread | None:
    """None without a reference form whose scored questions are all known. Four statements."""
    reference = bank.reference_form(run.exam)
    if reference is None or not run.slope > 0:
        return None
    scored = list(reference.seats.filter(scored=True).values_list("revision_id", flat=True))
    ratings = dict(Standing.objects.filter(exam=run.exam, revision__in=scored).values_list("revision_id", "rating"))
    known = run.items.exclude(rung=Rung.RATING).filter(discrimination__gt=0, intercept__isnull=False)
    own = {item.revision_id: item for item in known.filter(revision__in=scored).defer("options", "curve")}
    a, b = [], []
    for revision, rating in ratings.items():
        difficulty = own[revision].difficulty if revision in own else None
        slope = own[revision].discrimination if revision in own else run.slope
        if difficulty is None and rating is not None:
            difficulty = -(run.alpha + run.beta * bank.logit(float(rating))) / run.slope
        if difficulty is None or slope is None:
            return None
        a.append(slope)
        b.append(difficulty - run.ability)
    if len(a) < len(scored):
        return None
    people = population_of(run, run.ability)
    information = irt.information([float(step) for step in STEPS], a, b)
    rows = [
        SpreadRow(
            ability=step,
            share=100 * (people.cdf(step + 0.5) - people.cdf(step - 0.5)),
            information=float(told),
            error=float(told) ** -0.5,
        )
        for step, told in zip(STEPS, information, strict=True)
    ]
    return Spread(a, b, rows)


def spread(run: CalibrationRun) -> Figure:
    """First sittings by ability, and the information of the reference form."""
    figure, axes = plots.new(WIDTH, 3.3)
    ability = np.linspace(-REACH, REACH, 281)
    found = spread_of(run)
    sat = population_of(run, run.ability)
    density = np.exp(-(((ability - sat.mean) / sat.stdev) ** 2) / 2)
    people = axes.twinx() if found else axes
    people.fill_between(ability, density, color=plots.SOFT, linewidth=0, label="First sittings")
    people.set_ylim(0, 1.15)
    people.set_yticks([])  # a density's height says nothing by itself
    if found:
        people.spines[:].set_visible(False)
        information = irt.information(ability, found.a, found.b)
        axes.plot(ability, information, color=plots.ACCENT, label="Information of the reference form")
        axes.set_ylim(0, float(information.max()) * 1.15)
        axes.set_ylabel("Information")
        axes.set_zorder(2)
        axes.patch.set_visible(False)
    shown = [part for drawn in dict.fromkeys((axes, people)) for part in drawn.get_legend_handles_labels()[0]]
    plots.legend(axes, handles=shown, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    axes.axvline(0, color=plots.TEXT, linewidth=1.5, linestyle=(0, (4, 3)))
    axes.annotate(
        "Cut", (0, 1), xycoords=("data", "axes fraction"), xytext=(4, -2), textcoords="offset points", va="top",
        color=plots.TEXT,
    )  # fmt: skip
    axes.set_xlim(-REACH, REACH)
    axes.set_xlabel("Ability, logits from the cut")
    return figure


def ratings(run: CalibrationRun) -> Figure:
    """Every measured question: judged share of borderline candidates against the measured one, with the line."""
    figure, axes = plots.new(WIDTH, 4.0)
    rated = Standing.objects.filter(exam=run.exam, rating__isnull=False)
    judged = {standing.revision_id: standing.rating for standing in rated}
    points: dict[str, list[tuple[float, float]]] = {"own": [], "common": [], "alarm": []}
    for item in run.items.exclude(rung=Rung.RATING).defer("options", "curve").order_by("revision_id"):
        rating = judged.get(item.revision_id)
        if rating is not None and item.discrimination is not None and item.intercept is not None:
            measured = float(expit(item.intercept + item.discrimination * run.ability))
            name = "alarm" if item.alarms else "own" if item.rung == Rung.OWN else "common"
            points[name].append((100 * float(rating), 100 * measured))
    shares = np.linspace(0.03, 0.97, 189)
    line = run.alpha + run.beta * logit(shares) + run.slope * run.ability
    low, high = 100 * expit(line - run.tau), 100 * expit(line + run.tau)
    axes.fill_between(100 * shares, low, high, color=plots.LINE, linewidth=0, label="Two thirds lie here")
    axes.plot([0, 100], [0, 100], color=plots.EDGE, linewidth=1.2, linestyle=(0, (4, 3)), label="As judged")
    styles: dict[str, tuple[str, dict[str, Any]]] = {
        "own": ("Own slope", {"marker": "o", "color": plots.ACCENT, "s": 16}),
        "common": ("Common slope", {"marker": "o", "facecolors": plots.SURFACE, "edgecolors": plots.ACCENT, "s": 18}),
        "alarm": ("With an alarm", {"marker": "x", "color": plots.BAD, "s": 34, "linewidths": 1.8}),
    }
    for name, (label, style) in styles.items():
        if points[name]:
            axes.scatter(*np.transpose(points[name]), label=label, zorder=3, **style)
    axes.plot(100 * shares, 100 * expit(line), color=plots.TEXT, label="The line", zorder=4)
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.set_xlabel("Rating: judged right, % of borderline candidates")
    axes.set_ylabel("Measured, %")
    plots.legend(axes, loc="upper left", fontsize=8.5)
    return figure
