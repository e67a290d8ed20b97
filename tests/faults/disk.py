"""A disk for the database that can be full: a small file system in memory where we may mount one, or else the kernel's
limit on the size of files, which makes the same writes fail."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path

from config.postgres import UNPRIVILEGED
from deploy.processes import Database, NotWell, family

MEGABYTES = 1_200
BLOCK = 1 << 20
LIMIT = "300000"  # bytes; the write-ahead log and every table that grows are larger


class Disk:
    """What the database's folder lies on. `mounted` says which of the two it is."""

    def __init__(self, home: Path, *, mount: bool = True) -> None:
        self.home = home
        self.mounted = mount and os.geteuid() == 0 and self._mount()

    def _mount(self) -> bool:
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o755)
        command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=0755", "tmpfs", str(self.home)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def fill(self, database: Database) -> None:
        """From now on nothing more can be written."""
        if not self.mounted:
            with suppress(NotWell):
                self._limit(database, LIMIT)
            return
        with (self.home / "ballast").open("wb") as ballast, suppress(OSError):
            while True:
                ballast.write(bytes(BLOCK))
                ballast.flush()

    def free(self, database: Database) -> None:
        if not self.mounted:
            for _ in range(2):  # the second time for those that were born of a limited one meanwhile
                with suppress(NotWell):
                    self._limit(database, "unlimited")
            return
        (self.home / "ballast").unlink(missing_ok=True)

    @staticmethod
    def _limit(database: Database, size: str) -> None:
        """Only whom a process belongs to may limit it here."""
        owner = {"user": UNPRIVILEGED, "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        for pid in family(database.pid):
            command = ["prlimit", f"--pid={pid}", f"--fsize={size}:unlimited"]
            subprocess.run(command, capture_output=True, check=False, cwd="/", **owner)  # type: ignore[call-overload]

    def remove(self) -> None:
        """Once the server has stopped."""
        if self.mounted:
            subprocess.run(["umount", str(self.home)], capture_output=True, check=False)
