"""manage.py import_questions: bring a file of questions in as drafts."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from questions.interchange.exchange import Limits, Unreadable
from questions.interchange.formats import FORMATS
from questions.interchange.importing import Fate, Plan, Row, apply, plan
from questions.management.bar import bar
from questions.models import Exam, Task
from questions.services.base import Refused

SHOWN = 50
WIDTHS = (9, 34, 17, 5)


class Command(BaseCommand):
    help = (
        "Import questions as drafts. A question that the bank does not have is added; one that it words otherwise gets "
        "a draft to replace it; what cannot be kept is reported. A file that cannot be read changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--exam", default="", help="code of the exam; without it the file has to name one")
        parser.add_argument("--task", default="", help="code of the task for questions that name none of the exam")
        parser.add_argument("--format", default="", choices=["", *FORMATS], help="default: found out from the file")
        parser.add_argument("--by", default="", help="e-mail address of the author in whose name it is done")
        parser.add_argument("--dry-run", action="store_true", help="only say what would happen")
        parser.add_argument("--all", action="store_true", help=f"show more than {SHOWN} rows and losses")
        parser.add_argument("--json", action="store_true", help="report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        exam, task = self._place(options["exam"], options["task"])
        by = self._author(options["by"])
        path: Path = options["file"]
        try:
            found = plan(
                self._data(path), name=path.name, exam=exam, task=task, format_name=options["format"],
                progress=bar(self.stderr, "Comparing"),
            )  # fmt: skip
            if not options["dry_run"]:
                apply(found, by=by, progress=bar(self.stderr, "Writing"))
        except (Unreadable, Refused) as problem:
            raise CommandError(str(problem)) from None
        if options["json"]:
            self.stdout.write(json.dumps(_report(found, dry_run=options["dry_run"])))
        else:
            self._tell(found, dry_run=options["dry_run"], shown=len(found.all_losses) + len(found.rows)
                       if options["all"] else SHOWN)  # fmt: skip

    def _place(self, code: str, task_code: str) -> tuple[Exam | None, Task | None]:
        if not code:
            if task_code:
                raise CommandError("--task needs --exam.")
            return None, None
        exam = Exam.objects.filter(code=code).first()
        if exam is None:
            raise CommandError(f"There is no exam {code}.")
        task = Task.objects.select_related("exam").filter(exam=exam, code=task_code).first()
        if task_code and task is None:
            raise CommandError(f"{code} has no task {task_code}.")
        return exam, task

    def _author(self, address: str) -> User | None:
        if not address:
            return None
        user = User.objects.filter(email__iexact=address.strip()).first()
        if user is None:
            raise CommandError(f"Nobody has the address {address}.")
        return user

    def _data(self, path: Path) -> bytes:
        """The bytes of the file, if there are not too many of them."""
        try:
            size, most = path.stat().st_size, Limits.from_settings().bytes
            if size > most:
                raise CommandError(f"The file has {size:,} bytes; at most {most:,} are read.")
            return path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from None

    def _tell(self, found: Plan, *, dry_run: bool, shown: int) -> None:
        rows = [row for row in found.rows if row.fate != Fate.UNCHANGED]
        if rows:
            self.stdout.write(_line(("fate", "id", "kind", "task"), "stem"))
        for row in rows[:shown]:
            said = row.why if row.fate == Fate.DROPPED else f"{row.stem} ({row.why})" if row.why else row.stem
            name = row.public_id or row.identifier
            self.stdout.write(_line((row.fate, name, row.kind.replace("_", " "), row.task), said))
        self._cut(len(rows), shown, "rows")
        losses = found.all_losses
        if losses:
            self.stdout.write(f"\nLosses ({len(losses)}):")
        for loss in losses[:shown]:
            self.stdout.write(f"{loss.where or found.file}: {loss.what} {loss.severity}: {loss.why}")
        self._cut(len(losses), shown, "losses")
        counts = ", ".join(f"{count} {fate}" for fate, count in found.counts.items())
        self.stdout.write(f"\n{found.label}: {counts}.{' Nothing was written.' if dry_run else ''}")

    def _cut(self, count: int, shown: int, what: str) -> None:
        if count > shown:
            self.stdout.write(f"... and {count - shown:,} more {what}; --all shows them.")


def _line(columns: tuple[str, str, str, str], last: str) -> str:
    cells = (
        text if len(text) <= width else f"{text[: width - 1]}…" for text, width in zip(columns, WIDTHS, strict=True)
    )
    return "  ".join([*(f"{text:{width}}" for text, width in zip(cells, WIDTHS, strict=True)), last])


def _report(found: Plan, *, dry_run: bool) -> dict[str, Any]:
    return {
        "file": found.file,
        "format": found.format,
        "dry_run": dry_run,
        "counts": found.counts,
        "questions": [_row(row) for row in found.rows],
        "losses": [asdict(loss) for loss in found.losses],
    }


def _row(row: Row) -> dict[str, Any]:
    told = ("fate", "identifier", "public_id", "kind", "exam", "task", "why", "problems")
    return {name: getattr(row, name) for name in told} | {"losses": [asdict(loss) for loss in row.losses]}
