"""What a bank lacks for a number of disjoint forms: the counts of all forms in one model, with questions to write.

The rows are those of assembly (domains, tasks, kinds, scenarios, the integer of the cut), summed over the forms, and
every cell offers questions that do not exist yet. The fewest of them that are needed are what the bank lacks. Summing
over forms drops what only shows form by form (enemies, the bands around the target), so the number is never too high.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from psychometrics.assembly.bands import CUT, MARGIN
from psychometrics.assembly.blueprint import Blueprint
from psychometrics.assembly.cells import Cell, cell_of, cells_of, even_share, imagine, slope_of, written_as_one
from psychometrics.assembly.drafts import BANDS, Candidate, Target
from psychometrics.assembly.ladder import Clock
from psychometrics.assembly.model import ENEMIES, TASKS, add_counts
from psychometrics.assembly.rows import Effort, Outcome, Rows, Seating, Variable, solve
from psychometrics.assembly.units import SCALE, Units, gather

WORK = 4.0  # of one solve for the fewest questions; it is proved within far less in any bank seen
CHOICE = 1.5  # of the choice among plans that are equally short
EVEN = 0.3  # of spreading the needs evenly
PROBES = 4.0  # seconds for all that would serve as well

# Prices of the choice among equally short plans; a millionth of a raw point outside the target's bands costs 1.
BEYOND = 50_000  # a question in a cell that holds its even share already
SCORED = 1_000  # on a scored seat, where an unscored one would do
HUNDREDTHS = 100


@dataclass(frozen=True, slots=True)
class Line:
    """Questions to write in a cell. With `pretest` they only fill unscored seats, so they need no rating yet."""

    cell: Cell
    questions: int
    pretest: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """The fewest questions with which `forms` disjoint forms could exist.

    `missing` is None when not even further questions help. It is the minimum if `exact`; otherwise the search ran
    out of time, and at least `at_least` are missing.
    """

    forms: int
    missing: int | None
    at_least: int

    @property
    def exact(self) -> bool:
        return self.missing == self.at_least


@dataclass(frozen=True, slots=True)
class Bank:
    """A bank together with questions that could be written, as units; `cells` maps those units to their cell."""

    blueprint: Blueprint
    target: Target | None
    units: Units
    cells: Mapping[int, Cell]
    published: Counter[Cell]


def open_bank(candidates: Sequence[Candidate], blueprint: Blueprint, target: Target | None) -> Bank:
    """Raises ValueError for broken candidates (see gather)."""
    slope, number = slope_of(candidates), max((one.id for one in candidates), default=0) + 1
    written = list(candidates)
    imagined: dict[int, Cell] = {}
    for cell in cells_of(blueprint):
        imagined[len(written)] = cell
        written += imagine(cell, blueprint, number + len(written), slope)
    units = gather(written, blueprint)
    cells = {
        unit: imagined[members[0]]
        for unit, members in enumerate(units.members)
        if members[0] >= len(candidates)
    }  # fmt: skip
    return Bank(blueprint, target, units, cells, Counter(cell_of(one) for one in candidates))


@dataclass(frozen=True, slots=True)
class _Model:
    """Rows for `forms` forms. `scored` and `unscored` hold each cell's variable for questions to write."""

    rows: Rows
    seating: Seating
    scored: Mapping[Cell, Variable]
    unscored: Mapping[Cell, Variable]
    sizes: Mapping[Cell, int]

    def written(self) -> tuple[list[Variable], list[int]]:
        """Every variable for questions to write, and how many questions a unit of it is."""
        both = [*self.scored.items(), *self.unscored.items()]
        return [variable for _, variable in both], [self.sizes[cell] for cell, _ in both]

    def of(self, cell: Cell) -> list[Variable]:
        return [part[cell] for part in (self.scored, self.unscored) if cell in part]


def _model(bank: Bank, forms: int) -> _Model:
    rows, units, blueprint = Rows(), bank.units, bank.blueprint
    most = forms * blueprint.questions
    where: list[int] = []
    variables: list[Variable] = []
    taken: dict[Hashable, list[Variable]] = {}
    there: Counter[Hashable] = Counter()
    scored = 0
    hostile = {unit for pair in units.enemies for unit in pair} if forms == 1 else set()
    usable = [np.flatnonzero(part).tolist() for part in (units.scored_ok, units.unscored_ok)]
    for unit in sorted({*usable[0], *usable[1]}):
        there[_alike(bank, unit, hostile)] += 1
    for part, kept in enumerate(usable):
        # Questions that no row tells apart are counted; on unscored seats none looks at difficulty.
        groups: dict[tuple[Hashable, tuple[int, ...]], list[int]] = {}
        for unit in kept:
            alike = _alike(bank, unit, hostile)
            curve = () if part or bank.target is None else tuple(units.curve[unit].tolist())
            groups.setdefault((alike, curve), []).append(unit)
        for (alike, _), members in groups.items():
            where.append(members[0])
            variables.append(rows.number(0, most if members[0] in bank.cells else len(members)))
            taken.setdefault(alike, []).append(variables[-1])
        if not part:
            scored = len(where)
    seating = Seating(np.array(where, dtype=np.int64), variables, scored)
    add_counts(rows, blueprint, units, seating, forms)
    _add_tasks(rows, bank, seating, forms)
    for alike, both in taken.items():
        if not isinstance(alike, Cell):
            rows.add(both, [1] * len(both), None, there[alike])
    for one, other in units.enemies if forms == 1 else ():
        both = [*taken[-1 - one], *taken[-1 - other]]
        rows.add(both, [1] * len(both), None, 1, family=ENEMIES)
    if bank.target is not None:
        low = (bank.target.minimum_passing_raw - 1) * SCALE + MARGIN
        high = bank.target.minimum_passing_raw * SCALE - MARGIN
        middle = units.curve[seating.where[:scored], 1].tolist()
        rows.add(variables[:scored], middle, low * forms, high * forms, family=CUT)
    parts: list[dict[Cell, Variable]] = [{}, {}]
    for k, unit in enumerate(where):
        if unit in bank.cells:
            parts[k >= scored][bank.cells[unit]] = variables[k]
    sizes = {cell: int(units.size[unit]) for unit, cell in bank.cells.items()}
    return _Model(rows, seating, parts[0], parts[1], sizes)


def _alike(bank: Bank, unit: int, hostile: Collection[int]) -> Hashable:
    """What the units have in common that one may take for another on unscored seats."""
    if unit in bank.cells:
        return bank.cells[unit]
    return -1 - unit if unit in hostile else int(bank.units.stratum[unit])


def _add_tasks(rows: Rows, bank: Bank, seating: Seating, forms: int) -> None:
    """A scored seat for each task on each form: a scenario gives it one only, however many questions it has."""
    for task, name in enumerate(bank.blueprint.task_names):
        inside = np.flatnonzero(bank.units.tasks[seating.where[: seating.scored], task])
        variables = [seating.variables[k] for k in inside]
        rows.add(variables, [1] * len(variables), forms, None, family=TASKS, label=name)


def gap_of(bank: Bank, forms: int, *, seed: int = 0, seconds: float = 10.0) -> Gap:
    """How many questions are missing for `forms` disjoint forms."""
    model = _model(bank, forms)
    model.rows.cost(*model.written())
    outcome = solve(model.rows, Effort(WORK, seconds, seed, gap=0, proof=True))
    if not outcome.found:
        return Gap(forms, None, 0)
    bound = max(0, math.ceil(outcome.solver.best_objective_bound - 1e-6))
    return Gap(forms, round(outcome.solver.objective_value), bound)


def plan_of(bank: Bank, gap: Gap, wanted: Mapping[Cell, int], *, seed: int = 0, seconds: float = 10.0) -> list[Line]:
    """One shortest plan for a gap: what to write, the emptiest cells first.

    Among equally short plans it takes the one that keeps the forms nearest the target and writes where the bank
    holds less than is `wanted`. Empty when nothing is missing or nothing helps.
    """
    if not gap.missing:
        return []
    model = _short(bank, gap)
    rows = model.rows
    if bank.target is not None:
        _keep_near(rows, bank, model.seating, gap.forms)
    for cell, size in model.sizes.items():
        room = max(0, wanted.get(cell, 0) - bank.published[cell]) // size
        beyond = rows.number(0, gap.missing)
        variables = model.of(cell)
        rows.add([*variables, beyond], [1] * len(variables) + [-1], None, room)
        rows.cost([beyond], [BEYOND * size])
    rows.cost(list(model.scored.values()), [SCORED * model.sizes[cell] for cell in model.scored])
    outcome = solve(rows, Effort(CHOICE, seconds, seed, gap=0, proof=True))
    lines = _lines(model, outcome) if outcome.found else []
    return sorted(lines, key=lambda line: (bank.published[line.cell] - wanted.get(line.cell, 0), line.cell.task))


def helpful_cells(bank: Bank, gap: Gap, *, seed: int = 0, seconds: float = PROBES) -> tuple[set[Cell], bool]:
    """Every cell in which one more question (or case study) brings the gap nearer, and whether the search ended.

    A cell helps exactly when some shortest plan writes there; so plans are sought that write in cells not met yet.
    """
    found: set[Cell] = set()
    if not gap.missing or not gap.exact:
        return found, not gap.missing
    clock = Clock.start(seconds)
    while clock.left():
        model = _short(bank, gap)
        for cell in model.sizes.keys() - found:
            met = model.rows.choices(1)[0]
            variables = model.of(cell)
            model.rows.add([met, *variables], [1] + [-1] * len(variables), None, 0)
            model.rows.cost([met], [-1])
        outcome = solve(model.rows, Effort(WORK, clock.left(), seed, gap=0, proof=True))
        if not outcome.found:
            return found, False
        fresh = {line.cell for line in _lines(model, outcome)} - found
        if not fresh:
            return found, outcome.solver.best_objective_bound > -1 + 1e-6
        found |= fresh
    return found, False


def needs(blueprint: Blueprint, forms: int, spread: Sequence[float]) -> dict[Cell, int]:
    """Questions per cell that `forms` disjoint forms ask of a bank: what an empty bank would lack, evenly spread.

    Counts per domain are exact and kinds stay inside their shares; within that every cell, and every sum of cells
    over tasks, kinds or bands, lies as near its even share (see even_share) as whole questions can.
    """
    bank = open_bank([], blueprint, None)
    model = _model(bank, forms)
    share = even_share(blueprint, spread)
    for together in _sums(model.sizes):
        even = round(sum(share[cell] for cell in together) * forms * HUNDREDTHS)
        written = [(variable, model.sizes[cell] * HUNDREDTHS) for cell in together for variable in model.of(cell)]
        variables, sizes = [variable for variable, _ in written], [size for _, size in written]
        distance = model.rows.number(0, forms * blueprint.questions * HUNDREDTHS)
        model.rows.add([*variables, distance], [*sizes, 1], even, None)
        model.rows.add([*variables, distance], [*sizes, -1], None, even)
        model.rows.cost([distance], [1])
    outcome = solve(model.rows, Effort(EVEN, 10.0, 0, gap=HUNDREDTHS * forms, proof=True))
    if not outcome.found:
        return {}
    return {line.cell: line.questions for line in _lines(model, outcome)}


def _sums(cells: Iterable[Cell]) -> list[list[Cell]]:
    """The cells one by one, and those that share two or one of task, kind and band: the sums of a table."""
    groups: dict[tuple[object, ...], list[Cell]] = {}
    for cell in cells:
        task, kind, band = cell.task, cell.kind, cell.band
        for name in (
            (task, kind, band), (task, kind, None), (task, None, band), (None, kind, band), (task, None, None),
            (None, kind, None), (None, None, band),
        ):  # fmt: skip
            groups.setdefault(name, []).append(cell)
    return list(groups.values())


def _short(bank: Bank, gap: Gap) -> _Model:
    """The model with exactly as many questions to write as the gap says."""
    model = _model(bank, gap.forms)
    model.rows.add(*model.written(), gap.missing, gap.missing)
    return model


def _keep_near(rows: Rows, bank: Bank, seating: Seating, forms: int) -> None:
    """The forms together within as many bands of the target, at a price."""
    assert bank.target is not None
    curve = bank.units.curve[seating.where[: seating.scored]]
    for point, (wanted, band) in enumerate(zip(bank.target.curve, BANDS, strict=True)):
        low, high = round((wanted - band) * SCALE) * forms, round((wanted + band) * SCALE) * forms
        rows.add(seating.variables[: seating.scored], curve[:, point].tolist(), low, high, price=1)


def _lines(model: _Model, outcome: Outcome) -> list[Line]:
    lines = []
    for cell, size in model.sizes.items():
        scored, unscored = (
            outcome.solver.value(part[cell]) if cell in part else 0 for part in (model.scored, model.unscored)
        )
        if scored + unscored:
            lines.append(Line(cell, size * (scored + unscored), pretest=not scored))
    return lines


__all__ = ["Bank", "Gap", "Line", "gap_of", "helpful_cells", "needs", "open_bank", "plan_of", "written_as_one"]
