"""Charts of one form. Each function gives a figure, or None where there is nothing to draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from psychometrics import irt
from scoring import plots
from scoring.reports import form_scores
from scoring.reports.form_scores import LAST
from scoring.reports.forms import Subject

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

THETA = np.linspace(-3, 3, 121)
NARROW, SEATS = 5.8, 9.6  # inches: beside another card, and with a mark for each seat
# Drawn last: forms are assembled to resemble the reference form, and then one curve would hide the other.
OTHER: dict[str, Any] = {"color": plots.WARN, "linestyle": (0, (3, 3)), "linewidth": 1.8, "zorder": 3}


def information(subject: Subject) -> Figure:
    """Information and, below it, the conditional standard error of the raw score, with the reference form's."""
    figure, (above, below) = _stacked(NARROW, 4.6)
    reference = subject.reference
    for axes, curve, label in (
        (above, irt.information, "Information"),
        (below, irt.conditional_sem, "Standard error, raw"),
    ):
        axes.plot(THETA, curve(THETA, *subject.items), color=plots.ACCENT, label=subject.form.code)
        if reference:
            axes.plot(THETA, curve(THETA, *reference[1]), label=f"Reference form ({reference[0].code})", **OTHER)
        axes.set_ylabel(label)
        axes.set_ylim(bottom=0, top=axes.get_ylim()[1] * 1.15)
        _cut(axes)
    plots.legend(above, loc="upper right", fontsize="small")
    above.tick_params(labelbottom=False)
    _abilities(below)
    return figure


def curve(subject: Subject) -> Figure:
    """The characteristic curve, with the reference form's and the expected score of the borderline candidate."""
    figure, axes = plots.new(NARROW, 3.6)
    axes.plot(THETA, irt.characteristic_curve(THETA, *subject.items), color=plots.ACCENT, label=subject.form.code)
    if subject.reference:
        form, items = subject.reference
        axes.plot(THETA, irt.characteristic_curve(THETA, *items), label=f"Reference form ({form.code})", **OTHER)
    at_cut = subject.table.expected_at_cut
    axes.plot([-3, 0], [at_cut, at_cut], color=plots.TEXT, linewidth=1, linestyle=":")
    axes.plot([0], [at_cut], "o", color=plots.ACCENT)
    axes.annotate(f"{at_cut:.2f}", (0, at_cut), (-6, 5), textcoords="offset points", ha="right", color=plots.TEXT)
    axes.set_ylim(0, subject.table.maximum_raw)
    axes.set_ylabel("Expected raw score")
    _cut(axes)
    _abilities(axes)
    plots.legend(axes, loc="lower right", fontsize="small")
    return figure


def scale(subject: Subject) -> Figure:
    """Scaled score of every raw score; the first one that passes is marked."""
    figure, axes = plots.new(NARROW, 3.6)
    rows = list(subject.table.rows.order_by("raw").values_list("raw", "scaled", "passed"))
    failed, passed = ([row for row in rows if row[2] is which] for which in (False, True))
    exam, minimum = subject.exam, subject.table.minimum_passing_raw
    axes.axhline(exam.pass_mark, color=plots.TEXT, linewidth=1, linestyle=":")
    axes.annotate(f"Pass mark {exam.pass_mark}", (0, exam.pass_mark), (2, 4), textcoords="offset points",
                  color=plots.TEXT, fontsize="small")  # fmt: skip
    axes.plot([row[0] for row in failed], [row[1] for row in failed], "o", markersize=4, markerfacecolor=plots.SURFACE,
              markeredgecolor=plots.EDGE, label="Not passed")  # fmt: skip
    axes.plot([row[0] for row in passed], [row[1] for row in passed], "o", markersize=4.5, color=plots.ACCENT,
              label=f"Passed, from {minimum} on")  # fmt: skip
    axes.set_ylim(exam.scale_minimum - 20, exam.scale_maximum + 20)
    axes.set_xlabel("Raw score")
    axes.set_ylabel("Scaled score")
    plots.legend(axes, loc="upper left", fontsize="small")
    return figure


def scores(subject: Subject) -> Figure:
    """Raw scores as they came out, with what the parameters let expect; without enough sittings only the latter."""
    figure, axes = plots.new(SEATS, 3.0)
    counts, shares = subject.frequencies, subject.expected.shares
    heights: Sequence[float] = counts or [100 * share for share in shares]
    raw, minimum = np.arange(len(heights)), subject.observed_minimum
    bars = axes.bar(raw, heights, width=0.8, color=plots.SOFT)
    for bar in list(bars)[minimum:]:
        bar.set_facecolor(plots.ACCENT)
    if counts and subject.same_points:
        axes.plot(raw, shares * sum(counts), label=f"Expected of the {subject.population_named}", **OTHER)
        plots.legend(axes, loc="upper left", fontsize="small")
    axes.set_ylim(0, max(*heights, 1e-9) * 1.22)
    axes.axvline(minimum - 0.5, color=plots.TEXT, linewidth=1.2)
    axes.annotate(f"Passed from {minimum} on", (minimum - 0.5, 1), (5, -9), xycoords=("data", "axes fraction"),
                  textcoords="offset points", color=plots.TEXT, fontsize="small")  # fmt: skip
    axes.set_xlim(-0.8, len(heights) - 0.2)
    axes.set_xlabel("Raw score")
    axes.set_ylabel("Sittings" if counts else "Expected share, %")
    return figure


def omits(subject: Subject) -> Figure | None:
    """By seat: of those who reached it the share who left it empty, and the share of all who did not reach it."""
    speed = form_scores.speed_of(subject)
    if speed is None or all(seat.reached is None for seat in speed.seats):
        return None
    figure, axes = plots.new(SEATS, 2.8)
    numbers = [seat.number for seat in speed.seats]
    empty = [100 * (seat.omitted or 0) for seat in speed.seats]
    missed = [100 * (1 - seat.reached) if seat.reached is not None else np.nan for seat in speed.seats]
    axes.bar(numbers, empty, width=0.75, color=plots.SOFT, label="Left empty, of those who reached it")
    axes.step(numbers, missed, where="mid", color=plots.ACCENT, label="Not reached, of all")
    axes.set_ylim(0, max(10.0, 1.25 * max(*empty, *(share for share in missed if share == share))))
    axes.set_ylabel("Share of candidates, %")
    _seats(axes, len(numbers))
    plots.legend(axes, loc="upper left", fontsize="small")
    return figure


def times(subject: Subject) -> Figure | None:
    """Median time by seat; the last ten and all others each with their median."""
    speed = form_scores.speed_of(subject)
    if speed is None or speed.others_ms is None:
        return None
    figure, axes = plots.new(SEATS, 2.8)
    seconds = [(seat.median_ms or 0) / 1000 for seat in speed.seats]
    first = len(seconds) - LAST
    axes.bar(range(1, first + 1), seconds[:first], width=0.75, color=plots.SOFT, label="Median time")
    axes.bar(
        range(first + 1, len(seconds) + 1), seconds[first:], width=0.75, color=plots.ACCENT, label="Last ten seats"
    )
    for start, end, middle in ((0.5, first + 0.5, speed.others_ms), (first + 0.5, len(seconds) + 0.5, speed.last_ms)):
        if middle is not None:
            axes.plot([start, end], [middle / 1000] * 2, color=plots.TEXT, linewidth=1.4, linestyle="--")
    axes.set_ylim(0, max(seconds) * 1.3)
    axes.set_ylabel("Seconds")
    _seats(axes, len(seconds))
    plots.legend(axes, loc="upper left", ncols=2, fontsize="small")
    return figure


CHARTS: dict[str, Callable[[Subject], Figure | None]] = {
    "information": information,
    "curve": curve,
    "scale": scale,
    "scores": scores,
    "omits": omits,
    "times": times,
}


def _stacked(width: float, height: float) -> tuple[Figure, tuple[Axes, Axes]]:
    """Two charts over one axis of abilities."""
    from matplotlib import rc_context

    figure, only = plots.new(width, height)
    only.remove()
    with rc_context(plots.STYLE):
        above, below = figure.subplots(2, 1, sharex=True)
    return figure, (above, below)


def _cut(axes: Axes) -> None:
    axes.axvline(0, color=plots.TEXT, linewidth=1.2)
    axes.annotate("Borderline", (0, 1), (4, -9), xycoords=("data", "axes fraction"), textcoords="offset points",
                  color=plots.TEXT, fontsize="small")  # fmt: skip


def _abilities(axes: Axes) -> None:
    axes.set_xlim(-3, 3)
    axes.set_xlabel("Ability θ, logits above the borderline candidate")


def _seats(axes: Axes, count: int) -> None:
    axes.set_xlim(0.2, count + 0.8)
    axes.set_xticks([1, *range(10, count + 1, 10)])
    axes.set_xlabel("Seat")
