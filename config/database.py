"""Turn DATABASE_URL into Django's settings."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

KNOWN = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}


def from_url(url: str, *, pool: int = 0) -> dict[str, Any]:
    """Django's description of the PostgreSQL database that `url` names.

    `url` is what libpq understands (postgresql://user:password@host:port/name?sslmode=...). `pool` > 0 keeps that
    many connections ready for a process; 0 opens one per thread and keeps it for a minute.
    """
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured("DATABASE_URL must start with postgresql://; other databases are not supported.")
    try:
        parts = {key: value for key, value in conninfo_to_dict(url).items() if value is not None}
    except ProgrammingError as error:
        why = str(error).strip().replace(url, "(hidden)")  # libpq quotes the whole address, password included
        raise ImproperlyConfigured(f"DATABASE_URL is not a PostgreSQL address: {why}") from None
    settings: dict[str, Any] = {name: str(parts.pop(key, "")) for key, name in KNOWN.items()}
    if not settings["NAME"]:
        raise ImproperlyConfigured("DATABASE_URL names no database.")
    if not all(port.isdigit() for port in settings["PORT"].split(",") if port):
        raise ImproperlyConfigured(f"DATABASE_URL has no number for its port, but {settings['PORT']!r}.")
    # Only what asks for it is prepared (accounts.prepared); Django's own cursors bind in the client.
    options: dict[str, Any] = {**parts, "prepare_threshold": 5}
    if pool:
        # By itself a pool doubles the time between its attempts for five minutes, and makes requests wait for the next
        # one although the database has long been back. So it soon gives up, and the next request makes it try at once.
        options["pool"] = {"min_size": 1, "max_size": pool, "timeout": 10, "reconnect_timeout": 10}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **settings,
        "OPTIONS": options,
        "CONN_MAX_AGE": 0 if pool else 60,
        "CONN_HEALTH_CHECKS": True,
    }
