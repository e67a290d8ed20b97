"""Problems as integer programmes (van der Linden, Linear Models for Optimal Test Design, 2005, chapters 3 to 6)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from psychometrics.assembly.bands import add_bands, add_reference_bands
from psychometrics.assembly.blueprint import Blueprint
from psychometrics.assembly.drafts import OVERLAP
from psychometrics.assembly.problem import Problem, Reserve
from psychometrics.assembly.rows import Effort, Rows, Seating, Slack, Variable, solve
from psychometrics.assembly.units import Ints, Units

# Prices in the unit of the costs (about 10^4 per seat), each beyond what all cheaper ones can save at one seat.
PRETEST_FIRST = 10**5
ANCHOR_SHORT = 10**6
REPEATED = 2 * 10**6  # a scored question shared with another form, or a seen one on a personal form

# Families of rows, as an elastic model reports them.
SEATS = "domain seats"
TASKS = "tasks"
KINDS = "kind shares"
ENEMIES = "enemies"
DISJOINT = "disjoint forms"
ANCHORS = "anchors"


@dataclass(frozen=True, slots=True)
class Solved:
    """What a solve found: per form the (scored, unscored) unit indexes, or None; rows that gave way, by how much."""

    forms: list[tuple[list[int], list[int]]] | None
    impossible: bool  # proved, not merely out of time
    slacks: list[tuple[Slack, int]]


def solve_problem(
    problem: Problem,
    effort: Effort,
    *,
    relaxed: Collection[str] = (),
    prices: Mapping[str, int] | None = None,
) -> Solved:
    """Build and solve the programme of `problem`.

    `relaxed` names what is priced instead of demanded (see drafts.RELAXATIONS). With `prices` per family the
    model is elastic: exposure costs nothing, and the slacks say which families would have to give way.
    """
    rows = Rows(dict(prices or {}))
    seatings = [_seating(rows, problem) for _ in range(problem.forms)]
    for seating in seatings:
        add_counts(rows, problem.blueprint, problem.units, seating)
    _add_meetings(rows, problem, seatings, OVERLAP in relaxed)
    if problem.anchors_total:
        _add_anchors(rows, problem, seatings)
    if problem.target is None:
        add_reference_bands(rows, problem, seatings, relaxed)
    else:
        add_bands(rows, problem, seatings, problem.target, relaxed)
    if problem.reserve is not None:
        _add_reserve(rows, problem, problem.reserve, seatings[0])
    outcome = solve(rows, effort)
    if not outcome.found:
        return Solved(None, outcome.proved, [])
    value = outcome.solver.value
    forms = []
    for seating in seatings:
        chosen = [k for k, variable in enumerate(seating.variables) if value(variable)]
        scored = [int(seating.where[k]) for k in chosen if k < seating.scored]
        forms.append((scored, [int(seating.where[k]) for k in chosen if k >= seating.scored]))
    slacks = [(slack, value(slack.variable)) for slack in rows.slacks]
    return Solved(forms, False, [(slack, amount) for slack, amount in slacks if amount])


def _seating(rows: Rows, problem: Problem) -> Seating:
    scored, unscored = np.flatnonzero(problem.scored), np.flatnonzero(problem.unscored)
    variables = rows.choices(len(scored) + len(unscored))
    if not rows.prices:
        costs = np.concatenate([problem.scored_cost[scored], problem.unscored_cost[unscored]])
        rows.cost(variables, costs.tolist())
    return Seating(np.concatenate([scored, unscored]), variables, len(scored))


def add_counts(rows: Rows, blueprint: Blueprint, units: Units, seating: Seating, forms: int = 1) -> None:
    """Domains, tasks and kinds of one form, or of `forms` forms together."""

    def tally(part: slice, matrix: Ints, ends: Sequence[tuple[int, int]], family: str, labels: Sequence[str]) -> None:
        columns, variables = matrix[seating.where[part]], seating.variables[part]
        for category, (low, high) in enumerate(ends):
            held = np.flatnonzero(columns[:, category])
            rows.add(
                [variables[k] for k in held],
                columns[held, category].tolist(),
                low * forms,
                high * forms,
                family=family,
                label=labels[category],
            )

    shares = blueprint.shares.values()
    names, kinds = blueprint.domain_names, blueprint.kinds
    scored, unscored, whole = slice(0, seating.scored), slice(seating.scored, None), slice(None)
    for part, seats, word in (
        (scored, blueprint.scored_by_domain, "scored"),
        (unscored, blueprint.unscored_by_domain, "unscored"),
    ):
        tally(part, units.domains, [(n, n) for n in seats], SEATS, [f"domain {name}, {word}" for name in names])
    tasks = [(1, blueprint.scored)] * len(blueprint.tasks)
    tally(scored, units.tasks, tasks, TASKS, [f"task {name}, scored" for name in blueprint.task_names])
    tally(scored, units.kinds, [share.scored for share in shares], KINDS, [f"kind {kind}, scored" for kind in kinds])
    tally(whole, units.kinds, [share.form for share in shares], KINDS, [f"kind {kind}" for kind in kinds])


def _by_unit(count: int, seating: Seating) -> list[list[Variable]]:
    found: list[list[Variable]] = [[] for _ in range(count)]
    for unit, variable in zip(seating.where.tolist(), seating.variables, strict=True):
        found[unit].append(variable)
    return found


def _add_meetings(rows: Rows, problem: Problem, seatings: Sequence[Seating], overlap: bool) -> None:
    """No question twice on a form, no enemies together, and forms apart as far as the problem demands."""
    count = len(problem.units)
    held = [_by_unit(count, seating) for seating in seatings]
    for form in held:
        for one, other in problem.units.enemies:
            rows.at_most_one([*form[one], *form[other]], family=ENEMIES, label=f"{one} {other}")
    if problem.disjoint:
        for unit in range(count):
            for form in held:
                rows.at_most_one(form[unit])
            rows.at_most_one([v for form in held for v in form[unit]], family=DISJOINT, label=str(unit))
        return
    for form in held:
        for variables in form:
            rows.at_most_one(variables)
    if len(seatings) > 1:
        scored = np.flatnonzero(problem.scored)
        for k, unit in enumerate(scored.tolist()):
            same = [seating.variables[k] for seating in seatings]
            price = REPEATED * int(problem.units.size[unit]) if overlap else None
            rows.add(same, [1] * len(same), None, 1, family=DISJOINT, label=str(unit), price=price)


def _add_anchors(rows: Rows, problem: Problem, seatings: Sequence[Seating]) -> None:
    """Enough unscored seats hold questions that are scored on other forms; falling short has a high price."""
    units, count = problem.units, len(problem.units)
    scored_on = [_scored_by_unit(count, seating) for seating in seatings]
    for form, seating in enumerate(seatings):
        variables, where = [], []
        for unit, variable in zip(
            seating.where[seating.scored :].tolist(), seating.variables[seating.scored :], strict=True
        ):
            others = [on[unit] for index, on in enumerate(scored_on) if index != form and unit in on]
            if problem.anchors[unit]:
                variables.append(variable)
                where.append(unit)
            elif problem.linked and others:
                anchor = rows.choices(1)[0]
                rows.add([anchor, variable], [1, -1], None, 0)
                rows.add([anchor, *others], [1] + [-1] * len(others), None, 0)
                variables.append(anchor)
                where.append(unit)
        sizes = units.size[where]
        rows.add(variables, sizes.tolist(), problem.anchors_total, None, family=ANCHORS, price=ANCHOR_SHORT)
        for domain, wanted in enumerate(problem.anchors_wanted.tolist()):
            inside = units.domains[where, domain]
            rows.add(variables, inside.tolist(), wanted, None, family=ANCHORS, price=ANCHOR_SHORT)


def _scored_by_unit(count: int, seating: Seating) -> dict[int, Variable]:
    return dict(zip(seating.where[: seating.scored].tolist(), seating.variables[: seating.scored], strict=True))


def _add_reserve(rows: Rows, problem: Problem, reserve: Reserve, seating: Seating) -> None:
    """Leave enough per stratum for the counts of the later forms."""
    sample = reserve.sample
    scored, unscored = np.flatnonzero(sample.scored_ok), np.flatnonzero(sample.unscored_ok)
    where = np.concatenate([scored, unscored])
    unscored_most = reserve.supply if problem.disjoint else reserve.forms * reserve.shared
    most = [*reserve.supply[scored].tolist(), *unscored_most[unscored].tolist()]
    later = Seating(where, [rows.number(0, high) for high in most], len(scored))
    add_counts(rows, problem.blueprint, sample, later, reserve.forms)
    taken: list[list[Variable]] = [[] for _ in range(len(sample))]
    # Forms that may share unscored questions compete for the scored ones only.
    for plan, strata in ((seating, problem.units.stratum), (later, np.arange(len(sample)))):
        last = len(plan.where) if problem.disjoint else plan.scored
        for stratum, variable in zip(strata[plan.where[:last]].tolist(), plan.variables[:last], strict=True):
            taken[stratum].append(variable)
    for stratum, variables in enumerate(taken):
        rows.add(variables, [1] * len(variables), None, int(reserve.supply[stratum]))
