"""Accuracy and consistency of decisions from item response theory.

Both methods come in two forms (Lee 2010): D, over a distribution of ability, and P, over persons whose estimates
stand for their abilities; P is too flattering where estimates spread more widely than abilities do.

Sources:
    Lee, W. (2010). Classification consistency and accuracy for complex assessments using item response theory.
        Journal of Educational Measurement, 47(1), 1-17.
    Lord, F. M., & Wingersky, M. S. (1984). Comparison of IRT true-score and equipercentile observed-score
        "equatings". Applied Psychological Measurement, 8(4), 453-461.
    Rudner, L. M. (2001). Computing the expected proportions of misclassified examinees. Practical Assessment,
        Research & Evaluation, 7(14), 1-5.
    Rudner, L. M. (2005). Expected classification accuracy. Practical Assessment, Research & Evaluation, 10(13), 1-4.
    Wyse, A. E., & Hao, S. (2012). An evaluation of item response theory classification accuracy and consistency
        indices. Applied Psychological Measurement, 36(7), 602-624.
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from psychometrics.arrays import FloatArray
from psychometrics.decision.agreement import (
    Agreement,
    BadDecision,
    agreement,
    ascending,
    checked_weights,
    cuts_between,
    whole_points,
)
from psychometrics.equating import theta_of_expected
from psychometrics.irt import characteristic_curve, item_parameters, score_distribution

# What a characteristic curve may fall short of a cut by rounding and still reach it, in raw points.
ROUNDING = 1e-9
REACH = 8.0
PANELS = 64
POINTS = 10


def lee(
    a: ArrayLike,
    b: ArrayLike,
    cut: ArrayLike,
    mean: float = 0.0,
    sd: float = 1.0,
    *,
    theta: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Agreement:
    """Return how accurate and consistent decisions on the summed score are, by Lee (2010).

    `a`, `b`: the n scored items; `cut`: raw points, one or several in increasing order. The summed score passes from
    ⌈cut⌉ on, the true score T(theta) from `cut` itself; so the cut T(0) makes theta >= 0 the true standard. Score
    distributions given theta are Lord & Wingersky's (1984).

    Abilities are N(mean, sd²) in logits (the D method, integrated with a break at every cut, so that the result
    depends on no grid), unless `theta`, shape (k,), is given: with `weights` (k,) as quadrature points of any
    distribution (D), without as one estimate for each person (P). Raises BadDecision unless 0 < cut <= n, for bad
    items, for abilities that are missing or infinite, and for an sd that is not positive.
    """
    try:
        slopes, difficulties = item_parameters(a, b)
    except ValueError as error:
        raise BadDecision(str(error)) from error
    cuts = cuts_between(cut, 0, slopes.size)
    if theta is None:
        if weights is not None:
            raise BadDecision("weights need the abilities they belong to")
        inner = cuts[cuts < slopes.size]
        places, shares = _normal(mean, sd, theta_of_expected(inner, slopes, difficulties))
    else:
        places = _abilities(theta)
        shares = checked_weights(weights, places.size)
    reached = score_distribution(places, slopes, difficulties)[:, ::-1].cumsum(axis=1)[:, ::-1]
    passing = np.minimum(reached[:, whole_points(cuts).astype(np.intp)], 1.0)
    expected = characteristic_curve(places, slopes, difficulties)
    truth = np.searchsorted(cuts - ROUNDING, expected, side="right")
    return agreement(passing, truth, shares)


def rudner(theta: ArrayLike, se: ArrayLike, cut: ArrayLike, weights: ArrayLike | None = None) -> Agreement:
    """Return how accurate and consistent decisions on theta are, by Rudner (2001, 2005).

    An estimate of the ability theta, shape (k,), is taken as normal around it with standard error `se`, shape (k,) or
    one number; both and `cut`, one or several in increasing order, in logits. The chance of each category is an
    area under that normal: accuracy is the mean area on the true side of the cut (Rudner), consistency the mean sum
    of squared areas, two estimates being independent given theta (Wyse & Hao 2012). Without `weights` the abilities
    are persons' estimates (P method); with them, shape (k,), they are quadrature points of a distribution (D).
    Raises BadDecision for abilities that are missing or infinite, and for standard errors that are not positive.
    """
    places = _abilities(theta)
    cuts = ascending(cut)
    errors = np.asarray(se, dtype=np.float64)
    if errors.shape not in ((), places.shape) or not (np.isfinite(errors).all() and (errors > 0).all()):
        raise BadDecision("standard errors must be positive and finite, one for each ability")
    distance = (places[:, np.newaxis] - cuts) / np.broadcast_to(errors, places.shape)[:, np.newaxis]
    truth = np.searchsorted(cuts, places, side="right")
    return agreement(ndtr(distance), truth, checked_weights(weights, places.size))


def _abilities(theta: ArrayLike) -> FloatArray:
    places = np.atleast_1d(np.asarray(theta, dtype=np.float64))
    if places.ndim != 1 or places.size == 0 or not np.isfinite(places).all():
        raise BadDecision("abilities must be a list of finite numbers")
    return places


def _normal(mean: float, sd: float, breaks: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Abilities and weights, both (k,), for integrals over N(mean, sd²) that jump at `breaks`."""
    if not (math.isfinite(mean) and math.isfinite(sd) and sd > 0):
        raise BadDecision("a population needs a finite mean and a positive, finite sd")
    scaled = (breaks - mean) / sd
    edges = np.unique(np.append(np.linspace(-REACH, REACH, PANELS + 1), scaled[np.abs(scaled) < REACH]))
    places, weights = np.polynomial.legendre.leggauss(POINTS)
    half = np.diff(edges)[:, np.newaxis] / 2
    points = (edges[:-1, np.newaxis] + half + half * places).ravel()
    mass = np.exp(-0.5 * points**2) * (half * weights).ravel()
    return mean + sd * points, mass / mass.sum()
