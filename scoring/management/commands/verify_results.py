"""manage.py verify_results: whether every stored result still comes out of its answers and its table."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from exams.models import Sitting
from questions.models import Exam
from scoring import rescoring


class Command(BaseCommand):
    help = (
        "Score every stored result again, each by its own version of its form's table, and compare figure by figure "
        "with what was issued. Changes nothing; exits with 1 and names the sittings if any result differs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("exam", nargs="?", help="code of the exam, such as MLA-C01; default: all exams")
        parser.add_argument("--json", action="store_true", help="report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        sittings = None
        if options["exam"]:
            exam = Exam.objects.filter(code=options["exam"]).first()
            if exam is None:
                known = ", ".join(Exam.objects.values_list("code", flat=True)) or "none"
                raise CommandError(f"There is no exam {options['exam']}. Known: {known}.")
            sittings = Sitting.objects.filter(exam=exam)
        start = time.perf_counter()
        found = rescoring.verify(sittings=sittings, progress=self._progress)
        seconds = round(time.perf_counter() - start, 2)
        if options["json"]:
            differing = [
                {"sitting": str(each.sitting_id), "version": each.version, "differs": list(each.what)}
                for each in found.differing
            ]
            report = {"exam": options["exam"], "results": found.results, "seconds": seconds, "differing": differing}
            self.stdout.write(json.dumps(report))
        else:
            for each in found.differing:
                self.stdout.write(f"{each.sitting_id} version {each.version}: {', '.join(each.what)}")
            self.stdout.write(f"{found.results:,} results scored again in {seconds:.1f} s")
        if found.differing:
            raise CommandError(f"{len(found.differing):,} of {found.results:,} results differ from what was issued.")

    def _progress(self, done: int, total: int) -> None:
        """A line that counts, for whoever sits at a terminal."""
        if self.stderr.isatty():
            self.stderr.write(f"\r{done:,} of {total:,} results scored again", ending="\n" if done == total else "")
