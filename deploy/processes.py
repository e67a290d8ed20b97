"""Programs that a stack on this machine consists of: started, asked whether they are well, ended by their number."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from config import backups
from config.postgres import EmbeddedPostgres

PROC = Path("/proc")


class NotWell(RuntimeError):
    """A program did not start or stop; the message says which, and holds the end of its log."""


@dataclass
class Program:
    """One process and its children. `well` says whether it can be used yet."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    folder: Path
    log: Path
    well: Callable[[], bool]
    stop_seconds: float = 10.0
    outlives: bool = False  # whether it may go on when whoever started it is gone
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def pid(self) -> int:
        """Raises NotWell when it was never started."""
        if self.process is None:
            raise NotWell(f"{self.name} was not started.")
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it, and do not wait. Nothing happens when it runs."""
        if self.running:
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=None if self.outlives else die_with_parent,
            )  # fmt: skip

    def wait(self, seconds: float) -> None:
        """Return when it is well. Raises NotWell when it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while self.running:
            if self.well():
                return
            if time.monotonic() > deadline:
                raise NotWell(f"{self.name} is not well after {seconds:.0f} s.\n{tail(self.log)}")
            time.sleep(0.1)
        raise NotWell(f"{self.name} ended.\n{tail(self.log)}")

    def kill(self) -> None:
        """SIGKILL to it and its children at once: nobody gets to say goodbye."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def stop(self) -> None:
        """Ask it to end, wait as long as compose would, and end it."""
        if self.running and self.process is not None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(self.stop_seconds)
        self.kill()  # also what it may have left behind

    def restart(self, seconds: float = 60.0) -> None:
        """End it, start it again under the same address and wait for it."""
        self.stop()
        self.start()
        self.wait(seconds)


@dataclass
class Database:
    """The embedded server as one of the programs. It puts itself into the background, so it is found by its file."""

    name: str
    server: EmbeddedPostgres
    options: Sequence[str]
    durable: bool = True

    @property
    def log(self) -> Path:
        return self.server.home / "log"

    @property
    def pid(self) -> int:
        """Number of the first process. Raises NotWell when there is none."""
        try:
            return int((self.server.data / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            raise NotWell(f"{self.name} does not run.") from None

    @property
    def running(self) -> bool:
        return self.server.running()

    def start(self) -> None:
        self.server.prepare_home()
        backups.install(self.server)
        self.server.start(durable=self.durable, options=self.options)

    def wait(self, seconds: float) -> None:
        self.server.create_database()

    def kill(self) -> None:
        """SIGKILL to the server and everything that works for it, as when the machine's memory runs out."""
        first = self.pid
        doomed = [first, *children(first)]
        for pid in doomed:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while any(alive(pid) for pid in doomed) and time.monotonic() < deadline:
            time.sleep(0.02)

    def stop(self) -> None:
        self.server.stop()

    def restart(self, seconds: float = 60.0) -> None:
        self.stop()
        self.start()
        self.wait(seconds)


def die_with_parent() -> None:
    """Called in a child: end when whoever started it ends, even by SIGKILL."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None, use_errno=True).prctl(set_parent_death_signal, signal.SIGTERM)


def tail(log: Path, characters: int = 2_000) -> str:
    return log.read_text(errors="replace")[-characters:].strip() if log.exists() else ""


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    return [pid, *children(pid)]


def children(pid: int) -> list[int]:
    """All descendants of a process."""
    parents: dict[int, list[int]] = {}
    for stat in PROC.glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            parents.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
    found, waiting = [], [pid]
    while waiting:
        near = parents.get(waiting.pop(), [])
        found += near
        waiting += near
    return found


def alive(pid: int) -> bool:
    """Whether the process works; one that has ended and was not fetched yet does not."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False


def started(pid: int) -> str:
    """When a process was started, by the kernel's count: numbers are given again, this pair is not. "" when gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def memory(pid: int) -> int:
    """Bytes of memory that the process and its descendants have to themselves or share in proportion."""
    total = 0
    for one in family(pid):
        with suppress(OSError, StopIteration):
            lines = (PROC / str(one) / "smaps_rollup").read_text().splitlines()
            total += int(next(line.split()[1] for line in lines if line.startswith("Pss:"))) * 1_024
    return total


def processor_seconds(pid: int) -> float:
    """Processor time that the process and its descendants have used so far, those that have ended included."""
    ticks = 0
    for one in family(pid):
        with suppress(OSError, ValueError, IndexError):
            fields = (PROC / str(one) / "stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")
