"""manage.py coverage: what an exam's bank covers, how many disjoint forms it makes and what to write next."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from exams.services import coverage
from exams.services.coverage import Known, State
from psychometrics.assembly.cells import BANDS, Cell
from psychometrics.assembly.coverage import MOST_FORMS
from psychometrics.assembly.gaps import Gap
from questions.models import Exam


def number_of_forms(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_FORMS):
        raise ArgumentTypeError(f"must be a whole number from 1 to {MOST_FORMS}, not {text!r}")
    return int(text)


class Command(BaseCommand):
    help = (
        "Say how many disjoint forms an exam's bank can make, what it lacks for more, what to write next, and how the "
        "published questions lie over task, kind and difficulty. Works it out unless that has been done for this bank."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("exam", help="code of the exam, such as MLA-C01")
        parser.add_argument(
            "--forms", type=number_of_forms, metavar="K", help="hold the bank against so many forms (the pool's size)"
        )
        parser.add_argument("--json", action="store_true", help="report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        exam = Exam.objects.filter(code=options["exam"]).first()
        if exam is None:
            codes = ", ".join(Exam.objects.values_list("code", flat=True)) or "none"
            raise CommandError(f"There is no exam {options['exam']}. Known: {codes}.")
        try:
            state = coverage.state_of(exam)
            found = coverage.known(exam)
            if found is None or found.digest != state.digest:
                found = coverage.compute(exam=exam, state=state, now=timezone.now())
        except ValueError as error:
            raise CommandError(f"The coverage of {exam.code} cannot be worked out: {error}.") from None
        report = describe(exam, state, found, options["forms"] or coverage.wanted_forms())
        self.stdout.write(json.dumps(report) if options["json"] else in_words(report))


def describe(exam: Exam, state: State, found: Known, forms: int) -> dict[str, Any]:
    """The report that scripts rely on."""
    capacity, then = found.coverage.capacity, found.coverage.next
    published, needed = state.published, found.coverage.needed[forms]

    def cell(at: Cell) -> dict[str, Any]:
        return {"task": state.blueprint.task_names[at.task], "kind": at.kind, "difficulty": BANDS[at.band]}

    return {
        "exam": exam.code,
        "computed_at": found.computed_at.isoformat(),
        "seconds": found.seconds,
        "published": len(state.candidates),
        "pretest": state.pretest,
        "disjoint_forms": capacity.made,
        "at_most": capacity.bound,
        "searched_up_to": capacity.most,
        "relaxed": list(capacity.relaxed),
        "causes": list(capacity.causes),
        "forms": forms,
        "missing": _missing(found.coverage.gaps[forms - 1]),
        "next": None
        if then is None
        else {
            **_missing(then.gap),
            "forms": then.gap.forms,
            "proven": then.proven,
            "write": [{**cell(line.cell), "questions": line.questions, "pretest": line.pretest} for line in then.lines],
            "helps": [cell(one) for one in sorted(then.helps)],
        },
        "cells": [
            {**cell(one), "published": published[one], "needed": needed.get(one, 0)}
            for one in sorted({*published, *needed})
        ],
    }


def _missing(gap: Gap) -> dict[str, Any]:
    return {"questions": gap.missing, "at_least": gap.at_least}


def in_words(report: dict[str, Any]) -> str:
    made, most, then = report["disjoint_forms"], report["at_most"], report["next"]
    proof = "by the counts no more" if made == most else f"the counts would allow {most}"
    if most == report["searched_up_to"]:
        proof = "no more were asked for"
    lines = [
        f"{report['exam']}: {report['published']} published questions, {report['pretest']} of them pretest",
        f"Disjoint forms: {made} ({proof})",
        *report["causes"],
        f"For {report['forms']} forms: {_told(report['missing'])}",
    ]
    if then is not None:
        lines.append(f"For {then['forms']} forms: {_told(then)}{', proved by making them' if then['proven'] else ''}")
        for rank, line in enumerate(then["write"], 1):
            seat = ", unscored seats" if line["pretest"] else ""
            lines.append(f"{rank:3}. {line['questions']} x {line['task']} {line['kind']} {line['difficulty']}{seat}")
    lines.append(f"Published of needed for {report['forms']} forms, by task and kind, {' / '.join(BANDS)}:")
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for one in report["cells"]:
        rows.setdefault((one["task"], one["kind"]), {})[one["difficulty"]] = f"{one['published']} of {one['needed']}"
    for (task, kind), bands in rows.items():
        lines.append(f"{task:6} {kind:18} {' / '.join(bands.get(band, '0 of 0') for band in BANDS)}")
    return "\n".join(lines)


def _told(missing: dict[str, Any]) -> str:
    if missing["questions"] is None:
        return "no number of further questions would do"
    if not missing["questions"]:
        return "nothing is missing"
    at_least = "" if missing["questions"] == missing["at_least"] else f", at least {missing['at_least']}"
    return f"{missing['questions']} questions missing{at_least}"
