"""The loads that are promised: saves, starts, finishes, and a steady day."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import psycopg

from deploy.processes import memory, processor_seconds
from deploy.stack import Stack
from tests.load import people, truth
from tests.load.figures import Clockwork, Figures, Stretches, machine, promise
from tests.load.page import Page, Person
from tests.load.wire import Connection, Failed

CONNECTIONS = 32
PATIENCE = 90.0  # seconds in which due sittings must be scored before the run gives up


@dataclass
class Run:
    """A stack under load: where it is, how long and how much, and the chance that everything follows from."""

    stack: Stack
    exam: str = "MLA-C01"
    seconds: float = 10.0
    count: int = 3_000
    seed: int = 1
    say: Callable[[str], object] = lambda _: None
    clock: Clockwork = field(default_factory=Clockwork)
    connections: list[Connection] = field(default_factory=list)

    @property
    def database(self) -> str:
        return self.stack.database_url

    @property
    def key(self) -> str:
        return (self.stack.folder / "secrets" / "secret_key").read_text().strip()

    def people(self, count: int) -> list[Person]:
        return people.make_people(self.database, self.key, count)

    def page(self, person: Person, clock: Clockwork | None = None) -> Page:
        chance = random.Random(f"{self.seed}-{person.user}")
        return Page(person, self.connection(), clock or self.clock, chance)

    def connection(self) -> Connection:
        self.connections.append(Connection(self.stack.url))
        return self.connections[-1]

    async def carry_out(self, scenario: Callable[[Run], Awaitable[Figures]]) -> Figures:
        """The scenario's figures; every connection is closed afterwards."""
        try:
            return await scenario(self)
        finally:
            await asyncio.gather(*(connection.shut() for connection in self.connections))
            self.connections.clear()

    def used(self) -> dict[str, float]:
        """Processor seconds of each program so far."""
        return {name: processor_seconds(program.pid) for name, program in self.stack.programs.items()}


def told(name: str, run: Run, promises: list[dict[str, Any]], more: Figures, clock: Clockwork | None = None) -> Figures:
    clock = clock or run.clock
    return {
        "scenario": name,
        "machine": machine(),
        "promises": promises,
        "requests": {kind: clock.spread(kind) for kind in sorted(clock.seconds)},
        "more": more,
        "trouble": dict(clock.trouble.most_common(10)),
    }


# ---- saves ---------------------------------------------------------------------------------------------------------


async def saves(run: Run) -> Figures:
    """As fast as 32 connections can: saving one answer and the bare view in turns, so that both meet one machine."""
    with psycopg.connect(run.database) as connection:
        connection.execute(people.BARE_TABLE)
    exam = people.bank(run.database, run.exam)
    candidates = run.people(CONNECTIONS)
    people.give_sittings(run.database, exam, candidates)
    pages = [run.page(person) for person in candidates]
    await asyncio.gather(*(page.open() for page in pages))
    run.clock.seconds.clear()
    turns, done = 6, {"save": 0, "bare": 0}
    spent = dict.fromkeys(done, 0.0)
    costs: dict[str, dict[str, float]] = {name: {} for name in done}
    for turn in range(2 * turns):
        kind = ("bare", "save")[turn % 2]
        before, start = run.used(), time.perf_counter()
        until = start + run.seconds / turns
        act = save_until if kind == "save" else bare_until
        done[kind] += sum(await asyncio.gather(*(act(page, until) for page in pages)))
        spent[kind] += time.perf_counter() - start
        for name, seconds in run.used().items():
            costs[kind][name] = costs[kind].get(name, 0.0) + seconds - before[name]
    rate = {kind: done[kind] / spent[kind] for kind in done}
    missing = truth.lost(run.database, pages)
    spread = run.clock.spread("changes")
    return told(
        "saves",
        run,
        [
            promise("throughput against the bare view", round(rate["save"] / rate["bare"], 3), least=0.70),
            promise("save at 32 connections, p99: ms", spread["p99"], most=100),
            promise("acknowledged answers that are not stored", len(missing), most=0),
        ],
        {
            "saves a second": round(rate["save"]),
            "bare view, requests a second": round(rate["bare"]),
            "processor ms for a save, by program": per_request(costs["save"], done["save"]),
            "processor ms for the bare view, by program": per_request(costs["bare"], done["bare"]),
            "connections": len(pages),
            "lost": missing[:5],
        },
    )


async def save_until(page: Page, until: float) -> int:
    done = 0
    while time.perf_counter() < until:
        seat = page.chance.choice(page.person.seats)
        page.put(seat, seat.response(page.chance), flagged=page.chance.random() < 0.1)
        if await page.flush():
            done += 1
    return done


async def bare_until(page: Page, until: float) -> int:
    done = 0
    headers = {
        "Cookie": f"sessionid={page.person.cookie}; csrftoken={page.csrf}",
        "X-CSRFToken": page.csrf,
        "Content-Type": "application/json",
    }
    while time.perf_counter() < until:
        seat = page.chance.choice(page.person.seats)
        body = {"seat": seat.number, "response": seat.response(page.chance)}
        try:
            reply = await page.connection.ask("POST", "/load/bare/", headers, json.dumps(body).encode())
        except Failed as problem:
            page.clock.wrong(str(problem))
            continue
        page.clock.note("bare", reply.seconds)
        if reply.status == 200:
            done += 1
        else:
            page.clock.wrong(f"bare: {reply.status}")
    return done


def per_request(costs: dict[str, float], requests: int) -> dict[str, float]:
    grouped: dict[str, float] = {}
    for name, seconds in costs.items():
        group = name.partition("-")[0]
        grouped[group] = grouped.get(group, 0.0) + seconds
    return {name: round(seconds / max(requests, 1) * 1_000, 2) for name, seconds in grouped.items()}


# ---- starts --------------------------------------------------------------------------------------------------------


async def starts(run: Run) -> Figures:
    """Begin as fast as 32 connections can; then everybody within a minute, each with the page that follows."""
    rush = run.people(max(CONNECTIONS, run.count // 3))
    crowd = run.people(run.count)
    waiting, fast = list(rush), Clockwork()
    before, start = run.used(), time.perf_counter()
    until = start + run.seconds

    async def press() -> int:
        done = 0
        connection = run.connection()
        while waiting and time.perf_counter() < until:
            page = run.page(waiting.pop(), fast)
            page.connection = connection
            done += await page.begin(run.exam)
        return done

    begun = sum(await asyncio.gather(*(press() for _ in range(CONNECTIONS))))
    rate = begun / (time.perf_counter() - start)
    costs = {name: seconds - before[name] for name, seconds in run.used().items()}
    for what, count in fast.trouble.items():
        run.clock.trouble[what] += count
    window = 60.0 * run.count / 3_000
    run.say(f"{run.count} candidates press Begin within {window:.0f} s")

    async def arrive(person: Person) -> bool:
        page = run.page(person)
        await asyncio.sleep(page.chance.uniform(0, window))
        if not await page.begin(run.exam):
            return False
        await page.open()
        await page.connection.shut()
        return True

    start = time.perf_counter()
    arrived = sum(await asyncio.gather(*(arrive(person) for person in crowd)))
    took = time.perf_counter() - start
    again = sum(await asyncio.gather(*(second_click(run, person) for person in crowd[:20] if person.sitting)))
    with psycopg.connect(run.database) as connection:
        row = connection.execute(
            "SELECT count(*), count(DISTINCT user_id) FROM exams_sitting WHERE user_id = ANY(%s)",
            [[person.user for person in (*rush, *crowd)]],
        ).fetchone() or (0, 0)
    return told(
        "starts",
        run,
        [
            promise("sittings begun a second", round(rate), least=200),
            promise(f"of {run.count} within {window:.0f} s: begun", arrived, least=run.count),
            promise("Begin, p99: ms", run.clock.spread("begin")["p99"], most=1_000),
            promise("sittings too many", row[0] - row[1], most=0),
            promise("sittings that a second click opened", again, most=0),
        ],
        {
            "begun at 32 connections": begun,
            "Begin at 32 connections": fast.spread("begin"),
            "processor ms for a begin, by program": per_request(costs, begun),
            "until the last one had the page: s": round(took, 1),
            "sittings in the database": row[0],
        },
    )


async def second_click(run: Run, person: Person) -> bool:
    """Whether pressing Begin again leads to another sitting."""
    first = person.sitting
    page = run.page(person)
    await page.begin(run.exam)
    return page.person.sitting != first


# ---- finishes ------------------------------------------------------------------------------------------------------


async def finishes(run: Run, *, beat_down: bool = False, grace: int = 3) -> Figures:
    """Everybody reaches the same deadline with no page open any more: the sweep alone ends, closes and scores."""
    exam = people.bank(run.database, run.exam)
    candidates = run.people(run.count)
    lead = dt.timedelta(seconds=5 + run.count / 300)
    deadline = dt.datetime.now(dt.UTC) + lead
    people.give_sittings(run.database, exam, candidates, deadline=deadline, grace=grace, answered=True)
    sittings = people.sittings_of(candidates)
    beat = run.stack.programs["beat"]
    if beat_down:
        run.say("beat is killed")
        beat.kill()
    closes = deadline + dt.timedelta(seconds=grace)
    before = run.used() if not beat_down else {}
    await asyncio.sleep(max(0.0, (closes - dt.datetime.now(dt.UTC)).total_seconds()))
    late = (dt.datetime.now(dt.UTC) - closes).total_seconds()
    if beat_down:
        await asyncio.sleep(8)
        scored_meanwhile = truth.count_scored(run.database, sittings)
        run.say("beat comes back")
        beat.start()
    since = time.perf_counter()
    while (done := truth.count_scored(run.database, sittings)) < len(sittings):
        if time.perf_counter() - since > PATIENCE:
            break
        await asyncio.sleep(0.25)
    took = time.perf_counter() - since + late
    await asyncio.sleep(6)  # another sweep comes, and must find nothing left to do
    found = truth.scored(run.database, sittings)
    name = "finishes, beat down at the deadline" if beat_down else "finishes"
    costs = {} if beat_down else {each: seconds - before[each] for each, seconds in run.used().items()}
    return told(
        name,
        run,
        [
            promise("seconds from closing until all are scored" + (", once beat is back" if beat_down else ""),
                    round(took, 1), most=30),
            *(promise(what, count, most=0) for what, count in found.items()),
        ],
        {
            "sittings": len(sittings),
            "scored": done,
            **({"scored while beat was down": scored_meanwhile} if beat_down else
               {"processor ms for a sitting, by program": per_request(costs, len(sittings))}),
        },
    )  # fmt: skip


# ---- a steady day --------------------------------------------------------------------------------------------------


async def day(run: Run, *, every: float = 120.0) -> Figures:
    """Everybody answers at the real pace: a question every two minutes, flags, reloads, heartbeats."""
    exam = people.bank(run.database, run.exam)
    candidates = run.people(run.count)
    people.give_sittings(run.database, exam, candidates, supervised=True)
    pages = [run.page(person) for person in candidates]
    ramp = min(60.0, run.seconds / 4, run.count / 20)
    run.say(f"{run.count} pages open within {max(ramp, run.count / 20):.0f} s")
    gate = asyncio.Semaphore(CONNECTIONS)

    async def arrive(page: Page) -> None:
        async with gate:
            await page.open()

    await asyncio.gather(*(arrive(page) for page in pages))
    opened = run.clock
    run.clock = clock = Clockwork()
    for page in pages:
        page.clock = clock
    rss, stretches, before = [memory_of(run.stack)], Stretches(), run.used()
    until = time.perf_counter() + run.seconds
    beats = [asyncio.create_task(page.beat()) for page in pages]
    try:
        sitters = [asyncio.create_task(sit(page, until, every)) for page in pages]
        stretches.mark()
        while time.perf_counter() < until:
            await asyncio.sleep(min(10.0, run.seconds / 4))
            rss.append(memory_of(run.stack))
            stretches.mark()
        await asyncio.gather(*sitters)
    finally:
        for beat in beats:
            beat.cancel()
        await asyncio.gather(*beats, return_exceptions=True)
    costs = {name: seconds - before[name] for name, seconds in run.used().items()}
    requests = sum(len(each) for each in clock.seconds.values())
    missing = truth.lost(run.database, pages)
    waiting = sum(len(page.pending) for page in pages)
    both = sorted(seconds for kind in ("changes", "pulse", "status") for seconds in clock.seconds.get(kind, []))
    p99 = round(both[int(0.99 * len(both))] * 1_000, 1) if both else 0.0
    warm = rss[len(rss) // 3]
    rows = stretches.rows(clock)
    return told(
        "a steady day",
        run,
        [
            promise("saves and heartbeats, p99: ms", p99, most=150),
            promise("errors", sum(clock.trouble.values()) + sum(opened.trouble.values()), most=0),
            promise("acknowledged answers that are not stored", len(missing), most=0),
            promise("answers that were never acknowledged", waiting, most=0),
            promise("growth of memory, last two thirds: %", round((rss[-1] / warm - 1) * 100, 1), most=10),
        ],
        {
            "sittings": len(pages),
            "seconds": run.seconds,
            "memory of the web instances, MB": [round(value / 1e6) for value in rss],
            "requests a second": round(requests / run.seconds, 1),
            "processor ms for a request, by program": per_request(costs, requests),
            "opening": {kind: opened.spread(kind) for kind in ("page", "claim")},
            "lost": missing[:5],
            "slowest stretches": sorted(rows, key=lambda row: -row["p99"])[:5],
            "median of the stretches' p99": median(row["p99"] for row in rows),
        },
        clock,
    )


async def sit(page: Page, until: float, every: float) -> None:
    """One candidate: now an answer, now only a flag, sometimes the page is loaded again or the laptop is reopened."""
    await asyncio.sleep(min(page.chance.uniform(0, every), max(0.0, until - time.perf_counter())))
    while time.perf_counter() < until:
        seat = page.chance.choice(page.person.seats)
        chance = page.chance.random()
        before = page.shown.get(seat.number)
        if chance < 0.15:  # a flag alone, on whatever stands there
            page.put(seat, before["response"] if before else [], flagged=True)
        else:
            page.put(seat, seat.response(page.chance), flagged=bool(before and before["flagged"]))
        await page.flush()
        if chance > 0.97:
            await page.open()
        elif chance > 0.94:
            await page.status()
        await asyncio.sleep(min(page.chance.uniform(0.5, 1.5) * every, max(0.0, until - time.perf_counter())))


def memory_of(stack: Stack) -> int:
    return sum(memory(stack.programs[name].pid) for name in stack.web)


SCENARIOS: dict[str, list[Callable[[Run], Awaitable[Figures]]]] = {
    "saves": [saves],
    "starts": [starts],
    "finishes": [finishes, lambda run: finishes(run, beat_down=True)],
    "day": [day],
}
