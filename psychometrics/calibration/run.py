"""The calibration of an exam: first run, later runs, and what every question's parameters become.

The scale's zero is the borderline candidate. The first run measures its reference form together with everything else
and shifts the scale so that the candidate with the expected score S on that form stands at 0, whatever level judges
had in mind; later runs hold the scale by the questions that were measured before (fixed-parameter calibration, Kim
2006) and only look where the borderline candidate stands now.

Sources:
    Kim, S. (2006). A comparative study of IRT fixed parameter calibration methods. Journal of Educational
        Measurement, 43(4), 355-381.
    Kolen, M. J., & Brennan, R. L. (2014). Test Equating, Scaling, and Linking: Methods and Practices (3rd ed.),
        chapters 6 and 8. Springer.
    Lord, F. M. (1980). Applications of Item Response Theory to Practical Testing Problems. Erlbaum.
    Mislevy, R. J. (1986). Bayes modal estimation in item response models. Psychometrika, 51(2), 177-195.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from psychometrics import irt
from psychometrics.arrays import FloatArray, IntArray
from psychometrics.calibration.connected import main_part
from psychometrics.calibration.drift import Check, check, placed_by
from psychometrics.calibration.fitting import (
    Estimates,
    Start,
    common_slope,
    estimate,
    estimate_with_line,
    free,
)
from psychometrics.calibration.ratings import Line
from psychometrics.calibration.records import (
    COMMON_SLOPE,
    OWN_SLOPE,
    RATING_ONLY,
    Calibration,
    Held,
    Mask,
    Settings,
)
from psychometrics.calibration.task import Task, task_of
from psychometrics.equating import NotLinked, theta_of_expected

DEFAULTS = Settings()


def calibrate(
    responses: Any,
    ratings: ArrayLike,
    reference: ArrayLike,
    cut: float,
    *,
    domains: ArrayLike | None = None,
    held: Held | None = None,
    recent: ArrayLike | None = None,
    settings: Settings = DEFAULTS,
) -> Calibration:
    """Measure an exam's questions: a first run, or with `held` a later one, on the scale of the run before.

    `responses`: persons × items as `psychometrics.responses.read` takes them; columns may be empty. `ratings`,
    (items,): judged chances of the borderline candidate, 0 to 1, NaN without one. `reference`: the columns of the
    reference form's scored questions, all rated. `cut`: S, raw points of that form. `domains`, (items,): whole
    numbers. `recent`, (persons,): who sat after the run that `held` comes from, everybody if not given.

    Everything with too few answers follows the line fitted through ratings and measured intercepts, and its answers
    take no part; so do questions that hang together with the rest through nobody. Everything else is measured with
    the common slope, or with enough answers with its own. A first run's population is N(0, 1) before the shift, a
    later one's is free. A common slope is the one that fits all measured questions best.

    A later run holds what was measured before and has enough answers. Anchors that drift are freed. What was held
    with the common slope and now has answers enough for its own is estimated anew once the rest is in place, and
    what is held without enough answers stays as it is.

    Raises BadResponses and BadSettings for bad input, NothingToCalibrate, TooFewPersons, TooFewItems and
    NoCommonAbility where the data do not carry a calibration, and NotLinked where they do not carry the scale.
    """
    task = task_of(responses, ratings, reference, cut, domains, held, recent, settings)
    if not task.measurable.any():
        raise irt.NothingToCalibrate(f"no question has {settings.common_from} answers yet")
    wanted = task.known & task.measurable
    if task.held is None:
        wanted[task.reference] = True
    main, parts = main_part(task.data, task.measurable, wanted)
    measured = _first(task, main) if task.held is None else _later(task, main, task.held)
    return _finished(task, main, parts, measured)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured, (items,) arrays NaN elsewhere. `own`: with a slope of its own; `anchor`: held.

    `line`, `slope` and `population` are on the scale of the estimates, before a first run's shift. `common`: with one
    slope for all, `common_line` its line, on theta ~ N(0, 1).
    """

    a: FloatArray
    d: FloatArray
    se_a: FloatArray
    se_b: FloatArray
    own: Mask
    line: Line
    slope: float
    population: irt.Prior
    common: Estimates
    common_line: Line
    anchor: Mask
    check: Check | None
    fit: irt.Fit
    converged: bool


def _first(task: Task, main: Mask) -> Measured:
    nothing = free(task.items)
    common, common_line = estimate_with_line(task, main, Start(nothing, nothing))
    slope = common_slope(common.fit)
    own = main & (task.n >= task.settings.own_from)
    found, line = common, common_line
    if own.any():
        start = Start(np.where(main & ~own, slope, np.nan), nothing, slope=slope)
        found, line = estimate_with_line(task, main, start)
    return Measured(
        a=found.a,
        d=found.d,
        se_a=np.where(own, found.se_a, common.se_a),
        se_b=found.se_b,
        own=own,
        line=line,
        slope=slope,
        population=irt.Prior(0.0, 1.0),
        common=common,
        common_line=common_line,
        anchor=np.zeros(task.items, dtype=np.bool_),
        check=None,
        fit=found.fit,
        converged=common.fit.converged and found.fit.converged,
    )


def _later(task: Task, main: Mask, held: Held) -> Measured:
    candidates = main & task.known
    _enough(task, candidates)
    checked = check(task, held, candidates)
    anchor = candidates & ~checked.drifted
    _enough(task, anchor)

    nothing = free(task.items)
    common, common_line = estimate_with_line(task, main, Start(nothing, nothing))
    slope = common_slope(common.fit) / placed_by(task, held, anchor).sd
    entitled = main & (task.n >= task.settings.own_from)
    a = np.where(anchor, held.a, np.where(main & ~entitled, slope, np.nan))
    start = Start(a, np.where(anchor, held.d, np.nan), slope=slope)
    found, line = estimate_with_line(task, main, start, held_errors=common.se_d)
    population, converged = found.fit.population, common.fit.converged and found.fit.converged

    climbing = anchor & entitled & ~held.own & (task.rated | ~task.alike)
    own = np.where(anchor, held.own | climbing, entitled)
    se_a = np.where(anchor, 0.0, np.where(entitled, found.se_a, common.se_a / population.sd))
    values = found.a, found.d, se_a, found.se_b
    fit = found.fit
    if climbing.any():
        again = Start(np.where(climbing, np.nan, found.a), np.where(climbing, np.nan, found.d), slope, population)
        second = estimate(task, main, again, line)
        both = zip((second.a, second.d, second.se_a, second.se_b), values, strict=True)
        values = tuple(np.where(climbing, new, old) for new, old in both)  # type: ignore[assignment]
        fit, converged = second.fit, converged and second.fit.converged
    return Measured(
        *values,
        own=own & main,
        line=line,
        slope=slope,
        population=population,
        common=common,
        common_line=common_line,
        anchor=anchor,
        check=checked,
        fit=fit,
        converged=converged,
    )


def _enough(task: Task, anchors: Mask) -> None:
    """Raise NotLinked if the anchors are too few, or too few in a domain."""
    settings, count = task.settings, int(anchors.sum())
    if count < settings.fewest_anchors:
        raise NotLinked(f"a link to the exam's scale needs {settings.fewest_anchors} anchors, and there are {count}")
    if task.domains is None:
        return
    for domain in np.unique(task.domains):
        inside = int((anchors & (task.domains == domain)).sum())
        if inside < settings.fewest_anchors_in_domain:
            raise NotLinked(
                f"a link to the exam's scale needs {settings.fewest_anchors_in_domain} anchors in every domain, "
                f"and in domain {domain} there are {inside}"
            )


def _finished(task: Task, main: Mask, parts: list[IntArray], measured: Measured) -> Calibration:
    """Fill in what was not measured, put the zero where it belongs, and describe persons and fit."""
    resting = task.known & ~main
    held = task.held
    line, slope, population = measured.line, measured.slope, measured.population
    a = np.where(main, measured.a, slope)
    d = np.where(main, measured.d, line.at(task.x))
    own = measured.own
    if held is not None:
        a, d = np.where(resting, held.a, a), np.where(resting, held.d, d)
        own = own | (resting & held.own)
    ability = _borderline(task, a, d)
    if held is None:
        d = d + a * ability
        line, population = line.moved(slope * ability), irt.Prior(population.mean - ability, population.sd)
        ability = 0.0
    known = main | resting
    common_a, common_d = _one_slope(task, main, resting, measured)
    scored = irt.eap(task.responses(known), a[known], -d[known] / a[known], population.mean, population.sd)
    infit, outfit = _mean_squares(task, known, a, d, population)
    checked = measured.check or Check(*_unchecked(task.items), link=None, placed=None)
    return Calibration(
        rung=np.where(known, np.where(own, OWN_SLOPE, COMMON_SLOPE), RATING_ONLY),
        a=a,
        d=d,
        se_a=np.where(resting, 0.0, np.where(main, measured.se_a, np.inf)),
        se_b=np.where(resting, 0.0, np.where(main, measured.se_b, np.inf)),
        n=task.n,
        common_a=common_a,
        common_d=common_d,
        alpha=line.alpha,
        beta=line.beta,
        tau=line.tau,
        slope=slope,
        population=population,
        ability=ability,
        common_ability=0.0,
        anchor=measured.anchor,
        drifted=checked.drifted,
        drift=checked.drift,
        drift_z=checked.drift_z,
        link=checked.link,
        link_gap=_gap(task, checked, a, d, ability),
        connected=~np.isin(np.arange(task.items), np.concatenate([np.empty(0, dtype=np.intp), *parts])),
        parts=parts,
        abilities=scored,
        infit=infit,
        outfit=outfit,
        log_likelihood=measured.fit.log_likelihood,
        converged=measured.converged,
        iterations=measured.fit.iterations,
    )


def _borderline(task: Task, a: FloatArray, d: FloatArray) -> float:
    """The ability whose expected score on the reference form is S."""
    form = task.reference
    return float(theta_of_expected([task.cut], a[form], -d[form] / a[form])[0])


def _one_slope(task: Task, main: Mask, resting: Mask, measured: Measured) -> tuple[FloatArray, FloatArray]:
    """Slopes and intercepts if everything measured had one slope, with the borderline candidate at 0.

    Held questions without enough answers come over from the other scale by way of the population.
    """
    slope = common_slope(measured.common.fit)
    a = np.full(task.items, slope)
    d = np.where(main, measured.common.d, measured.common_line.at(task.x))
    if task.held is not None:
        there = measured.population
        a = np.where(resting, task.held.a * there.sd, a)
        d = np.where(resting, task.held.d + task.held.a * there.mean, d)
    return a, d + a * _borderline(task, a, d)


def _mean_squares(
    task: Task, known: Mask, a: FloatArray, d: FloatArray, population: irt.Prior
) -> tuple[FloatArray, FloatArray]:
    answered = known & (task.n > 0)
    found = irt.infit_outfit_integrated(task.responses(answered), a[answered], -d[answered] / a[answered], population)
    infit, outfit = np.full(task.items, np.nan), np.full(task.items, np.nan)
    infit[answered], outfit[answered] = found.infit, found.outfit
    return infit, outfit


def _gap(task: Task, checked: Check, a: FloatArray, d: FloatArray, ability: float) -> float | None:
    """Raw points between S and the expected score of whom the link places where the held parameters place 0."""
    if checked.link is None or checked.placed is None:
        return None
    standard = (ability - checked.placed.mean) / checked.placed.sd
    form = task.reference
    there = float(checked.link.theta(standard))
    return irt.characteristic_curve(there, a[form], -d[form] / a[form]) - task.cut


def _unchecked(items: int) -> tuple[Mask, FloatArray, FloatArray]:
    return np.zeros(items, dtype=np.bool_), np.full(items, np.nan), np.full(items, np.nan)
