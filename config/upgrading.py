"""Which state a database is in, compared with this code."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from config.version import VERSION


def unknown_migrations() -> list[str]:
    """Migrations that were applied to the database and that this code does not have: a newer release has made them."""
    loader = MigrationLoader(connection)
    known = set(loader.disk_migrations or ())
    replaced = {old for migration in (loader.disk_migrations or {}).values() for old in migration.replaces}
    applied = set(loader.applied_migrations or ())
    return [f"{app}.{name}" for app, name in sorted(applied - known - replaced) if app in loader.migrated_apps]


def refuse_newer() -> None:
    """Raises CommandError where a newer release has worked before."""
    if unknown := unknown_migrations():
        raise CommandError(
            f"This database was used by a newer Cutscore than {VERSION} (it has {unknown[-1]}); update the checkout, "
            "or restore a backup from before the update (docs/deploying.md)."
        )
