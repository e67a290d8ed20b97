"""A database to another server: pg_dump into pg_restore in one snapshot, then every table and sequence compared."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

Connection = psycopg.Connection[tuple[Any, ...]]
Say = Callable[[str], object]

# So that a value is written the same way on both sides.
ALIKE = "SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET extra_float_digits = 1; SET bytea_output = 'hex'"
OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
RELATIONS = """
    SELECT c.relkind, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND n.nspname NOT LIKE 'pg\\_toast%' AND NOT c.relispartition ORDER BY 2, 3
"""
SERVER = "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding')"


class CannotMove(RuntimeError):
    """The database was not moved; the message says why and what stands in the target."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What is in the target now, as compared with the source."""

    tables: int
    rows: int
    sequences: int


def move(source: str, target: str, *, programs: Path, anyway: bool = False, say: Say = lambda _: None) -> Moved:
    """Copy the database that the address `source` names into the empty one that `target` names.

    `programs` is where PostgreSQL's own tools lie. Refuses while sittings are in progress or others are connected,
    unless `anyway`: what they write from then on stays behind. Raises CannotMove; the target is empty then, unless the
    message says otherwise. Nothing is changed in the source.
    """
    with reach(source, "source") as here, reach(target, "target") as there:
        major, encoding = one(there, SERVER)
        if major < one(here, SERVER)[0]:
            raise CannotMove(f"The target is PostgreSQL {major}, older than the source. Nothing was copied.")
        if encoding != "UTF8":
            raise CannotMove(f"The target is encoded in {encoding}; make it anew in UTF8. Nothing was copied.")
        if found := there.execute(RELATIONS).fetchall():
            raise CannotMove(f"The target is not empty: it has {found[0][2]} and {len(found) - 1} more.")
        if not anyway:
            refuse_while_used(here)
        there.rollback()
        here.rollback()
        here.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        (snapshot,) = one(here, "SELECT pg_export_snapshot()")
        say("copying")
        carry(source, target, snapshot=snapshot, programs=programs)
        return compare(here, there, say)


def reach(address: str, which: str) -> Connection:
    try:
        connection: Connection = psycopg.connect(address, connect_timeout=10)
        connection.execute(ALIKE)
        connection.commit()
    except psycopg.Error as error:
        raise CannotMove(f"The {which} does not answer: {str(error).strip().splitlines()[0]}") from None
    return connection


def one(connection: Connection, statement: Any) -> tuple[Any, ...]:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return row


def refuse_while_used(here: Connection) -> None:
    if one(here, "SELECT to_regclass('exams_sitting') IS NULL")[0]:
        raise CannotMove("The source holds no Cutscore; see DATABASE_URL. Nothing was copied.")
    (sittings,) = one(here, "SELECT count(*) FROM exams_sitting WHERE state = 'in_progress'")
    if sittings:
        raise CannotMove(f"{sittings} sittings are in progress; wait until they are over. Nothing was copied.")
    (others,) = one(here, OTHERS)
    if others:
        raise CannotMove(f"{others} connections use the source; stop what runs. Nothing was copied.")


def carry(source: str, target: str, *, snapshot: str, programs: Path) -> None:
    """All or nothing: pg_restore works in one transaction."""
    dump = [str(programs / "pg_dump"), "--format=custom", "--compress=0", f"--snapshot={snapshot}",
            "--no-owner", "--no-privileges"]  # fmt: skip
    fill = [str(programs / "pg_restore"), "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
    dump_at, dump_with = bare(source)
    fill_at, fill_with = bare(target)
    with subprocess.Popen(
        [*dump, f"--dbname={dump_at}"], env=dump_with, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=False
    ) as reading:
        done = subprocess.run(
            [*fill, f"--dbname={fill_at}"], env=fill_with, stdin=reading.stdout, capture_output=True, check=False
        )
        assert reading.stdout is not None
        assert reading.stderr is not None
        reading.stdout.close()  # so that it ends when nobody reads any more
        trouble = reading.stderr.read()
    if done.returncode or reading.returncode:
        said = (done.stderr or trouble).decode(errors="replace").strip()
        raise CannotMove(f"It was not copied, and the target is empty as before:\n{said}")


def bare(address: str) -> tuple[str, dict[str, str]]:
    """The address without its password, which other people on this machine could read, and an environment with it."""
    parts = conninfo_to_dict(address)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    if password := parts.pop("password", None):
        environment["PGPASSWORD"] = str(password)
    return make_conninfo("", **{name: str(value) for name, value in parts.items()}), environment


def compare(here: Connection, there: Connection, say: Say) -> Moved:
    """Count and sum up every table, and read every sequence, on both sides."""
    relations = here.execute(RELATIONS).fetchall()
    if there.execute(RELATIONS).fetchall() != relations:
        raise CannotMove("The target has other tables than the source. Drop and make it anew before the next try.")
    tables = [(schema, name) for kind, schema, name in relations if kind in "rp"]
    sequences = [(schema, name) for kind, schema, name in relations if kind == "S"]
    rows = 0
    for number, (schema, name) in enumerate(tables, 1):
        say(f"comparing {number} of {len(tables)}: {name}")
        rows += alike(here, there, name, sql.SQL(
            "SELECT count(*), COALESCE(sum(hashtextextended(t::text, 0)::numeric), 0) FROM {} t"
        ).format(sql.Identifier(schema, name)))  # fmt: skip
    for schema, name in sequences:
        alike(here, there, name, sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(schema, name)))
    return Moved(tables=len(tables), rows=rows, sequences=len(sequences))


def alike(here: Connection, there: Connection, name: str, statement: sql.Composed) -> int:
    first, second = one(here, statement), one(there, statement)
    if first != second:
        raise CannotMove(f"{name} differs: {first} and {second}. Drop the target and make it anew before the next try.")
    return int(first[0])
