"""`manage.py export_person`: what is held about somebody, for requests that arrive by letter."""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import privacy
from accounts.export import made

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Write what is held about a person to a ZIP file (data.html to read, data.json for programs), also where only "
        "an address is known that somebody invited. Make sure first that whoever asks is that person."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="e-mail address of the person")
        parser.add_argument("--output", required=True, help="the file to write; it must not be there yet")

    def handle(self, *args: Any, **options: Any) -> None:
        subject, now = privacy.subject_of(options["address"]), timezone.now()
        if subject.user is None and not any(privacy.collect(subject, now=now).values()):
            raise CommandError("Nothing is held under this address.")
        path = Path(options["output"])
        content = made(subject, now=now)
        try:
            with path.open("xb") as file:
                path.chmod(0o600)
                file.write(content)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        log.info("What is held about a person was exported by an operator")
        self.stdout.write(f"Wrote {path}. Hand it over on a safe way and delete it.")
