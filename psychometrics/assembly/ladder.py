"""Solving one step of a call, relaxing in the agreed order what cannot be met."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

from psychometrics.assembly.bands import CENTRE
from psychometrics.assembly.drafts import CUT_BAND, INFORMATION, OUTER_POINTS, OVERLAP, Draft
from psychometrics.assembly.model import solve_problem
from psychometrics.assembly.preparation import PER_SEAT, Call, Step, prepare
from psychometrics.assembly.rows import Effort
from psychometrics.assembly.units import draft_of

GAP = 0.05  # of the cost of a form with average exposure
POLISH, POLISH_TOGETHER = 0.15, 0.3  # work per form, alone and with others, after which any gap is good enough
SEARCH = 0.25  # work, per second of the limit, to find any solution where that found none
SHARE = 0.45  # of the time left that one rung may take
TOO_LITTLE = 0.01


@dataclass(slots=True)
class Clock:
    """Seconds spent and left of a limit."""

    limit: float
    started: float

    @classmethod
    def start(cls, limit: float) -> Clock:
        return cls(limit, time.perf_counter())

    def spent(self) -> float:
        return time.perf_counter() - self.started

    def left(self) -> float:
        return max(0.0, self.limit - self.spent())


@dataclass(frozen=True, slots=True)
class Climb:
    """One step's search for drafts, rung by rung."""

    call: Call
    step: Step
    clock: Clock

    def drafts(self) -> list[Draft] | None:
        """Drafts that meet as much as can be met, or None. What they miss is for the caller to measure.

        Disjoint calls never overlap; in the others overlap is the last thing to give way, and the bands are
        then tried from the top again.
        """
        ladder = self._ladder()
        for overlap in (False,) if self.call.disjoint else (False, True):
            if found := self._attempt((), overlap) or self._attempt((), overlap, wide=True):
                return found
            # All rungs at once first: where even that fails, none between can help.
            last = self._attempt(ladder, overlap) or self._attempt(ladder, overlap, wide=True)
            if last is None:
                continue
            for rung in range(1, len(ladder)):
                if found := self._attempt(ladder[:rung], overlap):
                    return found
            return last
        return None

    def _ladder(self) -> list[str]:
        if self.step.target is None and self.step.forms == 1:
            return [CENTRE]
        return [INFORMATION, OUTER_POINTS, CUT_BAND]

    def _attempt(self, relaxed: Collection[str], overlap: bool, *, wide: bool = False) -> list[Draft] | None:
        seconds = self.clock.left() * SHARE
        if seconds < TOO_LITTLE:
            return None
        problem, keep, cut = prepare(self.call, self.step, overlap=overlap, wide=wide)
        if wide and not cut:
            return None  # the first attempt had the whole bank already
        names = {*relaxed, OVERLAP} if overlap else set(relaxed)
        if self.step.forms > 1:
            names.add(CENTRE)  # forms solved together find their own middle
        forms = self.step.forms
        gap = round(GAP * PER_SEAT * problem.blueprint.questions * forms)
        polish = POLISH if forms == 1 else POLISH_TOGETHER * forms
        solved = solve_problem(problem, Effort(polish, seconds, self.call.seed, gap), relaxed=names)
        if solved.forms is None and not solved.impossible:
            effort = Effort(SEARCH * self.clock.limit, self.clock.left() * SHARE, self.call.seed, gap, first=True)
            solved = solve_problem(problem, effort, relaxed=names)
        if solved.forms is None:
            return None
        units, candidates = self.call.units, self.call.candidates
        return [draft_of(units, candidates, keep[scored], keep[unscored]) for scored, unscored in solved.forms]
