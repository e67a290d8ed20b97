"""manage.py load_pack: bring the bank in step with folders of YAML files."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from questions.pack.loader import LoadReport, load
from questions.pack.reader import PackErrors, read_pack

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Load packs (folders with exam.yaml and questions/*.yaml) into the bank. A changed wording becomes a new "
        "revision. Repeating it changes nothing; a pack with an error changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folders", nargs="*", type=Path, help="default: every pack that comes with Cutscore")
        parser.add_argument("--json", action="store_true", help="report as JSON")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        folders = options["folders"] or sorted(
            path.parent for path in Path(settings.PACKS_DIRECTORY).glob("*/exam.yaml")
        )
        reports = [self._load(folder, quiet=options["json"]) for folder in folders]
        if options["json"]:
            self.stdout.write(json.dumps([report.as_dict() for report in reports]))

    def _load(self, folder: Path, *, quiet: bool) -> LoadReport:
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.")
        name = folder.resolve().name
        try:
            report = load(pack=read_pack(folder), now=timezone.now(), progress=self._progress)
        except PackErrors as problems:
            for error in problems.errors[:SHOWN]:
                self.stderr.write(str(error))
            count = len(problems.errors)
            raise CommandError(f"{name}: {count} error{'s'[: count != 1]}, nothing was loaded.") from None
        if not quiet:
            self.stdout.write(
                f"{name}: {len(report.added)} added, {len(report.changed)} changed, {len(report.unchanged)} unchanged"
            )
        return report

    def _progress(self, done: int, total: int) -> None:
        if self.stderr.isatty() and (done == total or done % 50 == 0):
            self.stderr.write(f"\r{done} of {total} questions", ending="\n" if done == total else "")
