"""Item statistics of classical test theory: facility and discrimination.

Every statistic of an item is taken over the persons who have seen it. Where not everybody has seen everything, the
total and the rest score are shares of what a person has seen (see psychometrics.classical.moments); persons who have
seen no other item have no rest score and are left out of item-rest correlations. This takes it that papers are built
to be of like difficulty, for a share on an easy paper and one on a hard paper count alike.

A statistic that does not exist (nobody saw the item, everybody or nobody was right, all scores are the same, fewer
than two persons) is NaN in an array and None in a record. Where no item has one, NotComputable is raised.

Sources:
    Henrysson, S. (1963). Correction of item-total correlations in item analysis. Psychometrika, 28(2), 211-218.
    Lord, F. M., & Novick, M. R. (1968). Statistical Theories of Mental Test Scores, chapter 15. Addison-Wesley.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from psychometrics.arrays import FloatArray
from psychometrics.classical.errors import NotComputable
from psychometrics.classical.moments import Moments, moments, share_of_seen
from psychometrics.responses import Responses, read


@dataclass(frozen=True, slots=True)
class ItemStatistics:
    """One item: how many answered it, the share that was right, and its correlations; None is "does not exist".

    `item` counts from 0. `item_rest` and `item_total` are point-biserial correlations, without and with the item in
    the score; the other two are the biserial correlations that go with them.
    """

    item: int
    n: int
    facility: float | None
    item_rest: float | None
    item_total: float | None
    biserial_rest: float | None
    biserial_total: float | None


def facility(responses: Any) -> FloatArray:
    """Return each item's share of right answers among those who saw it, 0 to 1, shape (items,).

    NaN for an item that nobody saw. Raises BadResponses for bad data and NotComputable if there is no response.
    """
    data = _seen(responses)
    return _facility(data)


def point_biserial(responses: Any, corrected: bool = True) -> FloatArray:
    """Return each item's product-moment correlation of right/wrong with the score, -1 to 1, shape (items,).

    The score is the rest score, without the item itself (Henrysson 1963), or with `corrected=False` the total score
    (Lord & Novick 1968, chapter 15). NaN where it does not exist. Raises BadResponses for bad data and
    NotComputable if no item has one.
    """
    return _some(_moments(_seen(responses), corrected).correlation)


def biserial(responses: Any, corrected: bool = True) -> FloatArray:
    """Return each item's biserial correlation with the score, shape (items,).

    The point-biserial times sqrt(p(1 - p)) / y, where p is the share of right answers and y the height of the
    standard normal density where it cuts off p (Lord & Novick 1968, chapter 15): the correlation of the score with
    a normal trait of which right and wrong are the two halves. It can exceed 1 where scores are far from normal.
    Score, NaN and errors as in `point_biserial`.
    """
    return _some(_biserial(_moments(_seen(responses), corrected)))


def item_statistics(responses: Any) -> tuple[ItemStatistics, ...]:
    """Return one record per item with the statistics of this module, None where one does not exist.

    Raises BadResponses for bad data and NotComputable if there is no response at all.
    """
    data = _seen(responses)
    rest, total = _moments(data, corrected=True), _moments(data, corrected=False)
    columns = (_facility(data), rest.correlation, total.correlation, _biserial(rest), _biserial(total))
    return tuple(
        ItemStatistics(item, int(n), *(None if math.isnan(value) else float(value) for value in values))
        for item, (n, *values) in enumerate(zip(data.seen_of_item, *columns, strict=True))
    )


def _seen(responses: Any) -> Responses:
    data = read(responses)
    if data.item.size == 0:
        raise NotComputable("nobody has answered any item")
    return data


def _facility(data: Responses) -> FloatArray:
    return np.where(data.seen_of_item > 0, data.right_of_item / np.maximum(data.seen_of_item, 1), np.nan)


def _moments(data: Responses, corrected: bool) -> Moments:
    """Moments of right/wrong (x) and the score (y) within each item."""
    kept, share = share_of_seen(data, np.ones(data.items), corrected)
    return moments(data.item[kept], data.items, data.right[kept], share)


def _biserial(pairs: Moments) -> FloatArray:
    defined = pairs.both_vary
    found = np.full(defined.shape, np.nan)
    p = pairs.mean_x[defined]
    height = np.exp(-(ndtri(p) ** 2) / 2) / math.sqrt(2 * math.pi)
    found[defined] = pairs.correlation[defined] * np.sqrt(p * (1 - p)) / height
    return found


def _some(values: FloatArray) -> FloatArray:
    if np.isnan(values).all():
        raise NotComputable("no item has two persons, right and wrong answers, and other items on which scores differ")
    return values
