"""What a blueprint asks of any bank, and what a bank lacks for it, by the rows of the assembly model itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from psychometrics.assembly.blueprint import Blueprint
from psychometrics.assembly.drafts import Candidate
from psychometrics.assembly.model import KINDS, add_counts
from psychometrics.assembly.preparation import Step, open_call
from psychometrics.assembly.rows import Effort, Rows, Seating, solve
from psychometrics.assembly.shortage import questions_to_write, shortages
from psychometrics.assembly.units import gather

EFFORT = Effort(work=5.0, seconds=20.0, seed=0, gap=0)  # takes milliseconds
ONE_FORM = Step(1, (), 0, None)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Fewest and most questions of a kind on a form, on its scored seats and on its unscored ones."""

    form: tuple[int, int]
    scored: tuple[int, int]
    unscored: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Conflict:
    """An end of a kind's share that would have to give way: by how many, and the fewest (`low`) or the most."""

    kind: str
    scored: bool
    low: bool
    amount: int


def conflicts(blueprint: Blueprint) -> list[Conflict]:
    """Which shares no form can keep together, whatever the bank holds; [] when a form can exist.

    The bank is imagined: any number of scorable questions of every kind in every task. A case study may be of any
    size and cross tasks, so its questions are imagined one by one: nothing is called impossible that is not. Domains
    and tasks that contradict each other are refused by Blueprint itself.
    """
    places = [(task, kind) for task in range(len(blueprint.tasks)) for kind in blueprint.kinds]
    imagined = [Candidate(number, task, kind, True, 0, 1.0, 0.0) for number, (task, kind) in enumerate(places, 1)]
    units = gather(imagined, blueprint)
    every = np.arange(len(units))
    rows = Rows({KINDS: 1})
    seats = [rows.number(0, blueprint.questions) for _ in range(2 * len(every))]
    add_counts(rows, blueprint, units, Seating(np.concatenate([every, every]), seats, len(every)))
    outcome = solve(rows, EFFORT)
    if not outcome.found:
        raise RuntimeError("the counts of an imagined bank were not solved in the time allowed")
    labels = {f"kind {kind}": (kind, False) for kind in blueprint.kinds}
    labels |= {f"kind {kind}, scored": (kind, True) for kind in blueprint.kinds}
    given = [(slack, outcome.solver.value(slack.variable)) for slack in rows.slacks]
    return [Conflict(*labels[slack.label], slack.missing, amount) for slack, amount in given if amount]


def bounds(blueprint: Blueprint) -> dict[str, Bounds]:
    """Kind -> the numbers that its share comes to beside those of the other kinds."""
    shares = list(blueprint.shares.values())
    scored = _fitted(blueprint.scored, [(share.scored[0], min(share.scored[1], share.form[1])) for share in shares])
    least = [max(share.form[0], low) for share, (low, _) in zip(shares, scored, strict=True)]
    form = _fitted(blueprint.questions, [(low, share.form[1]) for low, share in zip(least, shares, strict=True)])
    rest = [(max(whole[0] - part[1], 0), max(whole[1] - part[0], 0)) for whole, part in zip(form, scored, strict=True)]
    unscored = _fitted(blueprint.unscored, rest)
    return {kind: Bounds(*parts) for kind, *parts in zip(blueprint.kinds, form, scored, unscored, strict=True)}


def _fitted(total: int, ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The ranges without what their sum, `total`, rules out."""
    lows, highs = sum(low for low, _ in ranges), sum(high for _, high in ranges)
    return [(max(low, total - (highs - high)), min(high, total - (lows - low))) for low, high in ranges]


def lacking(candidates: Sequence[Candidate], blueprint: Blueprint) -> list[str]:
    """What the bank lacks for one form, as a Shortage would name it; [] when the counts suffice.

    Enemies and difficulty are left to assembly. Raises ValueError for broken candidates (see gather).
    """
    call = open_call(candidates, blueprint)
    return shortages(call, 1, ()) or questions_to_write(call, ONE_FORM)
