"""The seeded share of `make soak` on the production stack: exams are sat while its programs and lines fail."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import psycopg
import pytest
from psycopg.rows import dict_row

from deploy.stack import Stack
from tests.conftest import STACK_EXAM
from tests.faults.audit import audit
from tests.faults.disk import Disk
from tests.faults.play import Played, Round
from tests.faults.window import Candidate

pytestmark = [pytest.mark.redis, pytest.mark.proxy]

SEED = 8
# A full disk needs one that may be filled: `make soak`. A limit on files also stops what the kernel keeps in memory.
MACHINES = ["web process killed", "database restarted", "Redis full, noeviction", "web instance killed",
            "connection pools exhausted", "proxy killed", "Redis killed"]  # fmt: skip
AT_THE_END = ["worker killed", "beat killed", "database killed"]

AGAIN = """
INSERT INTO exams_event (sitting_id, number, at, kind, by, staff, seats)
SELECT sitting_id, 99000 + number, at, '{}', by, staff, seats FROM exams_event WHERE number = 1 AND sitting_id = ANY(%s)
"""

# A process that has driven a browser has a loop running in its main thread.
APART = ThreadPoolExecutor(max_workers=1)


@dataclass
class Game:
    played: Played
    candidates: list[Candidate]
    database: str


@pytest.fixture(scope="module")
def game(stack: Stack) -> Game:
    """One round, looked at by all tests here."""

    async def play() -> tuple[Played, list[Candidate]]:
        made = Round(stack, Disk(stack.postgres.home, mount=False), exam=STACK_EXAM, seed=SEED, count=12, seconds=0)
        return await made.run(machines=MACHINES, at_the_end=AT_THE_END), made.candidates

    played, candidates = APART.submit(lambda: asyncio.run(play())).result()
    return Game(played, candidates, stack.database_url)


def test_nothing_acknowledged_is_lost_and_everybody_is_scored_once_and_rightly(game):
    assert game.played.breaches == [], game.played.report()


def test_it_was_a_real_trial(game):
    """Faults of every sort took place, and answers got through beside them."""
    played = game.played
    for name in [*MACHINES, *AT_THE_END]:
        assert played.faults[name] == 1, name
    assert played.faults.total() > 40
    assert played.found.acknowledged > 5 * len(game.candidates), played.report()
    assert played.outcomes["duplicate"], "no reply was lost"
    assert played.found.points, "nobody answered anything right"


# ---- the comparison itself can fail ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "promise"),
    [
        ("UPDATE exams_answer SET response = '{zzzz}' WHERE sitting_id = ANY(%s)", "lost"),
        ("UPDATE exams_answer SET flagged = NOT flagged WHERE sitting_id = ANY(%s)", "lost"),
        ("DELETE FROM exams_answer WHERE sitting_id = ANY(%s)", "lost"),
        ("UPDATE exams_claim SET arrived = '{}' WHERE sitting_id = ANY(%s)", "lost"),
        (AGAIN.format("ended"), "twice"),
        (AGAIN.format("closed"), "twice"),
        ("DELETE FROM exams_answer WHERE sitting_id = ANY(%s) AND false", ""),
        ("UPDATE scoring_result SET raw = (raw + 1) %% maximum_raw WHERE sitting_id = ANY(%s)", "wrong"),
        ("UPDATE scoring_result SET scaled = scaled + 1 WHERE sitting_id = ANY(%s)", "wrong"),
    ],
)
def test_a_breach_would_be_noticed(game, statement, promise):
    with psycopg.connect(game.database, row_factory=dict_row) as connection:
        connection.execute(statement, [[candidate.sitting for candidate in game.candidates]])
        found = audit(connection, game.candidates)
        connection.rollback()
    assert bool(found.breaches) == bool(promise)
    assert not promise or getattr(found, promise)


def test_an_acknowledgement_that_nobody_stored_would_be_noticed(game):
    told = next(candidate for candidate in game.candidates if candidate.entries)
    invented = replace(told.entries[-1], sequence=9_999, response=("zzzz",), place=told.places + 1)
    told.entries.append(invented)
    try:
        with psycopg.connect(game.database, row_factory=dict_row) as connection:
            assert any("zzzz" in each for each in audit(connection, [told]).lost)
    finally:
        told.entries.remove(invented)
