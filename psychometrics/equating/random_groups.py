"""Observed-score equating of two forms taken by random groups of one population.

Sources:
    Kolen, M. J., & Brennan, R. L. (2014). Test Equating, Scaling, and Linking: Methods and Practices (3rd ed.),
        chapters 2 and 3. Springer.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from psychometrics.arrays import FloatArray
from psychometrics.equating.frequencies import BadScores, Continuous, moments, read_frequencies, read_spread
from psychometrics.equating.smoothing import loglinear


def mean(x: ArrayLike, y: ArrayLike) -> FloatArray:
    """Return the Y-equivalent of each score 0…K_x of form X by mean equating, x - mean(X) + mean(Y).

    `x` and `y` are frequencies of raw scores, shapes (K_x + 1,) and (K_y + 1,) with the score as index; the result,
    shape (K_x + 1,), is in raw points of Y and may leave Y's range. Source: Kolen & Brennan (2014), chapter 2.
    Raises BadScores if a vector is no frequency vector, is all zero, or holds one person only.
    """
    first, second = read_frequencies(x, "form X"), read_frequencies(y, "form Y")
    for counts, form in ((first, "form X"), (second, "form Y")):
        if np.count_nonzero(counts) == 1 and counts.sum() <= 1:
            raise BadScores(f"{form} has the score of one person only")
    shifted: FloatArray = np.arange(first.size, dtype=np.float64) + (moments(second)[0] - moments(first)[0])
    return shifted


def linear(x: ArrayLike, y: ArrayLike) -> FloatArray:
    """Return the Y-equivalent of each score 0…K_x of form X by linear equating: equal standardised deviations.

    Arguments and result as in `mean`; the equivalent is sd(Y) / sd(X) · (x - mean(X)) + mean(Y). Source: Kolen &
    Brennan (2014), chapter 2. Raises BadScores if a vector is no frequency vector or holds one score only.
    """
    first, second = read_spread(x, "form X"), read_spread(y, "form Y")
    (mean_x, sd_x), (mean_y, sd_y) = moments(first), moments(second)
    line: FloatArray = sd_y / sd_x * (np.arange(first.size, dtype=np.float64) - mean_x) + mean_y
    return line


def equipercentile(x: ArrayLike, y: ArrayLike, smooth: int | tuple[int, int] | None = None) -> FloatArray:
    """Return the Y-equivalent of each score 0…K_x of form X by equipercentile equating: equal percentile ranks.

    Arguments and result as in `mean`. Scores are made continuous by spreading each evenly over ±1/2, so equivalents
    lie between -1/2 and K_y + 1/2 and never decrease. Where Y has no persons over a stretch of scores, all of that
    stretch has the rank, and its middle is the equivalent: a form with such a gap of two scores or more is therefore
    not equated to itself by the identity there. Source: Kolen & Brennan (2014), chapter 2.

    `smooth` fits a log-linear model of this degree to the frequencies first, a pair for X and Y separately: see
    `loglinear` (chapter 3). Frequencies are taken for exact numbers; give counts where they are counts. Raises
    BadScores if a vector is no frequency vector or holds one score only, and the errors of `loglinear`.
    """
    first, second = read_spread(x, "form X"), read_spread(y, "form Y")
    if smooth is not None:
        degree_x, degree_y = np.broadcast_to(smooth, 2).tolist()
        first, second = loglinear(first, degree_x).fitted, loglinear(second, degree_y).fitted
    return matched(first, second)


def matched(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return where each score 0…K of one distribution has the same percentile rank in another, shape (K + 1,)."""
    ranks, scores = Continuous.of(first), Continuous.of(second)
    return np.array([float(scores.score(ranks.rank(Fraction(score)))) for score in range(first.size)])
