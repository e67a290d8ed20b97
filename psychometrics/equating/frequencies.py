"""Frequencies of scores: how many persons reached each raw score of a form.

A vector of shape (K + 1,) has at index s the number (or the share) of persons with score s, s = 0…K.

Sources:
    Kolen, M. J., & Brennan, R. L. (2014). Test Equating, Scaling, and Linking: Methods and Practices (3rd ed.),
        chapter 2. Springer.
"""

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from psychometrics.arrays import FloatArray

HALF = Fraction(1, 2)


class BadScores(ValueError):
    """Nothing can be equated with these scores; the message is one sentence."""


def read_frequencies(frequencies: ArrayLike, form: str) -> FloatArray:
    """Return frequencies as floats of shape (K + 1,); `form` names the form in messages.

    Raises BadScores unless they are one-dimensional, at least two, finite, not negative, and not all zero.
    """
    counts = np.asarray(frequencies, dtype=np.float64)
    if counts.ndim != 1 or counts.size < 2:
        raise BadScores(f"{form} needs the frequencies of at least two scores, got shape {counts.shape}")
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise BadScores(f"{form} has a frequency that is negative or not a number")
    if not counts.any():
        raise BadScores(f"nobody has a score on {form}")
    return counts


def read_spread(frequencies: ArrayLike, form: str) -> FloatArray:
    """Return frequencies as `read_frequencies` does. Raises BadScores also if all persons have the same score."""
    counts = read_frequencies(frequencies, form)
    if np.count_nonzero(counts) < 2:
        raise BadScores(f"all scores on {form} are the same")
    return counts


def moments(counts: FloatArray) -> tuple[float, float]:
    """Return the mean and the standard deviation of the scores, in raw points; the variance divides by N."""
    shares = counts / counts.sum()
    scores = np.arange(counts.size)
    mean = float(shares @ scores)
    return mean, math.sqrt(float(shares @ (scores - mean) ** 2))


def tabulate(scores: ArrayLike, maximum: int, form: str) -> FloatArray:
    """Return the frequencies, shape (maximum + 1,), of persons' raw scores.

    Raises BadScores unless every score is a whole number from 0 to maximum.
    """
    given = np.asarray(scores, dtype=np.float64)
    if given.ndim != 1 or given.size == 0:
        raise BadScores(f"{form} needs a list of scores, got shape {given.shape}")
    if not ((given >= 0) & (given <= maximum) & (given == np.round(given))).all():
        raise BadScores(f"scores on {form} must be whole numbers from 0 to {maximum}")
    return np.bincount(given.astype(np.intp), minlength=maximum + 1).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Continuous:
    """A score distribution made continuous: each score s is spread evenly over s ± 1/2 (uniform kernel).

    The distribution function is then the broken line through (i - 1/2, `below[i]`), i = 0…K + 1. Everything is in
    fractions, so that whether a rank meets a flat stretch, where nobody has scored, is no matter of rounding.
    """

    below: list[Fraction]

    @classmethod
    def of(cls, counts: FloatArray) -> Self:
        sums = list(accumulate((Fraction(count) for count in counts.tolist()), initial=Fraction(0)))
        return cls([part / sums[-1] for part in sums])

    def rank(self, score: Fraction) -> Fraction:
        """Return the share of persons below a score from -1/2 to K + 1/2 (a percentile rank is 100 times this).

        Source: Kolen & Brennan (2014), chapter 2.
        """
        cell = min(math.floor(score + HALF), len(self.below) - 2)
        return self.below[cell] + (score + HALF - cell) * (self.below[cell + 1] - self.below[cell])

    def score(self, rank: Fraction) -> Fraction:
        """Return the score below which a share of persons lies, the inverse of `rank`.

        Where nobody has scored, many scores have one rank: it is then the middle between the lowest of them and the
        highest, (x_L + x_U) / 2. Source: Kolen & Brennan (2014), chapter 2.
        """
        return (self._lowest(rank) + self._highest(rank)) / 2

    def _lowest(self, rank: Fraction) -> Fraction:
        above = bisect_left(self.below, rank)
        return -HALF if above == 0 else self._between(above, rank)

    def _highest(self, rank: Fraction) -> Fraction:
        above = bisect_right(self.below, rank)
        return above - 1 - HALF if above == len(self.below) else self._between(above, rank)

    def _between(self, above: int, rank: Fraction) -> Fraction:
        low, high = self.below[above - 1], self.below[above]
        return above - 1 - HALF + (rank - low) / (high - low)
