"""manage.py bench: the figures that Cutscore promises, measured on this machine."""

from __future__ import annotations

import gzip
import json
import re
import secrets
import statistics
import time
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from config.benchmarks import board as full_room
from config.benchmarks import cohorts as cohort_pages
from config.benchmarks import interchange as large_file
from config.benchmarks import meaning as same_meaning
from config.benchmarks import rescoring as stored_results
from config.benchmarks import studio as list_of_questions
from config.benchmarks.meaning import BROKEN, NONE, Figures
from exams import paper
from exams.models import Sitting
from exams.services import bank, saving, sittings
from exams.services.changes import Change
from psychometrics import irt
from psychometrics.assembly import (
    apportion,
    assemble_forms,
    assemble_pool,
    assemble_reference,
    target_of,
    violations,
)
from psychometrics.assembly.synthetic import synthetic_bank
from psychometrics.scaling import Scale
from questions.models import Exam

SEEDS = (1, 2, 3)
COUNTED_SAVES = 20  # counting statements costs time, so most saves are only timed


class Command(BaseCommand):
    help = (
        "Measure form assembly, saving, page weight, calibration, whether a score means the same on every form, "
        "rescoring, the studio's list, the exchange of questions and the live board, and compare with what is promised."
        "rescoring, the studio's list, the exchange of questions and a cohort's results, and compare with what "
        "is promised."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help=f"any of {', '.join(PARTS)}; default: all")
        parser.add_argument("--exam", default="MLA-C01")
        parser.add_argument(
            "--runs", type=int, default=30, help="forms to assemble, hundreds of saves and rounds of lists to time"
        )
        parser.add_argument("--sittings", type=int, default=100_000, help="how many to store")
        parser.add_argument("--questions", type=int, default=5_000, help="how many to bring in as one file")
        parser.add_argument("--json", action="store_true", help="report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        exam = Exam.objects.filter(code=options["exam"]).first()
        if exam is None:
            raise CommandError(f"There is no exam {options['exam']}.")
        if min(options["runs"], options["sittings"], options["questions"]) < 1:
            raise CommandError("--runs, --sittings and --questions must be at least 1.")
        try:
            report = {name: PARTS[name](exam, options[SIZES.get(name, "runs")]) for name in options["parts"] or PARTS}
        except sittings.CannotBegin as problem:
            raise CommandError(str(problem)) from problem
        if options["json"]:
            self.stdout.write(json.dumps(report))
        else:
            for name, figures in report.items():
                self.stdout.write(self.style.MIGRATE_HEADING(name))
                for label, value in figures.items():
                    self.stdout.write(f"  {label:<52} {value}")
        broken = [f"{name}: {figures[BROKEN]}" for name, figures in report.items() if figures.get(BROKEN, NONE) != NONE]
        if broken:
            raise CommandError(f"Promises are broken. {'. '.join(broken)}.")


def assembly(exam: Exam, runs: int) -> Figures:
    """One form from 10,000 synthetic questions, and ten disjoint ones from 2,000."""
    blueprint = bank.blueprint_of(exam)
    large = synthetic_bank(10_000, blueprint, 1)
    reference = assemble_reference(large, blueprint, seed=1).drafts[0]
    target = target_of(reference, large)
    seconds, broken = [], 0
    for seed in range(runs):
        start = time.perf_counter()
        made = assemble_forms(large, blueprint, target, forms=1, disjoint=False, seed=seed)
        seconds.append(time.perf_counter() - start)
        broken += len(violations(made.drafts[0], large, blueprint)) + len(made.relaxed)
    start = time.perf_counter()
    ten = assemble_pool(synthetic_bank(2_000, blueprint, 2), blueprint, forms=10, disjoint=True, seed=2)
    apart = [question for draft in ten.drafts for question in (*draft.scored, *draft.unscored)]
    return {
        "one form from 10,000: median ms (promised 100)": round(statistics.median(seconds) * 1000),
        "one form from 10,000: p95 ms (promised 300)": round(percentile(seconds, 0.95) * 1000),
        "one form from 10,000: slowest ms (promised 2,000)": round(max(seconds) * 1000),
        "constraints broken or relaxed in all runs": broken,
        "ten disjoint forms from 2,000: seconds (promised 10)": round(time.perf_counter() - start, 2),
        "questions on two of the ten": len(apart) - len(set(apart)),
        "seats by domain": "/".join(map(str, apportion(exam.questions, blueprint.weights))),
    }


def saves(exam: Exam, runs: int) -> Figures:
    """Saves of one answer, committed for real, by a person who is deleted afterwards."""
    person = User.objects.create_user(f"bench-{secrets.token_hex(6)}@example.invalid")
    try:
        sitting = sittings.begin(user=person, exam=exam)
        seats = list(sitting.form.seats.filter(kind="multiple_choice"))
        seconds, statements = [], set()
        for sequence in range(1, runs * 100 + 1):
            seat = seats[sequence % len(seats)]
            answer = Change(sequence, seat.number, 0, [seat.tokens[sequence % 4]], False, 0, 1)
            counted = sequence <= COUNTED_SAVES
            start = time.perf_counter()
            with CaptureQueriesContext(connection) if counted else nullcontext() as queries:
                saving.save(sitting_id=sitting.pk, user_id=person.pk, claim=1, changes=[answer])
            seconds.append(time.perf_counter() - start)
            if queries is not None:
                statements.add(sum(query["sql"] not in ("BEGIN", "COMMIT") for query in queries.captured_queries))
        return {
            "statements between BEGIN and COMMIT (promised 4)": max(statements),
            "one save with its commit: median ms": round(statistics.median(seconds) * 1000, 2),
            "one save with its commit: p95 ms": round(percentile(seconds, 0.95) * 1000, 2),
            "saves timed": len(seconds),
        }
    finally:
        Sitting.objects.filter(user=person).delete()
        person.delete()


def weight(exam: Exam, runs: int) -> Figures:
    """What a browser loads to sit the exam, as sent compressed."""
    person = User.objects.create_user(f"bench-{secrets.token_hex(6)}@example.invalid")
    try:
        sitting = sittings.begin(user=person, exam=exam)
        start = time.perf_counter()
        context = paper.page(sitting, now=timezone.now())
        html = render_to_string("exams/sitting.html", {**context, "site_name": settings.SITE_NAME})
        seconds = time.perf_counter() - start
    finally:
        Sitting.objects.filter(user=person).delete()
        person.delete()
    page = len(gzip.compress(html.encode(), 6))
    assets = sum(sent_size(name) for name in linked_files(html))
    return {
        "page, gzip: kB": round(page / 1000, 1),
        "styles, scripts, icons: kB": round(assets / 1000, 1),
        "together: kB (promised 150)": round((page + assets) / 1000, 1),
        "making the page: ms": round(seconds * 1000),
    }


def calibration(exam: Exam, runs: int) -> Figures:
    """Speed and recovery of `irt.fit` on simulated answers, seeds 1 to 3: theta ~ N(0, 1), log a ~ N(0, 0.25²),
    b ~ N(-0.6, 0.8²); a slope prior where it says so, log a ~ N(0, 0.3²)."""
    dense, seconds = [], []
    for seed in SEEDS:
        answers = answered(seed, 1_000, 65)[0].toarray()
        start = time.perf_counter()
        irt.fit(answers)
        dense.append(time.perf_counter() - start)
    figures: Figures = {"2PL, 1,000 × 65 dense: median s (promised 0.5)": round(statistics.median(dense), 2)}
    errors: dict[str, list[float]] = {}
    for seed in SEEDS:
        answers, a, b = answered(seed, 10_000, 650)
        pretest = np.arange(650) >= 500
        for name, priors in (("", None), (", slope prior", irt.ItemPriors(log_slope_mean=0.0, log_slope_sd=0.3))):
            start = time.perf_counter()
            free = irt.fit(answers, priors=priors)
            seconds += [] if name else [time.perf_counter() - start]
            held = (np.where(pretest, np.nan, a), np.where(pretest, np.nan, b))
            fixed = irt.fit(answers, fixed=held, priors=priors)
            for label, estimates, truth in (
                ("RMSE of b (promised 0.14)", free.difficulty, b),
                ("RMSE of a (promised 0.12)", free.discrimination, a),
                ("RMSE of pretest b (promised 0.12)", fixed.difficulty[pretest], b[pretest]),
            ):
                error = float(np.sqrt(np.mean((estimates - truth) ** 2)))
                errors.setdefault(f"{label}{name}", []).append(error)
    figures["2PL, 10,000 × 650, 65 each, with SE: median s (promised 5)"] = round(statistics.median(seconds), 2)
    return figures | {label: ", ".join(f"{error:.3f}" for error in found) for label, found in errors.items()}


def answered(seed: int, persons: int, items: int) -> tuple[Any, irt.FloatArray, irt.FloatArray]:
    """Answers of persons who each see 65 of the items, and the items' true slopes and difficulties."""
    rng = np.random.default_rng(seed)
    a, b = np.exp(rng.normal(0, 0.25, items)), rng.normal(-0.6, 0.8, items)
    return irt.simulate(rng.standard_normal(persons), a, b, irt.assign(persons, items, 65, rng), rng), a, b


def meaning(exam: Exam, runs: int) -> Figures:
    """Whether a score means the same on every form, seeds 1 to 3; `config.benchmarks.meaning` says how."""
    scale = Scale(exam.scale_minimum, exam.scale_maximum, exam.pass_mark)
    return same_meaning.measure(scale, exam.scored, exam.unscored, SEEDS)


def rescoring(exam: Exam, sittings: int) -> Figures:
    """Scoring stored sittings again, in a database of its own."""
    return stored_results.measure(exam.code, sittings)


def studio(exam: Exam, runs: int) -> Figures:
    """The studio's list at 10,000 questions, in a database of its own."""
    return list_of_questions.measure(runs)


def interchange(exam: Exam, questions: int) -> Figures:
    """Bringing in a large file of questions, in a database of its own."""
    return large_file.measure(exam.code, questions)


def board(exam: Exam, runs: int) -> Figures:
    """One refresh of the live board with 500 running sittings, in a database of its own."""
    return full_room.measure(exam.code, runs)


def cohorts(exam: Exam, sittings: int) -> Figures:
    """A cohort's pages of results among so many stored sittings, in a database of its own."""
    return cohort_pages.measure(exam.code, sittings)


def linked_files(html: str) -> set[str]:
    """Static files that the page names, and the modules that those import, as paths under STATIC_ROOT."""
    prefix = re.escape(settings.STATIC_URL)
    waiting = set(re.findall(rf'(?:href|src)="{prefix}([^"#]+)', html))
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        found.add(name)
        if name.endswith(".js"):
            text = static_path(name).read_text(encoding="utf-8")
            near = {str(Path(name).parent / part) for part in re.findall(r'from "\./([^"]+)"', text)}
            waiting |= near - found
    return found


def sent_size(name: str) -> int:
    """Bytes of a static file in its best stored encoding."""
    path = static_path(name)
    return min(
        candidate.stat().st_size for candidate in (path, Path(f"{path}.br"), Path(f"{path}.gz")) if candidate.exists()
    )


def static_path(name: str) -> Path:
    return Path(staticfiles_storage.path(name))


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


PARTS: dict[str, Callable[[Exam, int], Figures]] = {
    "assembly": assembly,
    "saves": saves,
    "weight": weight,
    "calibration": calibration,
    "meaning": meaning,
    "rescoring": rescoring,
    "studio": studio,
    "interchange": interchange,
    "board": board,
    "cohorts": cohorts,
}
# The option that says how much to measure, where it is not --runs.
SIZES = {"rescoring": "sittings", "interchange": "questions", "cohorts": "sittings"}
