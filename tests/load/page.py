"""A candidate's page as the server knows it: claim, sequence numbers, versions, an outbox that is sent until it is
acknowledged, reloads and heartbeats. What static/js/sitting/{outbox,channel,pulse}.js do, without a screen."""

from __future__ import annotations

import asyncio
import json
import random
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.load.figures import Clockwork
from tests.load.wire import Connection, Failed, Reply

FIRST_WAIT, LONGEST_WAIT = 0.7, 15.0  # seconds between attempts, as channel.js has them
PULSE = (12.0, 17.0)
LEFT = 3_600_000


@dataclass(frozen=True, slots=True)
class Seat:
    """A place on the form with the tokens of its options and how many of them make an answer."""

    number: int
    kind: str
    tokens: tuple[str, ...]
    slots: int

    def response(self, chance: random.Random) -> list[str]:
        """Some complete answer."""
        if self.kind == "matching":
            return [chance.choice(self.tokens) for _ in range(self.slots)]
        chosen = chance.sample(self.tokens, self.slots)
        return chosen if self.kind == "ordering" else sorted(chosen, key=self.tokens.index)


@dataclass(slots=True)
class Person:
    """Somebody with a session, and the sitting, if there is one yet."""

    user: int
    cookie: str
    sitting: uuid.UUID | None = None
    seats: tuple[Seat, ...] = ()


@dataclass(slots=True)
class Page:
    """One window. `clock` notes how long each kind of request took; `ledger` what was acknowledged for each seat."""

    person: Person
    connection: Connection
    clock: Clockwork
    chance: random.Random
    csrf: str = "l" * 32
    claim: int = 0
    last: int = 0
    pending: list[dict[str, Any]] = field(default_factory=list)
    versions: dict[int, int] = field(default_factory=dict)
    shown: dict[int, dict[str, Any]] = field(default_factory=dict)
    ledger: dict[int, tuple[list[str], bool]] = field(default_factory=dict)
    pulse_token: str = ""
    state: str = "in_progress"
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def root(self) -> str:
        return f"/sittings/{self.person.sitting}/"

    async def open(self) -> None:
        """Load the page, or load it again, and become the window that may answer. The outbox outlives a reload."""
        await self._get("page", self.root)
        while not (reply := await self._post("claim", {})):
            await self._pause(1)
        self._opened(reply.json())

    def _opened(self, news: dict[str, Any]) -> None:
        self.claim, self.last = news["claim"], 0
        self.versions |= {int(seat): answer[0] for seat, answer in news["answers"].items()}
        self._heed(news)

    def put(self, seat: Seat, response: list[str], *, flagged: bool = False) -> None:
        """What the candidate does: it waits in the outbox, instead of an earlier change that was never sent."""
        change = {"seat": seat.number, "response": response, "flagged": flagged, "left": LEFT, "spent": 1_000,
                  "base": self.versions.get(seat.number, 0)}  # fmt: skip
        self.shown[seat.number] = change
        waiting = [other for other in self.pending if other["seat"] == seat.number]
        unsent = next((other for other in waiting if not other["claim"]), None)
        if unsent:
            unsent |= change | {"base": unsent["base"]}
            return
        after = [waiting[-1]["claim"], waiting[-1]["sequence"]] if waiting else None
        self.pending.append(change | {"claim": 0, "sequence": 0, "after": after})

    async def flush(self, attempts: int = 40) -> bool:
        """Send what waits until it is acknowledged; whether that was so."""
        for attempt in range(attempts):
            if not self.pending:
                return True
            if not await self._round():
                await self._pause(attempt)
        return not self.pending

    async def _round(self) -> bool:
        claim, changes = self._packet()
        reply = await self._post("changes", {"claim": claim, "at": changes[-1]["seat"], "changes": changes})
        if reply is None:
            return False
        body = reply.json()
        if reply.status == 409:  # the server does not know the claim
            for change in self.pending:
                if change["claim"] == claim:
                    change |= {"claim": 0, "sequence": 0}
            again = await self._post("claim", {})
            if again:
                self._opened(again.json())
            return again is not None
        if reply.status != 200:
            self.clock.wrong(f"changes {reply.status}: {body.get('error', '')}")
            return False
        self._took(claim, body)
        return True

    def _packet(self) -> tuple[int, list[dict[str, Any]]]:
        for change in self.pending:
            if not change["claim"]:
                self.last += 1
                change |= {"claim": self.claim, "sequence": self.last}
        claim = min(change["claim"] for change in self.pending)
        return claim, [self._message(change) for change in self.pending if change["claim"] == claim]

    @staticmethod
    def _message(change: dict[str, Any]) -> dict[str, Any]:
        sent = {name: value for name, value in change.items() if name not in ("claim", "after")}
        after = change["after"]
        return sent | ({"after": after} if after and after[0] != change["claim"] else {})

    def _took(self, claim: int, body: dict[str, Any]) -> None:
        """What the server names has been committed."""
        for change in self.pending:
            outcome = body["acknowledged"].get(str(change["sequence"])) if change["claim"] == claim else None
            if outcome:
                self.outcomes[outcome] += 1
                if outcome != "late":
                    self.ledger[change["seat"]] = (change["response"], change["flagged"])
        gone = body["acknowledged"]
        self.pending = [one for one in self.pending if one["claim"] != claim or str(one["sequence"]) not in gone]
        self.versions |= {int(seat): version for seat, version in body["versions"].items()}
        self._heed(body)

    async def end(self, *, expired: bool = False) -> bool:
        """End exam with everything that waits."""
        for attempt in range(10):
            changes = self._packet()[1] if self.pending else []
            body = {"claim": self.claim, "changes": changes, "sequence": self.last, "expired": expired, "left": 0}
            reply = await self._post("end", body)
            if reply and reply.status == 200:
                self._took(self.claim, reply.json())
                return True
            await self._pause(attempt)
        return False

    async def pulse(self) -> None:
        if self.pulse_token:
            reply = await self._ask("pulse", "GET", f"{self.root}pulse/{self.pulse_token}/", {})
            if reply and reply.status == 200:
                self._heed(reply.json())

    async def beat(self) -> None:
        """A supervised sitting's heartbeat until it is cancelled; under way already, as people come one by one."""
        await asyncio.sleep(self.chance.uniform(0, PULSE[1]))
        while True:
            await self.pulse()
            await asyncio.sleep(self.chance.uniform(*PULSE))

    async def status(self) -> None:
        if reply := await self._post("status", {}):
            self._heed(reply.json())

    def _heed(self, body: dict[str, Any]) -> None:
        self.state = body.get("state", self.state)
        self.pulse_token = body.get("pulse", self.pulse_token)

    async def _pause(self, attempt: int) -> None:
        await asyncio.sleep(min(FIRST_WAIT * 2**attempt, LONGEST_WAIT) * (0.5 + self.chance.random()))

    # ---- requests ----------------------------------------------------------------------------------------------

    async def begin(self, code: str) -> bool:
        """Press Begin; whether a sitting was opened. The address that follows names it."""
        headers = self._signed_in() | {"Content-Type": "application/x-www-form-urlencoded"}
        reply = await self._ask("begin", "POST", f"/exams/{code}/begin/", headers)
        parts = reply.headers.get("location", "").split("/") if reply else []
        if len(parts) < 3 or parts[1] != "sittings":
            self.clock.wrong(f"begin: {reply.status if reply else 'nothing'} to {'/'.join(parts)}")
            return False
        self.person.sitting = uuid.UUID(parts[2])
        return True

    async def _get(self, kind: str, path: str) -> Reply | None:
        reply = await self._ask(kind, "GET", path, self._signed_in() | {"Accept-Encoding": "gzip"})
        if reply and reply.status != 200:
            self.clock.wrong(f"{kind}: {reply.status}")
        return reply

    async def _post(self, kind: str, message: dict[str, Any]) -> Reply | None:
        headers = self._signed_in() | {"Content-Type": "application/json"}
        body = json.dumps(message, separators=(",", ":")).encode()
        reply = await self._ask(kind, "POST", f"{self.root}{kind}/", headers, body)
        is_json = reply is not None and reply.headers.get("content-type", "").startswith("application/json")
        if reply is None or not is_json or reply.status in (401, 403, 404, 429) or reply.status >= 500:
            if reply is not None:
                self.clock.wrong(f"{kind}: {reply.status}")
            return None
        return reply

    def _signed_in(self) -> dict[str, str]:
        return {"Cookie": f"sessionid={self.person.cookie}; csrftoken={self.csrf}", "X-CSRFToken": self.csrf}

    async def _ask(self, kind: str, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Reply | None:
        try:
            reply = await self.connection.ask(method, path, headers, body)
        except Failed as problem:
            self.clock.wrong(f"{kind}: {problem}")
            return None
        self.clock.note(kind, reply.seconds)
        return reply
