"""The loads of `make load`, small and seeded: what was acknowledged is stored, nothing is there twice or missed.

How fast it is says nothing here, because other tests run beside it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.load import people, truth
from tests.load.figures import Clockwork, Figures, table
from tests.load.scenarios import Run, day, finishes, saves, starts
from tests.load.wire import Connection, NotLoopback

pytestmark = [pytest.mark.redis, pytest.mark.proxy]

# A process that has driven a browser has a loop running in its main thread. This one stays until the end, because
# what it has started ends with it.
APART = ThreadPoolExecutor(max_workers=1)
SPEED = ("throughput", "p99", "a second", "seconds from", "memory")  # promises that are none here


def correct(found: Figures) -> None:
    """Every promise is kept that is not one of speed, and every table can be shown and written down."""
    assert table(found).startswith(found["scenario"])
    assert json.loads(json.dumps(found)) == found
    broken = [
        each for each in found["promises"] if not each["kept"] and not any(word in each["what"] for word in SPEED)
    ]
    assert broken == [], found


def play(scenario: Callable[[Run], Awaitable[Figures]], run: Run) -> Figures:
    return APART.submit(lambda: asyncio.run(run.carry_out(scenario))).result()


def test_every_acknowledged_save_is_stored(run):
    found = play(saves, run)
    correct(found)
    assert found["requests"]["changes"]["count"] > 32
    assert found["requests"]["bare"]["count"] > 32
    assert found["trouble"] == {}


def test_everybody_who_begins_has_one_sitting(run):
    run.seconds = 2.0
    found = play(starts, run)
    correct(found)
    assert found["requests"]["claim"]["count"] == run.count
    assert found["trouble"] == {}


def test_whoever_reaches_the_deadline_is_scored_once(run):
    found = play(finishes, run)
    correct(found)
    assert found["more"]["scored"] == run.count
    verified = json.loads(run.stack.manage("verify_results", run.exam, "--json"))  # fails where one differs
    assert verified["results"] >= run.count


def test_whoever_reaches_the_deadline_while_beat_is_down_is_scored_when_it_is_back(run):
    found = play(lambda run: finishes(run, beat_down=True), run)
    correct(found)
    assert found["more"]["scored while beat was down"] == 0
    assert found["more"]["scored"] == run.count


def test_a_day_passes_without_an_error(run):
    run.seconds = 8.0
    found = play(lambda run: day(run, every=2.0), run)
    correct(found)
    assert found["requests"]["changes"]["count"] > run.count
    assert found["trouble"] == {}


def test_an_answer_that_is_not_acknowledged_stays_in_the_outbox_and_arrives_once(run):
    exam = people.bank(run.database, run.exam)
    (person,) = run.people(1)
    people.give_sittings(run.database, exam, [person])
    page = run.page(person)

    async def act(_: Run) -> Figures:
        await page.open()
        seat = person.seats[0]
        page.put(seat, seat.response(page.chance))
        for name in run.stack.web:
            run.stack.programs[name].kill()
        reply = asyncio.create_task(page.flush())
        await asyncio.sleep(0.5)
        assert page.pending
        for name in run.stack.web:
            run.stack.programs[name].start()
        assert await reply
        await page.open()  # a reload: a new claim with numbers of its own
        page.put(seat, seat.response(page.chance), flagged=True)
        assert await page.flush()
        return {}

    play(act, run)
    for name in run.stack.web:
        run.stack.programs[name].wait(60)
    assert truth.lost(run.database, [page]) == []
    assert set(page.outcomes) <= {"applied", "duplicate"}
    assert page.versions[person.seats[0].number] == 2


def test_a_lost_answer_would_be_noticed(run):
    exam = people.bank(run.database, run.exam)
    (person,) = run.people(1)
    people.give_sittings(run.database, exam, [person])
    page = run.page(person)
    page.ledger[1] = (["zzzz"], False)
    assert len(truth.lost(run.database, [page])) == 1
    assert truth.scored(run.database, people.sittings_of([person]))["missed"] == 1


@pytest.mark.parametrize(
    "url", ["http://198.51.100.7:80", "http://localhost:8000", "https://127.0.0.1:443", "http://127.0.0.1"]
)
def test_load_goes_nowhere_but_to_this_machine(url):
    with pytest.raises(NotLoopback):
        Connection(url)


def test_percentiles_are_those_of_all_requests():
    clock = Clockwork()
    for number in range(1, 101):
        clock.note("save", number / 1_000)
    assert clock.spread("save") == {"count": 100, "p50": 51.0, "p95": 96.0, "p99": 100.0, "slowest": 100.0}
