"""Backups of a stack whose candidates go on: what was acknowledged by a time is there when that time is restored."""

from __future__ import annotations

import asyncio
import copy
import datetime as dt
import hashlib
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from config import backups, local
from config.postgres import EmbeddedPostgres
from config.version import VERSION
from deploy.asking import answers, free_ports
from deploy.stack import Stack, purge
from tests.e2e.server import collect_static
from tests.environment import ROOT
from tests.load import people, truth
from tests.load.page import Page
from tests.load.releases import next_release
from tests.load.scenarios import Run
from tests.load.test_rollout import STAYS, until

pytestmark = [pytest.mark.redis, pytest.mark.proxy]

LIKE_THE_STACK = ("-c", "max_connections=200")  # a server that recovers must take as many as the one before
ANSWERS = "SELECT count(*) FROM exams_answer WHERE sitting_id = ANY(%s)"
OPEN = "SELECT count(*) FROM exams_sitting WHERE state = 'in_progress' AND id = ANY(%s)"
APPLIED = "SELECT count(*) FROM django_migrations WHERE name = %s"
STAMP = """
import django, os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
from config.management.commands.quickstart import static_stamp
print(static_stamp(), end="")
"""
ARCHIVED = "SELECT last_archived_wal >= %s FROM pg_stat_archiver"


def one(database: str, statement: LiteralString, *values: object) -> Any:
    with psycopg.connect(database, autocommit=True) as connection:
        row = connection.execute(statement, values).fetchone()
    return row[0] if row else None


def command(database: str, *arguments: str, var: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATABASE_URL": database, "CUTSCORE_VAR": str(var), **more}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Callable[[str], EmbeddedPostgres]]:
    """Other embedded servers, gone after the test."""
    made: list[EmbeddedPostgres] = []

    def at(name: str) -> EmbeddedPostgres:
        made.append(EmbeddedPostgres(tmp_path / name))
        return made[-1]

    yield at
    for server in made:
        server.stop()
        purge(server.var)


def keep_saving(run: Run, pages: list[Page], times: int) -> None:
    """Everybody answers so many seats, one after the other, and each is acknowledged."""

    async def save(page: Page) -> None:
        for _ in range(times):
            seat = page.chance.choice(page.person.seats)
            page.put(seat, seat.response(page.chance), flagged=page.chance.random() < 0.5)
            assert await page.flush()

    async def act(_: Run) -> dict[str, object]:
        if not pages[0].claim:
            await asyncio.gather(*(page.open() for page in pages))
        await asyncio.gather(*(save(page) for page in pages))
        return {}

    STAYS.submit(lambda: asyncio.run(run.carry_out(act))).result()
    for page in pages:
        page.connection = run.connection()  # the loop of the old one is gone


def sealed(database: str) -> None:
    """Return when everything that was committed is kept outside of the server."""
    name = one(database, "SELECT pg_walfile_name(pg_switch_wal())")
    until(lambda: bool(one(database, ARCHIVED, name)))


@dataclass
class Then:
    """A restored moment: what was known at it, and what has come since."""

    server: EmbeddedPostgres
    backup: tuple[str, str]  # which was made, which was used
    pages: list[Page]
    known: dict[uuid.UUID | None, dict[int, tuple[list[str], bool]]]

    @property
    def sittings(self) -> list[uuid.UUID]:
        return people.sittings_of([page.person for page in self.pages])


@pytest.fixture(scope="module")
def then(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Then]:
    run = Run(stack, exam="MLA-C02")
    candidates = run.people(3)
    people.give_sittings(run.database, people.bank(run.database, run.exam), candidates)
    pages = [run.page(person) for person in candidates]
    keep_saving(run, pages, 3)
    name = backups.back_up(stack.postgres)
    complete = backups.listed(stack.postgres)[-1] + dt.timedelta(seconds=1)
    until(lambda: bool(one(run.database, "SELECT now() > %s", complete)))
    keep_saving(run, pages, 5)
    moment = one(run.database, "SELECT clock_timestamp()")
    known = {page.person.sitting: copy.deepcopy(page.ledger) for page in pages}
    keep_saving(run, pages, 5)
    sealed(run.database)
    server = EmbeddedPostgres(tmp_path_factory.mktemp("then"))
    used = backups.restore(stack.postgres, server, at=moment, options=LIKE_THE_STACK)
    yield Then(server, (name, used), pages, known)
    server.stop()
    purge(server.var)


def test_a_point_in_time_is_restored_with_all_that_was_acknowledged_and_nothing_later(stack: Stack, then: Then):
    assert then.backup[0] == then.backup[1]
    assert truth.lost(stack.database_url, then.pages) == []
    earlier = [copy.copy(page) for page in then.pages]
    for page in earlier:
        page.ledger = then.known[page.person.sitting]
    assert truth.lost(then.server.url(), earlier) == []
    assert one(then.server.url(), ANSWERS, then.sittings) == sum(map(len, then.known.values()))
    assert one(then.server.url(), OPEN, then.sittings) == len(then.pages)


def test_what_cannot_be_restored_is_said_and_leaves_nothing(stack: Stack, then: Then, elsewhere):
    with pytest.raises(backups.BackupError, match="already"):
        backups.restore(stack.postgres, then.server)
    early = elsewhere("early")
    with pytest.raises(backups.BackupError, match="no base backup was complete at that time"):
        backups.restore(stack.postgres, early, at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    assert not early.data.exists()


def test_run_brings_an_older_installation_up_to_date_and_leaves_a_newer_one_alone(then: Then, tmp_path):
    """`manage.py run` on the restored folder, as an older and as a newer release might have left it."""
    code = next_release(tmp_path / "code", expand=False)
    for pack in (code / "questions" / "packs").iterdir():
        if pack.name not in ("mla-c02", "__init__.py"):
            shutil.rmtree(pack) if pack.is_dir() else pack.unlink()
    var = then.server.var
    own = {"CUTSCORE_VAR": str(var), "FORM_POOL_SIZE": "1", "PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)}

    def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, *arguments], cwd=code, env=own, capture_output=True, text=True)

    back = command(then.server.url(), "migrate", "scoring", "0002", var=var)
    assert back.returncode == 0, back.stderr
    shutil.copytree(collect_static(), var / "static")
    local.create_secret(var)
    stamp = manage("-c", STAMP)
    assert stamp.returncode == 0, stamp.stderr
    (var / "static" / ".stamp").write_text(stamp.stdout)
    (port,) = free_ports(1)
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen([sys.executable, "manage.py", "run", "--port", str(port), "--workers", "1"],
                                   cwd=code, env=own, stdout=log, stderr=log)  # fmt: skip
        try:
            until(lambda: answers(f"http://127.0.0.1:{port}/readyz") or process.poll() is not None)
            said = (tmp_path / "log").read_text()
            assert process.poll() is None, said
            assert one(then.server.url(), APPLIED, "0003_problem_reports")
            assert one(then.server.url(), OPEN, then.sittings) == len(then.pages)
        finally:
            process.terminate()
            process.wait(60)

    then.server.start()
    with psycopg.connect(then.server.url()) as connection:
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('exams', '9999_later', now())")
    refused = manage("manage.py", "run", "--port", str(port))
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"CommandError: This database was used by a newer Cutscore than {VERSION} (it has")
    assert refused.stderr.count("\n") == 1
    assert "Preparing" in refused.stdout
    assert "Loading" not in refused.stdout


def test_doctor_knows_the_last_backup_and_older_ones_go_with_their_log(stack: Stack):
    first = backups.back_up(stack.postgres)
    log = stack.postgres.home / "backups" / "wal"
    sealed(stack.database_url)
    before = sorted(path.name for path in log.glob("0*"))
    until(lambda: dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ") > first)
    last = backups.back_up(stack.postgres, keep=1)
    assert [f"{one:%Y%m%dT%H%M%SZ}" for one in backups.listed(stack.postgres)] == [last]
    assert before[0] not in {path.name for path in log.glob("0*")}
    try:
        said = stack.manage("doctor", "--json")
    except subprocess.CalledProcessError as faulty:  # of something else
        said = faulty.stdout
    found = {finding["what"]: finding for finding in json.loads(said)}
    assert found["backup"]["state"] == found["backup log"]["state"] == "fine"
    assert f"{backups.listed(stack.postgres)[-1]:%Y-%m-%d %H:%M}" in found["backup"]["says"]


def test_a_database_is_moved_to_another_server_whole_or_not_at_all(stack: Stack, elsewhere, tmp_path):
    target = elsewhere("target")
    target.start(durable=False)
    target.create_database("moved")
    url = target.url("moved")
    run = Run(stack, exam="MLA-C02")
    candidates = run.people(1)
    people.give_sittings(run.database, people.bank(run.database, run.exam), candidates, answered=True)

    def move(*more: str) -> subprocess.CompletedProcess[str]:
        return command(stack.database_url, "move_database", "--to", url, *more, var=tmp_path, SECRET_KEY=run.key)

    refused = move()
    assert refused.returncode == 1
    assert "sittings are in progress; wait until they are over. Nothing was copied." in refused.stderr
    assert one(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    moved = move("--anyway", "--json")
    assert moved.returncode == 0, moved.stderr
    told = json.loads(moved.stdout)
    tables = one(stack.database_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    assert (told["tables"], told["rows"] > 2_000, told["sequences"] > 10) == (tables, True, True)
    assert one(url, ANSWERS, people.sittings_of(candidates)) == 65
    assert one(url, "SELECT nextval('accounts_user_id_seq')") == candidates[0].user + 1
    again = move("--anyway")
    assert (again.returncode, "The target is not empty" in again.stderr) == (1, True)
    assert "Traceback" not in refused.stderr + again.stderr


# ---- the script ----------------------------------------------------------------------------------------------------


def script(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "BACKUPS": str(folder / "backups")}
    return subprocess.run(["sh", str(backups.SCRIPT), *arguments], env=environment, capture_output=True, text=True)


def archive(folder: Path, name: str, content: bytes) -> subprocess.CompletedProcess[str]:
    (folder / "piece").write_bytes(content)
    return script(folder, "archive", str(folder / "piece"), name)


def test_a_piece_of_the_log_is_kept_once_and_never_overwritten(tmp_path):
    kept = tmp_path / "backups" / "wal" / "000000010000000000000001.gz"
    assert archive(tmp_path, kept.stem, b"one").returncode == 0
    before = kept.read_bytes()
    assert archive(tmp_path, kept.stem, b"one").returncode == 0  # PostgreSQL was cut off before it heard of it
    refused = archive(tmp_path, kept.stem, b"two")
    assert (refused.returncode, "two servers use one archive" in refused.stderr) == (1, True)
    assert kept.read_bytes() == before
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_a_log_that_cannot_be_kept_is_not_said_to_be(tmp_path):
    (tmp_path / "backups").write_text("no folder")
    assert archive(tmp_path, "000000010000000000000001", b"one").returncode != 0


def test_a_damaged_backup_is_not_restored(tmp_path):
    copied = tmp_path / "backups" / "base" / "20260101T000000Z"
    copied.mkdir(parents=True)
    (copied / "PG_VERSION").write_text("18\n")
    (copied / "postgresql.auto.conf").write_text("recovery_target_time = '2020-01-01 00:00:00+00'\n")
    for content, damaged in ((b"18\n", False), (b"19\n", True)):
        sums = [(one.name, content if one.name == "PG_VERSION" else one.read_bytes()) for one in copied.iterdir()]
        (copied / "backup_manifest").write_text("".join(map(entry, sums)))
        data = tmp_path / f"data {damaged}"
        done = script(tmp_path, "restore", str(data))
        (copied / "backup_manifest").unlink()
        assert (done.returncode, "is damaged" in done.stderr) == (int(damaged), damaged)
        assert data.exists() is not damaged
    assert "recovery_target_time" not in (tmp_path / "data False" / "postgresql.auto.conf").read_text()


def entry(file: tuple[str, bytes]) -> str:
    """A line of a manifest as pg_basebackup writes it."""
    digest = hashlib.sha256(file[1]).hexdigest()
    return f'{{ "Path": "{file[0]}", "Checksum-Algorithm": "SHA256", "Checksum": "{digest}" }},\n'
