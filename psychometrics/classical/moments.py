"""Scores on the other items, and moments within each item, over the persons who have seen it.

Where persons have seen different items, a raw total says as much about what somebody was shown as about what they
know. All item statistics here therefore use the share of what was seen: marks earned divided by marks on offer, on
all items seen or on all but one. With complete data every person has the same number on offer, so that correlations
are those of the textbooks' raw totals and rests.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from psychometrics.arrays import FloatArray, IntArray
from psychometrics.responses import Responses

BoolArray = NDArray[np.bool_]

# Sums of squares below this are rounding: one step of a share on 10,000 items, in one person, already exceeds it.
NO_SPREAD = 1e-20


def share_of_seen(data: Responses, worth: FloatArray, corrected: bool) -> tuple[BoolArray, FloatArray]:
    """Return for each response, in the order of `data`, the person's share of the marks they could earn.

    `worth`, shape (items,), is what a right answer earns. With `corrected` the item itself is left out of both sides
    of the share; a person who has seen nothing else has no such share. The first array, shape (seen,), says which
    responses have one, the second, between 0 and 1, holds these only.
    """
    offered = worth[data.item]
    earned = data.right * offered
    all_offered = np.bincount(data.person, offered, data.persons)[data.person]
    all_earned = np.bincount(data.person, earned, data.persons)[data.person]
    if not corrected:
        return np.ones(data.item.size, dtype=np.bool_), all_earned / all_offered
    kept = data.seen_by_person[data.person] > 1
    return kept, (all_earned - earned)[kept] / (all_offered - offered)[kept]


@dataclass(frozen=True, slots=True)
class Moments:
    """Per item, shape (items,): number of pairs, mean of x, sums of squares and products about the means."""

    n: IntArray
    mean_x: FloatArray
    squares_x: FloatArray
    squares_y: FloatArray
    products: FloatArray

    @property
    def both_vary(self) -> BoolArray:
        return (self.squares_x > NO_SPREAD) & (self.squares_y > NO_SPREAD)

    @property
    def correlation(self) -> FloatArray:
        """The product-moment correlation, NaN where x or y does not vary or fewer than two pairs exist."""
        defined = self.both_vary
        found = np.full(self.n.shape, np.nan)
        scale = np.sqrt(self.squares_x[defined]) * np.sqrt(self.squares_y[defined])
        found[defined] = np.clip(self.products[defined] / scale, -1.0, 1.0)
        return found


def moments(item: IntArray, items: int, x: FloatArray, y: FloatArray) -> Moments:
    """Return the moments of the pairs (x, y) within each item; all three arrays have shape (pairs,)."""
    n = np.bincount(item, minlength=items)
    some = np.maximum(n, 1)
    mean_x, mean_y = np.bincount(item, x, items) / some, np.bincount(item, y, items) / some
    # Differences first, squares after: sums of squares minus squared sums would lose the digits that matter.
    from_x, from_y = x - mean_x[item], y - mean_y[item]
    squares_x, squares_y, products = (
        np.bincount(item, one, items).astype(np.float64) for one in (from_x**2, from_y**2, from_x * from_y)
    )
    return Moments(n, mean_x, squares_x, squares_y, products)
