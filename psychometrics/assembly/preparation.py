"""From a bank to a problem of solvable size: who may sit where, what it costs, and whom to leave out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from psychometrics.assembly.blueprint import Blueprint
from psychometrics.assembly.drafts import CALIBRATED_SHARE, Candidate, Draft, Target
from psychometrics.assembly.model import PRETEST_FIRST, REPEATED
from psychometrics.assembly.problem import Problem, Reserve, centre_of
from psychometrics.assembly.units import Bools, Floats, Ints, Units, gather

PER_SEAT = 10_000  # the cost of a seat with average exposure
DEAREST = 4 * PER_SEAT
TIE_BREAK = 2_000  # random part of a seat's cost, so that seeds differ and no question is always first

# How many units survive the filter for scored, unscored and anchor seats, and at least how many per stratum.
SCORED_KEPT, UNSCORED_KEPT, ANCHORS_KEPT = (500, 6), (150, 2), (100, 2)
WIDE = 4


@dataclass(frozen=True, slots=True)
class Call:
    """What all forms of one call share."""

    candidates: Sequence[Candidate]
    blueprint: Blueprint
    units: Units
    unit_of: dict[int, int]
    centre: Floats
    measured: bool
    disjoint: bool
    personal: bool
    anchors: int
    seed: int


def open_call(
    candidates: Sequence[Candidate],
    blueprint: Blueprint,
    *,
    disjoint: bool = False,
    personal: bool = False,
    anchors: int = 0,
    seed: int = 0,
) -> Call:
    """Gather the bank once for all forms of a call. Raises ValueError for broken candidates (see gather)."""
    units = gather(candidates, blueprint)
    unit_of = {candidates[index].id: unit for unit, group in enumerate(units.members) for index in group}
    centre = centre_of(units, blueprint)
    seats = int(units.size[units.scored_ok].sum())
    measured = seats > 0 and int(units.calibrated[units.scored_ok].sum()) >= CALIBRATED_SHARE * seats
    return Call(candidates, blueprint, units, unit_of, centre, measured, disjoint, personal, anchors, seed % 2**32)


@dataclass(frozen=True, slots=True)
class Step:
    """One model of a call: `forms` at once, after the drafts `placed` and before `later` more forms."""

    forms: int
    placed: Sequence[Draft]
    later: int
    target: Target | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where each unit already stands and where it still may, each (n,)."""

    scored: Bools
    unscored: Bools
    repeated: Bools  # a scored seat for it would overlap with another form
    anchor: Bools
    usage: Ints


def standing(call: Call, step: Step, overlap: bool) -> Standing:
    """Who may take scored and unscored seats; with `overlap`, also scored or seen questions met before."""
    units = call.units
    counts = Counter(number for draft in step.placed for number in (*draft.scored, *draft.unscored))
    usage = np.zeros(len(units), dtype=np.int64)
    on_scored = np.zeros(len(units), dtype=np.bool_)
    for number, times in counts.items():
        if (unit := call.unit_of.get(number)) is not None:
            usage[unit] = max(usage[unit], times)
    for draft in step.placed:
        on_scored[[call.unit_of[number] for number in draft.scored if number in call.unit_of]] = True
    scored, unscored = units.scored_ok, units.unscored_ok
    repeated = np.zeros(len(units), dtype=np.bool_)
    if call.disjoint:
        scored, unscored = scored & (usage == 0), unscored & (usage == 0)
    elif call.personal:
        if not overlap:
            scored, unscored = scored & (units.seen == 0), unscored & (units.seen == 0)
    else:
        repeated = on_scored & scored
        scored = scored if overlap else scored & ~on_scored
    return Standing(scored, unscored, repeated, on_scored & unscored, usage)


def prepare(call: Call, step: Step, *, overlap: bool, wide: bool) -> tuple[Problem, Ints, bool]:
    """The problem of a step, the index in the call of each of its units, and whether the bank was cut.

    Big banks are cut to the least exposed units of every stratum (`wide`: to several times as many), ties at
    random, so that each task and kind stays alive.
    """
    units, place = call.units, standing(call, step, overlap)
    rng = np.random.default_rng([call.seed, len(step.placed), overlap])
    tie = rng.integers(0, TIE_BREAK, len(units))
    pressure = place.usage * (1 + units.exposure.mean()) if len(units) else place.usage
    exposure, first = units.exposure + pressure, units.first_exposures + pressure
    seen = units.seen if call.personal else np.zeros(len(units), dtype=np.int64)
    scale = WIDE if wide else 1
    alone = step.forms == 1
    scored, unscored, anchor = place.scored, place.unscored, place.anchor
    if alone:  # forms solved together need every unit
        early, late = (tie, exposure, place.repeated, seen), (tie, first, units.scorable, seen)
        scored = _least(units, scored, early, SCORED_KEPT, scale)
        anchor = _least(units, anchor, late, ANCHORS_KEPT, scale)
        unscored = anchor | _least(units, unscored & ~place.anchor, late, UNSCORED_KEPT, scale)
    keep = np.flatnonzero(scored | unscored)
    size = units.size[keep]
    scored_cost = _level(exposure[keep], size) + tie[keep] + REPEATED * (seen[keep] + size * place.repeated[keep])
    unscored_cost = _level(first[keep], size) + tie[keep] + PRETEST_FIRST * size * units.scorable[keep]
    wanted, total = anchors_wanted(call, place, step)
    problem = Problem(
        blueprint=call.blueprint,
        units=units.take(keep),
        forms=step.forms,
        target=step.target,
        centre=call.centre,
        scored=scored[keep],
        unscored=unscored[keep],
        scored_cost=scored_cost.astype(np.int64),
        unscored_cost=(unscored_cost + REPEATED * seen[keep]).astype(np.int64),
        anchors=anchor[keep],
        anchors_wanted=wanted,
        anchors_total=total,
        linked=not (alone or call.disjoint or call.personal),
        disjoint=call.disjoint,
        personal=call.personal,
        measured=call.measured,
        reserve=_reserve(call, step, place) if step.later and alone and not overlap and not call.personal else None,
    )
    return problem, keep, bool(scored.sum() < place.scored.sum() or unscored.sum() < place.unscored.sum())


def _level(exposure: Floats, size: Ints) -> Floats:
    """Exposure as a cost: an average question of this selection costs PER_SEAT."""
    mean = max(float(exposure.sum() / max(size.sum(), 1)), 1.0)
    return np.asarray(size * np.minimum(exposure / size / mean * PER_SEAT, DEAREST), dtype=np.float64)


def _least(
    units: Units, allowed: Bools, keys: Sequence[Ints | Floats | Bools], kept: tuple[int, int], scale: int
) -> Bools:
    """The first units of every stratum by `keys` (most telling last), in proportion to the stratum."""
    index = np.flatnonzero(allowed)
    total, floor = kept[0] * scale, kept[1] * scale
    if len(index) <= total:
        return allowed
    strata = units.stratum[index]
    order = np.lexsort((*(key[index] for key in keys), strata))
    counts = np.bincount(strata)
    first = np.cumsum(counts) - counts
    rank = np.arange(len(index)) - first[strata[order]]
    quota = np.maximum(floor, -(-total * counts // len(index)))
    chosen = np.zeros(len(units), dtype=np.bool_)
    chosen[index[order[rank < quota[strata[order]]]]] = True
    return chosen


def anchors_wanted(call: Call, place: Standing, step: Step) -> tuple[Ints, int]:
    """Anchor seats per domain and in all: as demanded, but never more than the domains' seats or their anchors."""
    seats = np.array(call.blueprint.unscored_by_domain)
    there = call.units.domains[place.anchor].sum(axis=0)
    if call.disjoint or not call.anchors:
        return np.zeros(len(seats), dtype=np.int64), 0
    if step.forms > 1 and not call.personal:
        # The forms of this model serve each other: every domain's scored seats of one other form.
        there = there + np.array(call.blueprint.scored_by_domain)
    possible = np.minimum(seats, there)
    total = min(call.anchors, int(possible.sum()))
    return np.minimum(possible, 1) if total >= len(seats) else np.zeros(len(seats), dtype=np.int64), total


def _reserve(call: Call, step: Step, place: Standing) -> Reserve:
    units = call.units
    strata, sample = np.unique(units.stratum, return_index=True)
    untaken = (place.scored | place.unscored) if call.disjoint else place.scored
    width = len(strata)
    return Reserve(
        forms=step.later,
        sample=units.take(sample),
        supply=np.bincount(units.stratum[untaken], minlength=width),
        shared=np.bincount(units.stratum[place.unscored], minlength=width),
    )
