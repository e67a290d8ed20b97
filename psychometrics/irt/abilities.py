"""Estimates of each person's ability from the pattern of answers, and their errors.

All estimators take `responses` as `psychometrics.responses.read` does (persons × items, NaN or not stored for not
seen) and the items' slopes `a` and difficulties `b`, each of shape (items,), and return theta in logits, shape
(persons,). With `errors=True` they return (theta, se), both of that shape. Only what a person has seen counts.

They raise BadResponses for unreadable responses or another number of items, ValueError for bad items or a bad
prior, and NoEstimate, which safeguarded steps leave to parameters that no real item has.

Sources:
    Birnbaum, A. (1968). Some latent trait models and their use in inferring an examinee's ability. In F. M. Lord &
        M. R. Novick, Statistical Theories of Mental Test Scores, chapters 17-20. Addison-Wesley.
    Bock, R. D., & Mislevy, R. J. (1982). Adaptive EAP estimation of ability in a microcomputer environment. Applied
        Psychological Measurement, 6(4), 431-444.
    Lord, F. M. (1980). Applications of Item Response Theory to Practical Testing Problems. Erlbaum.
    Samejima, F. (1969). Estimation of latent ability using a response pattern of graded scores. Psychometrika
        Monograph Supplement, 34(4, Pt. 2).
    Warm, T. A. (1989). Weighted likelihood estimation of ability in item response theory. Psychometrika, 54(3),
        427-450.
"""

from collections.abc import Callable
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from psychometrics.arrays import FloatArray
from psychometrics.irt.patterns import Patterns, patterns, spread
from psychometrics.irt.summed import NODES, Prior
from psychometrics.responses import BadResponses

Estimates = tuple[FloatArray, FloatArray]
# Given theta, shape (persons,): the derivative to bring to zero, and how fast it falls there.
Slope = Callable[[FloatArray], tuple[FloatArray, FloatArray]]

TOLERANCE = 1e-10
STEPS = 200
# How high, against its peak, a posterior may stand at the ends of the prior's grid before that cuts off too much.
EDGE = 1e-4
# How far below its peak a log density is nothing.
NOTHING = 40.0
HALVINGS = 40


class NothingSeen(BadResponses):
    """A person who has seen no item has no likelihood; the message is one sentence."""


class NoEstimate(ValueError):
    """The search for an estimate did not end; the message is one sentence."""


@overload
def ml(responses: Any, a: ArrayLike, b: ArrayLike, *, errors: Literal[False] = False) -> FloatArray: ...
@overload
def ml(responses: Any, a: ArrayLike, b: ArrayLike, *, errors: Literal[True]) -> Estimates: ...
def ml(responses: Any, a: ArrayLike, b: ArrayLike, *, errors: bool = False) -> FloatArray | Estimates:
    """Return maximum likelihood estimates: the theta where the sum of a·P equals the sum of a over right answers.

    Who has everything right has +inf, who has everything wrong -inf, both with an infinite se. Otherwise se is
    1/sqrt(information) at the estimate, over what was seen (Birnbaum 1968; Lord 1980, chapter 5), infinite where
    the information is too small for a float. Raises NothingSeen if a person has seen no item.
    """
    given = patterns(responses, a, b)
    _all_have_seen(given)
    gained, lost = given.weighted_right, given.weighted_wrong
    inside = (gained > 0) & (lost > 0)
    # The theta at which any single item has P = gained / (gained + lost) bounds the one at which they have it
    # on average.
    odds = np.log(np.where(inside, gained, 1.0)) - np.log(np.where(inside, lost, 1.0))
    low, high = _extremes(given, odds, odds)

    def slope(theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        return _likelihood_slope(given, theta)

    theta = _root(slope, low, high, (low + high) / 2)
    theta[gained == 0], theta[lost == 0] = -np.inf, np.inf
    return (theta, _inverse_root(given.information(theta))) if errors else theta


@overload
def map_(
    responses: Any,
    a: ArrayLike,
    b: ArrayLike,
    mean: float = 0.0,
    sd: float = 1.0,
    *,
    errors: Literal[False] = False,
) -> FloatArray: ...
@overload
def map_(
    responses: Any, a: ArrayLike, b: ArrayLike, mean: float = 0.0, sd: float = 1.0, *, errors: Literal[True]
) -> Estimates: ...
def map_(
    responses: Any, a: ArrayLike, b: ArrayLike, mean: float = 0.0, sd: float = 1.0, *, errors: bool = False
) -> FloatArray | Estimates:
    """Return the modes of the posteriors under a normal prior N(mean, sd²) of theta in logits (Samejima 1969).

    se is 1/sqrt(information + 1/sd²), from the curvature of the log posterior at its mode. Always finite: who has
    seen nothing gets the prior's mean and sd.
    """
    given, prior = patterns(responses, a, b), Prior(mean, sd)
    theta = prior.mean + prior.sd * _modes(given, prior)
    if not errors:
        return theta
    return theta, prior.sd / np.sqrt(prior.sd * given.information(theta) * prior.sd + 1)


@overload
def eap(
    responses: Any,
    a: ArrayLike,
    b: ArrayLike,
    mean: float = 0.0,
    sd: float = 1.0,
    *,
    errors: Literal[False] = False,
) -> FloatArray: ...
@overload
def eap(
    responses: Any, a: ArrayLike, b: ArrayLike, mean: float = 0.0, sd: float = 1.0, *, errors: Literal[True]
) -> Estimates: ...
def eap(
    responses: Any, a: ArrayLike, b: ArrayLike, mean: float = 0.0, sd: float = 1.0, *, errors: bool = False
) -> FloatArray | Estimates:
    """Return the means of the posteriors under a normal prior N(mean, sd²) of theta in logits (Bock & Mislevy 1982).

    On the 481 nodes of `Prior`; se is the posterior's standard deviation there. A posterior that reaches beyond those
    nodes, as when the items lie many prior standard deviations away, or that is narrower than their spacing, gets
    481 nodes of its own. Items so steep that they are steps between two nodes are located to within that spacing.
    Who has seen nothing gets the prior's mean and sd.
    """
    given, prior = patterns(responses, a, b), Prior(mean, sd)
    theta, se = np.empty(given.data.persons), np.empty(given.data.persons)
    beyond = np.zeros(given.data.persons, dtype=np.bool_)
    for batch, weights in given.posteriors(prior):
        theta[batch] = weights @ prior.nodes
        se[batch] = np.sqrt((weights * (prior.nodes - theta[batch, np.newaxis]) ** 2).sum(axis=1))
        beyond[batch] = np.maximum(weights[:, 0], weights[:, -1]) > EDGE * weights.max(axis=1)
    unfit = beyond | (se < prior.nodes[1] - prior.nodes[0])
    if unfit.any():
        theta[unfit], se[unfit] = _on_own_nodes(given.of_persons(unfit), prior)
    return (theta, se) if errors else theta


@overload
def wle(responses: Any, a: ArrayLike, b: ArrayLike, *, errors: Literal[False] = False) -> FloatArray: ...
@overload
def wle(responses: Any, a: ArrayLike, b: ArrayLike, *, errors: Literal[True]) -> Estimates: ...
def wle(responses: Any, a: ArrayLike, b: ArrayLike, *, errors: bool = False) -> FloatArray | Estimates:
    """Return Warm's (1989) weighted likelihood estimates: the maximum of the likelihood times sqrt(information).

    They are finite even with everything right or wrong, and less biased than maximum likelihood. The weighted
    likelihood can have several maxima; 481 nodes find the highest one, closer steps its place. se is
    1/sqrt(information) at the estimate, as for maximum likelihood. Raises NothingSeen if a person has seen no item.
    """
    given = patterns(responses, a, b)
    _all_have_seen(given)
    # Where every P exceeds (2A + s) / (2A + 2s), with A the sum of the slopes a person has seen and s the smallest of
    # them, even a perfect pattern pulls upwards by less than the weight pulls back.
    smallest = np.full(given.data.persons, np.inf)
    np.minimum.at(smallest, given.data.person, given.slope)
    furthest = np.log1p(2 * (given.weighted_right + given.weighted_wrong) / smallest)
    low, high = _extremes(given, -furthest, furthest)

    def slope(theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        pull, information = _likelihood_slope(given, theta)
        logits = given.logits(theta)
        variance, skew = given.slope**2 * spread(logits), given.slope * (1 - 2 * expit(logits))
        # The first two derivatives of the information, and with them those of half its logarithm.
        first, second = given.by_person(variance * skew), given.by_person(variance * (skew**2 - 2 * variance))
        known = information > 0
        first = np.divide(first, information, out=np.zeros_like(first), where=known)
        second = np.divide(second, information, out=np.zeros_like(second), where=known)
        return pull + first / 2, information - (second - first**2) / 2

    nodes = np.linspace(low.min(), high.max(), NODES)
    step, best = nodes[1] - nodes[0], _best_node(given, nodes)
    low, high = np.clip(best - step, low, high), np.clip(best + step, low, high)
    theta = _root(slope, low, high, np.clip(best, low, high))
    return (theta, _inverse_root(given.information(theta))) if errors else theta


def _all_have_seen(given: Patterns) -> None:
    blank = given.data.seen_by_person == 0
    if blank.any():
        raise NothingSeen(f"person {int(np.argmax(blank))} has seen no item; {int(blank.sum())} persons have not")


def _likelihood_slope(given: Patterns, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The derivative of the log-likelihood, the sum of a(u - P), and the information, which is how fast it falls."""
    logits = given.logits(theta)
    missed = np.where(given.data.right == 1, expit(-logits), -expit(logits))
    return given.by_person(given.slope * missed), given.by_person(given.slope**2 * spread(logits))


def _modes(given: Patterns, prior: Prior) -> FloatArray:
    """Where the posteriors peak, in prior standard deviations z from the prior's mean, shape (persons,)."""

    # The likelihood pulls z by at most sd times the slopes gained or lost.
    def slope(z: FloatArray) -> tuple[FloatArray, FloatArray]:
        pull, information = _likelihood_slope(given, prior.mean + prior.sd * z)
        return prior.sd * pull - z, prior.sd * information * prior.sd + 1

    low, high = -prior.sd * given.weighted_wrong, prior.sd * given.weighted_right
    return _root(slope, low, high, np.zeros(given.data.persons))


def _on_own_nodes(given: Patterns, prior: Prior) -> Estimates:
    """Posterior means and sds on 481 nodes for each person, over all of the posterior that is not next to nothing."""
    modes = _modes(given, prior)

    def log_density(z: FloatArray) -> FloatArray:
        return given.log_likelihood(prior.mean + prior.sd * z) - z**2 / 2

    peak = log_density(modes)
    ends = []
    for side in (-1.0, 1.0):
        # The log density is concave, and falls at least as fast as the prior's.
        inner, outer = modes, modes + side * np.sqrt(2 * NOTHING)
        for _ in range(HALVINGS):
            middle = (inner + outer) / 2
            much = log_density(middle) > peak - NOTHING
            inner, outer = np.where(much, middle, inner), np.where(much, outer, middle)
        ends.append(outer)
    nodes = np.linspace(ends[0], ends[1], NODES)
    weights = np.exp(np.stack([log_density(z) - peak for z in nodes]))
    weights /= weights.sum(axis=0)
    means = (weights * nodes).sum(axis=0)
    sds = np.sqrt((weights * (nodes - means) ** 2).sum(axis=0))
    return prior.mean + prior.sd * means, prior.sd * sds


def _inverse_root(information: FloatArray) -> FloatArray:
    """The standard error that belongs to an information; infinite where there is none."""
    errors = np.full_like(information, np.inf)
    return np.divide(1.0, np.sqrt(information), out=errors, where=information > 0)


def _extremes(given: Patterns, low: FloatArray, high: FloatArray) -> Estimates:
    """The lowest and the highest theta at which any item a person has seen has the person's logit."""
    person, slope, difficulty = given.data.person, given.slope, given.difficulty
    least, most = np.full(given.data.persons, np.inf), np.full(given.data.persons, -np.inf)
    np.minimum.at(least, person, difficulty + low[person] / slope)
    np.maximum.at(most, person, difficulty + high[person] / slope)
    return least, most


def _best_node(given: Patterns, nodes: FloatArray) -> FloatArray:
    """The node with the highest weighted likelihood, shape (persons,)."""
    terms = given.a[:, np.newaxis] ** 2 * spread(given.a[:, np.newaxis] * (nodes - given.b[:, np.newaxis]))
    best = np.empty(given.data.persons)
    for batch, logs in given.log_likelihoods(nodes):
        information = given.seen[batch] @ terms
        least = np.finfo(np.float64).tiny
        best[batch] = nodes[np.argmax(logs + 0.5 * np.log(np.maximum(information, least)), axis=1)]
    return best


def _root(slope: Slope, low: FloatArray, high: FloatArray, theta: FloatArray) -> FloatArray:
    """Where the slope turns from positive to negative between low and high: Newton's steps, kept in the bracket.

    A step that leaves the bracket, or is not at most half as long as the one before, gives way to halving the
    bracket. The last step is lengthened to half the tolerance, past the root, so that the bracket closes from both
    sides: short steps alone prove nothing where slopes are steep.
    """
    low, high, last = low.copy(), high.copy(), high - low
    for _ in range(STEPS):
        rise, fall = slope(theta)
        low, high = np.where(rise >= 0, theta, low), np.where(rise <= 0, theta, high)
        step = np.divide(rise, fall, out=np.zeros_like(rise), where=fall > 0)
        near = TOLERANCE * np.maximum(1.0, np.abs(theta))
        if (high - low <= near).all():
            return np.clip(theta + step, low, high)
        reach = theta + np.copysign(np.maximum(np.abs(step), near / 2), rise)
        slow = (np.abs(reach - theta) > last / 2) & ((np.abs(step) > near / 2) | (last < 0.5001 * near))
        halve = (fall <= 0) | (reach <= low) | (reach >= high) | slow
        reach = np.where(halve, low + (high - low) / 2, reach)
        theta, last = reach, np.abs(reach - theta)
    raise NoEstimate(f"{int((high - low > near).sum())} estimates did not settle in {STEPS} steps")
