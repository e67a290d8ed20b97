"""Charts of a cohort's results. Each function gives a figure, or None where there is nothing to draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cohorts.reports.figures import Bin
from cohorts.reports.teach import Teaching
from scoring import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 9.6  # inches: the page's own
SHOWN = 12  # tasks in the chart; the list holds all
HEAD, EACH = 0.9, 0.36  # inches of the chart's axis, and of each task
PIXELS = 96  # an inch on a page


def scores(bins: Sequence[Bin], pass_mark: int) -> Figure | None:
    """Counts of scaled scores: filled at or above the pass mark, hollow below, each with its number."""
    if not any(one.n for one in bins):
        return None
    figure, axes = plots.new(WIDTH, 2.9)
    width = bins[1].high + 1 - bins[1].low  # those at the ends may be cut off by the scale's
    for one in bins:
        if one.n:
            left = one.high + 1 - width if one is bins[0] else one.low
            axes.bar(
                left + width / 2, one.n, width * 0.92, color=plots.ACCENT if one.passes else plots.SURFACE,
                edgecolor=plots.ACCENT if one.passes else plots.EDGE, linewidth=1.2,
            )  # fmt: skip
            axes.annotate(str(one.n), (left + width / 2, one.n), (0, 3), textcoords="offset points", ha="center",
                          color=plots.TEXT, fontweight="bold", fontsize=9)  # fmt: skip
    most = max(one.n for one in bins)
    axes.axvline(pass_mark, color=plots.TEXT, linewidth=1.6)
    axes.annotate(f"Pass mark {pass_mark:,}", (pass_mark, most * 1.3), (-6, 0), textcoords="offset points", ha="right",
                  va="top", color=plots.TEXT, fontweight="bold")  # fmt: skip
    axes.set(ylim=(0, most * 1.32), xlim=(bins[0].high + 1 - width, bins[-1].low + width))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("Scaled score")
    return figure


def teach(teaching: Teaching) -> Figure | None:
    """The first ranked tasks with how many more would pass, and the likely range of that."""
    shown = teaching.ranked[:SHOWN]
    if not shown or not teaching.failed:
        return None
    figure, axes = plots.new(WIDTH, HEAD + EACH * len(shown))
    at = range(len(shown))
    gained = [one.gained for one in shown]
    axes.barh(at, gained, 0.62, color=plots.ACCENT)
    below = [max(0.0, one.gained - one.low) for one in shown]
    above = [max(0.0, one.high - one.gained) for one in shown]
    axes.errorbar(gained, at, xerr=[below, above], fmt="none", ecolor=plots.TEXT, elinewidth=1.3, capsize=3)
    axes.set_yticks(at, [f"Task {one.task.code}" for one in shown])
    axes.tick_params(axis="y", labelcolor=plots.TEXT, length=0)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.set_xlim(left=0, right=max(1.0, 1.08 * max(one.high for one in shown)))
    axes.set_xlabel(f"More who would pass, of {teaching.failed} who did not")
    return figure


def teach_height(teaching: Teaching) -> int:
    """Pixels of that chart, so that the page keeps its place."""
    return round(PIXELS * (HEAD + EACH * min(len(teaching.ranked), SHOWN)))
