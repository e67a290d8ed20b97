"""Coverage: how many disjoint forms a bank can make, what it lacks for more, and what to write next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from psychometrics.assembly.blueprint import Blueprint
from psychometrics.assembly.cells import Cell, imagine, slope_of, spread_of, written_as_one
from psychometrics.assembly.drafts import Assembly, Candidate, Target
from psychometrics.assembly.gaps import Bank, Gap, Line, gap_of, helpful_cells, needs, open_bank, plan_of
from psychometrics.assembly.ladder import Clock
from psychometrics.assembly.pool import assemble_forms, assemble_pool
from psychometrics.assembly.shortage import Shortage

MOST_FORMS = 20
TRIES = 3  # numbers of forms for which assembly is tried before the smaller ones are halved
TRIES_TIME = 90.0


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many disjoint forms a bank can make.

    `made` forms were assembled and checked, and no bank with its counts can make more than `bound`; equal ends are
    exact. `relaxed` names what the made forms do not meet (see RELAXATIONS); `causes` says why one form more than
    was made could not be found although the counts would allow it. Neither number exceeds the `most` asked about.
    """

    made: int
    bound: int
    most: int
    relaxed: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        return self.made == self.bound


@dataclass(frozen=True, slots=True)
class Next:
    """What to write so that `gap.forms` disjoint forms can exist.

    `lines` are one shortest plan. `proven` says that the forms were assembled with it. One question more in any
    cell of `helps` brings the gap nearer, and in no other cell when `complete`.
    """

    gap: Gap
    lines: tuple[Line, ...] = ()
    proven: bool = False
    helps: frozenset[Cell] = frozenset()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Coverage:
    """Everything about a bank's coverage. `gaps` and `needed` go from 1 form to the most asked about."""

    capacity: Capacity
    next: Next | None
    gaps: tuple[Gap, ...]
    needed: Mapping[int, Mapping[Cell, int]] = field(default_factory=dict)


def coverage_of(
    candidates: Sequence[Candidate],
    blueprint: Blueprint,
    target: Target | None,
    *,
    most: int = MOST_FORMS,
    used: Sequence[Candidate] = (),
    seed: int = 0,
    time_limit: float = TRIES_TIME,
) -> Coverage:
    """How many of up to `most` disjoint forms the bank can make, parallel to `target` where there is one.

    `used` are the scored questions of the reference form: their difficulties are the spread that the needs follow;
    without them it is that of the bank. The time limit holds for trying out assembly; the rest takes seconds. Raises
    ValueError for broken candidates.
    """
    clock = Clock.start(time_limit)
    bank = open_bank(candidates, blueprint, target)
    gaps = tuple(gap_of(bank, forms, seed=seed) for forms in range(1, most + 1))
    spread = spread_of(used or candidates)
    needed = {forms: needs(blueprint, forms, spread) for forms in range(1, most + 1)}
    capacity = capacity_of(candidates, bank, gaps, seed=seed, clock=clock)
    gap = next((gap for gap in gaps if gap.at_least or gap.missing is None), None)
    if gap is None:
        return Coverage(capacity, None, gaps, needed)
    return Coverage(capacity, _next(candidates, bank, gap, needed[gap.forms], seed, clock), gaps, needed)


def capacity_of(
    candidates: Sequence[Candidate], bank: Bank, gaps: Sequence[Gap], *, seed: int, clock: Clock
) -> Capacity:
    """The most forms that the counts allow, and the most that assembly makes.

    The counts' bound is nearly always reached; from there the number goes down by one, later by halves, until the
    forms are made or the time has run out.
    """
    short = (gap.forms for gap in gaps if gap.at_least or gap.missing is None)
    bound = next(short, len(gaps) + 1) - 1
    causes: tuple[str, ...] = ()
    forms, tries = bound, 0
    while forms and clock.left():
        try:
            assembly = _assemble(candidates, bank, forms, seed)
        except Shortage as shortage:
            causes, tries = tuple(shortage.lines), tries + 1
            forms = forms - 1 if tries < TRIES else forms // 2
        else:
            return Capacity(forms, bound, len(gaps), assembly.relaxed, causes)
    return Capacity(0, bound, len(gaps), (), causes)


def _assemble(candidates: Sequence[Candidate], bank: Bank, forms: int, seed: int) -> Assembly:
    """Disjoint forms as the pool would get them. Raises Shortage."""
    if bank.target is None:
        return assemble_pool(candidates, bank.blueprint, forms=forms, disjoint=True, seed=seed)
    return assemble_forms(candidates, bank.blueprint, bank.target, forms=forms, disjoint=True, seed=seed)


def _next(
    candidates: Sequence[Candidate], bank: Bank, gap: Gap, wanted: Mapping[Cell, int], seed: int, clock: Clock
) -> Next:
    lines = tuple(plan_of(bank, gap, wanted, seed=seed))
    helps, complete = helpful_cells(bank, gap, seed=seed)
    proven = False
    if lines and clock.left():
        try:
            _assemble([*candidates, *written(candidates, bank.blueprint, lines)], bank, gap.forms, seed)
            proven = True
        except Shortage:
            proven = False
    return Next(gap, lines, proven, frozenset(helps), complete)


def written(candidates: Sequence[Candidate], blueprint: Blueprint, lines: Sequence[Line]) -> list[Candidate]:
    """The questions of a plan, as candidates with ids of their own."""
    number = max((one.id for one in candidates), default=0) + 1
    found: list[Candidate] = []
    for line in lines:
        for _ in range(line.questions // written_as_one(line.cell.kind, blueprint)):
            found += imagine(line.cell, blueprint, number + len(found), slope_of(candidates))
    return found
