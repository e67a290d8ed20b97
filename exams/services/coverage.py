"""Coverage of an exam's bank: worked out in the background, kept in the cache under a digest of the bank's state.

The cache never holds anything that could not be worked out again: what is lost there is asked for by the next visit.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache

from exams.services import bank
from operations import services as operations
from operations.away import unless_away
from psychometrics.assembly import Blueprint, Candidate, Target
from psychometrics.assembly.cells import Cell, tally
from psychometrics.assembly.coverage import MOST_FORMS, Capacity, Coverage, Next, coverage_of
from psychometrics.assembly.gaps import Gap, Line
from questions.models import Exam

VERSION = 1  # of what is kept; another one is never read
KEPT = 30 * 24 * 3600
ASKED = 3600  # seconds for which a wish waits for somebody to work it out
BUSY = 600  # a calculation that has not ended by then has died
SEED = 1

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class State:
    """An exam's bank as the calculation sees it; equal digests give equal coverage."""

    candidates: list[Candidate]
    blueprint: Blueprint
    target: Target | None
    reference: list[Candidate]  # the scored questions of the reference form, as far as they are published
    digest: str

    @property
    def published(self) -> Counter[Cell]:
        return tally(self.candidates)

    @property
    def pretest(self) -> int:
        return sum(not one.scorable for one in self.candidates)

    @property
    def off_the_map(self) -> int:
        """Questions of kinds that no form of the exam may hold."""
        shares = self.blueprint.shares
        return sum(one.kind not in shares or not shares[one.kind].form[1] for one in self.candidates)


@dataclass(frozen=True, slots=True)
class Known:
    """A finished calculation. `tasks` are the codes that its cells number."""

    digest: str
    computed_at: dt.datetime
    seconds: float
    tasks: tuple[str, ...]
    coverage: Coverage


def wanted_forms() -> int:
    """How many forms coverage is held against unless the author says otherwise: the size of the pool."""
    return min(MOST_FORMS, int(settings.FORM_POOL_SIZE))


def state_of(exam: Exam) -> State:
    """A constant number of statements. Raises ValueError when no form of any bank could satisfy the exam."""
    blueprint = bank.blueprint_of(exam)
    candidates = bank.candidates_of(exam, exposed=False)
    reference = bank.reference_form(exam)
    target, scored = None, set[int]()
    if reference is not None:
        target = bank.target_of(reference)
        scored = set(reference.seats.filter(scored=True).values_list("revision_id", flat=True))
    told = [
        (
            one.id, one.task, one.kind, one.scorable, one.rating, one.a, one.d, one.calibrated, one.scenario,
            sorted(one.enemies), one.id in scored,
        )
        for one in candidates
    ]  # fmt: skip
    text = repr((VERSION, MOST_FORMS, told, blueprint, target))
    of_reference = [one for one in candidates if one.id in scored]
    return State(candidates, blueprint, target, of_reference, hashlib.sha256(text.encode()).hexdigest())


def known(exam: Exam) -> Known | None:
    """What was worked out last, whatever has changed since."""
    kept = unless_away(lambda: cache.get(_key(exam, "known")), None)
    return None if kept is None else _unpacked(kept)


def ask(exam: Exam) -> None:
    """Have the coverage worked out by the next tick or worker."""
    unless_away(lambda: cache.add(_key(exam, "asked"), True, ASKED), False)  # the next visit asks again


def compute(*, exam: Exam, state: State, now: dt.datetime) -> Known:
    """Work the coverage out and keep it; takes seconds to a minute. Raises ValueError for a broken bank."""
    began = time.perf_counter()
    found = coverage_of(state.candidates, state.blueprint, state.target, used=state.reference, seed=SEED)
    spent = round(time.perf_counter() - began, 1)
    fresh = Known(state.digest, now, spent, state.blueprint.task_names, found)
    cache.set(_key(exam, "known"), _packed(fresh), KEPT)
    return fresh


def compute_asked(*, now: dt.datetime) -> int:
    """Work out what was asked for, each exam in one process at a time; returns how many were worked out.

    Two statements when nothing was asked for.
    """
    exams = {_key(exam, "asked"): exam for exam in Exam.objects.all()}
    done = 0
    for key in cache.get_many(exams):
        exam = exams[key]
        if not cache.add(_key(exam, "busy"), True, BUSY):
            continue
        try:
            cache.delete(key)  # first: what changes from here on is asked for anew
            with operations.contained(task="exams.tasks.compute_coverage_of", arguments=[exam.pk]):
                done += compute_if_changed(exam, now)
        finally:
            cache.delete(_key(exam, "busy"))
    return done


def compute_if_changed(exam: Exam, now: dt.datetime) -> bool:
    """Work it out unless it is known; returns whether it was worked out."""
    try:
        state, before = state_of(exam), known(exam)
        if before is not None and before.digest == state.digest:
            return False
        compute(exam=exam, state=state, now=now)
    except ValueError as error:
        logger.warning("The coverage of %s cannot be worked out: %s", exam.code, error)
        return False
    return True


def forget(exam: Exam) -> None:
    """Drop what is kept for the exam."""
    cache.delete_many([_key(exam, name) for name in ("known", "asked", "busy")])


def _key(exam: Exam, name: str) -> str:
    return f"coverage:{VERSION}:{exam.pk}:{name}"


def _packed(found: Known) -> dict[str, Any]:
    """Plain values only, so that no class of ours is ever read back from the cache."""
    coverage, then = found.coverage, found.coverage.next
    capacity = coverage.capacity
    return {
        "digest": found.digest,
        "computed_at": found.computed_at.isoformat(),
        "seconds": found.seconds,
        "tasks": list(found.tasks),
        "capacity": [capacity.made, capacity.bound, capacity.most, list(capacity.relaxed), list(capacity.causes)],
        "gaps": [_gap(gap) for gap in coverage.gaps],
        "needed": [
            [forms, [[*_cell(cell), count] for cell, count in needed.items()]]
            for forms, needed in coverage.needed.items()
        ],
        "next": None
        if then is None
        else {
            "gap": _gap(then.gap),
            "lines": [[*_cell(line.cell), line.questions, line.pretest] for line in then.lines],
            "proven": then.proven,
            "helps": [_cell(cell) for cell in sorted(then.helps)],
            "complete": then.complete,
        },
    }


def _gap(gap: Gap) -> list[int | None]:
    return [gap.forms, gap.missing, gap.at_least]


def _cell(cell: Cell) -> list[Any]:
    return [cell.task, cell.kind, cell.band]


def _unpacked(kept: dict[str, Any]) -> Known:
    made, bound, most, relaxed, causes = kept["capacity"]
    then = kept["next"]
    coverage = Coverage(
        capacity=Capacity(made, bound, most, tuple(relaxed), tuple(causes)),
        gaps=tuple(Gap(*gap) for gap in kept["gaps"]),
        needed={forms: {Cell(*row[:3]): row[3] for row in needed} for forms, needed in kept["needed"]},
        next=None
        if then is None
        else Next(
            gap=Gap(*then["gap"]),
            lines=tuple(Line(Cell(*row[:3]), row[3], row[4]) for row in then["lines"]),
            proven=then["proven"],
            helps=frozenset(Cell(*cell) for cell in then["helps"]),
            complete=then["complete"],
        ),
    )
    computed_at = dt.datetime.fromisoformat(kept["computed_at"])
    return Known(kept["digest"], computed_at, kept["seconds"], tuple(kept["tasks"]), coverage)


__all__ = ["Known", "State", "ask", "compute", "compute_asked", "forget", "known", "state_of", "wanted_forms"]
