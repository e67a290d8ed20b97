"""What every method here ends with: from the chance of each decision at each true score to shares of persons.

With one cut the categories are fail and pass; c cuts make c + 1 categories. A score at or above a cut is in the
category above it.

Sources:
    Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological Measurement,
        20(1), 37-46.
    Lee, W. (2010). Classification consistency and accuracy for complex assessments using item response theory.
        Journal of Educational Measurement, 47(1), 1-17.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from psychometrics.arrays import FloatArray, IntArray

# What a cut may fall short of a whole number of points and still count as it, as in psychometrics.scaling.
TOLERANCE = 1e-6


class BadDecision(ValueError):
    """Scores, items or cuts from which no decision can be judged; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Shares of persons, each 0 to 1.

    `accuracy`: decided as their true score would be. `false_positive`: placed above, and `false_negative`: below the
    category of their true score; the three sum to 1. `consistency`: decided alike on two independent forms;
    `chance_consistency`: decided alike if the two forms had nothing to do with each other; `kappa` is
    (consistency - chance) / (1 - chance) (Cohen 1960), or None where every decision is the same and it is undefined.
    `shares`: expected in each category, lowest first.
    """

    accuracy: float
    consistency: float
    chance_consistency: float
    kappa: float | None
    false_positive: float
    false_negative: float
    shares: tuple[float, ...]


def ascending(cut: ArrayLike) -> FloatArray:
    """One cut or several as an array of shape (c,). Raises BadDecision unless finite and strictly increasing."""
    cuts = np.atleast_1d(np.asarray(cut, dtype=np.float64))
    if cuts.ndim != 1 or cuts.size == 0 or not np.isfinite(cuts).all() or (np.diff(cuts) <= 0).any():
        raise BadDecision("a cut must be a number, several must be in increasing order")
    return cuts


def cuts_between(cut: ArrayLike, minimum: float, maximum: float) -> FloatArray:
    """Cuts in raw points, shape (c,). Raises BadDecision unless minimum < cut <= maximum for each."""
    cuts = ascending(cut)
    if cuts[0] <= minimum or cuts[-1] > maximum:
        raise BadDecision(f"a cut must lie above {minimum:g} and not above {maximum:g}")
    return cuts


def whole_points(cuts: FloatArray) -> FloatArray:
    """The lowest whole score at or above each cut; a millionth of a point above a whole number counts as it."""
    return np.ceil(cuts - TOLERANCE)


def checked_weights(weights: ArrayLike | None, places: int) -> FloatArray:
    """Weights of shape (places,) that sum to 1, equal ones for None. Raises BadDecision for anything else."""
    if weights is None:
        return np.full(places, 1 / places)
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (places,) or not np.isfinite(given).all() or (given < 0).any() or given.sum() <= 0:
        raise BadDecision(f"weights must be {places} numbers of at least 0 that are not all 0")
    normed: FloatArray = given / given.sum()
    return normed


def agreement(passing: FloatArray, truth: IntArray, weights: FloatArray) -> Agreement:
    """Put the decisions at k true scores together (Lee 2010, equations for marginal indices).

    `passing` (k, c): chance of reaching each cut; `truth` (k,): category of the true score, 0 to c; `weights` (k,):
    share of persons at each true score, summing to 1. Two forms are independent given the true score.
    """
    places, cuts = passing.shape
    edges = np.hstack([np.ones((places, 1)), passing, np.zeros((places, 1))])
    chances = np.clip(-np.diff(edges, axis=1), 0.0, 1.0)
    category = np.arange(cuts + 1)
    above = float(weights @ np.where(category > truth[:, np.newaxis], chances, 0.0).sum(axis=1))
    below = float(weights @ np.where(category < truth[:, np.newaxis], chances, 0.0).sum(axis=1))
    shares = weights @ chances
    # Disagreement is summed over pairs of different categories, so that rare decisions do not drown in rounding.
    different = 1.0 - np.eye(cuts + 1)
    disagreed = float(weights @ ((chances @ different) * chances).sum(axis=1))
    by_chance = float(shares @ different @ shares)
    return Agreement(
        accuracy=_share(1 - above - below),
        consistency=_share(1 - disagreed),
        chance_consistency=_share(1 - by_chance),
        kappa=_share(1 - disagreed / by_chance) if by_chance > 0 else None,
        false_positive=_share(above),
        false_negative=_share(below),
        shares=tuple(_share(float(share)) for share in shares),
    )


def _share(value: float) -> float:
    """A share that rounding has moved a hair out of 0 to 1, put back."""
    return min(max(value, 0.0), 1.0)
