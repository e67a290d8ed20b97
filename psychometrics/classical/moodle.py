"""The item statistics that Moodle's quiz report shows, as its documentation defines them.

With x the marks on an item, T the marks on the whole quiz, X = T - x the marks on the rest, V variances and C
covariances with n - 1 in the denominator, all in per cent and over those who saw the item:

    facility index                 100 · mean(x) / max(x)
    standard deviation             100 · sqrt(V(x)) / max(x)
    intended weight                100 · max(x) / sum of max(x)
    effective weight               100 · sqrt(C(x, T)) / sum of sqrt(C(x, T))
    discrimination index           100 · C(x, X) / sqrt(V(x) · V(X))
    discriminative efficiency      100 · C(x, X) / Cmax(x, X)

where max(x) is the most an item can earn and Cmax(x, X) the covariance after sorting the x and the X, each on its own:
the greatest that these marks allow. The least mark is 0. An item with negative C(x, T) has no effective weight and is
left out of the sum, as if it carried no marks.

Where not everybody has seen everything, T and X are shares of the marks a person could earn (see
psychometrics.classical.moments), and both weights are those of one quiz made of all items given. With complete data,
or whenever everybody could earn the same, the constant cancels and all is as defined.

Source:
    Moodle developer documentation: Quiz statistics calculations (docs.moodle.org/dev/Quiz_statistics_calculations),
        and the class core_question\\statistics\\questions\\calculator for the rule on negative covariances.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from psychometrics.arrays import FloatArray, IntArray
from psychometrics.classical.errors import NotComputable
from psychometrics.classical.moments import BoolArray, Moments, moments, share_of_seen
from psychometrics.responses import read

# Covariances of shares between 0 and 1 that are closer to 0 than this are 0 and rounding.
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class MoodleStatistics:
    """One item, counted from 0: `n` persons saw it; everything else is in per cent, None where it does not exist.

    Nothing but the weights exists for an item nobody saw, only the facility for one that one person saw, and no
    discrimination where the marks on the item or on the rest are all the same. `negative_covariance` says why the
    effective weight is missing.
    """

    item: int
    n: int
    facility_index: float | None
    standard_deviation: float | None
    random_guess_score: float | None
    intended_weight: float
    effective_weight: float | None
    discrimination_index: float | None
    discriminative_efficiency: float | None
    negative_covariance: bool


def moodle_statistics(
    responses: Any, max_marks: ArrayLike | None = None, random_guess_scores: Sequence[float | None] | None = None
) -> tuple[MoodleStatistics, ...]:
    """Return one record per item with Moodle's quiz statistics; formulas in the module's head.

    `max_marks`, shape (items,), is what a right answer earns, 1 unless given. `random_guess_scores` is the share of
    an item's marks, 0 to 1, that blind guessing earns on average, None where there is none to tell. Raises
    BadResponses for bad data, NotComputable if there is no response, and ValueError for marks that are not positive
    or shares outside 0 to 1, or not one for each item.
    """
    data = read(responses)
    if data.item.size == 0:
        raise NotComputable("nobody has answered any item")
    worth = _worth(max_marks, data.items)
    guesses = _guesses(random_guess_scores, data.items)
    kept, rest = share_of_seen(data, worth, corrected=True)
    item, right = data.item[kept], data.right[kept]
    with_rest = moments(item, data.items, right, rest)
    with_total = moments(data.item, data.items, data.right, share_of_seen(data, worth, corrected=False)[1])
    n = with_total.n
    spread = 100 * np.sqrt(with_total.squares_x / np.maximum(n - 1, 1))
    effective, negative = _effective_weights(with_total, worth)
    discrimination, efficiency = 100 * with_rest.correlation, _efficiency(with_rest, item, right, rest)
    return tuple(
        MoodleStatistics(
            item=one,
            n=int(n[one]),
            facility_index=100 * float(with_total.mean_x[one]) if n[one] > 0 else None,
            standard_deviation=float(spread[one]) if n[one] > 1 else None,
            random_guess_score=guesses[one],
            intended_weight=100 * float(worth[one] / worth.sum()),
            effective_weight=_known(effective[one]),
            discrimination_index=_known(discrimination[one]),
            discriminative_efficiency=_known(efficiency[one]),
            negative_covariance=bool(negative[one]),
        )
        for one in range(data.items)
    )


def _effective_weights(with_total: Moments, worth: FloatArray) -> tuple[FloatArray, BoolArray]:
    """The weights, NaN where there is none, and whether the covariance with the total is negative."""
    covariance = with_total.products / np.maximum(with_total.n - 1, 1)
    covariance[np.abs(covariance) < ROUNDING] = 0.0
    negative = covariance < 0
    usable = ~negative & (with_total.n > 1)
    roots = np.sqrt(np.where(usable, covariance, 0.0) * worth)
    weights = np.full(worth.shape, np.nan)
    if roots.sum() > 0:
        weights[usable] = 100 * roots[usable] / roots.sum()
    return weights, negative


def _efficiency(pairs: Moments, item: IntArray, right: FloatArray, rest: FloatArray) -> FloatArray:
    by_right, by_rest = np.lexsort((right, item)), np.lexsort((rest, item))
    # Both orders keep the items together, so the same places belong to the same item.
    greatest = moments(item[by_right], pairs.n.size, right[by_right], rest[by_rest]).products
    found = np.full(pairs.n.shape, np.nan)
    defined = pairs.both_vary
    found[defined] = 100 * np.clip(pairs.products[defined] / greatest[defined], None, 1.0)
    return found


def _worth(max_marks: ArrayLike | None, items: int) -> FloatArray:
    worth = np.ones(items) if max_marks is None else np.asarray(max_marks, dtype=np.float64)
    if worth.shape != (items,) or not (np.isfinite(worth).all() and (worth > 0).all()):
        raise ValueError(f"max_marks must be {items} positive numbers, one for each item")
    return worth


def _guesses(shares: Sequence[float | None] | None, items: int) -> list[float | None]:
    given = [None] * items if shares is None else list(shares)
    if len(given) != items or not all(share is None or 0 <= share <= 1 for share in given):
        raise ValueError(f"random_guess_scores must be {items} shares between 0 and 1 or None, one for each item")
    return [None if share is None else 100 * float(share) for share in given]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
