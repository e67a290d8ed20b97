"""manage.py load_pack: bring the bank in step with folders of YAML files."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from questions.pack.loader import LoadReport, load, write_outlines
from questions.pack.reader import Pack, PackErrors, read_pack

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Load packs (folders with exam.yaml and questions/*.yaml) into the bank. A changed wording becomes a new "
        "revision. Repeating it changes nothing; a pack with an error changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folders", nargs="*", type=Path, help="default: every pack that comes with Cutscore")
        parser.add_argument("--json", action="store_true", help="report as JSON")
        parser.add_argument(
            "--take-outline",
            action="store_true",
            help="also where an exam that came from a pack was edited in the studio, let exam.yaml decide again",
        )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        folders = options["folders"] or sorted(
            path.parent for path in Path(settings.PACKS_DIRECTORY).glob("*/exam.yaml")
        )
        packs = {folder: self._read(folder) for folder in folders}
        for folder, pack in packs.items():
            with self._explained(folder):
                write_outlines([pack], take=options["take_outline"])
        reports = [self._load(folder, pack, quiet=options["json"]) for folder, pack in packs.items()]
        if options["json"]:
            self.stdout.write(json.dumps([report.as_dict() for report in reports]))

    def _read(self, folder: Path) -> Pack:
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.")
        with self._explained(folder):
            return read_pack(folder)

    def _load(self, folder: Path, pack: Pack, *, quiet: bool) -> LoadReport:
        with self._explained(folder):
            report = load(pack=pack, now=timezone.now(), progress=self._progress)
        if not quiet:
            self.stdout.write(
                f"{folder.resolve().name}: {len(report.added)} added, {len(report.changed)} changed,"
                f" {len(report.unchanged)} unchanged"
            )
            if report.kept:
                self.stdout.write(f"{len(report.kept)} left as the studio has them: {_listed(report.kept)}")
            if report.outline_kept:
                self.stdout.write(
                    f"  The outline of {report.exam} was edited in the studio, so exam.yaml was left aside;"
                    " --take-outline lets it decide again."
                )
        return report

    @contextmanager
    def _explained(self, folder: Path) -> Iterator[None]:
        """Every problem of a pack on a line of its own, and one sentence at the end."""
        try:
            yield
        except PackErrors as problems:
            for error in problems.errors[:SHOWN]:
                self.stderr.write(str(error))
            count = len(problems.errors)
            name = folder.resolve().name
            raise CommandError(f"{name}: {count} error{'s'[: count != 1]}, nothing was loaded.") from None

    def _progress(self, done: int, total: int) -> None:
        if self.stderr.isatty() and (done == total or done % 50 == 0):
            self.stderr.write(f"\r{done} of {total} questions", ending="\n" if done == total else "")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
