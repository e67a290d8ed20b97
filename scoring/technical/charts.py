"""Charts of the report. Each takes plain numbers, which stand in a table beside it, and returns a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from scoring import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Line = tuple[str, Sequence[float], Sequence[float]]  # name, x, y

# Told apart by colour, dash and mark, so that they are in grey, too.
LOOKS = (
    (plots.ACCENT, "-", "o"),
    (plots.TEXT, "--", "s"),
    (plots.WARN, "-.", "^"),
    (plots.EDGE, ":", "D"),
    (plots.BAD, (0, (5, 1)), "v"),
    (plots.MUTED, (0, (1, 1)), "x"),
)
FILLS = ((plots.ACCENT, ""), (plots.SOFT, ""), (plots.SURFACE, "///"))


def stacked(names: Sequence[str], parts: Sequence[tuple[str, Sequence[int]]], counts: str) -> Figure:
    """One lying bar for each name, made of parts."""
    figure, axes = plots.new(height=0.9 + 0.36 * len(names))
    left = np.zeros(len(names))
    for (label, values), (colour, hatch) in zip(parts, FILLS, strict=False):
        axes.barh(names, values, left=left, label=label, color=colour, hatch=hatch, edgecolor=plots.EDGE, height=0.62)
        left += np.asarray(values, dtype=float)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.set_xlabel(counts)
    if len(parts) > 1:
        plots.legend(axes, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(parts))
    return figure


def columns(counts: Sequence[float], edges: Sequence[float], x: str, y: str, marks: Sequence[Line] = ()) -> Figure:
    """A histogram of counts between edges, one more than there are counts; `marks` are upright rules at their x."""
    figure, axes = plots.new(height=2.6)
    axes.bar(
        edges[:-1], counts, width=np.diff(edges), align="edge", color=plots.SOFT, edgecolor=plots.ACCENT, linewidth=0.8
    )
    for (name, at, _), (_, dash, _) in zip(marks, LOOKS, strict=False):
        axes.axvline(at[0], color=plots.TEXT, linestyle=dash, linewidth=1.4, label=name)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if marks:
        plots.legend(axes)
    return figure


def lines(drawn: Sequence[Line], x: str, y: str, marked: bool = False) -> Figure:
    """Curves, told apart by colour and dash."""
    figure, axes = plots.new(height=3.0)
    for (name, at, values), (colour, dash, mark) in zip(drawn, LOOKS, strict=False):
        axes.plot(at, values, color=colour, linestyle=dash, label=name, linewidth=1.7, marker=mark if marked else "",
                  markersize=4)  # fmt: skip
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if len(drawn) > 1:
        plots.legend(axes, ncols=2, fontsize=8.5)
    return figure


def scatter(x: Sequence[float], y: Sequence[float], names: tuple[str, str], line: Line | None = None) -> Figure:
    """One dot for each question, with the line that was fitted through them."""
    figure, axes = plots.new(height=3.2)
    axes.scatter(x, y, s=12, facecolor=plots.SOFT, edgecolor=plots.ACCENT, linewidth=0.7)
    if line:
        axes.plot(line[1], line[2], color=plots.TEXT, linewidth=1.5, label=line[0])
        plots.legend(axes)
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    return figure
