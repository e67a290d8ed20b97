"""Item response theory for right/wrong items under the logistic model without guessing.

Items are two aligned arrays of shape (n,): slopes `a` > 0 (per logit) and difficulties `b` (logits). The model is
P = 1 / (1 + exp(-a(theta - b))), the same as logistic(a·theta + d) with d = -a·b. With all `a` equal to 1 it is the
Rasch model. A scalar theta drops the leading axis of every result.

Sources:
    Angoff, W. H. (1971). Scales, norms, and equivalent scores. In R. L. Thorndike (Ed.), Educational Measurement
        (2nd ed., pp. 508-600). American Council on Education.
    Birnbaum, A. (1968). Some latent trait models and their use in inferring an examinee's ability. In F. M. Lord &
        M. R. Novick, Statistical Theories of Mental Test Scores, chapters 17-20. Addison-Wesley.
    Lord, F. M. (1980). Applications of Item Response Theory to Practical Testing Problems. Erlbaum.
    Lord, F. M., & Wingersky, M. S. (1984). Comparison of IRT true-score and equipercentile observed-score
        "equatings". Applied Psychological Measurement, 8(4), 453-461.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import overload

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from psychometrics.arrays import FloatArray

Thetas = Sequence[float] | FloatArray
Rating = float | Decimal | Fraction


def item_parameters(a: ArrayLike, b: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return slopes and difficulties as float arrays of shape (n,), n >= 1.

    Raises ValueError unless both are one-dimensional, equally long, not empty and finite, and every slope positive.
    """
    slopes, difficulties = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if slopes.ndim != 1 or slopes.shape != difficulties.shape or slopes.size == 0:
        raise ValueError(f"a and b must be equally long, not empty: got shapes {slopes.shape}, {difficulties.shape}")
    if not (np.isfinite(slopes).all() and np.isfinite(difficulties).all() and (slopes > 0).all()):
        raise ValueError("a must be positive and finite, b finite")
    return slopes, difficulties


def from_rating(rating: Iterable[Rating]) -> tuple[FloatArray, FloatArray]:
    """Turn ratings into the parameters of items nobody has answered yet.

    A rating is the share of just-passing candidates judged to answer correctly (Angoff 1971), so P(theta = 0) =
    rating: for n ratings, a = 1 and b = -logit(rating), each of shape (n,). Raises ValueError outside (0, 1).
    """
    shares = np.array([float(share) for share in rating])
    if not ((shares > 0) & (shares < 1)).all():
        raise ValueError("ratings must lie strictly between 0 and 1")
    return np.ones_like(shares), -logit(shares)


def probability(theta: float | Thetas, a: ArrayLike, b: ArrayLike) -> FloatArray:
    """Return the chance of a right answer to each item: theta of shape (t,) gives (t, n), a scalar gives (n,).

    Source: Birnbaum (1968). Raises ValueError for bad items, NaN or theta of more than one dimension.
    """
    slopes, difficulties = item_parameters(a, b)
    abilities = np.asarray(theta, dtype=np.float64)
    if abilities.ndim > 1 or np.isnan(abilities).any():
        raise ValueError("theta must be a number or a list of numbers")
    chances: FloatArray = expit(slopes * (abilities[..., np.newaxis] - difficulties))
    return chances


@overload
def information(theta: float, a: ArrayLike, b: ArrayLike) -> float: ...
@overload
def information(theta: Thetas, a: ArrayLike, b: ArrayLike) -> FloatArray: ...
def information(theta: float | Thetas, a: ArrayLike, b: ArrayLike) -> float | FloatArray:
    """Return the test's Fisher information about theta, sum of a²P(1 - P), per squared logit: (t,) -> (t,).

    Source: Birnbaum (1968), chapter 20; Lord (1980), chapter 5. Errors as in `probability`.
    """
    right = probability(theta, a, b)
    return _plain((np.asarray(a, dtype=np.float64) ** 2 * right * (1 - right)).sum(axis=-1))


@overload
def conditional_sem(theta: float, a: ArrayLike, b: ArrayLike) -> float: ...
@overload
def conditional_sem(theta: Thetas, a: ArrayLike, b: ArrayLike) -> FloatArray: ...
def conditional_sem(theta: float | Thetas, a: ArrayLike, b: ArrayLike) -> float | FloatArray:
    """Return the standard error of measurement of the raw score given theta, in raw points: (t,) -> (t,).

    The square root of the sum of P(1 - P) over the items (Lord 1980, chapter 4). Errors as in `probability`.
    """
    right = probability(theta, a, b)
    return _plain(np.sqrt((right * (1 - right)).sum(axis=-1)))


@overload
def characteristic_curve(theta: float, a: ArrayLike, b: ArrayLike) -> float: ...
@overload
def characteristic_curve(theta: Thetas, a: ArrayLike, b: ArrayLike) -> FloatArray: ...
def characteristic_curve(theta: float | Thetas, a: ArrayLike, b: ArrayLike) -> float | FloatArray:
    """Return the expected raw score T(theta), the sum of the items' P: (t,) -> (t,), in raw points.

    Source: Lord (1980), chapter 4 (the test characteristic curve). Errors as in `probability`.
    """
    return _plain(probability(theta, a, b).sum(axis=-1))


def score_distribution(theta: float | Thetas, a: ArrayLike, b: ArrayLike) -> FloatArray:
    """Return P(X = x | theta) for x = 0…n: theta of shape (t,) gives (t, n + 1), a scalar gives (n + 1,).

    Source: the recursion of Lord & Wingersky (1984), one item added at a time. Errors as in `probability`.
    """
    right = probability(theta, a, b)
    items = right.shape[-1]
    chances = np.zeros((*right.shape[:-1], items + 1))
    chances[..., 0] = 1.0
    for item in range(items):
        p = right[..., item, np.newaxis]
        raised = chances[..., : item + 1] * p
        chances[..., : item + 1] *= 1 - p
        chances[..., 1 : item + 2] += raised
    return chances


def _plain(values: FloatArray) -> float | FloatArray:
    """A number for a scalar theta, an array otherwise."""
    return float(values) if np.ndim(values) == 0 else values
