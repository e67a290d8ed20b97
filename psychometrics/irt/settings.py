"""What is known of every item before calibration starts: what is held, what has a prior, what the data can tell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit

from psychometrics.arrays import FloatArray
from psychometrics.irt.calibrated import BadSettings, ItemPriors, Model
from psychometrics.irt.em import Plan, State

Mask = NDArray[np.bool_]

STEEPEST = 10.0


@dataclass(frozen=True, slots=True)
class Items:
    """All items of the data, arrays of shape (items,).

    `n`, `right`: answers and right answers. `slope`: held, the prior's median or 1; `difficulty`: NaN where free. The
    priors are as in `Plan`. `blank`: without prior and with answers of one kind or none, so that the likelihood is
    highest at an infinite difficulty, or flat; such items take no part. `idle`: the intercept has a prior, but nothing
    is known about the slope, which is held.
    """

    n: NDArray[np.intp]
    right: FloatArray
    slope: FloatArray
    difficulty: FloatArray
    slope_free: Mask
    intercept_free: Mask
    common: bool
    intercept_mean: FloatArray
    intercept_precision: FloatArray
    log_slope_mean: FloatArray | None
    log_slope_precision: FloatArray | None
    blank: Mask
    idle: Mask

    @property
    def kept(self) -> Mask:
        """The items that take part."""
        return ~self.blank

    @property
    def anchor(self) -> Mask:
        """Answered items with both parameters held."""
        return ~self.slope_free & ~self.intercept_free & (self.n > 0)

    def plan(self, chosen: Mask, nodes: int, sd: float, *, mean_free: bool, sd_free: bool, held: bool = False) -> Plan:
        """The plan for the chosen items; with `held` none of their parameters moves. `sd` sets the slopes' limit."""
        slope_free = (self.slope_free & ~self.idle)[chosen] & (not held)
        priors = self.log_slope_mean is not None and self.log_slope_precision is not None
        return Plan(
            slope_free=slope_free,
            intercept_free=self.intercept_free[chosen] & (not held),
            common=self.common and bool(slope_free.any()),
            intercept_mean=self.intercept_mean[chosen],
            intercept_precision=self.intercept_precision[chosen],
            log_slope_mean=self.log_slope_mean[chosen] if priors and self.log_slope_mean is not None else None,
            log_slope_precision=(
                self.log_slope_precision[chosen] if priors and self.log_slope_precision is not None else None
            ),
            slope_limit=STEEPEST / sd,
            mean_free=mean_free,
            sd_free=sd_free,
            nodes=nodes,
        )

    def start(self, chosen: Mask, mean: float, sd: float) -> State:
        """Where the chosen items start: slopes held, at their prior or at 1/sd, intercepts by shares right.

        The factor that undoes the averaging over theta is the usual one of the logistic-normal integral,
        sqrt(1 + (16·sqrt(3) / (15·pi))²·a²·sd²), about sqrt(1 + 0.346·a²·sd²).
        """
        free = self.slope_free & (self.log_slope_mean is None)
        a, b = np.where(free, 1 / sd, self.slope)[chosen], self.difficulty[chosen]
        share = (self.right[chosen] + 0.5) / (self.n[chosen] + 1)
        guess = logit(share) * np.sqrt(1 + 0.346 * a**2 * sd**2) - a * mean
        return State(a=a, d=np.where(np.isnan(b), guess, -a * np.where(np.isnan(b), 0.0, b)), mean=mean, sd=sd)


def items_of(
    n: NDArray[np.intp],
    right: FloatArray,
    model: Model,
    priors: ItemPriors | None,
    fixed: tuple[ArrayLike, ArrayLike] | None,
) -> Items:
    """Bring priors and fixed parameters into arrays of shape (items,). Raises BadSettings."""
    items = len(n)
    slope, difficulty = _fixed(fixed, items)
    slope_free, intercept_free = np.isnan(slope) & (model != "rasch"), np.isnan(difficulty)
    given = priors or ItemPriors()
    mean, sd = _array(given.intercept_mean, 0.0, items), _array(given.intercept_sd, np.inf, items)
    log_mean = log_precision = None
    if given.log_slope_mean is not None and given.log_slope_sd is not None:
        if model == "rasch":
            raise BadSettings("a rasch model has no slopes to put a prior on")
        if model == "1pl" and (np.ndim(given.log_slope_mean) or np.ndim(given.log_slope_sd)):
            raise BadSettings("the one slope of a 1pl takes one mean and one sd as its prior")
        log_mean = _array(given.log_slope_mean, 0.0, items)
        log_precision = _array(given.log_slope_sd, 1.0, items) ** -2
    start = np.ones(items) if log_mean is None else np.exp(log_mean)
    has_prior = np.isfinite(sd)
    return Items(
        n=n,
        right=right,
        slope=np.where(np.isnan(slope), start, slope),
        difficulty=difficulty,
        slope_free=slope_free,
        intercept_free=intercept_free,
        common=model == "1pl",
        intercept_mean=mean,
        intercept_precision=sd**-2.0,
        log_slope_mean=log_mean,
        log_slope_precision=log_precision,
        blank=intercept_free & ~has_prior & ((right == 0) | (right == n)),
        idle=intercept_free & slope_free & (n == 0) & (model == "2pl") & (log_mean is None),
    )


def _fixed(fixed: tuple[ArrayLike, ArrayLike] | None, items: int) -> tuple[FloatArray, FloatArray]:
    if fixed is None:
        return np.full(items, np.nan), np.full(items, np.nan)
    slope, difficulty = np.asarray(fixed[0], dtype=np.float64), np.asarray(fixed[1], dtype=np.float64)
    if slope.shape != (items,) or difficulty.shape != (items,):
        raise BadSettings(f"fixed a and b must have one entry for each of {items} items")
    if np.isinf(slope).any() or np.isinf(difficulty).any() or (slope <= 0).any():
        raise BadSettings("fixed a must be positive and fixed b finite, or NaN where free")
    if (np.isnan(slope) & ~np.isnan(difficulty)).any():
        raise BadSettings("a fixed b needs a fixed a")
    return slope, difficulty


def _array(given: ArrayLike | None, default: float, items: int) -> FloatArray:
    values = np.asarray(default if given is None else given, dtype=np.float64)
    if values.shape not in {(), (items,)}:
        raise BadSettings(f"a prior needs one number, or one for each of {items} items")
    return np.broadcast_to(values, (items,)).copy()
