"""The charts of a question: its curve, who chose which option, and its difficulty from run to run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from psychometrics import irt
from psychometrics.arrays import FloatArray
from scoring import plots
from scoring.models import CalibrationRun, RunItem
from scoring.reports import question_words as words
from scoring.reports.question_history import Measurement
from scoring.reports.question_shown import Shown, groups_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 5.8, 3.4  # inches
STEPS = 121  # places at which a curve is computed
LIKELY = 0.9945  # standard errors either side that hold 68 %
MARKS = "os^Dv"  # of the first, second, … revision
THIRDS = (("Lowest third", plots.SOFT, "////"), ("Middle third", plots.EDGE, ""), ("Top third", plots.ACCENT, ""))


def curve(shown: Shown) -> Figure | None:
    """The model's curve with the band of its standard errors, observed shares by ability, and the cut."""
    run, item = shown.run, shown.item
    if run is None or item is None or not shown.has_curve:
        return None
    groups = groups_of(shown)
    abilities = _abilities(run, item, [group.ability for group in groups])
    figure, axes = plots.new(WIDTH, HEIGHT)
    if item.discrimination is not None and item.difficulty is not None:
        if item.measured and item.se_difficulty is not None:
            axes.fill_between(abilities, *band(abilities, item), color=plots.SOFT, linewidth=0, label="68 % band")
        label, style = ("Model", "-") if item.measured else ("Expected from its rating", "--")
        expected = irt.probability(abilities, [item.discrimination], [item.difficulty])[:, 0]
        axes.plot(abilities, expected, style, color=plots.ACCENT, label=label)
    axes.axvline(run.ability, color=plots.TEXT, linewidth=1.2, linestyle=":")
    axes.annotate(
        " cut", (run.ability, 1.03), color=plots.TEXT, annotation_clip=False, va="bottom", ha="center", fontsize=9
    )
    if groups:
        most = max(group.n for group in groups)
        axes.scatter(
            [group.ability for group in groups], [group.observed for group in groups],
            s=[20 + 130 * group.n / most for group in groups], facecolor=plots.SURFACE, edgecolor=plots.TEXT,
            linewidth=1.4, zorder=3, label="Observed (larger: more people)",
        )  # fmt: skip
    axes.set(ylim=(-0.02, 1.02), xlim=(abilities[0], abilities[-1]))
    axes.set_xlabel("Ability (logits)")
    axes.set_ylabel("Share right")
    plots.legend(axes, loc="upper left", bbox_to_anchor=(0, -0.16), ncols=3, fontsize=8.5, columnspacing=1.2)
    return figure


def band(abilities: FloatArray, item: RunItem) -> tuple[FloatArray, FloatArray]:
    """Where the curve may lie, of shape (t,) each: 68 % either side by the delta method on the logit a(θ - b).

    The covariance of a and b is not stored and taken as none; a slope without an error of its own has none.
    """
    a, b = item.discrimination or 0.0, item.difficulty or 0.0
    slope, place = item.se_discrimination or 0.0, item.se_difficulty or 0.0
    middle = a * (abilities - b)
    spread = LIKELY * np.sqrt(((abilities - b) * slope) ** 2 + (a * place) ** 2)
    return 1 / (1 + np.exp(spread - middle)), 1 / (1 + np.exp(-spread - middle))


def _abilities(run: CalibrationRun, item: RunItem, groups: Sequence[float]) -> FloatArray:
    """From three standard deviations below the population to as many above, and whatever else is drawn."""
    wide = 3 * run.population_sd
    ends = [run.population_mean - wide, run.population_mean + wide, run.ability, *groups]
    if item.difficulty is not None:  # of an extreme one the curve's foot is enough
        ends.append(min(max(item.difficulty, run.population_mean - 2 * wide), run.population_mean + 2 * wide))
    return np.linspace(min(ends) - 0.1, max(ends) + 0.1, STEPS)


def options(shown: Shown) -> Figure | None:
    """For each option, or whole response, the shares of the lowest, middle and top third that chose it."""
    item, kind = shown.item, shown.revision.kind
    if item is None or not shown.has_options:
        return None
    records = item.options
    figure, axes = plots.new(WIDTH, 1.1 + 0.55 * len(records))
    for place, (label, colour, hatch) in enumerate(THIRDS):
        at = [row + 0.26 * (place - 1) for row in range(len(records))]
        shares = [(record["thirds"] or [None] * 3)[place] or 0.0 for record in records]
        axes.barh(at, shares, 0.24, color=colour, label=label, hatch=hatch, edgecolor=plots.EDGE, linewidth=0.5)
    names = [words.short(kind, record["label"]) or "Other" for record in records]
    marks = [" (key)" if record["key"] else " (!)" if record["flagged"] else "" for record in records]
    axes.set_yticks(range(len(records)), [name + mark for name, mark in zip(names, marks, strict=True)])
    for tick, record in zip(axes.get_yticklabels(), records, strict=True):
        tick.set_color(plots.BAD if record["flagged"] else plots.TEXT)
        tick.set_fontweight("bold" if record["key"] else "normal")
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.set(xlim=(0, 1))
    axes.set_xlabel("Share of the third")
    axes.set_ylabel("Option" if kind not in words.WHOLE else "Response")
    plots.legend(axes, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=8.5, columnspacing=1.2)
    return figure


def history(points: Sequence[Measurement]) -> Figure | None:
    """Difficulty with one standard error either side, run by run; one line for each revision. Runs that were not
    promoted are hollow."""
    if len(points) < 2:
        return None
    runs = list(dict.fromkeys(point.run.number for point in points))
    figure, axes = plots.new(WIDTH, 3.0)
    for place, number in enumerate(sorted({point.revision for point in points})):
        mine = [point for point in points if point.revision == number]
        at = [runs.index(point.run.number) for point in mine]
        b = [point.figures.b or 0.0 for point in mine]
        colour = (plots.ACCENT, plots.WARN, plots.TEXT, plots.BAD)[place % 4]
        axes.errorbar(
            at, b, yerr=[point.figures.se_b or 0.0 for point in mine], color=colour, marker=MARKS[place % len(MARKS)],
            markersize=6, capsize=3, elinewidth=1.2, linestyle=("-", "--", ":", "-.")[place % 4],
            label=f"Revision {number}",
        )  # fmt: skip
        for x, y, point in zip(at, b, mine, strict=True):
            if point.run.promoted_at is None:
                axes.plot(
                    x, y, MARKS[place % len(MARKS)], markersize=6, color=colour, markerfacecolor=plots.SURFACE, zorder=4
                )
    axes.set_xticks(range(len(runs)), [f"Run {number}" for number in runs])
    axes.set(xlim=(-0.5, len(runs) - 0.5))
    axes.set_ylabel("Difficulty b (logits)")
    axes.set_xlabel("Calibration run")
    plots.legend(axes, loc="lower left", bbox_to_anchor=(0, 1), ncols=4, fontsize=8.5)
    return figure
