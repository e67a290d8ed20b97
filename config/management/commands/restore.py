"""manage.py restore: the embedded database as it was, in another folder."""

from __future__ import annotations

import datetime as dt
import shutil
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import backups, local
from config.postgres import EmbeddedPostgres, PostgresError


def moment(text: str) -> dt.datetime:
    """An ISO time with its zone."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ArgumentTypeError(f"{text!r} is no time with a zone, such as 2026-11-21T10:42:07+00:00")
    return found


class Command(BaseCommand):
    help = (
        "Restore backups of the embedded database into another folder, which the old one may then be exchanged for. "
        "What is there now stays as it is."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="what takes the place of var/")
        parser.add_argument("--time", type=moment, help="as of this time; needs BACKUP_LOG (default: all there is)")

    def handle(self, *args: Any, **options: Any) -> None:
        source: EmbeddedPostgres | None = settings.EMBEDDED_POSTGRES
        if source is None:
            raise CommandError("DATABASE_URL names a server of its own; docs/backup.md says how to restore that.")
        folder = options["to"].resolve()
        target = EmbeddedPostgres(folder)
        try:
            used = backups.restore(source, target, at=options["time"])
        except (backups.BackupError, PostgresError) as error:
            raise CommandError(str(error)) from None
        target.stop()
        for path in (local.secret_path(source.var), source.var / "demo-passwords.json"):
            if path.exists():
                shutil.copy2(path, folder / path.name)
        self.stdout.write(f"Restored into {folder} from {used}. Start it with CUTSCORE_VAR={folder} manage.py run.")
