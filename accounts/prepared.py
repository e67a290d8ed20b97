"""A cursor whose statements the database plans once for each connection, for the few that every save asks.

Django binds parameters in the client, so that each statement is read and planned anew; for the statements of a save
that takes longer than carrying them out. Behind PgBouncer this needs its own support of prepared statements
(docs/scaling.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper


class PreparingCursor(psycopg.Cursor[Any]):
    def execute(
        self, query: Any, params: Any = None, *, prepare: bool | None = True, binary: bool | None = None
    ) -> Any:
        return super().execute(query, params, prepare=prepare, binary=binary)


@contextmanager
def prepared() -> Iterator[CursorWrapper]:
    """A cursor of Django's connection. Whoever has statements captured gets the usual one, which can tell them.

    Use it for statements of few shapes, since a connection keeps a hundred; without arrays, of which a kept plan cannot
    know how long they are; and with explicit columns: where one changes its type under it, it fails until the
    connection is renewed.
    """
    if connection.queries_logged:
        with connection.cursor() as cursor:
            yield cursor
        return
    connection.ensure_connection()
    # What `connection.cursor()` does with the cursor that it makes; there is no public way to bring one's own.
    private = cast(Any, connection)
    with private._prepare_cursor(PreparingCursor(private.connection)) as cursor:
        yield cursor
