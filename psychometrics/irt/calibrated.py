"""What goes into a calibration beside the responses, what comes out of it, and why it may be refused."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psychometrics.arrays import FloatArray
from psychometrics.irt.summed import Prior

Model = Literal["2pl", "1pl", "rasch"]


class CalibrationError(ValueError):
    """Why a calibration was refused; the message is one sentence."""


class BadSettings(CalibrationError):
    """The model, the priors, the fixed parameters or the numbers of steps cannot be what was meant."""


class NothingToCalibrate(CalibrationError):
    """No free item has both right and wrong answers, or a prior in their place."""


class TooFewPersons(CalibrationError):
    """Fewer than two persons have answered an item that tells anything."""


class TooFewItems(CalibrationError):
    """The items that tell anything, or those that one person has seen, are too few for the model."""


class NotConverged(CalibrationError):
    """The steps allowed were not enough; raised only if `strict`."""


@dataclass(frozen=True, slots=True)
class ItemPriors:
    """Priors of item parameters: numbers, or arrays of shape (items,). What is None has no prior.

    Intercepts d = -a·b (logits at theta = 0) are N(intercept_mean, intercept_sd²), so that an item rated at a chance r
    for theta = 0 gets the mean logit(r); an sd of infinity exempts an item. Logs of slopes are N(log_slope_mean,
    log_slope_sd²) and the estimate is the mode with respect to log a; a common slope takes single numbers. Raises
    BadSettings unless mean and sd are given together, means are finite and sds positive (and finite for slopes).
    """

    intercept_mean: ArrayLike | None = None
    intercept_sd: ArrayLike | None = None
    log_slope_mean: ArrayLike | None = None
    log_slope_sd: ArrayLike | None = None

    def __post_init__(self) -> None:
        _check("an intercept", self.intercept_mean, self.intercept_sd, largest=np.inf)
        _check("a log slope", self.log_slope_mean, self.log_slope_sd, largest=np.finfo(np.float64).max)


def _check(name: str, mean: ArrayLike | None, sd: ArrayLike | None, largest: float) -> None:
    if mean is None and sd is None:
        return
    if mean is None or sd is None:
        raise BadSettings(f"the prior of {name} needs both a mean and an sd")
    means, sds = np.asarray(mean, dtype=np.float64), np.asarray(sd, dtype=np.float64)
    if not (np.isfinite(means).all() and ((sds > 0) & (sds <= largest)).all()):
        raise BadSettings(f"the prior of {name} needs finite means and positive sds")


@dataclass(frozen=True, slots=True)
class Fit:
    """Calibrated items, in the order of the responses' columns.

    `discrimination` a (per logit) and `difficulty` b (logits), shape (items,); `se_discrimination`, `se_difficulty`,
    0 where held; `covariance` (items, 2, 2) of each item's (a, b). `mean`, `sd` of the normal population with
    `se_mean`, `se_sd`, 0 where held. `log_likelihood`: marginal, without priors. `n` (items,): answers.
    `converged`; `iterations`: E-steps done.

    `undetermined` (items,) marks items of which the data (and priors) leave a parameter open. Their standard errors
    are infinite, and the covariance of their a and b stands at 0. An item without a prior that everybody answered
    rightly has difficulty -inf, wrongly +inf, nobody at all 0, each with the common slope, the median of the slope's
    prior or 1. A slope that runs away stops at ±10 per sd of the population. An item of slope 0 has an infinite
    difficulty. A population without spread stops at sd 0.01, one that runs away at 100, with an infinite `se_sd`.

    Slopes may be negative where they have no prior: usually the key is wrong.
    """

    model: Model
    discrimination: FloatArray
    difficulty: FloatArray
    se_discrimination: FloatArray
    se_difficulty: FloatArray
    covariance: FloatArray
    undetermined: NDArray[np.bool_]
    n: NDArray[np.intp]
    mean: float
    sd: float
    se_mean: float
    se_sd: float
    log_likelihood: float
    converged: bool
    iterations: int

    @property
    def intercept(self) -> FloatArray:
        """Logits of a right answer at theta = 0, d = -a·b, shape (items,)."""
        return -self.discrimination * self.difficulty

    @property
    def se_intercept(self) -> FloatArray:
        """Standard errors of `intercept` by the delta method, shape (items,), infinite where undetermined."""
        known = ~self.undetermined
        a, b = self.discrimination[known], self.difficulty[known]
        block = self.covariance[known]
        variance = b * b * block[:, 0, 0] + 2 * a * b * block[:, 0, 1] + a * a * block[:, 1, 1]
        errors = np.full(len(known), np.inf)
        errors[known] = np.sqrt(np.maximum(variance, 0))
        return errors

    @property
    def population(self) -> Prior:
        """The population as the prior that scoring takes."""
        return Prior(self.mean, self.sd)
