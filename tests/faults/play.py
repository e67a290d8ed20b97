"""Exams that are sat while everything goes wrong: candidates, a line with faults of its own for each window, and the
injector; then everything is mended, what waits is sent, and the books are compared."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg

from deploy.stack import Stack
from tests.faults.audit import Audit, audit_of
from tests.faults.disk import Disk
from tests.faults.injector import Injector
from tests.faults.relay import ONCE, Relay
from tests.faults.window import Candidate, Window
from tests.load import people
from tests.load.figures import Clockwork
from tests.load.page import Person
from tests.load.wire import Connection

GRACE = 12  # seconds
SEATS = 14  # on which answers meet
SETTLED = 120.0  # seconds in which everything must be sent and scored once everything works again
PAUSE = (0.2, 1.0)  # seconds between faults of machines
PROGRESS = 20.0  # seconds in which something should be acknowledged after a fault
SHORTEN = """
UPDATE exams_sitting SET started_at = %s - limit_minutes * interval '1 minute', deadline = %s
WHERE id = ANY(%s) AND state = 'in_progress'
"""
DAY = 86_400_000  # milliseconds


@dataclass
class Played:
    """What one round did and found."""

    seed: object
    faults: Counter[str] = field(default_factory=Counter)
    found: Audit = field(default_factory=Audit)
    stuck: list[str] = field(default_factory=list)  # not sent or not scored in good time
    statuses: Counter[int] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    reloads: int = 0  # pages that were loaded again, which is no fault
    seconds: float = 0.0
    log: list[str] = field(default_factory=list)

    @property
    def breaches(self) -> list[str]:
        return [*self.found.breaches, *self.stuck]

    def report(self) -> str:
        return "\n".join([f"Seed {self.seed}:", *self.breaches[:40], "What happened:", *self.log])


class Round:
    """So many candidates who answer for some `seconds` and reach their deadlines then, on a stack that runs."""

    def __init__(self, stack: Stack, disk: Disk, *, exam: str, seed: int, count: int, seconds: float) -> None:
        self.stack, self.seed, self.seconds = stack, seed, seconds
        self.random = random.Random(seed)
        self.injector = Injector(stack, disk, seed=seed)
        self.candidates: list[Candidate] = []
        self.windows: dict[int, list[Window]] = {}
        self.relays: list[Relay] = []
        self.mishaps: Counter[str] = Counter()  # on the candidates' side
        self.reloads = 0
        self.exam, self.count = exam, count
        self.clock = Clockwork()
        self.healed = False

    async def run(self, *, machines: Sequence[str] = (), at_the_end: Sequence[str] = ()) -> Played:
        """Play it. `machines` names the faults of machines that happen while everybody answers, `at_the_end` those
        around the deadlines; without names they come by chance, for so many seconds and until half of the grace."""
        began = time.monotonic()
        played = Played(self.seed)
        keeper = asyncio.create_task(self.injector.keep())
        try:
            await self._prepare()
            lives = [asyncio.create_task(self._live(candidate)) for candidate in self.candidates]
            await until(lambda: all(self.windows[place][0].claim for place in range(self.count)), SETTLED)
            network = asyncio.create_task(self._network())
            enough = time.monotonic() + self.seconds
            await self._inject(machines, lambda: time.monotonic() > enough)
            await self._shorten()
            await self._inject(at_the_end, self._passed)
            await until(self._passed, SETTLED)
            self.healed = True
            await network
            await self.injector.heal()
            for relay in self.relays:
                relay.mend()
                relay.hang_up()  # also what is half dead
            self._wake()
            await asyncio.gather(*lives)
            played.stuck += await self._settle()
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            await self._close()
            if not self.healed:  # others use the stack after us
                await self.injector.heal()
        played.found = await asyncio.to_thread(audit_of, self.stack.database_url, self.candidates)
        self._count(played)
        played.seconds = time.monotonic() - began
        return played

    async def _inject(self, names: Sequence[str], over: Callable[[], bool]) -> None:
        """Faults by name, each after something has been acknowledged again; or by chance until it is over."""
        if not names:
            await self.injector.run(over, PAUSE)
        for name in names:
            before = self._acknowledged()
            await self.injector.inject(name)
            with suppress(TimeoutError):
                await until(lambda before=before: self._acknowledged() > before + 3, PROGRESS)  # type: ignore[misc]

    def _acknowledged(self) -> int:
        return sum(len(candidate.entries) for candidate in self.candidates)

    def _count(self, played: Played) -> None:
        played.faults = self.injector.done + self.mishaps
        played.reloads = self.reloads
        for relay in self.relays:
            played.faults += relay.done
        for candidate in self.candidates:
            played.statuses.update(candidate.statuses)
            played.outcomes.update(entry.outcome for entry in candidate.entries)
        played.log = [*self.injector.said, *(f"{count} × {what}" for what, count in self.clock.trouble.most_common(30))]

    # ---- getting ready -----------------------------------------------------------------------------------------

    async def _prepare(self) -> None:
        database, key = self.stack.database_url, (self.stack.folder / "secrets" / "secret_key").read_text().strip()

        def make() -> list[Person]:
            found = people.make_people(database, key, self.count)
            people.give_sittings(database, people.bank(database, self.exam), found, grace=GRACE)
            return found

        for place, person in enumerate(await asyncio.to_thread(make)):
            candidate = Candidate(person)
            self.candidates.append(candidate)
            self.windows[place] = []
            for number in range(2 if place % 4 == 3 else 1):
                await self._window(candidate, place, number)

    async def _window(self, candidate: Candidate, place: int, number: int) -> None:
        name = f"{self.seed} {place} {number}"
        relay = Relay(self.stack.port, seed=name)
        await relay.start()
        window = Window(candidate.person, Connection(relay.url), self.clock, random.Random(name), candidate=candidate,
                        number=number)  # fmt: skip
        self.windows[place].append(window)
        self.relays.append(relay)

    async def _shorten(self) -> None:
        """The deadlines come near, at four moments. Whoever has a line hears of it with the next reply."""

        def change() -> bool:
            with suppress(psycopg.OperationalError), psycopg.connect(self.stack.database_url) as connection:
                now = dt.datetime.now(dt.UTC)
                for part in range(4):
                    self.last = now + dt.timedelta(seconds=3 + 2 * part)
                    connection.execute(SHORTEN, [self.last, self.last, [c.sitting for c in self.candidates[part::4]]])
                return True
            return False

        while not await asyncio.to_thread(change):
            await asyncio.sleep(0.2)

    def _passed(self) -> bool:
        """The last deadline, and half of the grace."""
        return dt.datetime.now(dt.UTC) > self.last + dt.timedelta(seconds=GRACE / 2)

    def _wake(self) -> None:
        for windows in self.windows.values():
            for window in windows:
                window.failures = min(window.failures, 1)
                window.wake()

    # ---- the candidates ----------------------------------------------------------------------------------------

    async def _live(self, candidate: Candidate) -> None:
        """Open the exam, answer until it is over, end it; some just go away."""
        place = self.candidates.index(candidate)
        window, *others = self.windows[place]
        chance = random.Random(f"life {self.seed} {place}")
        await window.arrive()
        carriers = {0: asyncio.create_task(window.carry())}
        vanishes, early = chance.random() < 0.15, chance.random() < 0.1
        while window.left > 0 and not window.over:
            await asyncio.sleep(min(chance.uniform(0.1, 0.9), max(window.left, 0.01)))
            action = chance.random()
            if window.read_only or (others and action < 0.05):
                await self._take_over(candidate, place, window, others, carriers)
                if others:
                    window, *others = [others[0], window, *others[1:]]
            elif action < 0.08:
                await self._reload(window, carriers)
            elif action < 0.12:
                self._set_clock(window, chance)
            elif early and candidate.places > 12:
                break
            else:
                self._answer(window, chance)
        for one in self.windows[place]:
            one.closing = True
            one.wake()
        await asyncio.gather(*carriers.values())
        if not vanishes or early:
            expired = window.left <= 0 or window.over
            candidate.asked |= not expired
            await window.finish(expired=expired, patience=SETTLED + self.seconds)

    def _answer(self, window: Window, chance: random.Random) -> None:
        seat = chance.choice(window.person.seats[:SEATS] if chance.random() < 0.8 else window.person.seats)
        before = window.shown.get(seat.number)
        if chance.random() < 0.15:
            window.act(seat, before["response"] if before else [], flagged=True)
        else:
            window.act(seat, seat.response(chance), flagged=bool(before and before["flagged"]))

    async def _reload(self, window: Window, carriers: dict[int, asyncio.Task[None]]) -> None:
        """The page goes, what waits on the device stays, and the page comes again."""
        self.reloads += 1
        await self._pause(window, carriers)
        await window.arrive()
        carriers[window.number] = asyncio.create_task(window.carry())

    async def _take_over(self, candidate: Candidate, place: int, window: Window, others: list[Window],
                         carriers: dict[int, asyncio.Task[None]]) -> None:  # fmt: skip
        """The other device opens the exam, or takes it back."""
        chosen = others[0] if others else window
        self.mishaps["taken over by another device"] += 1
        candidate.contested |= bool(others)
        await self._pause(chosen, carriers)
        await chosen.arrive()
        carriers[chosen.number] = asyncio.create_task(chosen.carry())

    @staticmethod
    async def _pause(window: Window, carriers: dict[int, asyncio.Task[None]]) -> None:
        window.closing = True
        window.wake()
        if window.number in carriers:
            await carriers.pop(window.number)
        window.closing = False

    def _set_clock(self, window: Window, chance: random.Random) -> None:
        """A clock that is a day ahead or behind, or jumps by minutes."""
        kind, skew = chance.choice([("a day ahead", -DAY), ("a day behind", DAY), ("stepping", 0)])
        window.skew = skew if skew else chance.choice([-1, 1]) * chance.randrange(60_000, 1_200_000)
        self.mishaps[f"client's clock {kind}"] += 1

    # ---- the network ---------------------------------------------------------------------------------------------

    async def _network(self) -> None:
        """Somebody's line fails, all the time."""
        over: list[asyncio.Task[None]] = []
        while not self.healed:
            relay = self.random.choice(self.relays)
            over.append(asyncio.create_task(self._disturb(relay)))
            await asyncio.sleep(self.random.uniform(0.1, 0.5))
        for task in over:
            task.cancel()
        await asyncio.gather(*over, return_exceptions=True)

    async def _disturb(self, relay: Relay) -> None:
        chance = self.random.random()
        if chance < 0.55:
            relay.once.append(self.random.choice(ONCE))
        elif chance < 0.70:
            relay.half_open(self.random.choice(["up", "down"]))
        elif chance < 0.78:
            relay.reset()
        else:
            start = self.random.choice([relay.cut, relay.slow, relay.lossy])
            start()
            await asyncio.sleep(self.random.uniform(0.5, 6))
            relay.mend()

    # ---- the end -------------------------------------------------------------------------------------------------

    async def _settle(self) -> list[str]:
        """Everything works again: what waits anywhere is sent, and every sitting is scored."""
        stuck = []
        windows = [window for windows in self.windows.values() for window in windows if window.claim]
        sent = await asyncio.gather(*(self._come_back(window) for window in windows))
        stuck += [f"{window.person.sitting}: {len(window.pending)} wait still" for window, done in
                  zip(windows, sent, strict=True) if not done]  # fmt: skip
        sittings = [candidate.sitting for candidate in self.candidates]
        until = time.monotonic() + SETTLED
        while await asyncio.to_thread(unscored, self.stack.database_url, sittings) and time.monotonic() < until:
            await asyncio.sleep(0.5)
        left = await asyncio.to_thread(unscored, self.stack.database_url, sittings)
        return [*stuck, *(f"{sitting} is not scored" for sitting in left)]

    async def _come_back(self, window: Window) -> bool:
        """Somebody opens the page again in a browser in which something waits."""
        window.closing = False
        if window.pending:
            with suppress(TimeoutError):
                await asyncio.wait_for(window.arrive(), SETTLED)
        return await window.empty(SETTLED)

    async def _close(self) -> None:
        for windows in self.windows.values():
            for window in windows:
                window.closing = True
                await window.connection.shut()
        await asyncio.gather(*(relay.stop() for relay in self.relays))


async def until(what: Callable[[], bool], patience: float) -> None:
    """Wait for something. Raises TimeoutError."""
    async with asyncio.timeout(patience):
        while not what():
            await asyncio.sleep(0.05)


def unscored(database: str, sittings: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT id FROM exams_sitting WHERE id = ANY(%s) AND (state <> 'closed' OR NOT EXISTS"
            " (SELECT 1 FROM scoring_result r WHERE r.sitting_id = exams_sitting.id))",
            [list(sittings)],
        )
        return [row[0] for row in rows]
