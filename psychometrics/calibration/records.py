"""What goes into the calibration of an exam beside its answers, and what comes out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from psychometrics.arrays import FloatArray, IntArray
from psychometrics.equating import Link
from psychometrics.irt import CalibrationError, Prior

Mask = NDArray[np.bool_]

RATING_ONLY, COMMON_SLOPE, OWN_SLOPE = 0, 1, 2


class NoCommonAbility(CalibrationError):
    """Right answers do not go together, or persons do not differ, so that there is no scale to speak of."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The thresholds and priors of a calibration.

    A question with fewer than `common_from` answers is known by its rating only, below `own_from` it has the common
    slope, from there a slope of its own with log a ~ N(log common, log_slope_sd²). A later run needs `fewest_anchors`
    held questions with enough answers, `fewest_anchors_in_domain` in every domain. An anchor with `drift_from` new
    answers drifts if its difficulty has moved by more than `drift_difference` logits with a robust |z| above `drift_z`.
    A cut on which the models with one slope and with own slopes differ by more than `model_gap` raw points deserves a
    look; nothing here acts on it.
    """

    common_from: int = 200
    own_from: int = 500
    log_slope_sd: float = 0.3
    fewest_anchors: int = 15
    fewest_anchors_in_domain: int = 2
    drift_difference: float = 0.3
    drift_z: float = 2.7
    drift_from: int = 100
    model_gap: float = 0.5


@dataclass(frozen=True, slots=True)
class Held:
    """What an earlier run has measured: P = logistic(a·theta + d) on the exam's scale, each of shape (items,).

    `a` and `d` are NaN for questions not measured yet; `own` tells which were measured with a slope of their own.
    """

    a: FloatArray
    d: FloatArray
    own: Mask


@dataclass(frozen=True, slots=True)
class Calibration:
    """Questions of an exam on one scale, arrays of shape (items,) unless said; logits unless said.

    `rung`: 0 known by rating only, 1 measured with the common slope, 2 with its own. `a`, `d`: P = logistic(a·theta +
    d), for rung 0 the fitted line, d NaN without a rating. `se_a`, `se_b`: of slope and difficulty b = -d/a with the
    population and the scale taken as known; 0 where held at an earlier run's parameters, inf where not measured. `n`:
    answers, whether they took part or not. `connected`: False for the columns in `parts`, whose answers did not.

    `common_a`, `common_d`: the same data with one slope for all that is measured, on a scale of its own on which the
    borderline candidate stands at `common_ability` = 0. Held questions without enough answers have their parameters
    in both.

    `alpha`, `beta`, `tau`: d ~ N(alpha + beta·logit(rating), tau²); `slope`: the common slope. `population`: of those
    who answered. `ability`: the borderline candidate, T_reference(ability) = S, 0 in a first run.

    `anchor`: held while the run was put on the scale; `drifted`: held no longer. `drift`: the difficulty in the new
    answers less the held one, `drift_z` its robust z, NaN where not checked; of anchors that drifted, as they were
    when that was found. `link`: Stocking-Lord from a free calibration of the new answers to the held scale, None if
    too few anchors have new answers; `link_gap`: by how many raw points of the reference form the cut would move if
    that link placed the new persons instead of the held parameters.

    `abilities` (persons,): means of the posteriors; who answered nothing that is measured gets the population's.
    `infit`, `outfit`: NaN where not measured, or held and not answered at all. `log_likelihood`: marginal, without
    priors; `converged`: all fits this rests on; `iterations`: E-steps of the last.
    """

    rung: IntArray
    a: FloatArray
    d: FloatArray
    se_a: FloatArray
    se_b: FloatArray
    n: IntArray
    common_a: FloatArray
    common_d: FloatArray
    alpha: float
    beta: float
    tau: float
    slope: float
    population: Prior
    ability: float
    common_ability: float
    anchor: Mask
    drifted: Mask
    drift: FloatArray
    drift_z: FloatArray
    link: Link | None
    link_gap: float | None
    connected: Mask
    parts: list[IntArray]
    abilities: FloatArray
    infit: FloatArray
    outfit: FloatArray
    log_likelihood: float
    converged: bool
    iterations: int
