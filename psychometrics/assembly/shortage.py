"""Why a bank cannot do it: counts per domain, task and kind first, then questions to write, then what conflicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from psychometrics.assembly.bands import CENTRE, CUT, RATING_SUM
from psychometrics.assembly.blueprint import CASE_STUDY, Blueprint
from psychometrics.assembly.drafts import CUT_BAND, INFORMATION, OUTER_POINTS, OVERLAP, Candidate, Draft
from psychometrics.assembly.ladder import Clock
from psychometrics.assembly.model import DISJOINT, ENEMIES, KINDS, SEATS, TASKS, add_counts, solve_problem
from psychometrics.assembly.preparation import Call, Step, prepare, standing
from psychometrics.assembly.rows import Effort, Rows, Seating, Slack, Variable, solve
from psychometrics.assembly.units import RATING_SCALE, SCALE, Bools, Ints, gather

DIAGNOSIS_TIME = 6.0
MOST_LINES = 5
UNKNOWN = "every count suffices, but no form was found in the time allowed"

# From what an elastic model would rather give up to what it would not; a raw point of the cut costs SCALE.
PRICES = {CUT: 1, ENEMIES: 2 * SCALE, DISJOINT: 3 * SCALE, KINDS: 4 * SCALE, TASKS: 5 * SCALE, SEATS: 6 * SCALE}


class Shortage(Exception):
    """The bank cannot fill the forms asked for. Each of `lines` names one cause."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines


def shortages(call: Call, forms: int, used: tuple[Draft, ...]) -> list[str]:
    """Causes that counting alone proves: each names domain, task, kind, how many are needed and how many are there.

    Only what can never be relaxed is counted: forms that may overlap need no more questions than one form.
    """
    place = standing(call, Step(forms, used, 0, None), overlap=True)
    units, blueprint = call.units, call.blueprint
    times = forms if call.disjoint else 1
    ask = f" for {forms} forms" if times > 1 else ""
    either = place.scored | place.unscored
    parts: list[tuple[str, Bools, tuple[int, ...]]] = [
        (" scored", place.scored, blueprint.scored_by_domain),
        (" unscored", place.unscored, blueprint.unscored_by_domain),
        ("", either, tuple(np.add(blueprint.scored_by_domain, blueprint.unscored_by_domain).tolist())),
    ]
    lines = []
    for domain, name in enumerate(blueprint.domain_names):
        for word, allowed, seats in parts:
            needed, there = seats[domain] * times, int(units.domains[allowed, domain].sum())
            if there < needed:
                lines.append(f"domain {name}, any task, any kind: {needed}{word} needed{ask}, {there} available")
    for task, name in enumerate(blueprint.task_names):
        # A scenario gives its task a seat on one form only, however many questions it has.
        there = int((units.tasks[place.scored, task] > 0).sum())
        if there < times:
            domain_name = blueprint.domain_names[blueprint.tasks[task]]
            lines.append(f"domain {domain_name}, task {name}, any kind: {times} scored needed{ask}, {there} available")
    for index, (kind, share) in enumerate(blueprint.shares.items()):
        for word, allowed, low in ((" scored", place.scored, share.scored[0]), ("", either, share.form[0])):
            needed, there = low * times, int(units.kinds[allowed, index].sum())
            if there < needed:
                lines.append(f"all domains, kind {kind}: {needed}{word} needed{ask}, {there} available")
    return lines


def diagnose(call: Call, step: Step) -> list[str]:
    """Causes that no single count shows, once every relaxation has failed; never empty."""
    return questions_to_write(call, step) or _conflicts(call, step)


def questions_to_write(call: Call, step: Step) -> list[str]:
    """The fewest further questions with which the counts alone could be met, by task and kind.

    Counts are solved per stratum, so this is exact for domains, tasks, kinds and scenarios taken together; it
    ignores enemies and statistics.
    """
    blueprint, place = call.blueprint, standing(call, step, overlap=True)
    times = step.forms if call.disjoint else 1
    kept = np.flatnonzero(place.scored | place.unscored)
    bank = call.units.take(kept)
    strata, sample, supply = np.unique(bank.stratum, return_index=True, return_counts=True)
    real = [replace(call.candidates[i], enemies=frozenset()) for k in sample for i in bank.members[k]]
    units = gather([*real, *_imagined(blueprint, max((one.id for one in real), default=0))], blueprint)
    scored, unscored = np.flatnonzero(units.scored_ok), np.flatnonzero(units.unscored_ok)
    most = [int(supply[k]) if k < len(strata) else times * blueprint.questions for k in range(len(units))]
    where = np.concatenate([scored, unscored])
    rows = Rows()
    seating = Seating(where, [rows.number(0, most[k]) for k in where], len(scored))
    add_counts(rows, blueprint, units, seating, times)
    taken: dict[int, list[Variable]] = {}
    for unit, variable in zip(where.tolist(), seating.variables, strict=True):
        taken.setdefault(unit, []).append(variable)
    for unit, variables in taken.items():
        rows.add(variables, [1] * len(variables), None, most[unit])
        if unit >= len(strata):
            rows.cost(variables, [int(units.size[unit])] * len(variables))
    outcome = solve(rows, Effort(DIAGNOSIS_TIME / 2, DIAGNOSIS_TIME, call.seed, gap=0))
    if not outcome.found:
        return []
    lines = []
    for unit in range(len(strata), len(units)):
        values = [outcome.solver.value(variable) * int(units.size[unit]) for variable in taken[unit]]
        if extra := sum(values):
            only_unscored = units.scored_ok[unit] and values[0] == 0
            task, kind = int(np.argmax(units.tasks[unit])), int(np.argmax(units.kinds[unit]))
            allowed = place.unscored if only_unscored else place.scored
            there = int(call.units.kinds[allowed & (call.units.tasks[:, task] > 0), kind].sum())
            lines.append(
                f"domain {blueprint.domain_names[blueprint.tasks[task]]}, task {blueprint.task_names[task]}, "
                f"kind {blueprint.kinds[kind]}: {there + extra} {'unscored' if only_unscored else 'scored'} needed"
                f"{f' for {times} forms' if times > 1 else ''}, {there} available"
            )
    return lines


def _imagined(blueprint: Blueprint, last: int) -> list[Candidate]:
    """One scorable question, or one scenario as small as the share allows, for every task and kind."""
    found: list[Candidate] = []
    for task in range(len(blueprint.tasks)):
        for kind, share in blueprint.shares.items():
            size = min(2, share.form[1]) if kind == CASE_STUDY else 1
            number = last + len(found) + 1
            found += [
                Candidate(number + k, task, kind, True, 0, 1.0, 0.0, scenario=-number if size > 1 else None)
                for k in range(size)
            ]
    return found


def _conflicts(call: Call, step: Step) -> list[str]:
    """The family of constraints that would have to give way, and by how much, by elastic models of the questions.

    One family at a time first: a model in which all others stay hard is solved at once or proved impossible,
    and its answer is the plainer one.
    """
    problem, keep, _ = prepare(call, step, overlap=not call.disjoint, wide=True)
    problem = replace(problem, anchors_total=0)
    relaxed = {CENTRE, INFORMATION, OUTER_POINTS, CUT_BAND, OVERLAP}
    clock = Clock.start(DIAGNOSIS_TIME)
    for prices in (*({family: price} for family, price in PRICES.items()), PRICES):
        effort = Effort(DIAGNOSIS_TIME / len(PRICES), clock.left(), call.seed, gap=SCALE // 2)
        solved = solve_problem(problem, effort, relaxed=relaxed, prices=prices)
        if solved.forms is not None:
            return _causes(call, keep, [entry for entry in solved.slacks if entry[0].family in prices])
    return [UNKNOWN]


def _causes(call: Call, keep: Ints, slacks: list[tuple[Slack, int]]) -> list[str]:
    """One line per row that gave way, the first few of each family."""
    causes: dict[str, list[str]] = {}
    for slack, amount in slacks:
        if slack.family == ENEMIES:
            pair = " and ".join(_names(call, int(keep[int(unit)])) for unit in slack.label.split())
            text = f"{pair} would have to stand together"
        elif slack.family == DISJOINT:
            text = f"{_names(call, int(keep[int(slack.label)]))} would have to stand on two forms"
        elif slack.family == CUT:
            points = amount / (RATING_SCALE if slack.label == RATING_SUM else SCALE)
            text = f"{slack.label} would miss its range by {points:.2f} raw points"
        else:
            text = f"{slack.label}, {amount} too {'few' if slack.missing else 'many'}"
        causes.setdefault(slack.family, []).append(text)
    lines = []
    for family, texts in causes.items():
        lines += [f"the constraints conflict jointly in {family}: {text}" for text in texts[:MOST_LINES]]
        if len(texts) > MOST_LINES:
            lines.append(f"the constraints conflict jointly in {family}: {len(texts) - MOST_LINES} more like these")
    return lines or [UNKNOWN]


def _names(call: Call, unit: int) -> str:
    return "question " + ", ".join(str(call.candidates[index].id) for index in call.units.members[unit])
