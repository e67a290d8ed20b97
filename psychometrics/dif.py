"""Differential item functioning by Mantel and Haenszel: is an item equally hard for groups of like ability?

Sources:
    Dorans, N. J., & Holland, P. W. (1993). DIF detection and description: Mantel-Haenszel and standardization. In
        P. W. Holland & H. Wainer (Eds.), Differential Item Functioning (pp. 35-66). Erlbaum.
    Holland, P. W., & Thayer, D. T. (1988). Differential item performance and the Mantel-Haenszel procedure. In
        H. Wainer & H. I. Braun (Eds.), Test Validity (pp. 129-145). Erlbaum.
    Mantel, N., & Haenszel, W. (1959). Statistical aspects of the analysis of data from retrospective studies of
        disease. Journal of the National Cancer Institute, 22(4), 719-748.
    Robins, J., Breslow, N., & Greenland, S. (1986). Estimators of the Mantel-Haenszel variance consistent in both
        sparse data and large-strata limiting models. Biometrics, 42(2), 311-323.
    Zieky, M. (1993). Practical questions in the use of DIF statistics in test development. In P. W. Holland &
        H. Wainer (Eds.), Differential Item Functioning (pp. 337-347). Erlbaum.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2, norm

from psychometrics.arrays import IntArray
from psychometrics.responses import BadResponses, Responses, read

MINIMUM = 200
# One point of the ETS delta scale, on which item difficulties have a standard deviation of 4, in log odds.
DELTA = -2.35
SIGNIFICANCE = 0.05


class TooFewPersons(BadResponses):
    """A group is too small to be compared; the message is one sentence."""


class BadGroups(BadResponses):
    """Groups or strata do not fit the responses; the message is one sentence."""


class Category(StrEnum):
    """How large the difference is: negligible, moderate or large (Zieky 1993)."""

    A = "A"
    B = "B"
    C = "C"


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two groups of like ability do on one item.

    `odds_ratio` is the reference group's odds of a right answer over the focal group's, `delta` the same as MH D-DIF
    in delta points (negative: the item is harder for the focal group), `se` the standard error of delta,
    `chi_square` has one degree of freedom and p value `p`.
    """

    odds_ratio: float
    delta: float
    se: float
    chi_square: float
    p: float
    category: Category


@dataclass(frozen=True, slots=True)
class ItemDif:
    """One item's comparison and how many of each group saw the item.

    `comparison` is None, and the item flagged by that, where fewer than the minimum of a group saw it, or where the
    strata leave the odds ratio undefined, 0 or infinite (as when everybody answers rightly).
    """

    item: int
    reference: int
    focal: int
    comparison: Comparison | None


def mantel_haenszel(
    responses: Any, focal: ArrayLike, strata: ArrayLike | None = None, minimum: int = MINIMUM
) -> tuple[ItemDif, ...]:
    """Compare the focal with the reference group on each item, among persons of the same stratum.

    `responses` is persons × items as `psychometrics.responses.read` takes it. `focal` has shape (persons,), True for
    the focal and False for the reference group. `strata` has shape (persons,): equal values (numbers or words) mark
    persons of like ability. Without strata they are the raw scores, the item itself included (Holland & Thayer
    1988), for which every person must have seen every item. Who has not seen an item does not count there. Returns
    one record per item, in order; the formulas are those of `compared`.

    Raises TooFewPersons if either group has fewer than `minimum` persons, BadGroups for groups or strata of another
    shape or with missing values, or if raw scores do not compare, and BadResponses for unreadable responses.
    """
    data = read(responses)
    of_focal, stratum = _groups(focal, data), _strata(strata, data)
    for name, size in (("reference", int((~of_focal).sum())), ("focal", int(of_focal.sum()))):
        if size < minimum:
            raise TooFewPersons(f"the {name} group has {size} persons, and a comparison needs at least {minimum}")
    order = np.argsort(data.item, kind="stable")
    ends = np.cumsum(data.seen_of_item)[:-1]
    return tuple(
        _item(item, minimum, stratum[data.person[rows]], of_focal[data.person[rows]], data.right[rows] == 1)
        for item, rows in enumerate(np.split(order, ends))
    )


def compared(tables: ArrayLike) -> Comparison | None:
    """Compare two groups over strata, `tables` of shape (strata, 2, 2): reference, focal × right, wrong; in persons.

    With cells A, B, C, D and total T of each table, the odds ratio is the sum of AD/T over the sum of BC/T (Mantel &
    Haenszel 1959), and delta -2.35 times its logarithm (Holland & Thayer 1988), with the standard error of Robins,
    Breslow & Greenland (1986). Chi-square compares the sum of A with its hypergeometric mean and variance, half a
    person off for continuity. The category follows Zieky (1993) and Dorans & Holland (1993) at 5 %: A if chi-square
    is not significant or |delta| < 1; C if |delta| >= 1.5 and significantly greater than 1, one-sided; B otherwise.
    None where the odds ratio is undefined, 0 or infinite. Raises ValueError for another shape or negative counts.
    """
    counts = np.asarray(tables, dtype=np.float64)
    if counts.ndim != 3 or counts.shape[1:] != (2, 2) or not (np.isfinite(counts).all() and (counts >= 0).all()):
        raise ValueError("tables must be strata × 2 × 2 counts")
    counts = counts[counts.sum(axis=(1, 2)) > 1]
    (a, b), (c, d) = counts.transpose(1, 2, 0)
    total = a + b + c + d
    for_reference, for_focal = a * d / total, b * c / total
    r, s = float(for_reference.sum()), float(for_focal.sum())
    if r == 0 or s == 0:
        return None
    p, q = (a + d) / total, (b + c) / total
    variance = (
        float((p * for_reference).sum()) / (2 * r * r)
        + float((p * for_focal + q * for_reference).sum()) / (2 * r * s)
        + float((q * for_focal).sum()) / (2 * s * s)
    )
    delta, se = DELTA * math.log(r / s), -DELTA * math.sqrt(variance)
    expected = (a + b) * (a + c) / total
    spread = (a + b) * (c + d) * (a + c) * (b + d) / (total**2 * (total - 1))
    distance = max(abs(float((a - expected).sum())) - 0.5, 0.0)
    chi_square = distance**2 / float(spread.sum())
    chance = float(chi2.sf(chi_square, 1))
    return Comparison(r / s, delta, se, chi_square, chance, _category(delta, se, chance))


def _category(delta: float, se: float, p: float) -> Category:
    size = abs(delta)
    if p >= SIGNIFICANCE or size < 1:
        return Category.A
    if size >= 1.5 and size - 1 > float(norm.isf(SIGNIFICANCE)) * se:
        return Category.C
    return Category.B


def _item(item: int, minimum: int, stratum: IntArray, focal: NDArray[np.bool_], right: NDArray[np.bool_]) -> ItemDif:
    reference_seen, focal_seen = int((~focal).sum()), int(focal.sum())
    if min(reference_seen, focal_seen) < max(minimum, 1):
        return ItemDif(item, reference_seen, focal_seen, None)
    cells = np.bincount(4 * stratum + 2 * focal + ~right, minlength=4 * (int(stratum.max()) + 1))
    return ItemDif(item, reference_seen, focal_seen, compared(cells.reshape(-1, 2, 2)))


def _groups(focal: ArrayLike, data: Responses) -> NDArray[np.bool_]:
    given = np.asarray(focal)
    if given.shape != (data.persons,):
        raise BadGroups(f"focal must be {data.persons} values, one for each person")
    if not np.isin(given, (0, 1)).all():
        raise BadGroups("focal must be True or False for every person")
    return given.astype(np.bool_)


def _strata(strata: ArrayLike | None, data: Responses) -> IntArray:
    if strata is None:
        if data.right.size < data.persons * data.items:
            raise BadGroups("raw scores do not compare where persons saw different items: pass strata")
        return data.right_by_person.astype(np.intp)
    given = np.asarray(strata)
    if given.shape != (data.persons,):
        raise BadGroups(f"strata must be {data.persons} values, one for each person")
    if any(value is None or value != value for value in given.tolist()):
        raise BadGroups("strata must be known for every person")
    return np.unique(given, return_inverse=True)[1].astype(np.intp)
