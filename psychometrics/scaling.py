"""The reported scale: from equated raw scores to the integers a candidate reads, and who passes.

All of it is done in fractions: a number counts as the decimal it prints as, so that no binary rounding decides a
pass. A piecewise linear conversion that puts the pass mark at the cut is one of the usual ones (Kolen, M. J., &
Brennan, R. L., 2014, Test Equating, Scaling, and Linking, 3rd ed., chapter 9. Springer); its end points are ours.
"""

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from psychometrics.arrays import FloatArray

Number = int | float | Decimal | Fraction

ROUNDING = Fraction(1, 10**9)
CUT_TOLERANCE = Fraction(1, 10**6)


@dataclass(frozen=True, slots=True)
class Scale:
    """A reported scale: two straight lines, 0 ↦ minimum, cut ↦ pass_mark, max_raw ↦ maximum.

    `cut` and `max_raw` are in raw points of the reference form, `scaled` in points of this scale. Raises ValueError
    unless minimum < pass_mark < maximum; its methods unless 0 < cut < max_raw and the score lies on the scale.
    """

    minimum: int
    maximum: int
    pass_mark: int

    def __post_init__(self) -> None:
        if not self.minimum < self.pass_mark < self.maximum:
            raise ValueError("a scale needs minimum < pass mark < maximum")

    def scaled(self, equated_raw: Number, cut: Number, max_raw: Number) -> int:
        """Return the reported score: below the cut floor(v + 1e-9), at or above it floor(v + 0.5).

        Rounding down below the cut, and never past pass_mark - 1, keeps a failing score from showing the pass mark.
        """
        value = self.scaled_exact(equated_raw, cut, max_raw)
        if value < self.pass_mark:
            return min(math.floor(value + ROUNDING), self.pass_mark - 1)
        return math.floor(value + Fraction(1, 2))

    def scaled_exact(self, equated_raw: Number, cut: Number, max_raw: Number) -> Fraction:
        """Return the unrounded scaled score."""
        score, (middle, top) = _exact(equated_raw), _ends(cut, max_raw)
        if not 0 <= score <= top:
            raise ValueError(f"equated score {equated_raw} is not between 0 and {max_raw}")
        if score < middle:
            return self.minimum + (self.pass_mark - self.minimum) * score / middle
        return self.pass_mark + (self.maximum - self.pass_mark) * (score - middle) / (top - middle)

    def scaled_curve(self, equated_raw: ArrayLike, cut: Number, max_raw: Number) -> FloatArray:
        """Return unrounded scaled scores as floats, same shape as given: for charts, never for a decision."""
        middle, top = _ends(cut, max_raw)
        scores = np.asarray(equated_raw, dtype=np.float64)
        return np.interp(scores, [0, float(middle), float(top)], [self.minimum, self.pass_mark, self.maximum])

    def equated(self, scaled: Number, cut: Number, max_raw: Number) -> Fraction:
        """Return the equated raw score whose unrounded scaled score this is, the inverse of `scaled_exact`."""
        score, (middle, top) = _exact(scaled), _ends(cut, max_raw)
        if not self.minimum <= score <= self.maximum:
            raise ValueError(f"scaled score {scaled} is not between {self.minimum} and {self.maximum}")
        if score < self.pass_mark:
            return middle * (score - self.minimum) / (self.pass_mark - self.minimum)
        return middle + (top - middle) * (score - self.pass_mark) / (self.maximum - self.pass_mark)


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One line of a form's frozen table: raw and equated score (raw points), scaled score, pass or fail."""

    raw: int
    equated: float
    scaled: int
    passed: bool


def minimum_passing_raw(expected_at_cut: Number) -> int:
    """Return ceil(T - 1e-6), the lowest raw score that passes on a form where the borderline candidate expects T.

    The tolerance, in raw points, lets a whole-numbered T that arrives as a float sum count as itself.
    """
    return math.ceil(_exact(expected_at_cut) - CUT_TOLERANCE)


def score_table(
    scale: Scale, equated: ArrayLike, cut: Number, max_raw: int, minimum_passing_raw: int
) -> tuple[ScoreRow, ...]:
    """Return a form's rows for raw 0…n from its equated scores, shape (n + 1,), non-decreasing in every column.

    `cut` and `max_raw` belong to the reference form, `minimum_passing_raw` to this one, which alone decides who
    passes; where six-decimal equated scores fall on the other side of the cut, the scaled score follows the
    decision: at least the pass mark if passed, at most one less if not. Raises ValueError unless equated is
    non-decreasing from 0 to max_raw and 1 <= minimum_passing_raw <= n.
    """
    scores = [float(score) for score in np.asarray(equated, dtype=np.float64)]
    if len(scores) < 2 or scores[0] != 0 or scores[-1] != max_raw or any(a > b for a, b in pairwise(scores)):
        raise ValueError(f"equated scores must not decrease and must run from 0 to {max_raw}")
    if not 1 <= minimum_passing_raw < len(scores):
        raise ValueError(f"minimum passing raw score {minimum_passing_raw} is not between 1 and {len(scores) - 1}")
    rows = []
    for raw, score in enumerate(scores):
        passed = raw >= minimum_passing_raw
        shown = scale.scaled(score, cut, max_raw)
        shown = max(shown, scale.pass_mark) if passed else min(shown, scale.pass_mark - 1)
        rows.append(ScoreRow(raw=raw, equated=score, scaled=shown, passed=passed))
    return tuple(rows)


def _exact(number: Number) -> Fraction:
    """Any number as the decimal it prints as; ValueError for NaN and infinities."""
    return Fraction(str(number))


def _ends(cut: Number, max_raw: Number) -> tuple[Fraction, Fraction]:
    middle, top = _exact(cut), _exact(max_raw)
    if not 0 < middle < top:
        raise ValueError(f"cut {cut} is not between 0 and {max_raw}")
    return middle, top
