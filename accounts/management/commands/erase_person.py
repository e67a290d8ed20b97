"""`manage.py erase_person`: remove somebody, for requests that arrive by letter."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import privacy, services


class Command(BaseCommand):
    help = (
        "Erase a person: account, addresses, notes and everything else that names them. Answers and results stay as "
        "statistics with nobody's name. Works also for an address without an account that somebody invited. It cannot "
        "be undone. Make sure first that whoever asks is that person."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="e-mail address of the person")
        parser.add_argument("--yes", action="store_true", help="do it; without it nothing is changed")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        subject = privacy.subject_of(options["address"])
        held = privacy.collect(subject, now=timezone.now())
        if subject.user is None and not any(held.values()):
            raise CommandError("Nothing is held under this address.")
        if not options["yes"]:
            counts = {name: len(rows) for name, rows in held.items() if rows}
            if options["json"]:
                self.stdout.write(json.dumps({"erased": False, "held": counts}))
                return
            self.stdout.write("This is held, and nothing was changed; add --yes to erase it:")
            for name, count in counts.items():
                self.stdout.write(f"  {count:>5} {name}")
            return
        try:
            kept = services.delete_account(user=subject.user) if subject.user else services.erase(subject=subject)
        except services.AccountError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps({"erased": True, "sittings_kept": kept}))
            return
        self.stdout.write(f"Erased. {kept} sittings stay as statistics with nobody's name.")
