"""What sittings say about one form: its scores, the decisions by them, and whether its time was enough."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

from exams.models import Seat
from psychometrics import decision
from psychometrics.decision import Agreement
from scoring.reports.forms import Subject

LAST = 10  # seats whose time is set against that of the others


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the raw score, in raw points; None where the run could not compute it. `observed` or else expected."""

    observed: bool
    mean: float | None
    sd: float | None
    reliability: float | None
    sem: float | None


@dataclass(frozen=True, slots=True)
class Decision:
    """Shares of candidates, 0 to 1, by one method. Who passes and who should not is known of expected values only."""

    method: str
    basis: str
    accuracy: float
    consistency: float
    kappa: float | None
    passing: float | None = None
    wrongly_passed: float | None = None
    wrongly_failed: float | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two seats whose answers go together more than ability explains."""

    first: Seat
    second: Seat
    value: float


@dataclass(frozen=True, slots=True)
class SeatTime:
    """What happened at one seat: shares 0 to 1, None where unknown."""

    number: int
    reached: float | None
    omitted: float | None
    median_ms: int | None


@dataclass(frozen=True, slots=True)
class Speed:
    """Whether the time was enough; None where the run could not tell."""

    completing: float | None
    reaching_most: float | None
    mean_not_reached: float | None
    unspeeded: bool | None
    last_ms: float | None
    others_ms: float | None
    seats: tuple[SeatTime, ...]
    last: int = LAST


def figures_of(subject: Subject) -> Figures:
    if subject.enough:
        told = subject.statistics
        return Figures(True, told.get("mean"), told.get("sd"), told.get("alpha"), told.get("sem"))
    expected = subject.expected
    return Figures(False, expected.mean, expected.sd, expected.reliability, expected.sem)


def decisions_of(subject: Subject) -> tuple[Decision, ...]:
    """By the scores and parameters of the run or, where it holds too few sittings, as the parameters let expect."""
    if subject.enough and subject.measured:
        basis = f"{subject.measured.sittings} sittings"
        told = [
            _told("Livingston–Lewis", f"scores and alpha of {basis}", subject.statistics.get("livingston_lewis")),
            _told("Lee", f"parameters and population of {subject.run}", subject.statistics.get("lee")),
        ]
        if found := tuple(one for one in told if one):
            return found
    population = subject.population
    lee = decision.lee(*subject.items, subject.table.expected_at_cut, population.mean, population.sd)
    return (_expected(lee, f"table’s parameters, {subject.population_named}"),)


def _told(method: str, basis: str, values: dict[str, Any] | None) -> Decision | None:
    if not values or values.get("accuracy") is None or values.get("consistency") is None:
        return None
    return Decision(method, basis, values["accuracy"], values["consistency"], values.get("kappa"))


def _expected(lee: Agreement, basis: str) -> Decision:
    return Decision(
        "Lee, expected", basis, lee.accuracy, lee.consistency, lee.kappa,
        passing=lee.shares[-1], wrongly_passed=lee.false_positive, wrongly_failed=lee.false_negative,
    )  # fmt: skip


def pairs_of(subject: Subject) -> tuple[Pair, ...]:
    seats = {seat.number: seat for seat in subject.seats}
    pairs = [
        Pair(seats[first], seats[second], value)
        for first, second, value in subject.statistics.get("q3") or ()
        if first in seats and second in seats
    ]
    return tuple(sorted(pairs, key=lambda pair: -pair.value))


def speed_of(subject: Subject) -> Speed | None:
    told = subject.statistics.get("speededness") or {}
    times = list(subject.statistics.get("median_ms") or ())
    reached = {number: (share, omitted) for number, share, omitted in told.get("seats") or ()}
    if not reached and not any(times):
        return None
    seats = tuple(
        SeatTime(
            seat.number,
            *reached.get(seat.number, (None, None)),
            times[seat.number - 1] if seat.number <= len(times) else None,
        )
        for seat in subject.seats
    )
    last = [seat.median_ms for seat in seats[-LAST:] if seat.median_ms is not None]
    others = [seat.median_ms for seat in seats[:-LAST] if seat.median_ms is not None]
    return Speed(
        completing=told.get("completing"),
        reaching_most=told.get("reaching_most"),
        mean_not_reached=told.get("mean_not_reached"),
        unspeeded=told.get("unspeeded"),
        last_ms=median(last) if last else None,
        others_ms=median(others) if others else None,
        seats=seats,
    )
