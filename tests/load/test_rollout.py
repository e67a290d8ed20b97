"""A release takes over while people sit, and the one before comes back: the real processes, side by side.

Every request of every page must be answered well, whatever is started and stopped meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from deploy.processes import NotWell
from deploy.rollout import rollout
from deploy.stack import Stack
from tests.environment import ROOT
from tests.load import people, truth
from tests.load.page import Page
from tests.load.releases import MARK, next_release
from tests.load.scenarios import Run

pytestmark = [pytest.mark.redis, pytest.mark.proxy]

STAYS = ThreadPoolExecutor(max_workers=6)  # what a thread has started ends with it, so these stay until the end
PATIENCE = 180.0  # other work may keep the machine busy
PAGES = 6
WAITS_FOR = "SELECT count(*) FROM pg_locks WHERE NOT granted AND "
HELD = "locktype IN ('transactionid', 'tuple')"


@dataclass
class Seen:
    """What was found on the way."""

    pages: list[Page]
    run: Run
    steps: list[str] = field(default_factory=list)
    releases: dict[str, str] = field(default_factory=dict)  # step -> which release answers
    saves: dict[str, int] = field(default_factory=dict)
    html: dict[str, str] = field(default_factory=dict)
    migrations: list[str] = field(default_factory=list)
    patient: bool = False  # whether a migration gave way to somebody who used the table
    survived: bool = False  # whether what an old instance had begun was finished while it was stopped


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.02)


def fetch(stack: Stack, path: str, cookie: str = "") -> tuple[int, str]:
    request = urllib.request.Request(stack.url + path, headers={"Cookie": f"sessionid={cookie}"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, ""


def errors(stack: Stack) -> str:
    """What web processes have said that has to do with an exception."""
    lines = [line for log in (stack.folder / "logs").glob("web-*.log") for line in log.read_text().splitlines()]
    return "\n".join(line for line in lines if "Traceback" in line or "Error" in line)[-4_000:]


def waiting(database: str, which: str) -> bool:
    with psycopg.connect(database) as connection:
        return bool(connection.execute(WAITS_FOR + which).fetchone()[0])  # type: ignore[index]


async def save_on(page: Page, ended: threading.Event) -> None:
    """A candidate who never pauses for long."""
    while not ended.is_set():
        seat = page.chance.choice(page.person.seats[1:])
        page.put(seat, seat.response(page.chance), flagged=page.chance.random() < 0.2)
        assert await page.flush()
        await asyncio.sleep(0.1)
    assert await page.end()


class Deployment:
    """Both ways, with everybody's pages going on."""

    def __init__(self, run: Run, seen: Seen, folder: Path) -> None:
        self.run, self.seen, self.stack, self.folder = run, seen, run.stack, folder
        self.loop: asyncio.AbstractEventLoop
        self.ended = threading.Event()

    async def play(self, _: Run) -> dict[str, object]:
        self.loop = asyncio.get_running_loop()
        await asyncio.gather(*(page.open() for page in self.seen.pages))
        savers = [asyncio.create_task(save_on(page, self.ended)) for page in self.seen.pages[1:]]
        try:
            await self.loop.run_in_executor(STAYS, self.there_and_back)
        finally:
            self.ended.set()
            await asyncio.gather(*savers)
        assert await self.seen.pages[0].end()
        return {}

    def there_and_back(self) -> None:
        self.seen.html["old"] = self.page_of_the_exam()
        rollout(self.stack, next_release(self.folder / "next"), step=self.forward)
        self.seen.html["next"] = self.page_of_the_exam()
        self.seen.saves["next"] = self.weighed()
        rollout(self.stack, ROOT, migrate=False, step=self.backward)

    def page_of_the_exam(self) -> str:
        return fetch(self.stack, self.seen.pages[0].root, self.seen.pages[0].person.cookie)[1]

    def weighed(self) -> int:
        with psycopg.connect(self.run.database) as connection:
            row = connection.execute("SELECT count(*) FROM exams_answer WHERE weighed = 'next'").fetchone()
        return row[0] if row else 0

    def forward(self, step: str) -> None:
        self.note(step)
        if step == "collected":
            self.migrate_twice_while_the_table_is_used()
        if step == "started":
            self.hold_a_save()
        if step == "led":
            threading.Timer(1.0, self.holder.close).start()  # in the middle of the old instances' last seconds
        if step == "stopped":
            self.seen.survived = bool(self.held.result(PATIENCE))

    def backward(self, step: str) -> None:
        self.note(f"back {step}")

    def note(self, step: str) -> None:
        self.seen.steps.append(step)
        self.seen.releases[step] = json.loads(fetch(self.stack, "/readyz")[1]).get("release", "old")
        before = self.acknowledged()
        until(lambda: self.acknowledged() > before)  # they go on at every step

    def acknowledged(self) -> int:
        return sum((page.outcomes for page in self.seen.pages), Counter()).total()

    def migrate_twice_while_the_table_is_used(self) -> None:
        with psycopg.connect(self.run.database) as reader:
            reader.execute("SELECT 1 FROM exams_answer LIMIT 1")
            two = [STAYS.submit(self.stack.manage, "migrate", "--noinput") for _ in "12"]
            until(lambda: waiting(self.run.database, "mode = 'AccessExclusiveLock'"))
            until(lambda: waiting(self.run.database, "locktype = 'advisory'"))
            until(lambda: not waiting(self.run.database, "mode = 'AccessExclusiveLock'"))
            self.seen.patient = True
        self.seen.migrations = [one.result(PATIENCE) for one in two]

    def hold_a_save(self) -> None:
        """One save reaches an old instance and cannot be finished there before we let go of the sitting."""
        page = self.seen.pages[0]
        self.holder = psycopg.connect(self.run.database)
        self.holder.execute("SELECT 1 FROM exams_sitting WHERE id = %s FOR UPDATE", [page.person.sitting])
        page.put(page.person.seats[0], page.person.seats[0].response(page.chance))
        self.held = asyncio.run_coroutine_threadsafe(page.flush(attempts=1), self.loop)
        until(lambda: waiting(self.run.database, HELD))


@pytest.fixture(scope="module")
def seen(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    run = Run(stack, exam="MLA-C02")
    exam = people.bank(run.database, run.exam)
    candidates = run.people(PAGES)
    people.give_sittings(run.database, exam, candidates)
    found = Seen([run.page(person) for person in candidates], run)
    stack.manage("publish_static", "/srv/published/static")  # as the service migrate has done in production
    deployment = Deployment(run, found, tmp_path_factory.mktemp("releases"))
    STAYS.submit(lambda: asyncio.run(run.carry_out(deployment.play))).result()
    yield found
    with psycopg.connect(run.database) as connection:  # the stack serves other tests, too
        connection.execute("ALTER TABLE exams_answer DROP COLUMN IF EXISTS weighed")
        connection.execute("ALTER TABLE exams_sitting DROP COLUMN IF EXISTS release")
        connection.execute("DELETE FROM django_migrations WHERE name LIKE '900%_next_release'")


def test_no_request_fails_and_nothing_acknowledged_is_lost(seen):
    assert dict(seen.run.clock.trouble) == {}, errors(seen.run.stack)
    assert set(seen.pages[1].outcomes) == {"applied"}
    assert truth.lost(seen.run.database, seen.pages) == []
    assert seen.run.clock.spread("changes")["slowest"] < 9_000


def test_everybody_has_ended_once_and_is_scored_once(seen):
    sittings = people.sittings_of([page.person for page in seen.pages])
    until(lambda: truth.count_scored(seen.run.database, sittings) == PAGES)
    assert truth.scored(seen.run.database, sittings) == {"missed": 0, "scored twice": 0, "ended or closed twice": 0}


def test_requests_go_to_one_release_at_a_time(seen):
    assert seen.steps[:7] == ["collected", "prepared", "worker", "started", "led", "stopped", "done"]
    assert seen.steps[7:] == [f"back {step}" for step in seen.steps[:7]]
    there = {step: release for step, release in seen.releases.items() if "back" not in step}
    assert [step for step, release in there.items() if release == "old"] == seen.steps[:4]
    back = {step: release for step, release in seen.releases.items() if "back" in step}
    assert [step for step, release in back.items() if release == "next"] == seen.steps[7:11]


def test_what_an_old_instance_has_begun_it_finishes(seen):
    assert seen.survived


def test_of_two_who_migrate_one_waits_and_neither_holds_up_the_candidates(seen):
    applied = ["exams.9001_next_release... OK" in said for said in seen.migrations]
    assert sorted(applied) == [False, True]
    assert seen.patient


def test_the_new_code_uses_the_new_column_and_the_old_code_works_beside_it(seen):
    assert seen.saves["next"] > 0
    with psycopg.connect(seen.run.database) as connection:
        kinds = connection.execute("SELECT DISTINCT release FROM exams_sitting").fetchall()
    assert kinds == [("old",)]


def test_pages_of_either_release_find_their_files_under_the_other(seen):
    """At the end the old code serves; what only the next release names must be there all the same."""
    stack = seen.run.stack
    files = {
        which: set(re.findall(r'"(/static/[^"]+\.(?:js|css|svg|png))"', html)) for which, html in seen.html.items()
    }
    assert files["next"] - files["old"]
    assert {path: fetch(stack, path)[0] for path in files["next"] | files["old"]} == dict.fromkeys(
        files["next"] | files["old"], 200
    )
    assert any(MARK in fetch(stack, path)[1] for path in files["next"] - files["old"])


def test_the_worker_knew_every_task_that_waited(seen):
    log = (seen.run.stack.folder / "logs" / "worker.log").read_text()
    assert "unregistered" not in log.lower()


def test_figures_and_lists_of_files_are_not_shown_to_strangers(seen):
    lists = seen.run.stack.folder / "published" / "static" / ".releases"
    (name, *_) = (path.name for path in lists.iterdir())
    for path in ("/metrics", f"/static/.releases/{name}", "/static/", "/static/../secrets/secret_key"):
        assert fetch(seen.run.stack, path)[0] == 404, path


def test_a_release_that_does_not_start_changes_nothing_for_anybody(seen, tmp_path):
    stack = seen.run.stack
    before = list(stack.web)
    broken = next_release(tmp_path / "broken")
    (broken / "config" / "wsgi.py").write_text("raise SystemExit('broken')\n")
    stack_var = stack.var
    (stack.folder / "releases" / "broken").mkdir(parents=True)
    (stack.folder / "releases" / "broken" / "static").symlink_to(stack_var / "static")
    with pytest.raises(NotWell, match="broken"):
        rollout(stack, broken, prepare=(), migrate=True)
    assert stack.web == before
    assert fetch(stack, "/readyz")[0] == 200
