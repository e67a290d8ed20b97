"""The save protocol in plain Python: what the server must make of each packet, without any SQL.

It remembers every version that ever stood at a seat, and derives from that history what the server keeps in columns.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field, replace

from exams.services.changes import PAD, Change, Outcome

Name = tuple[int, int]  # claim and sequence


@dataclass(frozen=True)
class Version:
    """What stood at a seat once. `said` is the response, or the note pad's text."""

    claim: int
    sequence: int
    said: tuple[str, ...] | str
    flagged: bool


def said(change: Change) -> tuple[str, ...] | str:
    return change.text if change.seat == PAD else tuple(change.response)


@dataclass
class Model:
    deadline: dt.datetime
    grace: dt.timedelta
    state: str = "in_progress"
    newest: int = 1
    paused_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    closes_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    end_sequence: int | None = None
    seats: dict[int, list[Version]] = field(default_factory=lambda: defaultdict(list))
    arrived: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))  # claim: {sequence: seat}
    conflicts: dict[Name, Change] = field(default_factory=dict)
    late: dict[Name, Change] = field(default_factory=dict)
    settled: set[Name] = field(default_factory=set)

    @property
    def paused(self) -> bool:
        return self.state == "in_progress" and self.paused_at is not None

    @property
    def waiting(self) -> set[Name]:
        return set(self.conflicts) - self.settled

    def remaining(self, now: dt.datetime) -> dt.timedelta:
        return max(self.deadline - (self.paused_at or now), dt.timedelta(0))

    # ---- the clock -------------------------------------------------------------------------------------------

    def run_out(self, now: dt.datetime) -> None:
        if self.state == "in_progress" and not self.paused and now >= self.deadline:
            self.finish(self.deadline)

    def finish(self, at: dt.datetime) -> None:
        self.state, self.ended_at, self.closes_at = "ended", at, at + self.grace

    def sweep(self, now: dt.datetime) -> None:
        self.run_out(now)
        if self.state == "ended" and self.closes_at is not None and now >= self.closes_at:
            self.state, self.closed_at = "closed", self.closes_at

    # ---- packets ---------------------------------------------------------------------------------------------

    def save(self, claim: int, changes: list[Change], now: dt.datetime) -> dict[int, Outcome] | None:
        """What becomes of each change; None when the packet is refused because of a pause."""
        self.run_out(now)
        outcomes = self.take(claim, changes, now)
        if outcomes is not None:
            self.close_if_complete(claim, now)
        return outcomes

    def end(
        self, claim: int, sequence: int, changes: list[Change], now: dt.datetime, *, expired: bool
    ) -> dict[int, Outcome] | None:
        if self.state == "closed":
            return self.take(claim, changes, now)
        if claim != self.newest:
            return None
        self.run_out(now)
        if self.paused:
            return None
        outcomes = self.take(claim, changes, now)
        if self.state == "in_progress" and expired:
            return outcomes
        if self.state == "in_progress":
            self.finish(now)
        if self.end_sequence is None:
            self.end_sequence = sequence
        self.close_if_complete(claim, now)
        return outcomes

    def take(self, claim: int, changes: list[Change], now: dt.datetime) -> dict[int, Outcome] | None:
        before = dict(self.arrived[claim])
        fresh = [change for change in changes if change.sequence not in before]
        if fresh and self.paused:
            return None
        outcomes = {change.sequence: Outcome.DUPLICATE for change in changes}
        fresh = [self.with_what_stands(change) for change in fresh]
        fresh = [replace(change, after=self.built_upon(claim, change, changes)) for change in fresh]
        counting = {change.seat: change for change in fresh if not self.is_late(claim, change, now)}
        for change in fresh:
            name = (claim, change.sequence)
            self.arrived[claim][change.sequence] = change.seat
            if self.is_late(claim, change, now):
                outcomes[change.sequence] = Outcome.LATE
                self.late[name] = change
                continue
            outcome = Outcome.SUPERSEDED
            if counting[change.seat] is change:
                outcome = self.judge(claim, change, overtaken=any(number > change.sequence for number in before))
            outcomes[change.sequence] = outcome
            if outcome is Outcome.CONFLICT:
                self.conflicts[name] = change
            else:
                self.settled |= {
                    (other, number)
                    for other, number in change.settles
                    if (other, number) in self.conflicts and self.conflicts[other, number].seat == change.seat
                }
        return outcomes

    @staticmethod
    def built_upon(claim: int, change: Change, packet: list[Change]) -> tuple[int, int] | None:
        """The newest change of another window that this one, or one before it in the packet, says it came after."""
        before = [one for one in packet if one.seat == change.seat and one.sequence <= change.sequence]
        named = [one for one in before if one.after and one.after[0] != claim]
        return max(named, key=lambda one: one.sequence).after if named else change.after

    def with_what_stands(self, change: Change) -> Change:
        """Only a touched response is an answer; another one is what stands, whatever the window believed."""
        if change.touched or change.seat == PAD:
            return change
        history = self.seats[change.seat]
        return replace(change, response=list(history[-1].said) if history else [])

    def is_late(self, claim: int, change: Change, now: dt.datetime) -> bool:
        if self.state == "in_progress":
            return False
        if self.state == "closed" or self.closes_at is None or now >= self.closes_at or change.left_ms <= 0:
            return True
        return self.end_sequence is not None and claim == self.newest and change.sequence > self.end_sequence

    def judge(self, claim: int, change: Change, *, overtaken: bool) -> Outcome:
        history = self.seats[change.seat]
        top = history[-1] if history else Version(0, 0, "" if change.seat == PAD else (), False)
        unseen = history[change.base :]
        own = top.claim == claim
        if own and top.sequence > change.sequence:
            return Outcome.SUPERSEDED
        follows = change.after is not None and top.claim == change.after[0] and top.sequence <= change.after[1]
        if not own and unseen and not follows:
            known = history[change.base - 1].said if change.base else "" if change.seat == PAD else ()
            # Only flags changed since the window looked; anything written on the pad is a change.
            same_answer = change.seat != PAD and all(version.said == known for version in unseen)
            if overtaken or not (claim == self.newest or same_answer):
                return Outcome.SUPERSEDED if top.said == said(change) else Outcome.CONFLICT
        keeps_flag = bool(unseen) and not own and not follows and claim != self.newest
        flagged = top.flagged if keeps_flag else change.flagged
        history.append(Version(claim, change.sequence, said(change), flagged))
        return Outcome.APPLIED

    def close_if_complete(self, claim: int, now: dt.datetime) -> None:
        named = self.end_sequence if claim == self.newest else None
        if self.state == "ended" and named is not None and set(range(1, named + 1)) <= set(self.arrived[claim]):
            self.state, self.closed_at = "closed", now
