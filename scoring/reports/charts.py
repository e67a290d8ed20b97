"""Geometry of the charts. Templates draw it as SVG by attributes alone, so that theme, print and the policy hold.

Numbers leave here as text: what a template prints never depends on a locale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

CURVE_HEIGHT = 60  # units of the curve's view box; its width is the scale's own
CURVE_TOP = 2
NEGLIGIBLE = 0.002  # of the peak: below this the curve is not drawn
CROWDED = 12  # per cent of the axis that two labels need between them


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, in per cent or view box units, and what it says."""

    place: str
    label: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Scale:
    """Positions on a reported scale in per cent of its length."""

    minimum: int
    maximum: int
    pass_mark: int

    @property
    def span(self) -> int:
        return self.maximum - self.minimum

    def percent(self, score: float) -> float:
        return 100 * (score - self.minimum) / self.span

    def place(self, score: float) -> str:
        return f"{self.percent(score):.2f}%"

    @property
    def cut(self) -> str:
        return self.place(self.pass_mark)

    @property
    def cut_anchor(self) -> str:
        """The pass mark's label reaches to the side that has more room."""
        return "end" if self.percent(self.pass_mark) >= 50 else "start"

    def ticks(self, *, beside: Sequence[float] = ()) -> list[Tick]:
        """Both ends and every 200 points, without those that would run into a label at one of `beside`."""
        whole = range(math.ceil(self.minimum / 100) * 100, self.maximum, 200)
        scores = [self.minimum, *(score for score in whole if score > self.minimum), self.maximum]
        return [
            Tick(self.place(score), f"{score:,}", self._anchor(score))
            for score in scores
            if all(abs(self.percent(score) - self.percent(other)) >= CROWDED for other in beside)
            and (score == self.maximum or self.percent(self.maximum) - self.percent(score) >= CROWDED)
        ]

    def label(self, score: int) -> Tick:
        return Tick(self.place(score), f"{score:,}", self._anchor(score))

    def _anchor(self, score: float) -> str:
        place = self.percent(score)
        return "start" if place < 4 else "end" if place > 96 else "middle"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a scale with a dot in it: the likely range and the score."""

    start: str
    width: str
    dot: str

    @classmethod
    def of(cls, scale: Scale, low: int, high: int, score: int) -> Span:
        width = f"{scale.percent(high) - scale.percent(low):.2f}%"
        return cls(scale.place(low), width, scale.place(score))


@dataclass(frozen=True, slots=True)
class Curve:
    """A density over the scale as two areas that meet at the pass mark."""

    below: str
    above: str


def curve(scale: Scale, centres: Sequence[float], density: Sequence[float]) -> Curve:
    """`centres` are the middles of equal bins over the whole scale, `density` what stands in them."""
    peak = max(density)
    half = (centres[1] - centres[0]) / 2
    points = [
        (scale.minimum, density[0]),
        *zip(centres, density, strict=True),
        (centres[-1] + half, density[-1]),
    ]
    heights = [(x - scale.minimum, height / peak) for x, height in points]
    middle = scale.pass_mark - scale.minimum
    below = [point for point in heights if point[0] < middle]
    above = [point for point in heights if point[0] >= middle]
    # The scale bends at the pass mark, so the density has a step there: each side keeps its own height.
    return Curve(_area([*below, (middle, below[-1][1])]), _area([(middle, above[0][1]), *above]))


def _area(points: Sequence[tuple[float, float]]) -> str:
    shown = [(x, height) for x, height in points if height >= NEGLIGIBLE]
    if len(shown) < 2:
        return ""
    path = " ".join(f"L{x:.1f} {CURVE_HEIGHT - height * (CURVE_HEIGHT - CURVE_TOP):.1f}" for x, height in shown)
    return f"M{shown[0][0]:.1f} {CURVE_HEIGHT} {path} L{shown[-1][0]:.1f} {CURVE_HEIGHT}Z"


@dataclass(frozen=True, slots=True)
class Line:
    """A horizontal line across a chart."""

    y: str
    text_y: str
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One question's time."""

    x: str
    y: str
    height: str
    css: str
    tip: str


@dataclass(frozen=True, slots=True)
class TimeChart:
    """Time per question as bars in a view box; `even` is an even share of the limit."""

    width: int
    height: int
    bars: list[Bar]
    lines: list[Line]
    even: Line
    even_ms: float
    ticks: list[Tick]


BAR_STEP, BAR_WIDTH, BARS_HEIGHT = 14, 9, 150


def time_chart(times: Sequence[tuple[int, int, str, str]], even_ms: float) -> TimeChart:
    """`times` holds (number, milliseconds, CSS class, words) for every question in order."""
    longest = max([spent for _, spent, _, _ in times] + [even_ms])
    minutes = max(math.ceil(longest / 60_000), 1)
    step = math.ceil(minutes / 5)
    top = step * math.ceil(minutes / step)
    scale = BARS_HEIGHT / (top * 60_000)

    def line(milliseconds: float) -> Line:
        y = BARS_HEIGHT - milliseconds * scale
        return Line(f"{y:.1f}", f"{y + 4:.1f}", clock(milliseconds))

    crowded = 12 / scale
    return TimeChart(
        width=BAR_STEP * len(times),
        height=BARS_HEIGHT,
        bars=[
            Bar(
                x=f"{BAR_STEP * place + (BAR_STEP - BAR_WIDTH) / 2:.1f}",
                y=f"{BARS_HEIGHT - spent * scale:.1f}",
                height=f"{spent * scale:.1f}",
                css=css,
                tip=f"Question {number}: {clock(spent)}, {words}",
            )
            for place, (number, spent, css, words) in enumerate(times)
        ],
        lines=[
            line(60_000 * minute) for minute in range(0, top + 1, step) if abs(60_000 * minute - even_ms) >= crowded
        ],
        even=line(even_ms),
        even_ms=even_ms,
        ticks=[
            Tick(str(BAR_STEP * place + BAR_STEP // 2), str(number))
            for place, (number, *_) in enumerate(times)
            if number == 1 or place == len(times) - 1 or (number % 10 == 0 and len(times) - number >= 3)
        ],
    )


def clock(milliseconds: float) -> str:
    """101000 -> 1:41."""
    seconds = round(milliseconds / 1000)
    return f"{seconds // 60}:{seconds % 60:02}"
