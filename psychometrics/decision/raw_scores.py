"""Accuracy and consistency of decisions on raw scores, from one form and its reliability.

Sources:
    Hanson, B. A. (1991). Method of moments estimates for the four-parameter beta compound binomial model and the
        calculation of classification consistency indexes (ACT Research Report 91-5). American College Testing.
    Livingston, S. A., & Lewis, C. (1995). Estimating the consistency and accuracy of classifications based on test
        scores. Journal of Educational Measurement, 32(2), 179-197.
"""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc

from psychometrics.arrays import FloatArray
from psychometrics.decision.agreement import Agreement, BadDecision, agreement, cuts_between, whole_points
from psychometrics.decision.true_scores import fit, quadrature, true_score_moments

# Around a cut, how many standard errors at each whole number of which the integrals are cut into panels.
BENDS = np.arange(-9.0, 10.0)
# A binomial test longer than this knows every true score; the binomial tail is not computable much further out.
LONGEST = 10**9
# What a cut on the binomial test may fall short of a whole score by rounding and still be it.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class LivingstonLewis(Agreement):
    """Agreement, and the model behind it.

    `effective_length`: items of the binomial test that stands for the form, at most 10⁹; `alpha`, `beta`, `lower`,
    `upper`: the beta of true scores as proportions of the score range; `parameters`: how many of the four were
    fitted: 4, 3 (one limit set to 0 or 1) or 2 (both limits set).
    """

    effective_length: int
    alpha: float
    beta: float
    lower: float
    upper: float
    parameters: int


def effective_length(mean: float, variance: float, reliability: float, minimum: float, maximum: float) -> float:
    """Return Livingston & Lewis's (1995) effective test length n, not rounded.

    The number of equally difficult, independent right/wrong items whose score has this mean, variance and
    reliability: ((mean - min)(max - mean) - r · var) / (var(1 - r)). All but r in raw points. Raises BadDecision
    unless 0 < r < 1, min < mean < max and 0 < var <= (mean - min)(max - mean), which no bounded score exceeds.
    """
    if not 0 < reliability < 1:
        raise BadDecision("the reliability must lie strictly between 0 and 1")
    room = (mean - minimum) * (maximum - mean)
    if not (minimum < mean < maximum and 0 < variance <= room * (1 + 1e-9)):
        raise BadDecision("the scores must vary, within the lowest and highest score")
    return max((room - reliability * variance) / (variance * (1 - reliability)), 1.0)


def livingston_lewis(
    scores: ArrayLike, reliability: float, minimum: float, maximum: float, cut: ArrayLike
) -> LivingstonLewis:
    """Return how accurate and consistent decisions at `cut` are, by Livingston & Lewis (1995).

    `scores` has shape (persons,) in raw points from `minimum` to `maximum`; `cut` is one number of raw points or
    several in increasing order; a score at or above a cut passes it, and so does a true score. The moments use the
    divisor N. True scores are a beta fitted to moments (Hanson 1991; see `true_scores.fit` for when fewer than four
    are used) with the unrounded effective length, so that their variance is reliability · variance; scores on a
    form are binomial with the rounded one, and two forms are independent given the true score (Hanson 1991). The
    adjustment of Livingston & Lewis to the observed distribution of one form is not made.

    Whole-numbered scores reach the cut c from ⌈c⌉ on, which is ⌈c⌉ - c points above it; on the binomial test a score
    as many of its own points above the cut is needed. Where that is not a whole score, the chance of reaching it is
    interpolated linearly between the two next to it. So an effective length of maximum - minimum gives the plain
    binomial tail, and a growing one decisions that are all right. Scores that are not all whole need c itself.

    Raises BadDecision for scores that do not vary or are missing or out of range, a reliability outside (0, 1), or a
    cut that is not above the minimum and at most the maximum.
    """
    reliability, minimum, maximum = float(reliability), float(minimum), float(maximum)
    given = _scores(scores, minimum, maximum)
    cuts = cuts_between(cut, minimum, maximum)
    length = effective_length(float(given.mean()), float(given.var()), reliability, minimum, maximum)
    items = min(math.floor(length + 0.5), LONGEST)
    scale = maximum - minimum
    whole = bool((given == np.round(given)).all())
    above = np.minimum(whole_points(cuts), maximum) - cuts if whole else np.zeros_like(cuts)
    true = fit(true_score_moments((given - minimum) / scale, reliability, length))
    wanted = (cuts - minimum) / scale
    errors = np.sqrt(np.maximum(wanted * (1 - wanted), 1 / items) / items)
    bends = np.unique(np.append(wanted, (wanted[:, np.newaxis] + errors[:, np.newaxis] * BENDS).ravel()))
    places, weights = quadrature(true, bends)
    passing = np.column_stack([_reaching(score, items, places) for score in items * wanted + above])
    truth = np.searchsorted(wanted, places, side="right")
    indices = dataclasses.asdict(agreement(passing, truth, weights))
    return LivingstonLewis(
        **indices,
        effective_length=items,
        alpha=true.alpha,
        beta=true.beta,
        lower=true.lower,
        upper=true.upper,
        parameters=true.moments,
    )


def _scores(scores: ArrayLike, minimum: float, maximum: float) -> FloatArray:
    given = np.asarray(scores, dtype=np.float64)
    if not (math.isfinite(minimum) and math.isfinite(maximum) and minimum < maximum):
        raise BadDecision("the lowest possible score must be below the highest")
    if given.ndim != 1 or given.size < 2:
        raise BadDecision("decisions need the scores of at least two persons")
    if not ((given >= minimum) & (given <= maximum)).all():
        raise BadDecision(f"scores must lie between {minimum:g} and {maximum:g}, none missing")
    if (given == given[0]).all():
        raise BadDecision("all scores are the same, so decisions cannot be judged")
    return given


def _reaching(score: float, items: int, chance: FloatArray) -> FloatArray:
    """P(binomial score >= score) for each chance of success, shape (k,), linear between whole scores."""
    below = math.floor(score + ROUNDING)
    part = max(score - below, 0.0)
    return (1 - part) * _tail(below, items, chance) + part * _tail(below + 1, items, chance)


def _tail(score: int, items: int, chance: FloatArray) -> FloatArray:
    """P(binomial score >= score) for each chance of success, shape (k,)."""
    if score <= 0:
        return np.ones_like(chance)
    if score > items:
        return np.zeros_like(chance)
    tail: FloatArray = betainc(float(score), float(items - score + 1), chance)
    return tail
