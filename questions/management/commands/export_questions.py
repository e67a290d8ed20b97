"""manage.py export_questions: write questions of the bank as a file for other systems."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from questions.interchange.exporting import Export, export, wordings
from questions.interchange.formats import FORMATS
from questions.management.bar import bar
from questions.models import Exam

SHOWN = 50


class Command(BaseCommand):
    help = "Export questions: their published wordings, or with --drafts the newest. What the format loses is reported."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--exam", default="", help="code of the exam; default: the whole bank")
        parser.add_argument("--format", required=True, choices=list(FORMATS))
        parser.add_argument("--output", required=True, type=Path, help="the file to write")
        parser.add_argument("--ids", nargs="+", default=None, help="public ids; default: all")
        parser.add_argument("--drafts", action="store_true", help="the newest wording, published or not")
        parser.add_argument("--json", action="store_true", help="report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        exam = Exam.objects.filter(code=options["exam"]).first() if options["exam"] else None
        if options["exam"] and exam is None:
            raise CommandError(f"There is no exam {options['exam']}.")
        ids = options["ids"] and [part for given in options["ids"] for part in given.split(",") if part]
        revisions = wordings(exam=exam, ids=ids, drafts=options["drafts"])
        found = set(revisions.values_list("question__public_id", flat=True))
        if missing := sorted(set(ids or ()) - found):
            raise CommandError(f"There is no such question to export: {', '.join(missing[:10])}.")
        made = export(
            revisions=revisions, to=FORMATS[options["format"]], exam=exam, progress=bar(self.stderr, "Writing")
        )
        if not made.count:
            raise CommandError("There is nothing to export.")
        self._write(options["output"], made.data)
        self._tell(made, options["output"], as_json=options["json"])

    def _write(self, path: Path, data: bytes) -> None:
        """The file as a whole or not at all."""
        part = path.with_name(f".{path.name}.part")
        try:
            part.write_bytes(data)
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from None

    def _tell(self, made: Export, path: Path, *, as_json: bool) -> None:
        if as_json:
            losses = [asdict(loss) for loss in made.losses]
            self.stdout.write(json.dumps({"file": str(path), "questions": made.count, "losses": losses}))
            return
        for loss in made.losses[:SHOWN]:
            self.stdout.write(f"{loss.where}: {loss.what} {loss.severity}: {loss.why}")
        if len(made.losses) > SHOWN:
            self.stdout.write(f"... and {len(made.losses) - SHOWN:,} more losses; --json shows them.")
        self.stdout.write(f"{path.name}: {made.count} questions, {len(made.losses)} losses")
