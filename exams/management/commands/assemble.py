"""manage.py assemble: make parallel forms."""

from __future__ import annotations

import json
import secrets
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from exams.services import bank, pool
from exams.services.freezing import Gone
from psychometrics import irt
from psychometrics.assembly import Assembly, Draft, Shortage, minimum_passing_raw
from questions.models import Exam, Placement, Revision

MOST = 100


def number_of_forms(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MOST:
        raise ArgumentTypeError(f"must be a whole number from 1 to {MOST}, not {text!r}")
    return int(text)


class Command(BaseCommand):
    help = (
        "Assemble parallel forms of an exam and put them into its pool. Each has exactly the exam's counts; when the "
        "bank cannot do it, the shortage is named and nothing is made."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("exam", help="code of the exam, such as MLA-C01")
        parser.add_argument("--forms", type=number_of_forms, default=1, metavar="N")
        parser.add_argument("--seed", type=int, help="the same seed and bank give the same forms")
        parser.add_argument("--disjoint", action="store_true", help="no question on two of the forms")
        parser.add_argument("--dry-run", action="store_true", help="report, but write nothing")
        parser.add_argument("--json", action="store_true", help="report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        exam = Exam.objects.filter(code=options["exam"]).first()
        if exam is None:
            known = ", ".join(Exam.objects.values_list("code", flat=True)) or "none"
            raise CommandError(f"There is no exam {options['exam']}. Known: {known}.")
        seed = secrets.randbits(31) if options["seed"] is None else options["seed"]
        try:
            if options["dry_run"]:
                names = [f"Draft {number}" for number in range(1, options["forms"] + 1)]
                assembly = pool.plan(exam=exam, forms=options["forms"], seed=seed, disjoint=options["disjoint"])
            else:
                made = pool.assemble(exam=exam, forms=options["forms"], seed=seed, disjoint=options["disjoint"])
                names, assembly = [form.code for form in made.forms], made.assembly
        except Shortage as shortage:
            for line in shortage.lines:
                self.stderr.write(line)
            raise CommandError(f"The bank of {exam.code} cannot make {options['forms']} such forms.") from None
        except Gone as gone:
            raise CommandError(str(gone)) from None
        report = describe(exam, names, assembly)
        if options["json"]:
            self.stdout.write(json.dumps(report))
            return
        for form in report["forms"]:
            self.stdout.write(
                f"{form['code']}: {len(form['questions'])} questions, raw cut {form['raw_cut']:.2f}, "
                f"passes from {form['minimum_passing_raw']}"
            )
        relaxed = f"; relaxed: {', '.join(assembly.relaxed)}" if assembly.relaxed else ""
        self.stdout.write(f"{exam.code}: {len(names)} forms in {assembly.seconds:.2f} s{relaxed}")


def describe(exam: Exam, names: list[str], assembly: Assembly) -> dict[str, Any]:
    """The report that scripts rely on. A constant number of statements."""
    ids = [revision for draft in assembly.drafts for revision in (*draft.scored, *draft.unscored)]
    revisions = {row.pk: row for row in Revision.objects.filter(pk__in=ids).select_related("question")}
    placements = {
        row.question_id: row
        for row in Placement.objects.filter(exam=exam, question__revisions__in=ids).select_related("task__domain")
    }
    candidates = {row.id: row for row in bank.candidates_of(exam)}

    def question(revision_id: int, *, scored: bool) -> dict[str, Any]:
        revision = revisions[revision_id]
        task = placements[revision.question_id].task
        kind = "case_study" if revision.question.scenario_id else revision.kind
        return {
            "id": revision.question.public_id,
            "domain": task.domain.code,
            "task": task.code,
            "kind": kind,
            "scored": scored,
        }

    def form(name: str, draft: Draft) -> dict[str, Any]:
        scored = [candidates[revision] for revision in draft.scored]
        cut = float(irt.characteristic_curve(0.0, [row.a for row in scored], [-row.d / row.a for row in scored]))
        return {
            "code": name,
            "raw_cut": round(cut, 6),
            "minimum_passing_raw": minimum_passing_raw(cut),
            "questions": [question(revision, scored=True) for revision in draft.scored]
            + [question(revision, scored=False) for revision in draft.unscored],
        }

    return {
        "exam": exam.code,
        "seconds": round(assembly.seconds, 4),
        "relaxed": list(assembly.relaxed),
        "forms": [form(name, draft) for name, draft in zip(names, assembly.drafts, strict=True)],
    }
