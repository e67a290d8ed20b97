"""Reliability of the raw score as internal consistency, and the standard error of measurement that follows from it.

With c[i, j] the covariance of items i and j, and k parts that make up the test,

    alpha = k / (k - 1) · (1 - W / T),

where T is the sum of all c[i, j], the variance of the raw score, and W the sum of those with i and j in one part. With
one item a part W is the sum of the item variances and this is Cronbach's (1951) alpha, which for right/wrong items
is Kuder & Richardson's (1937) formula 20. Items that hang together, such as those of one case study, go into one
part, for alpha takes what they share beyond the trait for reliability (Sireci, Thissen & Wainer 1991).

Where not everybody has seen everything, c[i, i] is taken over all who saw item i and c[i, j] over all who saw both
(pairwise deletion), each with n - 1 in the denominator. The result then speaks of a form of exactly the items given.
For complete data this is the textbook formula to the last digit that matters; alpha is the same with n in the
denominators. Alpha can be negative, and is then no reliability; such covariances as no one test can have (T not
positive or alpha above 1, possible with pairwise deletion only) are refused.

Sources:
    Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests. Psychometrika, 16(3), 297-334.
    Kuder, G. F., & Richardson, M. W. (1937). The theory of the estimation of test reliability. Psychometrika, 2(3),
        151-160.
    Lord, F. M., & Novick, M. R. (1968). Statistical Theories of Mental Test Scores, chapters 3 and 4. Addison-Wesley.
    Sireci, S. G., Thissen, D., & Wainer, H. (1991). On the reliability of testlet-based tests. Journal of Educational
        Measurement, 28(3), 237-247.
"""

import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from psychometrics.arrays import FloatArray, IntArray
from psychometrics.classical.errors import NeverTogether, NotComputable
from psychometrics.responses import Responses, read

# Relative to what is summed: far above rounding, far below anything one answer changes.
ROUNDING = 1e-12


def cronbach_alpha(responses: Any, groups: Sequence[Hashable] | None = None) -> float:
    """Return coefficient alpha of the raw score on all items given, at most 1; formula in the module's head.

    `groups` has one label per item: items of one label are summed into one part, an item labelled None is a part of
    its own. Raises BadResponses for bad data, NeverTogether if fewer than two persons saw some pair of items,
    NotComputable for fewer than two persons or parts or a score that does not vary, and ValueError unless there is
    one label for each item.
    """
    return _whole(responses, groups)[0]


def kr20(responses: Any) -> float:
    """Return Kuder & Richardson's (1937) formula 20, which is alpha of right/wrong items. Errors as there."""
    return cronbach_alpha(responses)


def alpha_if_deleted(responses: Any, groups: Sequence[Hashable] | None = None) -> FloatArray:
    """Return the alpha of all items but one, for each item left out, shape (items,).

    With `groups`, an item is taken out of its part, and the part goes with its last item. NaN where the others have
    no alpha (fewer than two parts, a score that does not vary, or impossible covariances). Raises NotComputable if
    that is so for every item, and otherwise as `cronbach_alpha` does.
    """
    data = read(responses)
    part = _parts(groups, data.items)
    covariances = _covariances(data)
    inside = np.where(part[:, np.newaxis] == part, covariances, 0.0)
    own = np.diag(covariances)
    total = covariances.sum() - 2 * covariances.sum(axis=1) + own
    within = inside.sum() - 2 * inside.sum(axis=1) + own
    sizes = np.bincount(part)
    parts = sizes.size - (sizes[part] == 1)
    alphas = np.array([_alpha(*values, covariances) for values in zip(parts, within, total, strict=True)])
    if np.isnan(alphas).all():
        raise NotComputable("no item leaves behind two parts or more on which scores differ")
    return alphas


def sem(responses: Any, groups: Sequence[Hashable] | None = None) -> float:
    """Return the standard error of measurement of the raw score on all items given, in raw points.

    s · sqrt(1 - alpha), s being the score's standard deviation with n - 1 in its denominator, or the square root of
    T in the module's head (Lord & Novick 1968, chapter 3). `groups` and errors as in `cronbach_alpha`.
    """
    alpha, variance = _whole(responses, groups)
    return math.sqrt(variance * (1 - alpha))


def _whole(responses: Any, groups: Sequence[Hashable] | None) -> tuple[float, float]:
    """Alpha and the variance of the raw score."""
    data = read(responses)
    part = _parts(groups, data.items)
    parts = int(part.max()) + 1
    if parts < 2:
        raise NotComputable("alpha needs at least two parts")
    covariances = _covariances(data)
    total = float(covariances.sum())
    alpha = _alpha(parts, float(covariances[part[:, np.newaxis] == part].sum()), total, covariances)
    if math.isnan(alpha):
        raise NotComputable("the raw scores do not vary, or the items' covariances fit no one test")
    return alpha, total


def _alpha(parts: int, within: float, total: float, covariances: FloatArray) -> float:
    """The formula in the module's head, NaN where it has no meaning."""
    if parts < 2 or total <= ROUNDING * np.abs(covariances).sum():
        return math.nan
    alpha = parts / (parts - 1) * (1 - within / total)
    return math.nan if alpha > 1 + ROUNDING else min(alpha, 1.0)


def _parts(groups: Sequence[Hashable] | None, items: int) -> IntArray:
    """The number of each item's part, 0 to parts - 1, shape (items,)."""
    if groups is None:
        return np.arange(items)
    if len(groups) != items:
        raise ValueError(f"groups need one label for each of {items} items, got {len(groups)}")
    # A tuple keeps an item's own number from meeting somebody's label; NaN is how tables write None.
    names = [("item", i) if one is None or one != one else ("group", one) for i, one in enumerate(groups)]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], dtype=np.intp)


def _covariances(data: Responses) -> FloatArray:
    """Pairwise covariances of the items, shape (items, items), with n - 1 in the denominators."""
    if np.count_nonzero(data.seen_by_person) < 2:
        raise NotComputable("alpha needs the answers of at least two persons")
    shape, places = (data.persons, data.items), (data.person, data.item)
    seen = sparse.csr_array((np.ones(data.item.size), places), shape=shape)
    right = sparse.csr_array((data.right, places), shape=shape)
    both_seen, right_seen = (seen.T @ seen).toarray(), (right.T @ seen).toarray()
    if both_seen.min() < 2:
        first, second = (int(index) for index in np.unravel_index(both_seen.argmin(), both_seen.shape))
        which = f"item {first}" if first == second else f"items {first} and {second}"
        raise NeverTogether(f"{which} (counted from 0) must have been seen by at least two persons")
    # Whole numbers up to here, so the only rounding is that of one subtraction and two divisions.
    products = (right.T @ right).toarray()
    covariances: FloatArray = (products - right_seen * right_seen.T / both_seen) / (both_seen - 1)
    return covariances
