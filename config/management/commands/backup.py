"""manage.py backup: a base backup of the embedded server."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import backups


class Command(BaseCommand):
    help = (
        "Make a base backup of the embedded database while it is used, check it, and delete all but the newest ones. "
        "Copy the folder that it names to another machine."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--keep", type=int, default=7, help="how many stay (default 7)")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.EMBEDDED_POSTGRES is None:
            raise CommandError(
                "DATABASE_URL names a server of its own; run deploy/backup.sh where that server runs (docs/backup.md)."
            )
        if options["keep"] < 1:
            raise CommandError("--keep must be at least 1.")
        try:
            name = backups.back_up(settings.EMBEDDED_POSTGRES, keep=options["keep"])
        except backups.BackupError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{settings.EMBEDDED_POSTGRES.home / 'backups' / 'base' / name}")
