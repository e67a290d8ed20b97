"""Calibration: item parameters from responses, by marginal maximum likelihood.

Persons are a sample from a normal population whose abilities are integrated out, so that nobody's ability has to be
estimated and everybody may have seen other items, as long as what they saw did not depend on anything about their
ability that the responses do not show. Without priors the estimates are plain maximum likelihood.

Sources:
    Bock, R. D., & Aitkin, M. (1981). Marginal maximum likelihood estimation of item parameters: Application of an
        EM algorithm. Psychometrika, 46(4), 443-459.
    Kim, S. (2006). A comparative study of IRT fixed parameter calibration methods. Journal of Educational
        Measurement, 43(4), 355-381 (the variant with many EM cycles that updates the population in each).
    Mislevy, R. J. (1986). Bayes modal estimation in item response models. Psychometrika, 51(2), 177-195.
    Thissen, D. (1982). Marginal maximum likelihood estimation for the one-parameter logistic model. Psychometrika,
        47(2), 175-186.
"""

import math
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psychometrics.arrays import FloatArray
from psychometrics.irt.acceleration import Climbed, climb
from psychometrics.irt.calibrated import (
    BadSettings,
    Fit,
    ItemPriors,
    Model,
    NotConverged,
    NothingToCalibrate,
    TooFewItems,
    TooFewPersons,
)
from psychometrics.irt.distinct import Distinct, collapse
from psychometrics.irt.em import SD_LIMITS, Plan, State, expect
from psychometrics.irt.settings import Items, items_of
from psychometrics.irt.standard_errors import covariance
from psychometrics.irt.summed import Prior
from psychometrics.responses import Responses, read

Mask = NDArray[np.bool_]

NODES, NODES_PER_ROOT, FEWEST_NODES = 41, 7, 11
TOLERANCE = 1e-6
ITERATIONS = 1_000
NO_SLOPE = 1e-6
ROUGHLY = 1e-3


def fit(
    responses: Any,
    model: Model = "2pl",
    *,
    priors: ItemPriors | None = None,
    fixed: tuple[ArrayLike, ArrayLike] | None = None,
    population: Prior | tuple[float, float] | None = None,
    nodes: int | None = None,
    tolerance: float = TOLERANCE,
    iterations: int = ITERATIONS,
    strict: bool = False,
) -> Fit:
    """Calibrate the items of `responses` (anything `psychometrics.responses.read` takes) and describe the population.

    Models are P = logistic(a(theta - b)): "2pl" with a slope for every item and "1pl" with one for all, both on
    theta ~ N(0, 1); "rasch" with slope 1 and theta ~ N(0, sd²), sd estimated (Bock & Aitkin 1981; Thissen 1982).
    `population` (mean, sd) holds the population there instead.

    `fixed` = (a, b), each of shape (items,), holds items exactly where it is not NaN; a slope may be held alone, a
    difficulty may not. Once an answered item has both held, the scale is theirs: mean and sd of the population are
    estimated, unless `population` holds them (fixed-parameter calibration, Kim 2006). The free slopes of a "1pl" are
    one, of a "rasch" 1, whatever the fixed ones are. `priors` makes the estimates the posterior's mode (Mislevy 1986).

    The integral is over `nodes` equally spaced points within ±6 sd, which must be closer than posteriors are wide: if
    not given, seven times the root of the most answers by one person, and 41 at least. EM ends when no parameter
    moves by more than `tolerance`, or after about `iterations` E-steps, which `Fit.converged` tells and `strict`
    makes an error. Standard errors come from the observed information (`standard_errors`).

    Raises BadResponses, BadSettings, NothingToCalibrate, TooFewPersons, TooFewItems and NotConverged, all of them
    ValueErrors. Single items that cannot be calibrated are flagged, see `Fit`.
    """
    if model not in get_args(Model):
        raise BadSettings(f"the model must be 2pl, 1pl or rasch, got {model!r}")
    if (nodes is not None and nodes < FEWEST_NODES) or not tolerance > 0 or iterations < 1:
        raise BadSettings(f"calibration needs {FEWEST_NODES} nodes or more, a positive tolerance and an iteration")
    taken = read(responses)
    items = items_of(taken.seen_of_item, taken.right_of_item, model, priors, fixed)
    held = population if isinstance(population, Prior) or population is None else Prior(*population)
    tied = bool(items.anchor.any())
    if nodes is None:
        nodes = max(NODES, math.ceil(NODES_PER_ROOT * math.sqrt(taken.seen_by_person.max())))
    if held is not None:
        mean, sd = held.mean, held.sd
    else:
        mean, sd = _population(taken, items, nodes) if tied else (0.0, 1.0)
    plan = items.plan(
        items.kept,
        nodes,
        sd,
        mean_free=held is None and tied,
        sd_free=held is None and (tied or model == "rasch"),
    )
    patterns = _enough(taken, items, plan)
    climbed = climb(patterns, items.start(items.kept, mean, sd), plan, tolerance, iterations)
    if strict and not climbed.converged:
        raise NotConverged(f"the estimates still moved by more than {tolerance:g} after {climbed.iterations} steps")
    return _result(model, items, patterns, plan, climbed)


def _enough(taken: Responses, items: Items, plan: Plan) -> Distinct:
    """The patterns of the items that take part, if there is enough to calibrate them."""
    answering = int((taken.seen_by_person > 0).sum())
    if answering < 2:
        raise TooFewPersons(f"calibration needs at least two persons who answered something, got {answering}")
    if (items.intercept_free & items.blank).any() and not (items.intercept_free & items.kept).any():
        raise NothingToCalibrate("no free item has both right and wrong answers, so there is nothing to calibrate")
    if not (plan.slope_free.any() or plan.intercept_free.any() or plan.mean_free or plan.sd_free):
        raise NothingToCalibrate("every item and the population are fixed, so there is nothing to calibrate")
    patterns = _patterns(taken, items.kept)
    if patterns.persons < 2:
        raise TooFewPersons("fewer than two persons have answered an item that tells anything")
    slopes = plan.slope_free.any() and plan.log_slope_mean is None
    together = 2 if slopes or plan.sd_free else 1
    needed = 3 if slopes and not plan.common else together
    if patterns.longest < together or int((items.n[items.kept] > 0).sum()) < needed:
        raise TooFewItems(
            f"the model needs {needed} or more items with right and wrong answers, {together} or more by one person"
        )
    return patterns


def _patterns(taken: Responses, chosen: Mask) -> Distinct:
    seen = chosen[taken.item]
    renumbered = np.cumsum(chosen) - 1
    return collapse(
        taken.persons, int(chosen.sum()), taken.person[seen], renumbered[taken.item[seen]], taken.right[seen]
    )


def _population(taken: Responses, items: Items, nodes: int) -> tuple[float, float]:
    """A rough mean and sd of the population from the fixed items alone, to start from."""
    plan = items.plan(items.anchor, nodes, 1.0, mean_free=True, sd_free=True, held=True)
    start = items.start(items.anchor, 0.0, 1.0)
    state = climb(_patterns(taken, items.anchor), start, plan, ROUGHLY, ITERATIONS).state
    return state.mean, state.sd


def _result(model: Model, items: Items, patterns: Distinct, plan: Plan, climbed: Climbed) -> Fit:
    state, expected = climbed.state, climbed.expected
    if plan.slope_free.all() and state.mean == 0 and state.a.sum() < 0:  # the mirror image fits as well: theta up
        state = State(a=-state.a, d=state.d, mean=0.0, sd=state.sd)
        expected = expect(patterns, state, plan)
    steep, flat = np.abs(state.a) >= plan.slope_limit * (1 - 1e-9), np.abs(state.a) * state.sd <= NO_SLOPE
    loose = plan.slope_free & (steep | flat) | items.idle[items.kept]
    found = covariance(patterns, state, expected, plan, loose)
    loose = loose | ~np.isfinite(found.items).all(axis=(1, 2))
    a, b, block = _everywhere(items, plan, state)
    block[items.kept] = _of_difficulty(state, found.items, loose)
    undetermined = items.blank.copy()
    undetermined[items.kept] = loose
    at_limit = state.sd in SD_LIMITS
    return Fit(
        model=model,
        discrimination=a,
        difficulty=b,
        se_discrimination=np.sqrt(block[:, 0, 0]),
        se_difficulty=np.sqrt(block[:, 1, 1]),
        covariance=block,
        undetermined=undetermined,
        n=items.n,
        mean=state.mean,
        sd=state.sd,
        se_mean=float(np.sqrt(found.mean)),
        se_sd=float("inf") if plan.sd_free and at_limit else float(np.sqrt(found.sd)),
        log_likelihood=expected.log_likelihood,
        converged=climbed.converged,
        iterations=climbed.iterations,
    )


def _everywhere(items: Items, plan: Plan, state: State) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Slopes, difficulties and room for the covariances of all items, those that took no part included."""
    a = items.slope.copy()
    if plan.common and plan.log_slope_mean is None:
        a[items.slope_free] = state.a[plan.slope_free][0]
    a[items.kept] = state.a
    b = np.where(items.n == 0, 0.0, np.where(items.right > 0, -np.inf, np.inf))
    flat = np.abs(state.a) * state.sd <= NO_SLOPE
    b[items.kept] = np.where(flat, np.where(state.d > 0, -np.inf, np.inf), -state.d / np.where(flat, 1.0, state.a))
    b = np.where(np.isnan(items.difficulty), b, items.difficulty)
    block = np.zeros((len(a), 2, 2))
    block[:, 0, 0] = block[:, 1, 1] = np.inf
    return a, b, block


def _of_difficulty(state: State, block: FloatArray, loose: Mask) -> FloatArray:
    """Covariances of (a, b) from those of (a, d) by the delta method: b = -d/a, db = -(b·da + dd)/a."""
    a, b = np.where(loose, 1.0, state.a), np.where(loose, 0.0, -state.d / np.where(loose, 1.0, state.a))
    known = np.where(loose[:, np.newaxis, np.newaxis], 0.0, block)
    change = np.zeros_like(known)
    change[:, 0, 0], change[:, 1, 0], change[:, 1, 1] = 1.0, -b / a, -1 / a
    turned = change @ known @ change.transpose(0, 2, 1)
    turned[:, [0, 1], [0, 1]] = np.where(loose[:, np.newaxis], np.inf, np.maximum(turned[:, [0, 1], [0, 1]], 0.0))
    return turned
