"""What a window says about a seat, and what becomes of it. Plain rules without a database.

Changes are ordered by (claim, sequence), never by anybody's clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from questions.kinds import KINDS, ImpossibleResponse

PAD = 0  # the note pad's place among the seats

# Sequence numbers that have arrived, as half-open spans [start, stop).
Spans = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Change:
    """The state of one seat as a window has it. `left_ms` is its own idea of the time left: evidence, never proof.

    `touched` says whether the response is the candidate's doing: one that is merely what the window knew when something
    else was changed never replaces an answer. `after` names the change, as (claim, sequence), upon which this one was
    made in the same browser before it was acknowledged, when it had no version yet. `settles` names kept changes
    between which and this one the candidate has chosen.
    """

    sequence: int
    seat: int
    base: int
    response: Sequence[str] = ()
    flagged: bool = False
    spent_ms: int = 0
    left_ms: int = 0
    struck: Sequence[str] = ()
    marks: Sequence[int] = ()
    scenario_marks: Sequence[int] = ()
    text: str = ""
    settles: Sequence[tuple[int, int]] = ()
    touched: bool = True
    after: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A seat of the form and what is stored there; version 0 when nothing is."""

    kind: str
    tokens: list[str]
    slots: int
    version: int
    answered_version: int
    claim: int
    sequence: int
    response: list[str]
    flagged: bool
    struck: list[str]
    marks: list[int]
    scenario_marks: list[int]
    text: str = ""


class Outcome(StrEnum):
    APPLIED = "applied"
    SUPERSEDED = "superseded"  # something newer stands there
    DUPLICATE = "duplicate"  # it had arrived before
    CONFLICT = "conflict"  # a newer answer of another window stands; kept for the candidate to choose
    LATE = "late"  # it came after the end; kept, and does not count


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a packet. Only when it is returned, after COMMIT, is anything acknowledged."""

    state: str
    claim: int
    deadline: dt.datetime
    now: dt.datetime
    remaining: dt.timedelta
    paused: bool
    supervised: bool
    conflicts: int = 0
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    versions: dict[int, int] = field(default_factory=dict)
    # What stands at the seats where it is not what the window said last, so that it shows what counts.
    standing: dict[int, tuple[list[str], bool]] = field(default_factory=dict)
    # The sum of all answers' versions, by which a window notices that another one has changed an answer.
    total: int = 0


class Refused(Exception):
    """A packet that changes nothing. `code` is the HTTP status that says why, `sequences` the changes at fault."""

    def __init__(self, code: int, sentence: str, *, state: str = "", sequences: Sequence[int] = ()) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.state, self.sequences = code, sentence, state, list(sequences)


def canonical(change: Change, seat: Stored | None) -> Change:
    """The change as it is stored. Refuses seats, options and text places that the form does not have."""
    if change.seat == PAD:
        return change
    if seat is None:
        raise Refused(422, f"This form has no question {change.seat}.", sequences=[change.sequence])
    try:
        response = KINDS[seat.kind].parse(change.response, tokens=seat.tokens, slots=seat.slots)
    except ImpossibleResponse as problem:
        raise Refused(422, str(problem), sequences=[change.sequence]) from problem
    if not set(change.struck) <= set(seat.tokens):
        raise Refused(422, "An option was struck out that the question does not have.", sequences=[change.sequence])
    return replace(change, response=response, struck=[token for token in seat.tokens if token in change.struck])


def linked(changes: Sequence[Change], claim: int) -> list[Change]:
    """The changes of one packet, each with what the one before it at the same seat came after.

    Whoever builds on a change knows what that was built upon. A page names it at the first of them only, while only the
    last is judged.
    """
    known: dict[int, tuple[int, int]] = {}
    found: dict[int, Change] = {}
    for change in sorted(changes, key=lambda change: change.sequence):
        after = change.after if change.after and change.after[0] != claim else known.get(change.seat)
        if after:
            known[change.seat] = after
            change = replace(change, after=after)
        found[change.sequence] = change
    return [found[change.sequence] for change in changes]


def with_what_stands(change: Change, stored: Stored) -> Change:
    """The change, with the stored response unless the candidate has given another one."""
    return change if change.touched else replace(change, response=stored.response)


def judge(change: Change, claim: int, newest_claim: int, stored: Stored, *, overtaken: bool) -> Outcome:
    """Where a change stands against what is stored.

    The newest window wins by (claim, sequence). A change from an older one applies only where nothing newer stands:
    on the answer it was based on, or on an earlier change of this window or of the one it came after. One that was
    `overtaken` by a later one of its window may be outdated by that one, which the row no longer shows once a third
    has written it.
    """
    if stored.claim == claim:
        return Outcome.SUPERSEDED if stored.sequence >= change.sequence else Outcome.APPLIED
    if change.base >= stored.version or succeeds(change, stored):
        return Outcome.APPLIED
    if not overtaken and (claim == newest_claim or change.base >= stored.answered_version):
        return Outcome.APPLIED
    if list(change.response) == stored.response and change.text == stored.text:
        return Outcome.SUPERSEDED  # both windows say the same
    return Outcome.CONFLICT


def succeeds(change: Change, stored: Stored) -> bool:
    """Whether what stands is the change upon which this one was made, or an earlier one of that window."""
    return change.after is not None and stored.claim == change.after[0] and stored.sequence <= change.after[1]


def merged(change: Change, claim: int, newest_claim: int, stored: Stored) -> Change:
    """An applied change, without undoing the flags and marks that a newer window has set since."""
    if claim == newest_claim or stored.claim == claim or change.base >= stored.version or succeeds(change, stored):
        return change
    return replace(
        change,
        flagged=stored.flagged,
        struck=stored.struck,
        marks=stored.marks,
        scenario_marks=stored.scenario_marks,
    )


def holds(arrived: Spans, sequence: int) -> bool:
    return any(start <= sequence < stop for start, stop in arrived)


def overtakes(arrived: Spans, sequence: int) -> bool:
    """Whether a later change of the same window has arrived."""
    return any(stop > sequence + 1 for _, stop in arrived)


def spans(sequences: Iterable[int]) -> Spans:
    return [(sequence, sequence + 1) for sequence in sequences]


def covers(arrived: Spans, last: int) -> bool:
    """Whether every sequence number from 1 to `last` is in the set."""
    reached = 0
    for start, stop in sorted(arrived):
        if start > reached + 1:
            break
        reached = max(reached, stop - 1)
    return reached >= last
