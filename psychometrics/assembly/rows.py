"""A thin layer over CP-SAT: linear rows that can give way at a price, and one bounded, repeatable solve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

from psychometrics.assembly.units import Ints

FAR = 10**9  # wider than any row's activity in millionths

Variable = cp_model.IntVar


@dataclass(frozen=True, slots=True)
class Seating:
    """One form's variables: `where[k]` is the unit of `variables[k]`; the first `scored` are for scored seats."""

    where: Ints
    variables: list[Variable]
    scored: int


@dataclass(frozen=True, slots=True)
class Slack:
    """How far a row gave way: below its low end (`missing`) or above its high end."""

    family: str
    label: str
    missing: bool
    variable: Variable


@dataclass(slots=True)
class Rows:
    """A model under construction. With `prices`, each row of a priced family may give way at that price per unit."""

    prices: dict[str, int] = field(default_factory=dict)
    cp: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    slacks: list[Slack] = field(default_factory=list)
    costed: list[Variable] = field(default_factory=list)
    costs: list[int] = field(default_factory=list)

    def choices(self, count: int) -> list[Variable]:
        """`count` new yes-or-no variables."""
        return [self.cp.new_bool_var("") for _ in range(count)]

    def number(self, low: int, high: int) -> Variable:
        return self.cp.new_int_var(low, high, "")

    def cost(self, variables: Sequence[Variable], costs: Sequence[int]) -> None:
        self.costed.extend(variables)
        self.costs.extend(costs)

    def add(
        self,
        variables: Sequence[Variable],
        coefficients: Sequence[int],
        low: int | None,
        high: int | None,
        *,
        family: str = "",
        label: str = "",
        price: int | None = None,
    ) -> None:
        """Demand low <= sum(coefficients * variables) <= high; None leaves an end open.

        With a `price` here or for its `family` the row may give way: each unit beyond an end costs that much.
        """
        variables, coefficients = list(variables), list(coefficients)
        price = self.prices.get(family) if price is None else price
        if price is not None:
            reach = sum(abs(coefficient) for coefficient in coefficients) + abs(low or 0) + abs(high or 0)
            for missing, end, sign in ((True, low, 1), (False, high, -1)):
                if end is not None:
                    slack = self.number(0, reach)
                    self.slacks.append(Slack(family, label, missing, slack))
                    variables.append(slack)
                    coefficients.append(sign)
                    self.cost([slack], [price])
        self.cp.add_linear_constraint(
            cp_model.LinearExpr.weighted_sum(variables, coefficients),
            -FAR if low is None else low,
            FAR if high is None else high,
        )

    def at_most_one(self, variables: Sequence[Variable], *, family: str = "", label: str = "") -> None:
        if len(variables) < 2:
            return
        if family in self.prices:
            self.add(variables, [1] * len(variables), None, 1, family=family, label=label)
        else:
            self.cp.add_at_most_one(variables)


@dataclass(frozen=True, slots=True)
class Effort:
    """How long a solve may take: `work` in the solver's deterministic time, and `seconds` by the clock.

    A unit of work takes about a second of one core. Work is the limit that should bind, so that a solve which
    runs into it still ends at the same solution when repeated; the clock only guards against a busy machine.
    """

    work: float
    seconds: float
    seed: int
    gap: float
    first: bool = False  # the first solution will do
    proof: bool = False  # the bound matters as much as the solution: every row enters the linear relaxation


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished solve. `solver` answers `value(variable)` when `found`; `proved` when no solution exists."""

    solver: cp_model.CpSolver
    found: bool
    proved: bool


def solve(rows: Rows, effort: Effort) -> Outcome:
    """Minimise the rows' cost with one worker and a fixed seed, until the cost is surely within the gap."""
    if rows.costed:
        rows.cp.minimize(cp_model.LinearExpr.weighted_sum(rows.costed, rows.costs))
    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.num_workers = 1
    parameters.random_seed = effort.seed % 2**31
    parameters.max_time_in_seconds = max(effort.seconds, 0.01)
    parameters.max_deterministic_time = max(effort.work, 0.01)
    parameters.absolute_gap_limit = effort.gap
    parameters.stop_after_first_solution = effort.first
    if effort.proof:
        parameters.linearization_level = 2
    # The models are nearly all linear relaxation; symmetry detection and probing cost more than the search.
    parameters.symmetry_level = 0
    parameters.cp_model_probing_level = 0
    status = solver.solve(rows.cp)
    if status == cp_model.MODEL_INVALID:
        raise RuntimeError(f"assembly built an invalid model: {rows.cp.validate()}")
    return Outcome(
        solver,
        found=status in (cp_model.OPTIMAL, cp_model.FEASIBLE),
        proved=status == cp_model.INFEASIBLE,
    )
