"""Item response theory for right/wrong items under the logistic model without guessing.

Items are two aligned arrays of shape (n,): slopes `a` > 0 (per logit) and difficulties `b` (logits). The model is
P = 1 / (1 + exp(-a(theta - b))), the same as logistic(a·theta + d) with d = -a·b. With all `a` equal to 1 it is the
Rasch model. A scalar theta drops the leading axis of every result.

Sources:
    Angoff, W. H. (1971). Scales, norms, and equivalent scores. In R. L. Thorndike (Ed.), Educational Measurement
        (2nd ed., pp. 508-600). American Council on Education.
    Birnbaum, A. (1968). Some latent trait models and their use in inferring an examinee's ability. In F. M. Lord &
        M. R. Novick, Statistical Theories of Mental Test Scores, chapters 17-20. Addison-Wesley.
    Bock, R. D., & Mislevy, R. J. (1982). Adaptive EAP estimation of ability in a microcomputer environment. Applied
        Psychological Measurement, 6(4), 431-444.
    Lord, F. M. (1980). Applications of Item Response Theory to Practical Testing Problems. Erlbaum.
    Lord, F. M., & Wingersky, M. S. (1984). Comparison of IRT true-score and equipercentile observed-score
        "equatings". Applied Psychological Measurement, 8(4), 453-461.
    Thissen, D., Pommerich, M., Billeaud, K., & Williams, V. S. L. (1995). Item response theory for scores on tests
        including polytomous items with ordered responses. Applied Psychological Measurement, 19(1), 39-49.
"""

import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

FloatArray = NDArray[np.float64]
Thetas = Sequence[float] | FloatArray
Rating = float | Decimal | Fraction

NODES = 481
REACH = 6.0


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


@dataclass(frozen=True)
class Prior:
    """A normal population N(mean, sd²) of theta in logits, on a fixed grid of 481 equally spaced nodes, ±6 sd.

    The grid is a rectangle rule, which converges geometrically for bell-shaped integrands; a 50-item posterior
    spans several nodes per standard deviation. Raises ValueError unless mean is finite and sd positive and finite.
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.sd) and self.sd > 0):
            raise ValueError("a prior needs a finite mean and a positive, finite sd")

    @cached_property
    def nodes(self) -> FloatArray:
        """Theta at the grid points, shape (481,), increasing, in logits."""
        return self.mean + self.sd * np.linspace(-REACH, REACH, NODES)

    @cached_property
    def weights(self) -> FloatArray:
        """Prior probability of each node, shape (481,), summing to 1."""
        density = np.exp(-0.5 * ((self.nodes - self.mean) / self.sd) ** 2)
        weights: FloatArray = density / density.sum()
        return weights


def posterior_of_score(raw: int, a: ArrayLike, b: ArrayLike, prior: Prior) -> FloatArray:
    """Return P(theta = node | X = raw) over `prior.nodes`, shape (481,), summing to 1.

    `raw` is the summed score on all n items given. Source: Thissen, Pommerich, Billeaud & Williams (1995), with the
    likelihood of Lord & Wingersky (1984). Raises ValueError unless 0 <= raw <= n, or if that score has no
    probability anywhere on the grid; TypeError if raw is not an integer.
    """
    score = operator.index(raw)
    distribution = score_distribution(prior.nodes, a, b)
    if not 0 <= score < distribution.shape[-1]:
        raise ValueError(f"raw score {score} is not on a form of {distribution.shape[-1] - 1} items")
    joint = distribution[:, score] * prior.weights
    total = joint.sum()
    if total == 0:
        raise ValueError(f"raw score {score} is impossible under this prior")
    posterior: FloatArray = joint / total
    return posterior


def eap_of_score(raw: int, a: ArrayLike, b: ArrayLike, prior: Prior) -> float:
    """Return the posterior mean of theta given the summed score, in logits.

    Source: Bock & Mislevy (1982) for the estimator, Thissen et al. (1995) for summed scores. Errors as in
    `posterior_of_score`.
    """
    return float(posterior_of_score(raw, a, b, prior) @ prior.nodes)


def _plain(values: FloatArray) -> float | FloatArray:
    """A number for a scalar theta, an array otherwise."""
    return float(values) if np.ndim(values) == 0 else values
