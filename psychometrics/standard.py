"""The standard as judges set it: what they rated, how they differ, how sure their sum is, who would pass.

A rating is the share of just-passing candidates, 0 to 1, that a judge expects to answer an item correctly (Angoff
1971). Ratings come as judges × items, NaN where a judge did not rate an item. The standard S is the sum of the mean
ratings of a form's scored items, in raw points. The items of that form are fixed; judges are a sample of all who
might have been asked, so S has an error.

Sources:
    Angoff, W. H. (1971). Scales, norms, and equivalent scores. In R. L. Thorndike (Ed.), Educational Measurement
        (2nd ed., pp. 508-600). American Council on Education.
    Brennan, R. L. (2001). Generalizability Theory. Springer.
    Brennan, R. L., & Lockwood, R. E. (1980). A comparison of the Nedelsky and Angoff cutting score procedures using
        generalizability theory. Applied Psychological Measurement, 4(2), 219-240.
    Kane, M. T. (1987). On the use of IRT models with judgmental standard setting procedures. Journal of Educational
        Measurement, 24(4), 333-345.
    Searle, S. R., Casella, G., & McCulloch, C. E. (1992). Variance Components, chapter 5. Wiley.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psychometrics.arrays import FloatArray, IntArray
from psychometrics.scaling import minimum_passing_raw

# A correlation over fewer pairs would always be 1 or -1.
FEWEST_PAIRS = 3
# Differences between ratings, which are given in hundredths, that only rounding can make.
ROUNDING = 1e-9


class BadRatings(ValueError):
    """The ratings, or what goes with them, cannot be what they claim to be; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class RatedItem:
    """An item's mean rating, its judges' sd (divisor m - 1) and their number m; None where m is too small."""

    mean: float | None
    sd: float | None
    judges: int


@dataclass(frozen=True, slots=True)
class Judge:
    """A judge's ratings of the scored items, `items` of them.

    `mean` and `sd` (divisor m - 1) of the ratings; `total`: the sum, this judge's own standard in raw points, or None
    if a scored item was not rated; `leniency`: how much higher than the average judge this one rates the same items,
    negative for judges who expect less and so set a lower standard; `correlation`: of the ratings with calibrated
    difficulty, over at least three items, None if either does not vary.
    """

    items: int
    mean: float | None
    sd: float | None
    total: float | None
    leniency: float | None
    correlation: float | None


@dataclass(frozen=True, slots=True)
class Standard:
    """What the judges' ratings come to.

    `items`: every item, in order; `judges`: every judge, in order. `cut`: S in raw points. `se`: its standard error in
    raw points, None if the ratings cannot show it. `totals_sd`: sd of the judges' own sums (divisor J - 1) over those
    who rated every scored item, None for fewer than two. `judge_variance`, `residual_variance`: variance components
    of one rating, between judges and beyond items and judges, None where not estimable. `complete`: every judge with
    a rating rated every scored item. `connected`: the judges can all be compared through items they share.
    `correlation`: of the scored items' mean ratings with calibrated difficulty, near -1 if judges see what is hard.
    """

    items: tuple[RatedItem, ...]
    judges: tuple[Judge, ...]
    cut: float
    se: float | None
    totals_sd: float | None
    judge_variance: float | None
    residual_variance: float | None
    complete: bool
    connected: bool
    correlation: float | None


@dataclass(frozen=True, slots=True)
class PassRate:
    """A standard in raw points, the lowest whole score that meets it, and the share of persons, 0 to 1, who do."""

    cut: float
    minimum: int
    rate: float


def summarise(ratings: ArrayLike, scored: ArrayLike | None = None, difficulty: ArrayLike | None = None) -> Standard:
    """Return what `ratings`, judges × items, say about the standard of the form made of the `scored` items.

    `scored` holds the indices of the form's scored items, all items if None; only ratings of these enter S, its error
    and the judges' records. `difficulty`, shape (items,), holds calibrated difficulties in logits, NaN where there
    is none.

    The standard error has random judges and fixed items (Brennan & Lockwood 1980; Kane 1987). If every judge rated
    every scored item it is the sd of the judges' sums over √J. Otherwise, with m_i judges on item i, the variance is
    σ²(judge) · Σ_j (Σ_i 1/m_i over j's items)² + σ²(residual) · Σ_i 1/m_i (Brennan 2001), for
    complete ratings the same number; the components come from fitting constants (Searle, Casella & McCulloch 1992,
    Henderson's method III), a negative one counts as 0. There is no error with fewer than two judges or where no two
    judges share enough items.

    Raises BadRatings for ratings outside 0 to 1, for a scored item that is not there, stands twice or has no rating,
    and for difficulties of another shape.
    """
    table, chosen = _table(ratings), np.arange(np.shape(ratings)[-1]) if scored is None else np.asarray(scored)
    rated = ~np.isnan(table)
    _check_scored(chosen, rated)
    known = _difficulties(difficulty, table.shape[1])
    used, seen = table[:, chosen], rated[:, chosen]
    judging = np.flatnonzero(seen.any(axis=1))
    components = _components(used[judging], seen[judging])
    complete = bool(seen[judging].all())
    totals = used[seen.all(axis=1)].sum(axis=1)
    totals_sd = float(totals.std(ddof=1)) if totals.size > 1 else None
    means = np.nansum(used, axis=0) / seen.sum(axis=0)
    leniency = dict(zip(judging.tolist(), components.leniency.tolist(), strict=True))
    se = totals_sd / math.sqrt(totals.size) if complete and totals_sd is not None else components.error_of_sum
    return Standard(
        items=tuple(_item(table[rated[:, item], item]) for item in range(table.shape[1])),
        judges=tuple(
            _judge(used[judge], seen[judge], leniency.get(judge), known[chosen]) for judge in range(table.shape[0])
        ),
        cut=float(means.sum()),
        se=se,
        totals_sd=totals_sd,
        judge_variance=components.judge,
        residual_variance=components.residual,
        complete=complete,
        connected=components.connected,
        correlation=_correlation(means, known[chosen]),
    )


def pass_rates(frequencies: ArrayLike, cut: float, se: float) -> tuple[PassRate, PassRate, PassRate]:
    """Return who would pass at S - 1 SE, at S and at S + 1 SE.

    `frequencies` (index = raw score on the form that S belongs to) are persons or shares; `cut` S and `se` its
    standard error in raw points. The lowest passing score is that of `scaling.minimum_passing_raw`. Raises BadRatings
    unless the frequencies are at least 0 and not all 0, 0 <= S <= n and the error is finite and at least 0.
    """
    persons = np.asarray(frequencies, dtype=np.float64)
    if persons.ndim != 1 or persons.size < 2 or not np.isfinite(persons).all() or (persons < 0).any():
        raise BadRatings("frequencies must be a list of numbers of at least 0, one for each raw score")
    if persons.sum() == 0:
        raise BadRatings("nobody has a score, so there is no pass rate")
    if not (0 <= cut <= persons.size - 1 and 0 <= se < math.inf):
        raise BadRatings(f"the standard must lie between 0 and {persons.size - 1} and its error be at least 0")
    low, middle, high = (_pass_rate(persons, float(place)) for place in (cut - se, cut, cut + se))
    return low, middle, high


def _pass_rate(persons: FloatArray, cut: float) -> PassRate:
    minimum = minimum_passing_raw(cut)
    passed = persons[max(minimum, 0) :].sum()
    return PassRate(cut, minimum, float(passed / persons.sum()))


@dataclass(frozen=True, slots=True)
class _Components:
    judge: float | None
    residual: float | None
    error_of_sum: float | None
    leniency: FloatArray
    connected: bool


def _components(table: FloatArray, rated: NDArray[np.bool_]) -> _Components:
    """Variance components of ratings (judges, items), every judge and item with a rating; NaN where there is none.

    After items are taken out, judges explain R of the squares, and E(R) = σ²(judge) · (ratings - items) +
    σ²(residual) · rank; the rest has expectation σ²(residual) · (ratings - items - rank).
    """
    of_item, of_judge = rated.sum(axis=0), rated.sum(axis=1)
    means = np.nansum(table, axis=0) / of_item
    deviations = np.where(rated, table - means, 0.0)
    shared = (rated / of_item) @ rated.T
    normal = np.diag(of_judge) - shared
    rank = int(np.linalg.matrix_rank(normal, tol=ROUNDING * of_judge.max()))
    leniency = np.linalg.pinv(normal, rcond=ROUNDING, hermitian=True) @ deviations.sum(axis=1)
    connected = rank == len(table) - 1
    within = int(rated.sum()) - len(of_item)
    if rank == 0 or within == rank:
        return _Components(None, None, None, leniency, connected)
    explained = float(leniency @ deviations.sum(axis=1))
    residual = max(float((deviations**2).sum()) - explained, 0.0) / (within - rank)
    judge = max((explained - rank * residual) / within, 0.0)
    carried = (rated / of_item).sum(axis=1)
    error = math.sqrt(judge * float((carried**2).sum()) + residual * float((1 / of_item).sum()))
    return _Components(judge, residual, error, leniency, connected)


def _table(ratings: ArrayLike) -> FloatArray:
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2 or table.size == 0:
        raise BadRatings("ratings must be judges × items, with at least one of each")
    if not (np.isnan(table) | ((table >= 0) & (table <= 1))).all():
        raise BadRatings("ratings must lie between 0 and 1 or be missing")
    return table


def _check_scored(chosen: NDArray[Any], rated: NDArray[np.bool_]) -> None:
    if chosen.ndim != 1 or chosen.size == 0 or chosen.dtype.kind not in "iu":
        raise BadRatings("scored items must be a list of indices that is not empty")
    indices: IntArray = chosen.astype(np.intp)
    if indices.min() < 0 or indices.max() >= rated.shape[1] or np.unique(indices).size < indices.size:
        raise BadRatings("a scored item is not among the rated ones, or stands twice")
    if not rated[:, indices].any(axis=0).all():
        raise BadRatings("a scored item has no rating, so the standard is unknown")


def _difficulties(difficulty: ArrayLike | None, items: int) -> FloatArray:
    if difficulty is None:
        return np.full(items, np.nan)
    known = np.asarray(difficulty, dtype=np.float64)
    if known.shape != (items,) or np.isinf(known).any():
        raise BadRatings("difficulties must be finite or missing, one for each item")
    return known


def _item(given: FloatArray) -> RatedItem:
    return RatedItem(_mean(given), _sd(given), given.size)


def _judge(row: FloatArray, seen: NDArray[np.bool_], leniency: float | None, difficulty: FloatArray) -> Judge:
    given = row[seen]
    return Judge(
        items=given.size,
        mean=_mean(given),
        sd=_sd(given),
        total=float(given.sum()) if seen.all() else None,
        leniency=leniency,
        correlation=_correlation(given, difficulty[seen]),
    )


def _mean(given: FloatArray) -> float | None:
    return float(given.mean()) if given.size else None


def _sd(given: FloatArray) -> float | None:
    return float(given.std(ddof=1)) if given.size > 1 else None


def _correlation(means: FloatArray, difficulty: FloatArray) -> float | None:
    """Pearson's, over items with a calibrated difficulty; None for too few or where either does not vary."""
    known = ~np.isnan(difficulty)
    x, y = means[known], difficulty[known]
    if x.size < FEWEST_PAIRS or np.ptp(x) < ROUNDING or np.ptp(y) < ROUNDING:
        return None
    return float(np.corrcoef(x, y)[0, 1])
