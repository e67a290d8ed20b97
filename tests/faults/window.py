"""A candidate's window under faults: the load generator's page with what a real one shows, a countdown and a ledger.

What `static/js/sitting/` does in a browser, without a screen: the candidate goes on answering while one loop sends what
waits; the header says saved, saving or offline.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.load.page import FIRST_WAIT, LONGEST_WAIT, Page, Person, Seat
from tests.load.wire import Failed, Reply


@dataclass(frozen=True, slots=True)
class Entry:
    """One acknowledged change: what was sent, and what the server said became of it. `place` counts the candidate's
    actions, in all windows."""

    claim: int
    sequence: int
    seat: int
    outcome: str
    version: int
    response: tuple[str, ...]
    flagged: bool
    place: int
    window: int


@dataclass(slots=True)
class Candidate:
    """Somebody with one window or several, and all that they were told."""

    person: Person
    entries: list[Entry] = field(default_factory=list)
    places: int = 0
    asked: bool = False  # to end the exam before its time
    statuses: dict[int, int] = field(default_factory=dict)
    contested: bool = False  # several windows have answered
    wrong: list[str] = field(default_factory=list)  # what a window showed that was not true

    @property
    def sitting(self) -> uuid.UUID:
        assert self.person.sitting is not None
        return self.person.sitting


@dataclass(slots=True)
class Window(Page):
    """`skew` moves the time that is sent along, as a laptop's wrong clock does; `shows` is what the header says."""

    candidate: Candidate | None = None
    number: int = 0
    skew: int = 0
    shows: str = "saving"
    read_only: bool = False
    failures: int = 0
    ends_at: float = 0.0  # monotonic, by the last reply
    over: bool = False
    closing: bool = False
    given: dict[int, int] = field(default_factory=dict)  # seat -> place of the last action there
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def who(self) -> Candidate:
        assert self.candidate is not None
        return self.candidate

    @property
    def left(self) -> float:
        """Seconds left by this window's own countdown."""
        return self.ends_at - time.monotonic()

    # ---- what the candidate does -------------------------------------------------------------------------------

    def act(self, seat: Seat, response: Sequence[str], *, flagged: bool = False) -> None:
        """Answer or flag; it waits in the outbox from now on."""
        self.who.places += 1
        self.given[seat.number] = self.who.places
        self.put(seat, list(response), flagged=flagged)
        change = next(one for one in reversed(self.pending) if one["seat"] == seat.number)
        change |= {"left": max(-(2**31), min(2**31, round(self.left * 1_000) + self.skew)), "place": self.who.places}

    def wake(self) -> None:
        """The network is back, or somebody looks at the page."""
        self.woken.set()

    async def arrive(self) -> None:
        """Load the page until it comes, and become the window that may answer."""
        while True:
            reply = await self._ask("page", "GET", self.root, self._signed_in() | {"Accept-Encoding": "gzip"})
            if reply and reply.status == 200:
                break
            if reply and reply.status == 302:
                self.over = True  # to the result
                break
            await self._wait()
        await self.take()

    async def take(self) -> None:
        while not (reply := await self._post("claim", {})) or reply.status != 200:
            await self._wait()
        self._opened(reply.json())
        self.read_only = False

    async def carry(self) -> None:
        """Send what waits, until the window closes; a request under way is waited for."""
        while not self.closing:
            if not self.pending:
                self.shows = "saved" if not self.failures else "offline"
                self.woken.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.woken.wait(), 0.05)
                continue
            if not self.failures:
                self.shows = "saving"
            if not await self._round():
                await self._wait()

    async def finish(self, *, expired: bool, patience: float) -> bool:
        """End exam with everything that waits; whether the server has said that the exam is over."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            claim, changes = self._packet() if self.pending else (self.claim, [])
            if changes and (claim != self.claim or len(changes) < len(self.pending)):
                if not await self._round():  # what older windows left goes first
                    await self._wait()
                continue
            body = {"claim": self.claim, "changes": changes, "sequence": self.last, "expired": expired, "left": 0}
            reply = await self._post("end", body)
            if reply and reply.status == 200:
                self._took(self.claim, reply.json())
                return self.state != "in_progress"  # if it goes on, our clock ran out and the server's did not
            if reply and reply.status == 409:
                self.read_only = True  # another window holds the exam; what waits goes as changes
                return False
            await self._wait()
        return False

    async def empty(self, patience: float) -> bool:
        """Send what waits until nothing does; whether that was so."""
        until = time.monotonic() + patience
        while self.pending and time.monotonic() < until:
            if not await self._round():
                await self._wait()
        if not self.pending:
            self.shows = "saved"
            self.check_truth()
        return not self.pending

    def check_truth(self) -> None:
        """What the header calls saved has been acknowledged: the last action at every seat of this window."""
        named = {(entry.window, entry.place) for entry in self.who.entries}
        for seat, place in self.given.items():
            if (self.number, place) not in named:
                self.who.wrong.append(f"{self.who.sitting} shows saved, but action {place} at {seat} is unacknowledged")

    # ---- what the server says ----------------------------------------------------------------------------------

    async def _round(self) -> bool:
        done = await Page._round(self)
        if done and not self.pending:
            self.shows = "saved"
            self.check_truth()
        return done

    @staticmethod
    def _message(change: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in Page._message(change).items() if name != "place"}

    def _took(self, claim: int, body: dict[str, Any]) -> None:
        for change in self.pending:
            outcome = body["acknowledged"].get(str(change["sequence"])) if change["claim"] == claim else None
            if outcome:
                self.who.entries.append(
                    Entry(claim, change["sequence"], change["seat"], outcome,
                          body["versions"].get(str(change["seat"]), 0), tuple(change["response"]), change["flagged"],
                          change["place"], self.number)
                )  # fmt: skip
        Page._took(self, claim, body)

    def _heed(self, body: dict[str, Any]) -> None:
        Page._heed(self, body)
        if "remaining" in body:
            self.ends_at = time.monotonic() + body["remaining"] / 1_000
        if body.get("newest_claim", 0) > self.claim:
            self.read_only = True
        self.over |= self.state != "in_progress"

    async def _ask(self, kind: str, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Reply | None:
        try:
            reply = await self.connection.ask(method, path, headers, body)
        except Failed as problem:
            self.clock.wrong(f"{kind}: {str(problem).rpartition(' ')[2]}")
            self._failed()
            return None
        self.who.statuses[reply.status] = self.who.statuses.get(reply.status, 0) + 1
        self.clock.note(kind, reply.seconds)
        if reply.status >= 500 or reply.status == 429:
            self.clock.wrong(f"{kind}: {reply.status}")
            self._failed()
            return None
        self.failures = 0
        return reply

    def _failed(self) -> None:
        self.failures += 1
        self.shows = "offline"

    async def _wait(self) -> None:
        """Longer after each failure and never in step with others; not at all once somebody wakes it."""
        wait = min(FIRST_WAIT * 2 ** max(self.failures - 1, 0), LONGEST_WAIT) * (0.5 + self.chance.random())
        self.woken.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.woken.wait(), wait)
