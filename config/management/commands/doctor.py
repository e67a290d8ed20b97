"""manage.py doctor: what is wrong with this installation, and what to do about it."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.doctor import State, deliver, examine

MARKS = {State.FINE: "ok  ", State.WARNING: "look", State.FAULT: "BAD "}


class Command(BaseCommand):
    help = (
        "Look at database, clocks, tables, cache, queue, mail, forms and settings, and say what is wrong. Changes "
        "nothing; ends with 1 when there is a fault."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="report as JSON")
        parser.add_argument("--mail", metavar="ADDRESS", help="also hand a mail to this address to the mail server")

    def handle(self, *args: Any, **options: Any) -> None:
        found = examine()
        if options["mail"]:
            found.append(deliver(options["mail"]))
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in found]))
        else:
            for finding in found:
                self.stdout.write(f"{MARKS[finding.state]}  {finding.what}: {finding.says}")
        faults = sum(finding.state is State.FAULT for finding in found)
        if faults:
            raise CommandError(f"{faults} fault{'s' * (faults > 1)} found.")
