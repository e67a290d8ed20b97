"""Fits of an exam's questions with priors from their ratings, of which the regression is estimated along."""

from dataclasses import dataclass

import numpy as np

from psychometrics import irt
from psychometrics.arrays import FloatArray
from psychometrics.calibration.ratings import Line, line_of
from psychometrics.calibration.records import Mask, NoCommonAbility
from psychometrics.calibration.task import Task

# The line is refitted until its parameters move by no more than this, at most so many times.
SETTLED, ROUNDS = 0.01, 2
# A common slope below this means that right answers do not go together.
LEAST_SLOPE = 0.1


@dataclass(frozen=True, slots=True)
class Estimates:
    """Questions after a fit, arrays of shape (items,): NaN, and infinite errors, for those that took no part."""

    a: FloatArray
    d: FloatArray
    se_a: FloatArray
    se_b: FloatArray
    se_d: FloatArray
    fit: irt.Fit


@dataclass(frozen=True, slots=True)
class Start:
    """How a fit begins. `a`, `d` (items,): held there unless NaN. `slope`: the median of free slopes, None if they are
    one and without prior. `population`: held there, None for N(0, 1), or for a free one once questions are held.
    """

    a: FloatArray
    d: FloatArray
    slope: float | None = None
    population: irt.Prior | None = None


def free(items: int) -> FloatArray:
    """Nothing held."""
    return np.full(items, np.nan)


def estimate(task: Task, columns: Mask, start: Start, line: Line | None) -> Estimates:
    """Calibrate some questions, (items,), with intercept priors on a line for those that are rated, or without.

    Without, free questions that everybody answered alike take no part. Raises the errors of `irt.fit`,
    and NoCommonAbility.
    """
    chosen = columns if line is not None else columns & (~task.alike | ~np.isnan(start.d))
    fixed = start.a[chosen], -start.d[chosen] / start.a[chosen]
    priors = irt.ItemPriors(
        *_intercepts(task.x[chosen], line),
        *((None, None) if start.slope is None else (np.log(start.slope), task.settings.log_slope_sd)),
    )
    fit = irt.fit(
        task.responses(chosen),
        "1pl" if start.slope is None else "2pl",
        priors=priors,
        fixed=fixed,
        population=start.population,
    )
    if start.slope is None:
        common_slope(fit)

    def everywhere(values: FloatArray, elsewhere: float) -> FloatArray:
        filled = np.full(task.items, elsewhere)
        filled[chosen] = values
        return filled

    return Estimates(
        a=everywhere(fit.discrimination, np.nan),
        d=everywhere(fit.intercept, np.nan),
        se_a=everywhere(fit.se_discrimination, np.inf),
        se_b=everywhere(fit.se_difficulty, np.inf),
        se_d=everywhere(fit.se_intercept, np.inf),
        fit=fit,
    )


def estimate_with_line(
    task: Task, columns: Mask, start: Start, held_errors: FloatArray | None = None
) -> tuple[Estimates, Line]:
    """Calibrate some questions, and estimate the line on which their intercepts' priors lie along.

    The line goes through intercepts estimated without it, then once or twice through those estimated with it, from
    which it has been taken out again. `held_errors`, (items,): standard errors for the intercepts of held questions.
    """
    held = columns & ~np.isnan(start.d)
    moving = columns & ~held

    def line_through(found: Estimates | None, before: Line | None) -> Line:
        d, se = np.full(task.items, np.nan), np.full(task.items, np.inf)
        d[held] = start.d[held]
        if held_errors is not None:
            se[held] = held_errors[held]
        if found is not None:
            d[moving], se[moving] = _without(found.d[moving], found.se_d[moving], task.x[moving], before)
        good = task.rated & np.isfinite(d) & np.isfinite(se)
        return line_of(d[good], se[good], task.x[good])

    if not moving.any():
        return estimate(task, columns, start, None), line_through(None, None)
    line = line_through(_plain(task, columns, moving, start), None)
    for _ in range(ROUNDS):
        found = estimate(task, columns, start, line)
        before, line = line, line_through(found, line)
        if line.near(before, SETTLED):
            break
    return found, before


def _plain(task: Task, columns: Mask, moving: Mask, start: Start) -> Estimates | None:
    """The fit without a line; None if no free question has answers of both kinds."""
    return estimate(task, columns, start, None) if (moving & ~task.alike).any() else None


def common_slope(fit: irt.Fit) -> float:
    """The one slope of a fit. Raises NoCommonAbility if it is next to nothing or negative."""
    slope = float(fit.discrimination[0])
    if not slope > LEAST_SLOPE:
        raise NoCommonAbility("right answers do not go together, so that the questions measure no common ability")
    return slope


def _intercepts(x: FloatArray, line: Line | None) -> tuple[FloatArray | None, FloatArray | None]:
    """Means and sds of the intercepts' priors; an infinite sd exempts."""
    if line is None:
        return None, None
    rated = ~np.isnan(x)
    return np.where(rated, line.at(np.where(rated, x, 0.0)), 0.0), np.where(rated, line.tau, np.inf)


def _without(d: FloatArray, se: FloatArray, x: FloatArray, line: Line | None) -> tuple[FloatArray, FloatArray]:
    """Intercepts and errors as they would be without their normal prior, by taking its precision off the posterior's.

    Where that leaves nothing the error is infinite.
    """
    if line is None:
        return d, se
    known = np.isfinite(se) & (se > 0) & ~np.isnan(x)
    precision = np.where(known, se, 1.0) ** -2
    left = precision - line.tau**-2
    known &= left > 1e-3 * precision
    safe = np.where(known, left, 1.0)
    mean = np.where(known, (np.where(known, d, 0.0) * precision - line.at(np.where(known, x, 0.0)) / line.tau**2), 0.0)
    return np.where(known, mean / safe, np.nan), np.where(known, 1 / np.sqrt(safe), np.inf)
