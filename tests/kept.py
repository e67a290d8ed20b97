"""The tests' database as it was before the first test: what a test with real commits has changed is put back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection, transaction

# Rows that came or changed have a later xmin, and rows that went are not counted: no change leaves both as they were.
MARK = "SELECT {name!r}, count(*), coalesce(sum(xmin::text::bigint), 0)::text FROM {table}"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'django_migrations' ORDER BY 1"

Mark = tuple[int, str]  # how many rows, and the sum of the transactions that wrote them


@dataclass(slots=True)
class Kept:
    """Rows as COPY writes them, by table, and how each table is known to be unchanged."""

    rows: dict[str, bytes]
    marks: dict[str, Mark]

    @classmethod
    def take(cls) -> Kept:
        """Outside of a transaction that is rolled back later."""
        with connection.cursor() as cursor:
            marks = marked([name for (name,) in cursor.execute(TABLES).fetchall()])
            rows = {}
            for name, (count, _) in marks.items():
                if count:
                    with cursor.copy(f"COPY {quoted(name)} TO STDOUT") as copy:
                        rows[name] = b"".join(bytes(part) for part in copy)
        return cls(rows, marks)

    def put_back(self) -> None:
        """All in one transaction, without asking constraints and triggers: the rows agreed when they were taken."""
        now = marked(self.marks)
        changed = [name for name, mark in self.marks.items() if now[name] != mark]
        if not changed:
            return
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            for name in changed:
                cursor.execute(f"DELETE FROM {quoted(name)}")
                if name in self.rows:
                    with cursor.copy(f"COPY {quoted(name)} FROM STDIN") as copy:
                        copy.write(self.rows[name])
            if any(name in self.rows for name in changed):
                # Web processes keep the pages of a form by its number and this moment, and they may be another test's.
                cursor.execute("UPDATE exams_form SET created_at = clock_timestamp()")
                changed.append("exams_form")
            self.marks.update(marked(changed))


def marked(names: Collection[str]) -> dict[str, Mark]:
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(MARK.format(name=name, table=quoted(name)) for name in names))
        return {name: (count, total) for name, count, total in cursor.fetchall()}


def quoted(name: str) -> str:
    return connection.ops.quote_name(name)
