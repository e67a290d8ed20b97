"""What a score report says about uncertainty: likely range, chance of passing, domain levels.

`raw` is always the summed score on all the scored items given by `a` and `b`, shape (n,); theta is in logits with
the cut at 0.

Sources:
    Birnbaum, A. (1968), in F. M. Lord & M. R. Novick, Statistical Theories of Mental Test Scores. Addison-Wesley.
    Grayson, D. A. (1988). Two-group classification in latent trait theory: Scores with monotone likelihood ratio.
        Psychometrika, 53(3), 383-392.
    Kane, M. T. (1987). On the use of IRT models with judgmental standard setting procedures. Journal of Educational
        Measurement, 24(4), 333-345.
    Kolen, M. J., & Brennan, R. L. (2014). Test Equating, Scaling, and Linking (3rd ed.), chapters 6 and 9. Springer.
    Lee, W. (2010). Classification consistency and accuracy for complex assessments using item response theory.
        Journal of Educational Measurement, 47(1), 1-17.
    Thissen, D., Pommerich, M., Billeaud, K., & Williams, V. S. L. (1995). Item response theory for scores on tests
        including polytomous items with ordered responses. Applied Psychological Measurement, 19(1), 39-49.
"""

import math
import operator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator

from psychometrics.irt import (
    FloatArray,
    Prior,
    characteristic_curve,
    conditional_sem,
    posterior_of_score,
    score_distribution,
)
from psychometrics.scaling import Number, Scale

UNCALIBRATED_PRIOR = Prior(0.0, 1.5)
# An assumption, not a measurement: how far, in logits, one desk rating may lie from what candidates will show.
DESK_RATING_SD = 0.8

CENTRAL = (0.16, 0.84)
TOLERANCE = 1e-6


def rating_error_sd(ratings_sd_logit: float, n: int, reference_n: int | None = None) -> float:
    """Return the sd, in logits of theta, of the cut's error on a form whose difficulties are only judged.

    Each rating is off by an independent error of sd `ratings_sd_logit` logits. A form's cut on theta moves by the
    weighted mean of its items' errors, so its sd is ratings_sd_logit / sqrt(n) for n items of like weight (Kane
    1987, error of a passing score over items). With `reference_n`, the error of the reference form a score was
    equated to is added; shared items make that an upper bound. Leniency common to all ratings is no error here: it
    shifts every form and the standard alike. Raises ValueError for a negative sd or fewer than one item.
    """
    counts = (n,) if reference_n is None else (n, reference_n)
    if not 0 <= ratings_sd_logit < math.inf or min(counts) < 1:
        raise ValueError("the rating error needs a finite sd of at least 0 and at least one item")
    return ratings_sd_logit * math.sqrt(sum(1 / count for count in counts))


def likely_range(
    raw: int, a: ArrayLike, b: ArrayLike, table_scaled: ArrayLike, prior: Prior, extra_sd: float = 0.0
) -> tuple[int, int]:
    """Return the low and high scaled score of the central 68 % posterior interval given the summed score.

    The 16th and 84th percentile of theta given raw (Thissen et al. 1995), widened by an independent normal error of
    `extra_sd` logits (see `rating_error_sd`), become expected raw scores T(theta) and then, between the rows of the
    form's table (Kolen & Brennan 2014, chapter 9), scaled scores, rounded outward. `table_scaled` has shape (n + 1,).
    The range always holds the obtained score and stays on the scale. Raises ValueError for a table of another
    length or a negative extra_sd, and as `posterior_of_score` does.
    """
    table = _column(table_scaled, a)
    theta = _percentiles(_beliefs(raw, a, b, prior, extra_sd), prior)
    ends = np.interp(characteristic_curve(theta, a, b), np.arange(table.size), table)
    low, high = math.floor(ends[0]), math.ceil(ends[1])
    obtained = int(table[raw])
    return min(low, obtained), max(high, obtained)


def scaled_density(
    raw: int,
    a: ArrayLike,
    b: ArrayLike,
    equated: ArrayLike,
    scale: Scale,
    cut: Number,
    prior: Prior,
    extra_sd: float = 0.0,
    points: int = 180,
) -> tuple[FloatArray, FloatArray]:
    """Return the posterior of the true scaled score for a chart: x (scaled points) and density, both (points,).

    x are the centres of equal bins over the scale; density is per scaled point, so its sum times the bin width is 1.
    `equated` is the form's equated column, shape (n + 1,), carried over the unrounded line, because the table's whole
    points would draw steps. The posterior is the one of `likely_range`. The area at or above the pass mark is the
    chance that the *true* score passes, not `chance_of_passing`, which adds the luck of another form. Raises
    ValueError as `likely_range` does, for a bad cut, or for fewer than one point.
    """
    column = _column(equated, a)
    if points < 1:
        raise ValueError("a density needs at least one point")
    weights = _beliefs(raw, a, b, prior, extra_sd)
    expected = characteristic_curve(_edges(prior), a, b)
    reached = scale.scaled_curve(np.interp(expected, np.arange(column.size), column), cut, float(column[-1]))
    places, first = np.unique(reached, return_index=True)
    below = PchipInterpolator(places, _cumulative(weights)[first])
    ticks = np.linspace(scale.minimum, scale.maximum, points + 1)
    mass = np.diff(below(np.clip(ticks, places[0], places[-1])))
    return (ticks[:-1] + ticks[1:]) / 2, mass / mass.sum() / (ticks[1] - ticks[0])


def chance_of_passing(
    raw: int,
    a: ArrayLike,
    b: ArrayLike,
    reference_a: ArrayLike,
    reference_b: ArrayLike,
    minimum: int,
    prior: Prior,
) -> float:
    """Return the probability, 0 to 1, that the same ability reaches `minimum` right on the reference form.

    The sum over theta of p(theta | raw) · P(X >= minimum | theta), as in Lee (2010), with the reference form's items,
    shape (m,), and its minimum passing raw score. It never falls as raw rises, since the summed score has monotone
    likelihood ratio (Grayson 1988). Raises ValueError unless 1 <= minimum <= m, and as `posterior_of_score` does.
    """
    distribution = score_distribution(prior.nodes, reference_a, reference_b)
    if not 1 <= operator.index(minimum) < distribution.shape[-1]:
        raise ValueError(f"minimum {minimum} is not between 1 and {distribution.shape[-1] - 1}")
    passing = distribution[:, minimum:].sum(axis=1)
    return float(np.clip(posterior_of_score(raw, a, b, prior) @ passing, 0.0, 1.0))


class Bound(StrEnum):
    """How a rounded chance is to be read: "under 5 %", "about 40 %" or "over 95 %"."""

    UNDER = "under"
    ABOUT = "about"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Steps:
    """A chance in 5-point steps: `percent` from 5 to 95, and whether it is that, less or more."""

    percent: int
    bound: Bound


def in_steps(p: float) -> Steps:
    """Round a probability to the nearest 5 %, halves up; below 5 % is "under 5", above 95 % is "over 95".

    Raises ValueError outside 0 to 1.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"{p} is not a probability")
    if p < 0.05:
        return Steps(5, Bound.UNDER)
    if p > 0.95:
        return Steps(95, Bound.OVER)
    return Steps(5 * math.floor(20 * p + 0.5), Bound.ABOUT)


@dataclass(frozen=True, slots=True)
class DomainLevel:
    """A domain's outcome: competencies met, within one standard error of the line, and where the line is.

    `expected` is the borderline candidate's expected raw score on the domain's scored items.
    """

    meets: bool
    too_close: bool
    expected: float


def domain_level(score: int, a: ArrayLike, b: ArrayLike) -> DomainLevel:
    """Compare the score on a domain's scored items, shape (n,), with what the borderline candidate expects there.

    `meets` when score >= T(0); `too_close` when they differ by at most one conditional standard error of
    measurement at theta = 0, the square root of the sum of P(1 - P) (Birnbaum 1968; Kolen & Brennan 2014), both
    with a tolerance of 1e-6 raw points. Raises ValueError unless 0 <= score <= n, and for bad items.
    """
    expected, error = characteristic_curve(0.0, a, b), conditional_sem(0.0, a, b)
    if not 0 <= operator.index(score) <= np.size(a):
        raise ValueError(f"score {score} is not between 0 and {np.size(a)}")
    return DomainLevel(
        meets=score >= expected - TOLERANCE,
        too_close=abs(score - expected) <= error + TOLERANCE,
        expected=expected,
    )


def _beliefs(raw: int, a: ArrayLike, b: ArrayLike, prior: Prior, extra_sd: float) -> FloatArray:
    """The posterior on the prior's nodes, blurred by a normal error of `extra_sd` logits."""
    if not 0 <= extra_sd < math.inf:
        raise ValueError("extra_sd must be finite and at least 0")
    weights = posterior_of_score(raw, a, b, prior)
    if extra_sd == 0:
        return weights
    distance = np.subtract.outer(prior.nodes, prior.nodes) / extra_sd
    blur = np.exp(-0.5 * distance**2)
    blurred: FloatArray = (blur / blur.sum(axis=0)) @ weights
    return blurred


def _edges(prior: Prior) -> FloatArray:
    """The borders of the cells around the nodes, one more than there are nodes."""
    half = (prior.nodes[1] - prior.nodes[0]) / 2
    return np.append(prior.nodes - half, prior.nodes[-1] + half)


def _cumulative(weights: FloatArray) -> FloatArray:
    return np.append(0.0, np.cumsum(weights))


def _percentiles(weights: FloatArray, prior: Prior) -> FloatArray:
    """The two ends of the central 68 % of theta."""
    return np.interp(CENTRAL, _cumulative(weights), _edges(prior))


def _column(values: ArrayLike, a: ArrayLike) -> FloatArray:
    """A table's column as floats, one value for each raw score of a form with these items."""
    column = np.asarray(values, dtype=np.float64)
    if column.shape != (np.size(a) + 1,):
        raise ValueError(f"a table for {np.size(a)} items needs {np.size(a) + 1} rows, not {column.shape}")
    return column
