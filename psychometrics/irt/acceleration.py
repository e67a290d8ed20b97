"""EM to convergence, with the slow directions taken in long steps that never lower the likelihood.

Sources:
    Dempster, A. P., Laird, N. M., & Rubin, D. B. (1977). Maximum likelihood from incomplete data via the EM
        algorithm. Journal of the Royal Statistical Society B, 39(1), 1-38.
    Varadhan, R., & Roland, C. (2008). Simple and globally convergent methods for accelerating the convergence of any
        EM algorithm. Scandinavian Journal of Statistics, 35(2), 335-353.
"""

from dataclasses import dataclass

import numpy as np

from psychometrics.arrays import FloatArray
from psychometrics.irt.distinct import Distinct
from psychometrics.irt.em import SD_LIMITS, Expected, Plan, State, expect, maximise


@dataclass(frozen=True, slots=True)
class Climbed:
    """Where EM came to rest: the state, the E-step at it, the number of E-steps, and whether it did converge."""

    state: State
    expected: Expected
    iterations: int
    converged: bool


def climb(patterns: Distinct, start: State, plan: Plan, tolerance: float, iterations: int) -> Climbed:
    """Repeat EM steps until no free parameter moves by more than `tolerance` in one, or `iterations` E-steps are done.

    Two EM steps x0 → x1 → x2 give the squared extrapolation of Varadhan & Roland (2008), steplength S3. It is taken
    only if the objective there is no lower than at x1; x2 is taken otherwise, so that the objective never falls.
    Parameters are compared and extrapolated as slopes (their logs under a prior), intercepts, mean and log sd.
    """
    state, expected, used = start, expect(patterns, start, plan), 1
    while True:
        first = maximise(expected, state, plan)
        at_first = expect(patterns, first, plan)
        used += 1
        x0, x1 = _vector(state, plan), _vector(first, plan)
        if _small(x1 - x0, tolerance) or used >= iterations:
            return Climbed(first, at_first, used, _small(x1 - x0, tolerance))
        second = maximise(at_first, first, plan)
        x2 = _vector(second, plan)
        step = x1 - x0
        bend = (x2 - x1) - step
        length = float(np.sqrt((step @ step) / (bend @ bend))) if bend.any() else 1.0
        state = second
        if length > 1 and not _small(x2 - x1, tolerance):
            longer = _state(x0 + 2 * length * step + length**2 * bend, second, plan)
            expected = expect(patterns, longer, plan)
            used += 1
            if expected.objective >= at_first.objective:
                state = longer
                continue
        expected = expect(patterns, second, plan)
        used += 1


def _small(step: FloatArray, tolerance: float) -> bool:
    return bool(np.abs(step).max(initial=0.0) <= tolerance)


def _vector(state: State, plan: Plan) -> FloatArray:
    """The free parameters as one vector."""
    slopes = state.a[plan.slope_free]
    slopes = slopes[:1] if plan.common else slopes
    population = [state.mean] * plan.mean_free + [float(np.log(state.sd))] * plan.sd_free
    slopes = np.log(slopes) if plan.log_slope_mean is not None else slopes
    return np.concatenate((slopes, state.d[plan.intercept_free], population))


def _state(vector: FloatArray, held: State, plan: Plan) -> State:
    """The state of a vector, the rest as in `held`."""
    slopes = int(plan.slope_free.any()) if plan.common else int(plan.slope_free.sum())
    intercepts = int(plan.intercept_free.sum())
    a, d = held.a.copy(), held.d.copy()
    if plan.log_slope_mean is not None:
        a[plan.slope_free] = np.exp(np.clip(vector[:slopes], -20, np.log(plan.slope_limit)))
    else:
        a[plan.slope_free] = np.clip(vector[:slopes], -plan.slope_limit, plan.slope_limit)
    d[plan.intercept_free] = vector[slopes : slopes + intercepts]
    rest = vector[slopes + intercepts :]
    mean = float(rest[0]) if plan.mean_free else held.mean
    sd = float(np.exp(np.clip(rest[-1], *np.log(SD_LIMITS)))) if plan.sd_free else held.sd
    return State(a=a, d=d, mean=mean, sd=sd)
