"""Real pages on the production stack, through a line that fails: what the header says is what the database holds.

`tests/faults` does the same to many sittings at once, without browsers. Here a few are looked at closely.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from psycopg.rows import dict_row

from deploy.asking import HOST
from deploy.stack import Stack
from tests.conftest import STACK_EXAM
from tests.e2e.ledger import Acknowledged, Ledger
from tests.e2e.paper import Paper
from tests.e2e.steps import BACKOFF
from tests.faults.audit import ANSWERS, CLAIMS, KEPT
from tests.faults.injector import STARTERS
from tests.faults.relay import Relay
from tests.load import people
from tests.load.page import Person, Seat

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.proxy]

TIMEOUT = 10_000  # milliseconds after which the page gives a request up
DAY = 24 * 60  # minutes

# The wall clock of a laptop, which `moveClock` sets.
CLOCK = """
const now = Date.now;
let moved = 0;
Date.now = () => now() + moved;
window.moveClock = (minutes) => { moved += minutes * 60_000; };
"""

# Everything that the header says about saving, however short: on a working line Offline lasts half a second.
LISTEN_TO_THE_HEADER = """
() => {
  window.said = [];
  const status = document.getElementById("save-status");
  const listen = () => window.said.push(status.textContent.trim());
  new MutationObserver(listen).observe(status, { childList: true, characterData: true, subtree: true });
}
"""


class Line:
    """The relay in a thread of its own, as the browser's test has no loop to spare."""

    def __init__(self, port: int) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.relay = Relay(port, seed=1)
        asyncio.run_coroutine_threadsafe(self.relay.start(), self.loop).result(10)

    def do(self, act: Callable[[], None]) -> None:
        """Carry out something of the relay's in its loop."""

        async def within() -> None:
            act()

        asyncio.run_coroutine_threadsafe(within(), self.loop).result(10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.relay.stop(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture
def line(stack: Stack) -> Iterator[Line]:
    made = Line(stack.port)
    yield made
    made.stop()


@pytest.fixture
def person(stack: Stack) -> Person:
    """A candidate with a sitting that has just begun."""
    key = (stack.folder / "secrets" / "secret_key").read_text().strip()
    (made,) = people.make_people(stack.database_url, key, 1)
    people.give_sittings(stack.database_url, people.bank(stack.database_url, STACK_EXAM), [made])
    return made


@pytest.fixture
def device(browser: Browser, line: Line, person: Person) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=line.relay.url, locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(BACKOFF)
    context.add_init_script(CLOCK)
    context.add_cookies([{"name": "sessionid", "value": person.cookie, "domain": HOST, "path": "/"}])
    yield context
    context.close()


@pytest.fixture
def ledger(device: BrowserContext) -> Ledger:
    made = Ledger()
    made.follow(device)
    return made


@pytest.fixture
def paper(device: BrowserContext, ledger: Ledger, person: Person) -> Paper:
    page = device.new_page()
    page.goto(f"/sittings/{person.sitting}/")
    expect(page.locator("body[data-ready]")).to_be_attached(timeout=BACKOFF)
    return Paper(page)


def choices(person: Person, count: int) -> list[Seat]:
    return [seat for seat in person.seats if seat.kind == "multiple_choice"][:count]


def give(paper: Paper, seat: Seat, place: int = 0) -> None:
    paper.go(seat.number)
    paper.page.locator(f"#q{seat.number} label:has(input[value='{seat.tokens[place]}'])").click()


def stored(stack: Stack, person: Person) -> dict[int, list[str]]:
    with psycopg.connect(stack.database_url, row_factory=dict_row) as connection:
        rows = connection.execute(ANSWERS, [[person.sitting]]).fetchall()
    return {row["seat"]: row["response"] for row in rows if row["response"]}


def assert_true(stack: Stack, person: Person, paper: Paper, ledger: Ledger, given: dict[int, list[str]]) -> None:
    """The header says saved, everything given was acknowledged, and the database has it, each change once."""
    expect(paper.status).to_contain_text("Saved")
    told: dict[int, Acknowledged] = {}
    for entry in ledger.entries:
        if entry.touched and entry.response:
            told[entry.seat] = entry
    assert {seat: list(entry.response) for seat, entry in told.items()} == given
    assert stored(stack, person) == given
    with psycopg.connect(stack.database_url, row_factory=dict_row) as connection:
        spans = {row["number"]: row["spans"] or [] for row in connection.execute(CLAIMS, [[person.sitting]])}
        assert connection.execute(KEPT, [[person.sitting]]).fetchall() == []
    for entry in ledger.entries:
        assert any(start <= entry.sequence < stop for start, stop in spans[entry.claim]), entry


@pytest.mark.parametrize("direction", ["up", "down"])
def test_half_open_connections(
    direction: str, stack: Stack, person: Person, paper: Paper, ledger: Ledger, line: Line
) -> None:
    """Nobody tells the browser that its connection is dead: it waits, says so, and sends again on another one.

    Over HTTP/1.1, as here, a browser may keep six connections, and each that is dead costs it ten seconds: here one is.
    """
    paper.shelved()  # what the page fetches for that would take the dead connection
    first, second = choices(person, 2)
    give(paper, first)
    paper.saved(BACKOFF)
    line.do(lambda: line.relay.half_open(direction, alone=True))
    paper.page.evaluate(LISTEN_TO_THE_HEADER)
    give(paper, second)
    paper.page.wait_for_function(
        "() => said.includes('Offline: 1 answer waits on this device')", timeout=TIMEOUT + BACKOFF
    )
    paper.saved(BACKOFF)
    said = paper.page.evaluate("said")
    assert said.index("Saving …") < said.index("Offline: 1 answer waits on this device")
    assert_true(stack, person, paper, ledger, {seat.number: [seat.tokens[0]] for seat in (first, second)})
    # What came up a dead line down was stored at once, and the second time was known.
    outcomes = {entry.outcome for entry in ledger.entries if entry.seat == second.number}
    assert ("duplicate" in outcomes) == (direction == "down")


def test_a_third_of_packets_lost_and_two_seconds_of_latency(
    stack: Stack, person: Person, paper: Paper, ledger: Ledger, line: Line
) -> None:
    seats = choices(person, 6)
    line.do(line.relay.slow)
    line.do(line.relay.lossy)
    for place, seat in enumerate(seats):
        give(paper, seat, place % 4)
        assert paper.status.get_attribute("data-state") in ("saving", "offline")
        paper.page.wait_for_timeout(400)
    paper.saved(2 * BACKOFF)
    assert_true(stack, person, paper, ledger, {s.number: [s.tokens[place % 4]] for place, s in enumerate(seats)})


def test_a_web_process_is_killed_amid_answers(stack: Stack, person: Person, paper: Paper, ledger: Ledger) -> None:
    """One instance, then the other: whoever is left serves."""
    seats = choices(person, 8)
    one, other = (stack.programs[name] for name in stack.web)
    for place, seat in enumerate(seats):
        if place == 2:
            one.kill()
        if place == 5:
            one.start()
            one.wait(90)
            other.kill()
        give(paper, seat)
    other.start()
    other.wait(90)
    paper.saved(BACKOFF)
    assert_true(stack, person, paper, ledger, {seat.number: [seat.tokens[0]] for seat in seats})


def test_a_deploy_in_the_middle_of_a_sitting(stack: Stack, person: Person, paper: Paper, ledger: Ledger) -> None:
    """Both instances are restarted, one after the other, and somebody goes on answering."""
    seats = choices(person, 24)
    given: dict[int, list[str]] = {}
    done = STARTERS.submit(lambda: [stack.programs[name].restart(90) for name in stack.web])
    place = 0
    while not done.done() or place < 4:
        seat = seats[place % len(seats)]
        response = [seat.tokens[place // len(seats) % 4]]
        give(paper, seat, place // len(seats) % 4)
        given[seat.number] = response
        place += 1
        paper.page.wait_for_timeout(250)
        if place % 5 == 0:
            paper.saved(BACKOFF)  # in the middle of it, too
            assert stored(stack, person) == given
    done.result()
    paper.saved(BACKOFF)
    assert_true(stack, person, paper, ledger, given)


@pytest.mark.parametrize("minutes", [DAY, -DAY], ids=["a-day-ahead", "a-day-behind"])
def test_a_laptop_whose_clock_is_a_day_off(
    minutes: int, stack: Stack, person: Person, paper: Paper, ledger: Ledger, line: Line
) -> None:
    """The exam neither ends nor grows, and an answer given without a network counts when it comes."""
    first, second, third = choices(person, 3)
    before = paper.shown_left
    began = time.monotonic()
    paper.page.evaluate("minutes => moveClock(minutes)", minutes)
    give(paper, first)
    paper.saved(BACKOFF)
    right_time(paper, before.total_seconds() - (time.monotonic() - began))
    line.do(line.relay.cut)
    give(paper, second)
    expect(paper.status).to_contain_text("Offline: 1 answer waits", timeout=BACKOFF)
    line.do(line.relay.mend)
    paper.page.evaluate("dispatchEvent(new Event('online'))")
    paper.saved(BACKOFF)
    paper.page.reload()
    paper.ready()
    give(paper, third)
    paper.saved(BACKOFF)
    right_time(paper, before.total_seconds() - (time.monotonic() - began))
    assert_true(stack, person, paper, ledger, {seat.number: [seat.tokens[0]] for seat in (first, second, third)})


def right_time(paper: Paper, seconds: float) -> None:
    """The countdown shows what the server's clock leaves, give or take a busy machine's pause."""
    assert abs(paper.shown_left.total_seconds() - seconds) < 5
