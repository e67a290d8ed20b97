"""manage.py calibrate: measure an exam's questions on its first sittings, and change nothing."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from questions.models import Exam
from scoring.calibration.eligibility import Progress
from scoring.calibration.running import Refused, run
from scoring.calibration.summary import in_words, report_of


def no_seed(text: str) -> None:
    if text != "none":
        raise ArgumentTypeError(f"can only be none, for nothing is drawn by chance, not {text!r}")


class Command(BaseCommand):
    help = (
        "Calibrate an exam on the first sittings of its candidates and keep what was found as a run "
        "(docs/calibration.md). Questions, tables and results stay as they are until somebody promotes the run."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("exam", help="code of the exam, such as MLA-C01")
        parser.add_argument(
            "--include-simulated",
            action="store_true",
            help="take simulated sittings, too: to look at, never to promote",
        )
        parser.add_argument(
            "--seed", type=no_seed, metavar="none", help="nothing is drawn: the same data, the same run"
        )
        parser.add_argument("--json", action="store_true", help="report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        exam = Exam.objects.filter(code=options["exam"]).first()
        if exam is None:
            known = ", ".join(Exam.objects.values_list("code", flat=True)) or "none"
            raise CommandError(f"There is no exam {options['exam']}. Known: {known}.")
        start = time.perf_counter()
        try:
            made = run(
                exam=exam,
                now=timezone.now(),
                include_simulated=options["include_simulated"],
                progress=self._progress(),
            )
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        report = {**report_of(made), "seconds": round(time.perf_counter() - start, 2)}
        self.stdout.write(json.dumps(report) if options["json"] else in_words(report))

    def _progress(self) -> Progress | None:
        """A line that counts, for whoever sits at a terminal."""

        def told(done: int, total: int) -> None:
            self.stderr.write(f"\r{done:,} of {total:,} sittings read", ending="\n" if done == total else "")

        return told if self.stderr.isatty() else None
