"""manage.py technical_report: a year of an exam's measurement as a PDF."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from questions.models import Exam
from scoring.technical import report

FIRST_YEAR = 2000


def year_of_report(text: str) -> int:
    if not text.isdecimal() or not FIRST_YEAR <= int(text) <= timezone.now().year:
        raise ArgumentTypeError(f"must be a year from {FIRST_YEAR} to {timezone.now().year}, not {text!r}")
    return int(text)


class Command(BaseCommand):
    help = (
        "Write the technical report of an exam and a year as a PDF (docs/technical-report.md): the bank, forms, "
        "standard, data, calibration, reliability, equating, exposure, fairness, regrades and limits. No candidate is "
        "named in it. A file of the same name is replaced once the new one is whole."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("exam", help="code of the exam, such as MLA-C01")
        parser.add_argument("--year", type=year_of_report, help="in UTC (this year)")
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help="(technical-report-EXAM-YEAR.pdf in this folder)"
        )
        parser.add_argument("--json", action="store_true", help="report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        start, now = time.perf_counter(), timezone.now()
        exam = Exam.objects.filter(code=options["exam"]).first()
        if exam is None:
            known = ", ".join(Exam.objects.values_list("code", flat=True)) or "none"
            raise CommandError(f"There is no exam {options['exam']}. Known: {known}.")
        year = options["year"] or now.year
        path: Path = options["output"] or Path(f"technical-report-{exam.code}-{year}.pdf")
        try:
            pages = report.write(exam=exam, year=year, now=now, path=path, progress=self._progress())
        except OSError as problem:
            raise CommandError(f"{path} cannot be written: {problem.strerror}.") from None
        seconds = round(time.perf_counter() - start, 2)
        if options["json"]:
            self.stdout.write(json.dumps({"path": str(path), "pages": pages, "seconds": seconds}))
        else:
            self.stdout.write(f"{exam.code}: {pages} pages about {year} in {path} ({seconds:.1f} s)")

    def _progress(self) -> report.Progress | None:
        """A line that counts, for whoever sits at a terminal."""

        def told(what: str, done: int, total: int) -> None:
            self.stderr.write(f"\r{done:,} of {total:,} {what}", ending="\n" if done == total else "")

        return told if self.stderr.isatty() else None
