"""Asking an embedded server."""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg

from config.postgres import EmbeddedPostgres


def ask(postgres: EmbeddedPostgres, statement: LiteralString) -> Any:
    """The first row that the server answers."""
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None
