"""The classical statistics of questions and forms, as RunItem and RunForm keep them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from psychometrics import classical, decision, irt
from psychometrics.arrays import FloatArray
from psychometrics.calibration import Calibration
from psychometrics.decision import Agreement
from psychometrics.speededness import speededness
from scoring.calibration.abilities import rest_abilities
from scoring.calibration.data import Data, Sheet, last_seat
from scoring.calibration.numbers import median_ms, number, share
from scoring.calibration.options import Record, option_records

T = TypeVar("T")

FEWEST = 30  # below, a question has a facility and a form a number of sittings
GROUPS = 8  # points of a question's curve
OF_GROUP = 10  # persons behind each of them, at least
FEWEST_FOR_PAIRS = 200  # sittings below which chance alone lifts many pairs of seats above the threshold


@dataclass(frozen=True, slots=True)
class ItemFigures:
    """What the answers to one revision come to; None and empty where it cannot be computed."""

    n: int
    facility: float | None = None
    item_rest: float | None = None
    omitted: float | None = None
    median_ms: int | None = None
    options: list[Record] = field(default_factory=list)
    curve: list[list[float | int]] = field(default_factory=list)


def item_figures(data: Data, calibration: Calibration) -> list[ItemFigures]:
    """One for each column."""
    if not data.responses.item.size:
        return [ItemFigures(0) for _ in data.columns]
    statistics = classical.item_statistics(data.responses)
    rest = rest_abilities(data.responses, calibration.a, calibration.d, calibration.population)
    found = []
    for column, (here, item) in enumerate(zip(data.by_column, statistics, strict=True)):
        if item.n < FEWEST:
            found.append(ItemFigures(item.n, number(item.facility)))
            continue
        revision = data.revisions[data.columns[column]]
        found.append(
            ItemFigures(
                n=item.n,
                facility=number(item.facility),
                item_rest=number(item.item_rest),
                omitted=number(1 - data.answered[here].mean()),
                median_ms=median_ms(data.spent_ms[here]),
                options=option_records(
                    revision.kind,
                    len(revision.options.all()),
                    data.keys[column],
                    data.responses_of[column],
                    data.given[here],
                    rest[here],
                ),
                curve=_curve(data.responses.right[here], rest[here]),
            )
        )
    return found


def _curve(right: FloatArray, rest: FloatArray) -> list[list[float | int]]:
    """[mean ability, persons, share right] of equally large groups, from the least able to the ablest."""
    group = classical.score_groups(rest, max(2, min(GROUPS, right.size // OF_GROUP)))
    return [
        [
            round(float(rest[group == one].mean()), 4),
            int((group == one).sum()),
            round(float(right[group == one].mean()), 4),
        ]
        for one in np.unique(group)
    ]


def form_figures(data: Data, place: int, calibration: Calibration, cut: float) -> dict[str, Any]:
    """`RunForm.statistics` of the form at this place among the sheets; empty with too few sittings.

    `cut`: raw points, the expected score of the borderline candidate. Reliability, decisions and frequencies are of
    the raw score, for which what was not reached is wrong.
    """
    sheet = data.sheets[place]
    if sheet.persons < FEWEST:
        return {}
    scores, most = sheet.raw, int(sheet.counts.sum())
    right = sheet.right[:, sheet.counts].astype(np.float64)
    scenarios = [data.revisions[seat.revision_id].question.scenario_id for seat in sheet.seats]
    parts = [scenario for scenario, counts in zip(scenarios, sheet.counts, strict=True) if counts]
    alpha = _or_none(lambda: classical.cronbach_alpha(right, groups=parts))
    return {
        "mean": share(scores.mean()),
        "sd": share(scores.std(ddof=1)),
        "alpha": share(alpha),
        "sem": share(_or_none(lambda: classical.sem(right, groups=parts))),
        "frequencies": np.bincount(scores, minlength=most + 1).tolist(),
        "q3": _pairs(data, place, calibration),
        "livingston_lewis": None
        if alpha is None
        else _agreement(lambda: decision.livingston_lewis(scores, alpha, 0, most, cut)),
        "lee": _agreement(lambda: _lee(sheet, calibration, cut)),
        "speededness": _speededness(sheet),
        "median_ms": [median_ms(sheet.spent_ms[:, seat]) for seat in range(len(sheet.seats))],
    }


def _lee(sheet: Sheet, calibration: Calibration, cut: float) -> Agreement:
    scored = sheet.columns[sheet.counts]
    a, d = calibration.a[scored], calibration.d[scored]
    return decision.lee(a, -d / a, cut, calibration.population.mean, calibration.population.sd)


def _agreement(compute: Callable[[], Agreement]) -> dict[str, float | None] | None:
    found = _or_none(compute)
    if found is None:
        return None
    return {name: share(getattr(found, name)) for name in ("accuracy", "consistency", "kappa")}


def _pairs(data: Data, place: int, calibration: Calibration) -> list[list[float | int]] | None:
    """[seat, seat, Q3] of seats that share more than ability."""
    sheet = data.sheets[place]
    known = np.isfinite(calibration.a[sheet.columns]) & np.isfinite(calibration.d[sheet.columns]) & ~sheet.removed
    if sheet.persons < FEWEST_FOR_PAIRS or known.sum() < 2:
        return None
    columns, numbers = sheet.columns[known], np.flatnonzero(known) + 1
    responses = np.where(sheet.taken, sheet.right, np.nan)[:, known]
    a, d = calibration.a[columns], calibration.d[columns]
    theta = calibration.abilities[data.offsets[place] : data.offsets[place + 1]]
    found = _or_none(lambda: irt.q3_flagged(irt.q3(responses, a, -d / a, theta)))
    return None if found is None else [[int(numbers[i]), int(numbers[j]), round(q3, 4)] for i, j, q3 in found]


def _speededness(sheet: Sheet) -> dict[str, Any] | None:
    """Also of those whose time ran out before they had visited enough to calibrate: without them none ever would."""
    visited, answered = sheet.overtaken
    last = np.concatenate([sheet.last, last_seat(visited)])
    empty = np.where(sheet.removed, np.nan, 1.0 - np.concatenate([sheet.answered, answered]))
    found = _or_none(lambda: speededness(last, empty))
    if found is None:
        return None
    return {
        "completing": share(found.completing),
        "reaching_most": share(found.reaching_most),
        "mean_not_reached": share(found.mean_not_reached),
        "unspeeded": found.unspeeded,
        "seats": [[seat.position, share(seat.reached), share(seat.omitted)] for seat in found.seats],
    }


def _or_none(compute: Callable[[], T]) -> T | None:
    """The libraries say what the data cannot show by a ValueError."""
    try:
        return compute()
    except ValueError:
        return None
