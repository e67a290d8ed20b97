"""manage.py simulate: sittings by a known model, and their removal. It lives here because it scores them, too."""

from __future__ import annotations

import json
import math
import secrets
import time
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from exams.services import simulation
from exams.services.simulation import CannotSimulate, Simulation
from psychometrics.simulation import JUDGING, Judging
from questions.models import Exam
from scoring import services
from scoring.models import Result

MOST = 100_000


def number_of_candidates(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise ArgumentTypeError(f"must be a whole number from 1 to {MOST:,}, not {text!r}")
    return int(text)


def finite(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ArgumentTypeError(f"must be a number, not {text!r}")
    return number


def positive(text: str) -> float:
    if (number := finite(text)) <= 0:
        raise ArgumentTypeError(f"must be more than 0, not {text!r}")
    return number


def spread(text: str) -> float:
    if (number := finite(text)) < 0:
        raise ArgumentTypeError(f"must be at least 0, not {text!r}")
    return number


class Command(BaseCommand):
    help = (
        "Make simulated sittings of an exam: closed, scored, marked as simulated, and answered by a known model "
        "(docs/simulation.md). They count in no norm, no exposure and no calibration. The same seed means the same "
        "true parameters; repeating it adds further candidates. --remove takes all of them away again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("exam", help="code of the exam, such as MLA-C01")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--candidates", type=number_of_candidates, metavar="N", help="how many people sit the exam")
        what.add_argument("--remove", action="store_true", help="remove every simulated sitting of the exam")
        parser.add_argument("--mean", type=finite, default=0.0, metavar="M", help="of their ability in logits (0)")
        parser.add_argument("--sd", type=positive, default=1.0, metavar="S", help="of their ability in logits (1)")
        parser.add_argument("--seed", type=int, metavar="K", help="the same seed gives the same sittings")
        parser.add_argument("--alpha", type=finite, default=JUDGING.alpha, help="true d = alpha + beta·logit(rating)")
        parser.add_argument("--beta", type=finite, default=JUDGING.beta)
        parser.add_argument("--tau", type=spread, default=JUDGING.tau, help="sd of the true d around that line")
        parser.add_argument("--true", type=Path, metavar="FILE", help="write true parameters and abilities as JSON")
        parser.add_argument("--json", action="store_true", help="report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        exam = Exam.objects.filter(code=options["exam"]).first()
        if exam is None:
            known = ", ".join(Exam.objects.values_list("code", flat=True)) or "none"
            raise CommandError(f"There is no exam {options['exam']}. Known: {known}.")
        if options["remove"]:
            self._remove(exam, as_json=options["json"])
        else:
            self._simulate(exam, options)

    def _remove(self, exam: Exam, *, as_json: bool) -> None:
        sittings, people = simulation.remove(exam=exam, progress=self._progress("sittings removed"))
        if as_json:
            self.stdout.write(json.dumps({"exam": exam.code, "sittings": sittings, "people": people}))
        else:
            self.stdout.write(f"{exam.code}: removed {sittings:,} simulated sittings and {people:,} people")

    def _simulate(self, exam: Exam, options: dict[str, Any]) -> None:
        start, now = time.perf_counter(), timezone.now()
        try:
            with transaction.atomic():
                made = simulation.simulate(
                    exam=exam,
                    candidates=options["candidates"],
                    mean=options["mean"],
                    sd=options["sd"],
                    seed=secrets.randbits(31) if options["seed"] is None else options["seed"],
                    judging=Judging(alpha=options["alpha"], beta=options["beta"], tau=options["tau"]),
                    now=now,
                    progress=self._progress("sittings made"),
                )
                services.score_all(sitting_ids=made.sitting_ids, now=now, progress=self._progress("sittings scored"))
                if options["true"]:
                    options["true"].write_text(json.dumps(made.truth(), indent=1) + "\n", encoding="utf-8")
        except CannotSimulate as problem:
            raise CommandError(str(problem)) from None
        except OSError as problem:
            raise CommandError(f"{options['true']} cannot be written: {problem.strerror}.") from None
        report = {**describe(made), "seconds": round(time.perf_counter() - start, 2)}
        self.stdout.write(json.dumps(report) if options["json"] else in_words(report))

    def _progress(self, what: str) -> simulation.Progress | None:
        """A line that counts, for whoever sits at a terminal."""

        def told(done: int, total: int) -> None:
            self.stderr.write(f"\r{done:,} of {total:,} {what}", ending="\n" if done == total else "")

        return told if self.stderr.isatty() else None


def describe(made: Simulation) -> dict[str, Any]:
    """The report that scripts rely on. One statement."""
    candidates, counts = len(made.sitting_ids), made.counts
    passed = Result.objects.current().filter(sitting__in=made.sitting_ids, passed=True).count()
    return {
        "exam": made.exam.code,
        "seed": made.seed,
        "mean": made.mean,
        "sd": made.sd,
        "candidates": candidates,
        "first": made.first,
        "forms": len(made.forms),
        "answers": counts["reached"],
        "right": round(counts["right"] / counts["seats"], 4),
        "omitted": round((counts["reached"] - counts["answered"]) / counts["seats"], 4),
        "not_reached": round(1 - counts["reached"] / counts["seats"], 4),
        "finished": round(counts["finished"] / candidates, 4),
        "passed": round(passed / candidates, 4),
    }


def in_words(report: dict[str, Any]) -> str:
    last = report["first"] + report["candidates"] - 1
    return (
        f"{report['exam']}: {report['candidates']:,} simulated sittings on {report['forms']} forms "
        f"(seed {report['seed']}, candidates {report['first']:,} to {last:,}): {report['right']:.1%} right, "
        f"{report['omitted']:.1%} omitted, {report['not_reached']:.1%} not reached; {report['finished']:.1%} finished, "
        f"{report['passed']:.1%} passed; {report['seconds']:.1f} s"
    )
