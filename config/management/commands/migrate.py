"""manage.py migrate: Django's, one at a time for a database, and never in the way of people who are sitting an exam."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import Error, OperationalError, connections
from psycopg.errors import DeadlockDetected, LockNotAvailable

LOCK = 0x43757473636F7265  # "Cutscore" in ASCII: the advisory lock that says that somebody migrates
# Less than PostgreSQL's deadlock_timeout of 1 s: where a migration waits for a save which waits for the migration, the
# migration must be the one that gives way.
LOCK_SECONDS = 0.5
ATTEMPTS = 60
PAUSE = 1.0


class Command(migrate.Command):
    """Whoever comes second waits, and then finds nothing to do.

    A change to a table waits for everybody who uses it, and everybody who comes later waits behind it, so it may wait
    for `--lock-seconds` only and is tried again. What was applied before stays applied.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--lock-seconds", type=float, default=LOCK_SECONDS, help="how long a change may wait")

    def handle(self, *args: Any, **options: Any) -> None:
        using = options["database"]
        if options["lock_seconds"] <= 0:
            raise CommandError("--lock-seconds must be above 0.")
        if any(options[name] for name in ("plan", "check_unapplied")):
            super().handle(*args, **options)
            return
        connection = connections[using]
        with alone(using):
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('lock_timeout', %s, false)", [f"{options['lock_seconds'] * 1000:.0f}"]
                )
            try:
                self._patiently(*args, **options)
            finally:
                with suppress(Error), connection.cursor() as cursor:
                    cursor.execute("RESET lock_timeout")

    def _patiently(self, *args: Any, **options: Any) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                super().handle(*args, **options)
            except OperationalError as error:
                if not isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
                    raise
                if attempt == ATTEMPTS:
                    raise CommandError(
                        f"A table was in use {ATTEMPTS} times: {error}. What was applied stays; run migrate again."
                    ) from error
                self.stderr.write("A table is in use; trying again.")
                time.sleep(PAUSE)
            else:
                return


@contextmanager
def alone(using: str) -> Iterator[None]:
    """Hold the database's lock on migrating, on a connection of its own.

    It belongs to a transaction, so that it also holds where connections are handed out by the transaction. At read
    committed an idle transaction keeps nothing from being vacuumed or indexed.
    """
    keeper = connections[using].copy()
    try:
        keeper.set_autocommit(False)
        with keeper.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        yield
    finally:
        keeper.close()
