"""The real web server in its own processes, on the database of this pytest process. It can be killed and restarted."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import connection

from config.management.commands.run import die_with_parent, server_command, wait_until_up
from tests.environment import ROOT

HOST = "127.0.0.1"
STOP_SECONDS = 10
QUIET_SECONDS = 0.05
PRODUCT, WATCHED = "config.wsgi:application", "tests.e2e.wsgi:application"
AT_WORK = """
    SELECT pid, state, left(query, 200) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
      AND (state <> 'idle' OR state_change > clock_timestamp() - %s * interval '1 second')
"""


class Server:
    """Granian as `manage.py run` starts it. The port is the operating system's choice and stays through restarts."""

    def __init__(self, log: Path, *, workers: int = 1, **environment: str) -> None:
        self.log, self.workers, self.port = log, workers, free_port()
        self.busy = log.with_suffix(".busy")
        self.busy.touch()
        self.environment = {**os.environ, "DATABASE_URL": database_url(), "SITTING_GRACE_SECONDS": "120",
                            "CUTSCORE_TEST_BUSY": str(self.busy), **environment}  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None
        log.unlink(missing_ok=True)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start and wait until the database answers through it."""
        with self.log.open("ab") as log:
            command = server_command(host=HOST, port=self.port, workers=self.workers)
            assert PRODUCT in command
            self.process = subprocess.Popen(
                [WATCHED if part == PRODUCT else part for part in command],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True, preexec_fn=die_with_parent,
            )  # fmt: skip
        wait_until_up(f"{self.url}/readyz", [self.process])

    def kill(self) -> None:
        """SIGKILL to the server and all its workers at once: nobody gets to say goodbye."""
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(STOP_SECONDS)

    def stop(self) -> None:
        if self.process and self.running:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def restart(self) -> None:
        """Back on the same port, whether it was killed or still runs."""
        self.stop()
        self.start()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def database_url() -> str:
    """The test database of this pytest process as another process would name it."""
    parts = connection.settings_dict
    person = f"{quote(parts['USER'])}:{quote(parts['PASSWORD'])}" if parts["PASSWORD"] else quote(parts["USER"])
    options = {"host": parts["HOST"], "port": parts["PORT"], **parts["OPTIONS"]}
    # psycopg's own, which the settings add and no address of a server knows
    query = urlencode({name: value for name, value in options.items() if value and name != "prepare_threshold"})
    return f"postgresql://{person}@/{quote(parts['NAME'])}?{query}"


def wait_until_quiet(server: Server) -> None:
    """Return when the server answers no request any more, though a closed browser had sent it, and nothing that a
    killed one has left behind works in the database.

    Raises AssertionError with what is still going on after ten seconds.
    """
    patience = time.monotonic() + STOP_SECONDS
    time.sleep(QUIET_SECONDS)  # what has been sent may not have arrived
    with server.busy.open() as busy:
        while not free(busy):
            assert time.monotonic() < patience, "a request takes very long"
            time.sleep(QUIET_SECONDS)
    with connection.cursor() as cursor:
        while cursor.execute(AT_WORK, [QUIET_SECONDS]).rowcount:
            assert time.monotonic() < patience, cursor.fetchall()
            time.sleep(QUIET_SECONDS)


def free(busy: TextIO) -> bool:
    """Whether nobody holds the lock; it is given back when the file is closed."""
    try:
        fcntl.flock(busy, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def collect_static() -> Path:
    """The folder of static files under their hashed names, filled once per run. The test process uses plain names."""
    folder = Path(settings.VAR) / "static"
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    done = Path(settings.VAR) / "static.run"
    with (Path(settings.VAR) / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists() and done.read_text() == run:
            return folder
        command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--clear", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "DATABASE_URL": database_url()})
        done.write_text(run)
    return folder
