"""A browser as the save protocol knows it: what waits in its outbox, and what it shows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

from exams.services.changes import Change, Receipt


@dataclass
class Waiting:
    """A change in a device's outbox; it gets its number when it is first sent."""

    change: Change
    claim: int = 0


@dataclass
class Device:
    """A browser with its durable outbox. A new window of it adopts what waits, and the older one yields to it."""

    claim: int = 0
    last: int = 0
    outbox: list[Waiting] = field(default_factory=list)
    versions: dict[int, int] = field(default_factory=dict)
    screen: dict[int, Change] = field(default_factory=dict)
    known: dict[int, Any] = field(default_factory=dict)  # responses that the server has, as far as it knows
    deadline: dt.datetime | None = None

    def put(self, change: Change) -> None:
        """A changed seat that was never sent replaces what waits for it."""
        self.screen[change.seat] = change
        for waiting in self.outbox:
            if waiting.change.seat == change.seat and not waiting.claim:
                settles = [*waiting.change.settles, *change.settles]
                waiting.change = replace(change, base=waiting.change.base, after=waiting.change.after, settles=settles)
                return
        before = next((one for one in reversed(self.outbox) if one.change.seat == change.seat), None)
        after = (before.claim, before.change.sequence) if before else None
        self.outbox.append(Waiting(replace(change, after=after)))

    def packet(self) -> tuple[int, list[Change]]:
        """Everything that waits of the oldest claim, numbered for ever."""
        for waiting in self.outbox:
            if not waiting.claim:
                self.last += 1
                waiting.claim, waiting.change = self.claim, replace(waiting.change, sequence=self.last)
        claim = min((waiting.claim for waiting in self.outbox), default=self.claim)
        return claim, [waiting.change for waiting in self.outbox if waiting.claim == claim]

    def waits(self, seat: int) -> bool:
        return any(waiting.change.seat == seat for waiting in self.outbox)

    def touches(self, seat: int) -> bool:
        return any(waiting.change.seat == seat and waiting.change.touched for waiting in self.outbox)

    def hear(self, claim: int, receipt: Receipt) -> None:
        for waiting in self.outbox:
            if waiting.claim == claim and waiting.change.sequence in receipt.outcomes and waiting.change.touched:
                self.known[waiting.change.seat] = list(waiting.change.response)
        self.known |= {seat: list(response) for seat, (response, _) in receipt.standing.items()}
        self.outbox = [
            waiting
            for waiting in self.outbox
            if waiting.claim != claim or waiting.change.sequence not in receipt.outcomes
        ]
        for seat, (response, flagged) in receipt.standing.items():
            if not self.waits(seat):
                self.screen[seat] = replace(self.screen[seat], response=response, flagged=flagged)
        self.versions |= receipt.versions
        self.deadline = receipt.deadline
