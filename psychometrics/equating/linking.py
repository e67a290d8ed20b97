"""Linking: putting the items of two calibrations on one theta scale through the items they share.

Sources:
    Haebara, T. (1980). Equating logistic ability scales by a weighted least squares method. Japanese Psychological
        Research, 22(3), 144-149.
    Kolen, M. J., & Brennan, R. L. (2014). Test Equating, Scaling, and Linking: Methods and Practices (3rd ed.),
        chapter 6. Springer.
    Loyd, B. H., & Hoover, H. D. (1980). Vertical equating using the Rasch model. Journal of Educational
        Measurement, 17(3), 179-193.
    Marco, G. L. (1977). Item characteristic curve solutions to three intractable testing problems. Journal of
        Educational Measurement, 14(2), 139-160.
    Stocking, M. L., & Lord, F. M. (1983). Developing a common metric in item response theory. Applied Psychological
        Measurement, 7(2), 201-210.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import least_squares

from psychometrics.arrays import FloatArray
from psychometrics.irt import Prior, item_parameters, probability

Method = Literal["stocking_lord", "haebara", "mean_mean", "mean_sigma"]
Items = tuple[FloatArray, FloatArray]

STANDARD = Prior(0.0, 1.0)
TOLERANCE = 1e-14
# A unit of one scale is taken to be between 1/e⁵ and e⁵ units of the other.
LARGEST_LOG_A = 5.0
# Differences in logits below this are rounding.
SAME = 1e-9
# A criterion whose root moves less than this by a logit does not see the items.
BLIND = 1e-6


class NotLinked(ValueError):
    """The shared items do not put the two calibrations on one scale; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Link:
    """The change of scale theta_Y = A · theta_X + B, in logits."""

    A: float
    B: float

    def items(self, a: ArrayLike, b: ArrayLike) -> Items:
        """Return items of X's scale on Y's scale: slopes a / A and difficulties A · b + B, each of shape (n,)."""
        slopes, difficulties = item_parameters(a, b)
        return slopes / self.A, self.A * difficulties + self.B

    def theta(self, theta: ArrayLike) -> FloatArray:
        """Return abilities of X's scale on Y's scale, same shape as given."""
        moved: FloatArray = np.asarray(self.A * np.asarray(theta, dtype=np.float64) + self.B)
        return moved


def link(
    a_x: ArrayLike,
    b_x: ArrayLike,
    a_y: ArrayLike,
    b_y: ArrayLike,
    method: Method = "stocking_lord",
    *,
    population: Prior = STANDARD,
    symmetric: bool = False,
) -> Link:
    """Return the link from X's scale to Y's that the shared items support.

    The four arrays, shape (n,), hold the same n items in the same order as calibrated on X and on Y. Methods (Kolen
    & Brennan 2014, chapter 6):

    - mean_mean (Loyd & Hoover 1980): A = mean(a_x) / mean(a_y), B = mean(b_y) - A · mean(b_x).
    - mean_sigma (Marco 1977): A = sd(b_y) / sd(b_x), B as before.
    - haebara (1980): the least sum, over items, of squared distances between the items' two curves.
    - stocking_lord (1983): the least squared distance between the two curves of the sum of all items.

    The last two weigh distances at the 481 nodes of `population`, a normal distribution of theta on Y's scale,
    N(0, 1) unless given. A `symmetric` criterion adds the distances after putting Y's items on X's scale, weighed at
    the same nodes of X's theta. Both look for the minimum from the better of the first two methods' results; a unit
    of X is taken to be from 1/148 to 148 units of Y. With one item, mean_sigma says nothing.

    Raises ValueError for bad items or an unknown method, NotLinked if the arrays differ in length, if mean_sigma
    finds no spread in the difficulties, or if no minimum is found.
    """
    x, y = item_parameters(a_x, b_x), item_parameters(a_y, b_y)
    if x[0].size != y[0].size:
        raise NotLinked(f"the shared items must be the same on both scales, got {x[0].size} and {y[0].size}")
    match method:
        case "mean_mean":
            return _mean_mean(x, y)
        case "mean_sigma":
            if x[1].std() <= SAME or y[1].std() <= SAME:
                raise NotLinked("mean/sigma linking needs shared items of different difficulty")
            return _mean_sigma(x, y)
        case "haebara" | "stocking_lord":
            return _minimum(_Criterion(x, y, population, symmetric, summed=method == "stocking_lord"))
    raise ValueError(f"unknown linking method {method!r}")


def _mean_mean(x: Items, y: Items) -> Link:
    scale = float(x[0].mean() / y[0].mean())
    return Link(scale, float(y[1].mean() - scale * x[1].mean()))


def _mean_sigma(x: Items, y: Items) -> Link:
    scale = float(y[1].std() / x[1].std())
    return Link(scale, float(y[1].mean() - scale * x[1].mean()))


@dataclass(frozen=True, slots=True)
class _Criterion:
    """The weighted distances between curves as a function of (log A, B), and their derivatives."""

    x: Items
    y: Items
    population: Prior
    symmetric: bool
    summed: bool

    def distances(self, unknown: FloatArray) -> FloatArray:
        """One distance for every node, or for every node and item: shape (m,)."""
        nodes, moved = self.population.nodes, _link_of(unknown)
        apart = [probability(nodes, *moved.items(*self.x)) - probability(nodes, *self.y)]
        if self.symmetric:
            back = Link(1 / moved.A, -moved.B / moved.A)
            apart.append(probability(nodes, *back.items(*self.y)) - probability(nodes, *self.x))
        return self._weighed(apart)

    def derivatives(self, unknown: FloatArray) -> FloatArray:
        """The distances' derivatives by log A and B, shape (m, 2).

        P is logistic of (a/A)(theta - B) - a·b for X's items on Y's scale, of a(A·theta + B - b) for Y's on X's.
        """
        nodes, moved = self.population.nodes[:, np.newaxis], _link_of(unknown)
        steep = _steepness(nodes, *moved.items(*self.x)) / moved.A * self.x[0]
        by_log_a, by_b = [-steep * (nodes - moved.B)], [-steep]
        if self.symmetric:
            back = Link(1 / moved.A, -moved.B / moved.A)
            steep = _steepness(nodes, *back.items(*self.y)) * self.y[0]
            by_log_a.append(steep * moved.A * nodes)
            by_b.append(steep)
        return np.stack([self._weighed(by_log_a), self._weighed(by_b)], axis=1)

    def _weighed(self, parts: list[FloatArray]) -> FloatArray:
        roots = np.sqrt(self.population.weights)[:, np.newaxis]
        curves = [part.sum(axis=1, keepdims=True) if self.summed else part for part in parts]
        weighed: FloatArray = np.concatenate([(roots * curve).ravel() for curve in curves])
        return weighed


def _link_of(unknown: FloatArray) -> Link:
    return Link(math.exp(unknown[0]), float(unknown[1]))


def _steepness(nodes: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """P(1 - P), shape (nodes, items)."""
    right = probability(nodes[:, 0], a, b)
    return right * (1 - right)


def _minimum(criterion: _Criterion) -> Link:
    starts = [_mean_mean(criterion.x, criterion.y)]
    if criterion.x[1].std() > SAME and criterion.y[1].std() > SAME:
        starts.append(_mean_sigma(criterion.x, criterion.y))
    nearest = LARGEST_LOG_A - 1
    points = [np.array([min(max(math.log(start.A), -nearest), nearest), start.B]) for start in starts]
    found = least_squares(
        criterion.distances,
        min(points, key=lambda point: float((criterion.distances(point) ** 2).sum())),
        criterion.derivatives,
        bounds=([-LARGEST_LOG_A, -np.inf], [LARGEST_LOG_A, np.inf]),
        xtol=TOLERANCE,
        ftol=TOLERANCE,
        gtol=TOLERANCE,
    )
    seen = np.linalg.svd(criterion.derivatives(found.x), compute_uv=False).min() > BLIND
    if not (found.success and seen and abs(found.x[0]) < LARGEST_LOG_A - SAME):
        raise NotLinked("no minimum of the distance between the characteristic curves was found")
    return _link_of(found.x)
