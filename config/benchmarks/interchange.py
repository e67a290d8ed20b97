"""How fast a large file of questions is planned and written, in a database of its own that is dropped afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction

from config.benchmarks.meaning import Figures, compare
from config.benchmarks.rescoring import scratch_database
from questions.interchange.exchange import ForeignOption, ForeignPrompt, ForeignQuestion, ForeignReference
from questions.interchange.formats import FORMATS
from questions.interchange.importing import apply, plan
from questions.interchange.plans import Fate
from questions.models import Exam, Revision
from questions.pack.outline import write_exam
from questions.pack.reader import read_pack

Made = TypeVar("Made")
PROMISED = 60  # seconds for planning and writing 5,000 questions
WORDS = (
    "plan", "index", "table", "query", "cache", "shard", "batch", "stream", "model", "label", "split", "score", "node",
    "disk", "route", "token",
)  # fmt: skip
BECAUSE = "This follows from what the stem says of {word}; the manual has a chapter about it."


def measure(code: str, questions: int) -> Figures:
    """Write so many generated questions of the four kinds as Moodle XML, and bring them in for the exam twice."""
    folder = Path(settings.PACKS_DIRECTORY) / code.lower()
    if not folder.is_dir():
        raise CommandError(f"The packs that come with Cutscore hold no {code}, which the exchange is measured with.")
    pack = read_pack(folder)
    if pack.exam is None or pack.exam_source is None:
        raise CommandError(f"The pack of {code} has no outline.")
    with scratch_database():
        with transaction.atomic():
            write_exam(pack.exam, pack.exam_source)
        exam = Exam.objects.get(code=code)
        tasks = [task.code for task in exam.tasks.order_by("pk")]
        data, making = timed(lambda: FORMATS["moodle"].write([generated(n, code, tasks) for n in range(questions)]))
        found, planning = timed(lambda: plan(data, name="bench.xml", exam=exam))
        done, writing = timed(lambda: apply(found, by=None))
        again, repeating = timed(lambda: plan(data, name="bench.xml", exam=exam))
        drafts = Revision.objects.count()
    figures: Figures = {
        "questions in the file, MB": f"{questions}, {len(data) / 1_000_000:.1f}",
        "drafts written": f"{len(done.added)}, in the bank {drafts}",
        "left alone when the file comes again": again.counts[Fate.UNCHANGED],
        "writing the file: seconds": round(making, 1),
        "planning: seconds": round(planning, 1),
        "writing the drafts: seconds": round(writing, 1),
        "planning again: seconds": round(repeating, 1),
    }
    return figures | compare(
        [
            ("planning and writing 5,000: seconds", PROMISED, [(planning + writing) * 5_000 / questions]),
            ("questions lost on the way", 0, [questions - len(done.added), questions - again.counts[Fate.UNCHANGED]]),
        ]
    )


def timed(act: Callable[[], Made]) -> tuple[Made, float]:
    start = time.perf_counter()
    made = act()
    return made, time.perf_counter() - start


def generated(number: int, exam: str, tasks: list[str]) -> ForeignQuestion:
    """A question of its own for each number, of each kind in turn."""
    words = [WORDS[(number * 7 + step * (1 + number % 5)) % len(WORDS)] for step in range(5)]
    kind = ("multiple_choice", "multiple_response", "ordering", "matching")[number % 4]
    texts = [f"Change the {word} of part {number}-{step}" for step, word in enumerate(words)]
    right = {"multiple_choice": 1, "multiple_response": 2}.get(kind, 0)
    options = tuple(
        ForeignOption(
            text,
            BECAUSE.format(word=word),
            correct=step < right,
            position=step + 1 if kind == "ordering" else None,
        )
        for step, (text, word) in enumerate(zip(texts, words, strict=True))
    )
    prompts = tuple(
        ForeignPrompt(f"Team {step} of {number} looks after the {words[step]}", BECAUSE.format(word=words[step]), step)
        for step in range(3 if kind == "matching" else 0)
    )
    said = f"Team {number} finds that its **{words[0]}** is slow, and that `{words[1]} --all` takes {number} seconds."
    return ForeignQuestion(
        identifier=f"bench-{number:06}",
        kind=kind,
        stem=f"{said}\n\nWhat should it do about the {words[2]} and the {words[3]}?",
        options=options,
        prompts=prompts,
        references=(ForeignReference("The manual", f"https://docs.example.com/manual/{words[0]}"),),
        tags=(words[0],),
        exam=exam,
        task=tasks[number % len(tasks)],
    )
