"""The distribution of true scores as a four-parameter beta, found from moments.

True scores are proportions of the maximum, 0 to 1. The beta has shapes alpha and beta > 0 and lies between two limits
0 <= lower < upper <= 1.

Sources:
    Hanson, B. A. (1991). Method of moments estimates for the four-parameter beta compound binomial model and the
        calculation of classification consistency indexes (ACT Research Report 91-5). American College Testing.
    Johnson, N. L., Kotz, S., & Balakrishnan, N. (1995). Continuous Univariate Distributions (2nd ed.), volume 2,
        chapter 25. Wiley.
    Lord, F. M. (1965). A strong true-score theory, with applications. Psychometrika, 30(3), 239-270.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from psychometrics.arrays import FloatArray

# Where the density has fallen by exp(-DROP) from its top, what lies beyond it is less than rounding.
DROP = 45.0
POINTS = 16
# True scores closer together than this, as a standard deviation, have no skewness that survives rounding.
CLOSEST = 1e-6
ROUNDING = 1e-12


class Moments(NamedTuple):
    """Mean, variance, skewness and kurtosis (3 for the normal); the last two None where unknown."""

    mean: float
    variance: float
    skewness: float | None = None
    kurtosis: float | None = None


@dataclass(frozen=True, slots=True)
class Beta:
    """A beta distribution between two limits, and how many moments of the true scores it matches: 4, 3 or 2."""

    alpha: float
    beta: float
    lower: float
    upper: float
    moments: int


def true_score_moments(proportions: FloatArray, reliability: float, length: float) -> Moments:
    """Return the moments of true proportions from observed ones, shape (persons,), on a form of `length` items.

    For binomial errors the k-th raw moment is the mean of x(x - 1)…(x - k + 1) over n(n - 1)…(n - k + 1), with
    x = n · proportion (Lord 1965, equation 37). The variance that follows is reliability · observed variance when n is
    the effective length. A form of n items knows n moments; those it does not know are None.
    """
    mean, variance = float(proportions.mean()), reliability * float(proportions.var())
    scores, length = length * proportions, float(length)
    if length < 2.5 or variance < CLOSEST**2:
        return Moments(mean, variance)
    second = variance + mean**2
    third = float((scores * (scores - 1) * (scores - 2)).mean()) / (length * (length - 1) * (length - 2))
    skewness = (third - 3 * mean * second + 2 * mean**3) / variance**1.5
    if length < 3.5:
        return Moments(mean, variance, skewness)
    falling = scores * (scores - 1) * (scores - 2) * (scores - 3)
    fourth = float(falling.mean()) / (length * (length - 1) * (length - 2) * (length - 3))
    central = fourth - 4 * mean * third + 6 * mean**2 * second - 3 * mean**4
    return Moments(mean, variance, skewness, central / variance**2)


def fit(moments: Moments) -> Beta:
    """Return the beta with these moments, by Hanson's (1991) order of retreat.

    1. All four moments, if that beta exists and lies within 0 and 1.
    2. Else mean, variance and skewness, with the kurtosis as near as a beta within 0 and 1 can bring it. Given three
       moments, kurtosis rises with alpha + beta while both limits move outward, so that beta has a limit at 0 or 1.
    3. Else, or if the moments are none that any scores could have, mean and variance with limits 0 and 1.

    Given the mean and a variance with 0 < variance < mean · (1 - mean), the third always exists.
    """
    mean, variance, skewness, kurtosis = moments
    if skewness is not None:
        sd = math.sqrt(variance)
        widest = _largest_sum(mean, sd, skewness)
        wanted = math.inf if kurtosis is None else _shape_sum(skewness, kurtosis)
        if widest > 0 and wanted > 0:
            return _with_skewness(mean, sd, skewness, min(wanted, widest), 4 if wanted <= widest else 3)
    total = mean * (1 - mean) / variance - 1
    return Beta(mean * total, (1 - mean) * total, 0.0, 1.0, 2)


def quadrature(true: Beta, breaks: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return true scores (k,) and their weights (k,), summing to 1, for integrals that jump or bend at `breaks`.

    Gauss-Legendre on panels of the log odds of (score - lower) / (upper - lower), where the density is smooth and has
    thin tails for every alpha and beta. `breaks` are true scores; those outside the limits are passed over.
    """
    inside = (breaks - true.lower) / (true.upper - true.lower)
    inside = inside[(inside > 0) & (inside < 1)]
    low, high = _reach(true.alpha, true.beta)
    bends = np.log(inside) - np.log1p(-inside)
    odds = np.concatenate([np.linspace(low, high, 65), np.linspace(-40.0, 40.0, 81), bends])
    edges = np.unique(odds[(odds >= low) & (odds <= high)])
    places, weights = np.polynomial.legendre.leggauss(POINTS)
    half = np.diff(edges)[:, np.newaxis] / 2
    points = (edges[:-1, np.newaxis] + half + half * places).ravel()
    density = _log_density(points, true.alpha, true.beta)
    mass = np.exp(density - density.max()) * (half * weights).ravel()
    share = np.exp(-np.logaddexp(0.0, -points))
    return true.lower + (true.upper - true.lower) * share, mass / mass.sum()


def _shape_sum(skewness: float, kurtosis: float) -> float:
    """alpha + beta from skewness and kurtosis (Johnson et al. 1995); infinite where no beta is so peaked."""
    square = skewness**2
    below = 6 + 3 * square - 2 * kurtosis
    return 6 * (kurtosis - square - 1) / below if below > 0 else math.inf


def _largest_sum(mean: float, sd: float, skewness: float) -> float:
    """The alpha + beta with three given moments at which the first limit touches 0 or 1; not positive if none fits.

    With r = alpha + beta and A = skewness · (r + 2) / 4, the lower limit is mean - sd · (√(r + 1 + A²) - A), which
    reaches 0 at r = (m² + m · skewness - 1) / (1 - m · skewness / 2) for m = mean / sd, or never if that
    denominator is not positive. The upper limit is the mirror image.
    """
    sums = []
    for room, lean in ((mean / sd, skewness), ((1 - mean) / sd, -skewness)):
        above, below = room**2 + room * lean - 1, 1 - room * lean / 2
        if above <= 0:
            return 0.0
        if below > 0:
            sums.append(above / below)
    return min(sums)


def _with_skewness(mean: float, sd: float, skewness: float, total: float, moments: int) -> Beta:
    """The beta with three given moments and a given alpha + beta."""
    lean = skewness * (total + 2) / 4
    spread = math.sqrt(total + 1 + lean**2)
    # (beta - alpha) / (alpha + beta) is lean / spread; the distances of the limits from the mean are sd times these.
    down, up = _added(spread, -lean, total + 1), _added(spread, lean, total + 1)
    return Beta(
        alpha=total * down / (2 * spread),
        beta=total * up / (2 * spread),
        lower=_at_limit(mean - sd * down),
        upper=_at_limit(mean + sd * up),
        moments=moments,
    )


def _at_limit(value: float) -> float:
    """A limit that rounding keeps a hair from 0 or 1, put there."""
    nearest = float(round(value))
    return nearest if abs(value - nearest) < ROUNDING else value


def _added(spread: float, lean: float, product: float) -> float:
    """spread + lean, without cancellation: times spread - lean it is `product`."""
    return spread + lean if lean >= 0 else product / (spread - lean)


def _log_density(odds: FloatArray, alpha: float, beta: float) -> FloatArray:
    return -alpha * np.logaddexp(0.0, -odds) - beta * np.logaddexp(0.0, odds)


def _reach(alpha: float, beta: float) -> tuple[float, float]:
    """Log odds between which all but exp(-DROP) of the density's height lies; it has one top and falls off it."""
    top = math.log(alpha / beta)
    ends = []
    for side in (-1.0, 1.0):
        step = math.sqrt(1 / alpha + 1 / beta)
        places = np.array([top, top])
        while True:
            places[1] = top + side * step
            height = _log_density(places, alpha, beta)
            if height[0] - height[1] >= DROP:
                break
            step *= 1.5
        ends.append(float(places[1]))
    return ends[0], ends[1]
