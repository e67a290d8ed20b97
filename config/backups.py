"""Backups of the embedded server, by the script that the container `postgres` uses, too (deploy/backup.sh)."""

from __future__ import annotations

import datetime as dt
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from config.postgres import UNPRIVILEGED, EmbeddedPostgres, PostgresError, make_traversable

SCRIPT = Path(__file__).resolve().parent.parent / "deploy" / "backup.sh"
DATABASE = "cutscore"
RECOVERY_SECONDS = 6 * 3600


class BackupError(RuntimeError):
    """A backup or a restore did not succeed; the message says why."""


def archiving(home: Path, *, seconds: int = 60) -> list[str]:
    """Arguments for a server that lives in `home` and keeps its write-ahead log in `home/backups`.

    `seconds` is how long a piece of the log may wait that is not full yet.
    """
    command = f"BACKUPS={shlex.quote(str(home / 'backups'))} sh {shlex.quote(str(home / SCRIPT.name))} archive %p %f"
    return ["-c", "archive_mode=on", "-c", f"archive_timeout={seconds}", "-c", f"archive_command={command}"]


def install(postgres: EmbeddedPostgres) -> Path:
    """Put the script and the folder of backups where the server's user can use them; returns the folder."""
    home = postgres.home
    script, folder = home / SCRIPT.name, home / "backups"
    if not script.exists() or script.read_bytes() != SCRIPT.read_bytes():
        unfinished = script.with_suffix(f".{os.getpid()}")
        shutil.copyfile(SCRIPT, unfinished)
        unfinished.chmod(0o755)
        unfinished.replace(script)  # a server may be running the one before
    if not folder.exists():
        make_traversable(folder)
        if os.geteuid() == 0:
            shutil.chown(folder, UNPRIVILEGED)
    return folder


def back_up(postgres: EmbeddedPostgres, *, keep: int = 7) -> str:
    """Make a base backup of the running server and check it; returns its name. Raises BackupError."""
    return script(postgres, install(postgres), "base", str(keep))


def listed(postgres: EmbeddedPostgres) -> list[dt.datetime]:
    """When each base backup was complete, the newest last."""
    names = script(postgres, install(postgres), "list").split()
    return [dt.datetime.strptime(name, "%Y%m%dT%H%M%S%z") for name in names]


def restore(
    source: EmbeddedPostgres, target: EmbeddedPostgres, *, at: dt.datetime | None = None, options: Sequence[str] = ()
) -> str:
    """Build the data of `target` from backups of `source`, as of a time or of the last log that was kept, and leave its
    server running; returns which base backup was used. `source` may run, be stopped or be broken.

    Raises BackupError and PostgresError; nothing is left behind then.
    """
    if target.data.exists():
        raise BackupError(f"There is a database in {target.data} already; restore into another folder.")
    folder = install(source)
    target.prepare_home()
    data = target.home / "data.restored"
    time_of = [at.astimezone(dt.UTC).isoformat(" ")] if at else []
    shutil.rmtree(data, ignore_errors=True)
    try:
        used = script(source, folder, "restore", str(data), *time_of)
        data.rename(target.data)
        target.start(options=options, patience=RECOVERY_SECONDS)
        wait_until_recovered(target)
    except BaseException as error:
        target.stop()
        for leftover in (data, target.data):
            shutil.rmtree(leftover, ignore_errors=True)
        if isinstance(error, PostgresError) and "recovery target" in str(error):
            raise BackupError(
                "The log that was kept ends before that time; leave --time out to restore as much as there is."
            ) from error
        raise
    return used


def wait_until_recovered(postgres: EmbeddedPostgres) -> None:
    """Return when the server has replayed the log and takes changes. Raises PostgresError when it ends before."""
    while True:
        try:
            with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
                row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
        except psycopg.OperationalError as error:
            log = postgres.home / "log"
            said = log.read_text(errors="replace")[-2_000:] if log.exists() else ""
            raise PostgresError(f"The restored server ended: {error}\n{said}") from error
        if row == (False,):
            return
        time.sleep(0.1)


def script(postgres: EmbeddedPostgres, folder: Path, *arguments: str) -> str:
    """Run deploy/backup.sh as the server's user; returns what it says. Raises BackupError."""
    as_other = {"user": UNPRIVILEGED, "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment = inherited | {
        "PATH": f"{postgres.binaries()}:{os.environ.get('PATH', os.defpath)}",
        "BACKUPS": str(folder),
        "PGHOST": str(postgres.socket_directory),
        "PGPORT": "5432",
        "PGUSER": "postgres",
        "PGDATABASE": DATABASE,
    }
    done = subprocess.run(
        ["sh", str(postgres.home / SCRIPT.name), *arguments], cwd="/", env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, umask=0o077, check=False, **as_other,  # type: ignore[call-overload]
    )  # fmt: skip
    if done.returncode:
        raise BackupError(str(done.stderr or done.stdout).strip() or f"backup.sh ended with {done.returncode}.")
    return str(done.stdout).strip()
