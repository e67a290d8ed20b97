"""How well items keep to the model: infit and outfit, S-X², and what pairs of items share beyond ability.

All functions take `responses` as `psychometrics.responses.read` does (persons × items, NaN or not stored for not
seen) and the items' slopes `a` and difficulties `b`, each of shape (items,). They raise BadResponses for unreadable
responses or another number of items, and ValueError for bad items.

Sources:
    Chen, W.-H., & Thissen, D. (1997). Local dependence indexes for item pairs using item response theory. Journal
        of Educational and Behavioral Statistics, 22(3), 265-289.
    Lord, F. M., & Wingersky, M. S. (1984). Comparison of IRT true-score and equipercentile observed-score
        "equatings". Applied Psychological Measurement, 8(4), 453-461.
    Orlando, M., & Thissen, D. (2000). Likelihood-based item-fit indices for dichotomous item response theory models.
        Applied Psychological Measurement, 24(1), 50-64.
    Wright, B. D., & Masters, G. N. (1982). Rating Scale Analysis. MESA Press.
    Yen, W. M. (1984). Effects of local item dependence on the fit and equating performance of the three-parameter
        logistic model. Applied Psychological Measurement, 8(2), 125-145.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import expit
from scipy.stats import chi2

from psychometrics.arrays import FloatArray, IntArray
from psychometrics.irt.model import probability, score_distribution
from psychometrics.irt.patterns import Patterns, patterns
from psychometrics.irt.summed import Prior
from psychometrics.responses import BadResponses

BoolArray = NDArray[np.bool_]

# Beyond this many logits an answer is certain; its squared residual would leave the range of floats.
CERTAIN = 500.0
# Below this variance, residuals are constant but for rounding.
ROUNDING = 1e-12


class NoFit(BadResponses):
    """The data cannot show how an item fits; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """Infit and outfit, and how many persons they rest on, each of shape (items,). Without units; 1 is as modelled."""

    infit: FloatArray
    outfit: FloatArray
    persons: IntArray


def infit_outfit(responses: Any, a: ArrayLike, b: ArrayLike, theta: ArrayLike) -> MeanSquares:
    """Return each item's mean squares with persons' abilities plugged in, `theta` of shape (persons,), in logits.

    Outfit is the mean of (u - P)²/(P(1 - P)) over those who saw the item, infit the sum of (u - P)² over the sum of
    P(1 - P) (Wright & Masters 1982, chapter 5). Persons of infinite theta fit perfectly by construction and are left
    out. An estimated theta has followed the answers it is compared with, so both lie below 1 on average, the more so
    the fewer items a person saw; `infit_outfit_integrated` does not suffer from that. Raises BadResponses for a
    theta of another shape or NaN, and NoFit if nobody of finite theta has seen an item.
    """
    given = patterns(responses, a, b)
    kept, logits = _plugged_in(given, theta)
    item, items = given.data.item[kept], given.data.items
    signed = np.clip(logits, -CERTAIN, CERTAIN)
    right = given.data.right[kept]
    chance, other = expit(signed), expit(-signed)
    # (1 - P)/P after a right answer and P/(1 - P) after a wrong one, which no rounding of P to 1 spoils.
    squared = np.exp(np.where(right == 1, -signed, signed))
    seen = np.bincount(item, minlength=items)
    _all_seen(seen)
    wrong_by = np.bincount(item, np.where(right == 1, other, chance) ** 2, items)
    variance = np.bincount(item, chance * other, items)
    return MeanSquares(wrong_by / variance, np.bincount(item, squared, items) / seen, seen)


def infit_outfit_integrated(responses: Any, a: ArrayLike, b: ArrayLike, prior: Prior) -> MeanSquares:
    """Return each item's mean squares with persons' abilities integrated over their posteriors under the prior.

    Each sum of `infit_outfit` (Wright & Masters 1982) becomes its expectation given everything the person answered.
    With the true parameters and population, numerators and denominators have equal expectations, so both statistics
    are about 1 for any number of items seen. Raises NoFit if nobody has seen an item.
    """
    given = patterns(responses, a, b)
    seen = given.data.seen_of_item
    _all_seen(seen)
    right_at = np.zeros((given.data.items, prior.nodes.size))
    seen_at = np.zeros_like(right_at)
    for batch, weights in given.posteriors(prior):
        right_at += given.right[batch].T @ weights
        seen_at += given.seen[batch].T @ weights
    wrong_at = np.maximum(seen_at - right_at, 0.0)
    signed = np.clip(given.a[:, np.newaxis] * (prior.nodes - given.b[:, np.newaxis]), -CERTAIN, CERTAIN)
    chance, other = expit(signed), expit(-signed)
    outfit = (right_at * np.exp(-signed) + wrong_at * np.exp(signed)).sum(axis=1) / seen
    variance = (seen_at * chance * other).sum(axis=1)
    return MeanSquares((right_at * other**2 + wrong_at * chance**2).sum(axis=1) / variance, outfit, seen)


@dataclass(frozen=True, slots=True)
class ScoreGroupFit:
    """S-X² of each item with its degrees of freedom and p value, each of shape (items,).

    Where too few score groups are left for a test, `testable` is False, df 0 and p 1.
    """

    statistic: FloatArray
    df: IntArray
    p: FloatArray
    testable: BoolArray


def s_x2(
    responses: Any, a: ArrayLike, b: ArrayLike, prior: Prior, parameters: int = 2, minimum_expected: float = 1.0
) -> ScoreGroupFit:
    """Compare, for each item and raw score, how many answered rightly with how many should: Orlando & Thissen (2000).

    The expected share right among those with raw score k integrates P·P(X without the item = k - 1) and P(X = k)
    over the population, with the recursion of Lord & Wingersky (1984). From the lowest score up, neighbouring score
    groups are joined until right and wrong both expect at least `minimum_expected` persons; what is left over joins
    the last group. df is the number of groups less `parameters`, those of the item estimated from these responses
    (2 for the 2PL, 1 for the Rasch model, 0 if none). The statistic needs the population of these persons as prior.

    Raises NoFit unless every person has seen every item and there are at least two items, or if somebody has a raw
    score that the prior rules out; ValueError for a negative number of parameters or a minimum that is not positive.
    """
    given = patterns(responses, a, b)
    items = given.data.items
    if parameters < 0 or not minimum_expected > 0:
        raise ValueError("S-X² needs a number of parameters of at least 0 and a positive minimum expected")
    if given.data.right.size < given.data.persons * items:
        raise NoFit("S-X² compares raw scores, so every person must have seen every item")
    if items < 2:
        raise NoFit("S-X² needs at least two items")
    scores = given.data.right_by_person.astype(np.intp)
    persons = np.bincount(scores, minlength=items + 1)[1:items]
    cells = scores[given.data.person] * items + given.data.item
    observed = np.bincount(cells, given.data.right, (items + 1) * items).reshape(items + 1, items)[1:items]
    statistic, groups = np.zeros(items), np.zeros(items, dtype=np.intp)
    for item in range(items):
        expected = persons * _share_right(given, item, prior, persons)
        joined = _joined(expected, persons - expected, minimum_expected)
        n = np.bincount(joined, persons)
        should, did = np.bincount(joined, expected), np.bincount(joined, observed[:, item])
        if min(should.min(), (n - should).min()) >= minimum_expected:
            statistic[item] = (n * (did - should) ** 2 / (should * (n - should))).sum()
            groups[item] = n.size
    df = np.maximum(groups - parameters, 0)
    testable = df > 0
    statistic = np.where(testable, statistic, 0.0)
    return ScoreGroupFit(statistic, df, np.where(testable, chi2.sf(statistic, np.maximum(df, 1)), 1.0), testable)


@dataclass(frozen=True, slots=True)
class ResidualCorrelations:
    """Yen's Q3 of each pair of items, and how many persons saw both, each of shape (items, items).

    Where `known` is False, too few persons saw both items, or a residual did not vary: the value there is 0.
    """

    values: FloatArray
    persons: IntArray
    known: BoolArray


def q3(responses: Any, a: ArrayLike, b: ArrayLike, theta: ArrayLike, minimum: int = 30) -> ResidualCorrelations:
    """Return the correlation of the residuals u - P(theta) between items over those who saw both: Yen (1984).

    `theta` are estimates in logits, shape (persons,); persons of infinite theta are left out. Locally independent
    items have Q3 of about -1/(items seen - 1), since theta is estimated from them. Pairs that fewer than `minimum`
    persons saw are not known. Raises BadResponses for a theta of another shape or NaN, and ValueError for a minimum
    below 2.
    """
    if minimum < 2:
        raise ValueError("a correlation needs at least two persons")
    given = patterns(responses, a, b)
    kept, logits = _plugged_in(given, theta)
    where = (given.data.person[kept], given.data.item[kept])
    shape = (given.data.persons, given.data.items)
    residual = given.data.right[kept] - expit(logits)
    gap, square, saw = (
        sparse.csr_array((values, where), shape=shape) for values in (residual, residual**2, np.ones_like(residual))
    )
    persons = (saw.T @ saw).toarray()
    n = np.maximum(persons, 1.0)
    # Row i, column j: of item i's residuals among those who also saw item j.
    total, squares = (gap.T @ saw).toarray(), (square.T @ saw).toarray()
    spread = squares - total**2 / n
    together = (gap.T @ gap).toarray() - total * total.T / n
    varies = spread > ROUNDING * n
    known = (persons >= minimum) & varies & varies.T
    scale = np.sqrt(np.where(known, spread * spread.T, 1.0))
    values = np.where(known, np.clip(together / scale, -1.0, 1.0), 0.0)
    return ResidualCorrelations(values, persons.astype(np.intp), known)


def q3_flagged(correlations: ResidualCorrelations, threshold: float = 0.2) -> list[tuple[int, int, float]]:
    """Return the pairs i < j whose Q3 exceeds the threshold, as (i, j, Q3), the highest first.

    0.2 is the usual threshold (Yen 1984; Chen & Thissen 1997). Only what items share counts: negative values, which
    say that items measure different things, are not returned. Pairs that are not known never are.
    """
    first, second = np.nonzero(np.triu(correlations.known & (correlations.values > threshold), 1))
    pairs = zip(first.tolist(), second.tolist(), correlations.values[first, second].tolist(), strict=True)
    return sorted(pairs, key=lambda pair: -pair[2])


def _plugged_in(given: Patterns, theta: ArrayLike) -> tuple[BoolArray, FloatArray]:
    """Which responses come from persons of finite theta, shape (seen,), and the logits of those."""
    abilities = np.asarray(theta, dtype=np.float64)
    if abilities.shape != (given.data.persons,) or np.isnan(abilities).any():
        raise BadResponses(f"theta must be {given.data.persons} numbers, one for each person")
    finite = np.isfinite(abilities)
    return finite[given.data.person], given.logits(np.where(finite, abilities, 0.0))[finite[given.data.person]]


def _all_seen(seen: IntArray) -> None:
    if (seen == 0).any():
        raise NoFit(f"item {int(np.argmin(seen))} has no person whose answers show how it fits")


def _share_right(given: Patterns, item: int, prior: Prior, persons: IntArray) -> FloatArray:
    """The expected share right among persons with raw score 1…n - 1, shape (n - 1,)."""
    others = score_distribution(prior.nodes, np.delete(given.a, item), np.delete(given.b, item))
    right = probability(prior.nodes, given.a[[item]], given.b[[item]])
    with_it = prior.weights @ (right * others[:, :-1])
    without_it = prior.weights @ ((1 - right) * others[:, 1:])
    either = with_it + without_it
    if (persons[either == 0] > 0).any():
        raise NoFit("a raw score in the data is impossible under this prior")
    share: FloatArray = np.divide(with_it, either, out=np.full_like(either, 0.5), where=either > 0)
    return share


def _joined(right: FloatArray, wrong: FloatArray, least: float) -> IntArray:
    """The number of the group each score falls into, so that right and wrong both reach `least` in every group."""
    group, numbers, rights, wrongs = 0, [], 0.0, 0.0
    for more_right, more_wrong in zip(right.tolist(), wrong.tolist(), strict=True):
        numbers.append(group)
        rights, wrongs = rights + more_right, wrongs + more_wrong
        if rights >= least and wrongs >= least:
            group, rights, wrongs = group + 1, 0.0, 0.0
    # A group still open at the end joins the last one that was closed.
    return np.minimum(np.array(numbers, dtype=np.intp), max(group - 1, 0))
