"""Charts drawn by Matplotlib, as SVG for pages and PNG for the technical report.

A page shows a chart as `<img>` from its own address, beside the same numbers as a table. Inside such an image the
browser takes `prefers-color-scheme` from the page around it, so one picture serves both themes; Matplotlib itself
knows only fixed colours, which stand for roles here and are replaced in the SVG.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse

if TYPE_CHECKING:  # the library is slow to import, and most processes never draw
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Role -> (what Matplotlib is told, light, dark). Light is also what is printed.
ROLES = {
    "text": ("#1a2127", "oklch(24% .022 245)", "oklch(93.5% .006 230)"),
    "muted": ("#4b5861", "oklch(45.5% .022 240)", "oklch(76% .014 230)"),
    "line": ("#dbe0e4", "oklch(89.5% .008 230)", "oklch(33% .017 240)"),
    "edge": ("#76828b", "oklch(59% .018 235)", "oklch(60% .02 235)"),
    "surface": ("#fefefe", "#fff", "oklch(21.5% .014 240)"),
    "accent": ("#006178", "oklch(46% .09 222)", "oklch(80% .095 212)"),
    "soft": ("#a9c9d3", "oklch(82% .06 215)", "oklch(41% .065 220)"),
    "bad": ("#ab1e23", "oklch(49% .175 25)", "oklch(79% .115 22)"),
    "warn": ("#884f00", "oklch(48% .105 66)", "oklch(84% .12 80)"),
}
TEXT, MUTED, LINE, EDGE, SURFACE, ACCENT, SOFT, BAD, WARN = (role[0] for role in ROLES.values())

DRAWN_IN = "DejaVu Sans"  # comes with Matplotlib, which measures text with it
FAMILIES = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "cutscore",  # equal figures give equal bytes
    "font.family": "sans-serif",
    "font.sans-serif": [DRAWN_IN],
    "font.size": 9.5,
    "text.color": TEXT,
    "axes.edgecolor": EDGE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "grid.color": LINE,
    "xtick.color": EDGE,
    "ytick.color": EDGE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "lines.linewidth": 2.0,
    "lines.solid_capstyle": "round",
}
MAX_AGE = 3600


def new(width: float = 6.6, height: float = 3.4) -> tuple[Figure, Axes]:
    """An empty chart of so many inches. Draw with the colours of this module and set both axis labels."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots()


def legend(axes: Axes, **place: Any) -> None:
    """Name what was drawn with a label, without a frame."""
    axes.legend(frameon=False, labelcolor=TEXT, **place)


def svg(figure: Figure) -> bytes:
    """The chart as one SVG that follows the theme of the page around it. Equal charts give equal bytes."""
    from matplotlib import rc_context

    sink = io.StringIO()
    with rc_context(STYLE):
        figure.savefig(sink, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    drawn = sink.getvalue()
    for role, (told, _, _) in ROLES.items():
        drawn = drawn.replace(told, f"var(--{role})")
    drawn = drawn.replace(f"font-family: '{DRAWN_IN}', sans-serif", f"font-family: {FAMILIES}")
    light = "".join(f"--{role}:{light};" for role, (_, light, _) in ROLES.items())
    dark = "".join(f"--{role}:{dark};" for role, (_, _, dark) in ROLES.items())
    rules = f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    return re.sub(r"(<svg[^>]*>)", rf"\1<style>{rules}</style>", drawn, count=1).encode()


def png(figure: Figure, *, dots_per_inch: int = 200) -> bytes:
    """The chart as a picture for paper."""
    from matplotlib import rc_context

    sink = io.BytesIO()
    with rc_context(STYLE):
        figure.savefig(sink, format="png", dpi=dots_per_inch, facecolor="white")
    return sink.getvalue()


def response(figure: Figure) -> HttpResponse:
    """The chart as an answer that the person's own browser may keep: what a run says never changes."""
    reply = HttpResponse(svg(figure), content_type="image/svg+xml")
    reply["Cache-Control"] = f"private, max-age={MAX_AGE}"
    return reply
