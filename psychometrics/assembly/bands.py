"""Statistical rows: the curve, the cut and the information of a form within bands of a target."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np

from psychometrics.assembly.drafts import (
    BANDS,
    CALIBRATED_SHARE,
    CUT_BAND,
    INFORMATION,
    INFORMATION_BAND,
    OUTER_POINTS,
    Target,
)
from psychometrics.assembly.problem import Problem
from psychometrics.assembly.rows import Rows, Seating
from psychometrics.assembly.units import RATING_SCALE, SCALE

CUT = "cut score"
RATING_SUM = "the fraction of the reference's rating sum"
MARGIN = SCALE // 1000  # keeps T_f(0) off the integer, so that no float sum decides the passing score
FRACTION = (3_500, 6_500)  # where a reference's rating sum may lie between whole numbers, in ten-thousandths
MIDDLE = (300_000, 700_000)  # the same for its T(0), in millionths; wider, as parameters may leave the ratings
CENTRE = "centre"  # in `relaxed`: the reference may lie anywhere
CENTRAL = 0.75  # raw points between the outer points of a reference and of the bank's centre
EXCESS = 4  # the price of a millionth of a raw point outside a relaxed band
ROUNDING = 100  # millionths by which the sum of a form's rounded coefficients may be off


def _millionths(value: float, *, up: bool) -> int:
    """The integer end of a band, moved inwards by the rounding of the coefficients."""
    return math.ceil(value * SCALE) + ROUNDING if up else math.floor(value * SCALE) - ROUNDING


def add_bands(
    rows: Rows, problem: Problem, seatings: Sequence[Seating], target: Target, relaxed: Collection[str]
) -> None:
    """Every form within BANDS of the target, with its minimum passing raw score."""
    for seating in seatings:
        where = seating.where[: seating.scored]
        variables = seating.variables[: seating.scored]
        curve = problem.units.curve[where]
        lowest = (target.minimum_passing_raw - 1) * SCALE + MARGIN
        highest = target.minimum_passing_raw * SCALE - MARGIN
        if CUT_BAND not in relaxed or not problem.personal:
            rows.add(variables, curve[:, 1].tolist(), lowest, highest, family=CUT, label="the minimum passing score")
        for point, name in ((1, CUT_BAND), (0, OUTER_POINTS), (2, OUTER_POINTS)):
            low = _millionths(target.curve[point] - BANDS[point], up=True)
            high = _millionths(target.curve[point] + BANDS[point], up=False)
            price = EXCESS if name in relaxed else None
            rows.add(variables, curve[:, point].tolist(), low, high, price=price)
        _add_information(rows, problem, seating, target, EXCESS if INFORMATION in relaxed else None)


def _add_information(rows: Rows, problem: Problem, seating: Seating, target: Target, price: int | None) -> None:
    """Information at theta 0 within its band, once enough of the scored seats may be calibrated."""
    where, variables = seating.where[: seating.scored], seating.variables[: seating.scored]
    # Demanded of every form that could reach the share of calibrated seats: a plain range, where a condition on
    # the form's own share would be searched. A form below the share that misses it counts as meeting it.
    reach = int(problem.units.calibrated[where].sum()) >= CALIBRATED_SHARE * problem.blueprint.scored
    if target.information is not None and (problem.measured or reach):
        low = _millionths(target.information * (1 - INFORMATION_BAND), up=True)
        high = _millionths(target.information * (1 + INFORMATION_BAND), up=False)
        rows.add(variables, problem.units.information[where].tolist(), low, high, price=price)


def add_reference_bands(rows: Rows, problem: Problem, seatings: Sequence[Seating], relaxed: Collection[str]) -> None:
    """The first form is the reference, with its rating sum between whole numbers; the others lie around it."""
    reference = seatings[0]
    where, variables = reference.where[: reference.scored], reference.variables[: reference.scored]
    seats = problem.blueprint.scored
    whole, passing = rows.number(0, seats), rows.number(0, seats)
    ratings = problem.units.rating[where].tolist()
    rows.add([*variables, whole], [*ratings, -RATING_SCALE], *FRACTION, family=CUT, label=RATING_SUM)
    if CENTRE not in relaxed:
        # Both whole parts as those of the bank's centre: plain ranges, where a free whole part would be searched.
        for number, centre in ((whole, problem.centre[-1]), (passing, problem.centre[1])):
            rows.add([number], [1], math.floor(centre), math.floor(centre))
        for point in (0, 2):
            low = _millionths(float(problem.centre[point]) - CENTRAL, up=True)
            high = _millionths(float(problem.centre[point]) + CENTRAL, up=False)
            rows.add(variables, problem.units.curve[where, point].tolist(), low, high)
    middle = problem.units.curve[where, 1].tolist()
    rows.add([*variables, passing], [*middle, -SCALE], *MIDDLE, family=CUT, label="the reference's cut")
    for seating in seatings[1:]:
        curve = problem.units.curve[seating.where[: seating.scored]]
        own = seating.variables[: seating.scored]
        rows.add(
            [*own, passing],
            [*curve[:, 1].tolist(), -SCALE],
            MARGIN,
            SCALE - MARGIN,
            family=CUT,
            label="the minimum passing score",
        )
        both = [*own, *variables]
        for point, name in ((1, CUT_BAND), (0, OUTER_POINTS), (2, OUTER_POINTS)):
            difference = [*curve[:, point].tolist(), *(-problem.units.curve[where, point]).tolist()]
            band = _millionths(BANDS[point], up=False)
            rows.add(both, difference, -band, band, price=EXCESS if name in relaxed else None)
        if problem.measured:
            own_information = problem.units.information[seating.where[: seating.scored]].astype(np.float64)
            information = problem.units.information[where].astype(np.float64)
            ends: list[tuple[float, int | None, int | None]] = [
                (1 - INFORMATION_BAND, ROUNDING, None),
                (1 + INFORMATION_BAND, None, -ROUNDING),
            ]
            for factor, least, most in ends:
                scaled = np.rint(np.concatenate([own_information, -factor * information])).astype(np.int64)
                price = EXCESS if INFORMATION in relaxed else None
                rows.add(both, scaled.tolist(), least, most, price=price)
