"""manage.py move_database: from the embedded server, or any other, to an empty database elsewhere."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from config import database, moving
from config.postgres import EmbeddedPostgres


class Command(BaseCommand):
    help = (
        "Copy the whole database to an empty one on another PostgreSQL server, compare every table, and change nothing "
        "here. Set DATABASE_URL to the new one afterwards."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--to", metavar="URL", help="postgresql://user@host/name; the password may be in PGPASSFILE")
        where.add_argument("--to-file", type=Path, metavar="FILE", help="a file that holds the address, with password")
        parser.add_argument(
            "--anyway", action="store_true", help="although it is used; what is written meanwhile stays"
        )
        parser.add_argument("--json", action="store_true", help="report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        target = options["to"] or read(options["to_file"])
        try:
            database.from_url(target)
        except ImproperlyConfigured as problem:
            raise CommandError(str(problem).replace("DATABASE_URL", "The address")) from None
        connections.close_all()
        try:
            moved = moving.move(
                settings.DATABASE_URL,
                target,
                programs=EmbeddedPostgres(settings.VAR).binaries(),
                anyway=options["anyway"],
                say=self.stderr.write,
            )
        except moving.CannotMove as problem:
            raise CommandError(str(problem)) from None
        if options["json"]:
            self.stdout.write(json.dumps(asdict(moved)))
            return
        self.stdout.write(f"{moved.tables} tables with {moved.rows} rows and {moved.sequences} sequences are the same.")
        self.stdout.write(
            "Set DATABASE_URL to the new database" + ("." if not settings.QUICKSTART else
            ", and SECRET_KEY to what var/secret_key holds, so that people stay signed in.")
        )  # fmt: skip


def read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from None
