"""The local installation: what `make run` sets up in a checkout, found again by every later command.

It exists as soon as quickstart has written a secret key under var/. Production sets SECRET_KEY instead and never
comes here.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from config import backups
from config.postgres import EmbeddedPostgres


def var() -> Path:
    """Where this checkout keeps what it writes at run time."""
    return Path(os.environ.get("CUTSCORE_VAR") or Path(__file__).resolve().parent.parent / "var")


def secret_path(folder: Path) -> Path:
    return folder / "secret_key"


def read_secret(folder: Path) -> str:
    """The local installation's key; "" when there is no local installation. Writes nothing."""
    try:
        return secret_path(folder).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


def create_secret(folder: Path) -> None:
    """Make this checkout a local installation, unless it is one."""
    folder.mkdir(parents=True, exist_ok=True)
    if secret_path(folder).exists():
        return
    # Written beside its place and linked into it: whoever finds the file finds the whole key, whoever comes second
    # keeps the first one's.
    descriptor, unfinished = tempfile.mkstemp(prefix="secret_key.", dir=folder)  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as handle:
            handle.write(secrets.token_urlsafe(50))
        with contextlib.suppress(FileExistsError):
            os.link(unfinished, secret_path(folder))
    finally:
        Path(unfinished).unlink()


@contextlib.contextmanager
def database_server(postgres: EmbeddedPostgres | None, *, archive: bool = False) -> Iterator[None]:
    """Have the embedded server running, if there is to be one; whoever leaves last stops it.

    Every process that uses it holds a shared lock. A server that a killed process left behind is adopted. With
    `archive` it keeps its log for restoring to a point in time.
    """
    if postgres is None:
        yield
        return
    postgres.var.mkdir(parents=True, exist_ok=True)
    with (postgres.var / "users.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        try:
            if archive:
                postgres.prepare_home()
                backups.install(postgres)
            postgres.start(options=backups.archiving(postgres.home) if archive else ())
            postgres.create_database()
            yield
        finally:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # somebody else still uses it
            else:
                postgres.stop()
