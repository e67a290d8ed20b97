"""Write an exam's specification to the bank, and refuse what would contradict forms and reports that exist."""

from __future__ import annotations

import json

from questions.models import Domain, Exam, KindShare, Task, Topic
from questions.models.outline import Origin
from questions.pack import schema
from questions.pack.reader import PackErrors, Source
from questions.specification import as_pack, specification_of


def _check_scale(exam: schema.Exam, source: Source) -> None:
    """Reports that people hold name these numbers, so a pack may not move them under an exam that has questions."""
    row = Exam.objects.filter(code=exam.code, placements__isnull=False).first()
    if row is None:
        return
    scale = exam.scale
    now = (exam.questions, exam.scored, scale.minimum, scale.maximum, scale.pass_mark)
    if now != (row.questions, row.scored, row.scale_minimum, row.scale_maximum, row.pass_mark):
        raise PackErrors([source.error("scale", "counts, scale and pass mark of an exam in use cannot be changed")])


def _check_outline(exam: schema.Exam, source: Source) -> None:
    """Forms and results point at domains and tasks, so a pack may reword them but not take them away."""
    tasks = {task.code: domain.code for domain in exam.domains for task in domain.tasks}
    known = Task.objects.filter(exam__code=exam.code).order_by("number").values_list("code", "domain__code")
    missing = [code for code, _ in known if code not in tasks]
    moved = [code for code, domain in known if code in tasks and tasks[code] != domain]
    places = list(Domain.objects.filter(exam__code=exam.code).values_list("code", flat=True))
    if missing:
        raise PackErrors([source.error("domains", f"task {missing[0]} of the bank is missing here")])
    if moved or places != [domain.code for domain in exam.domains][: len(places)]:
        raise PackErrors([source.error("domains", "the domains and tasks stand in another order than in the bank")])


def belongs_to_studio(exam: schema.Exam, source: Source) -> bool:
    """Whether the studio keeps this exam's outline, and the pack says something else. At most five statements.

    Raises PackErrors for an exam that was made in the studio: such a one no pack may change. See docs/exams.md.
    """
    row = Exam.objects.select_for_update().filter(code=exam.code).first()
    if row is None or row.edited_at is None:
        return False
    if json.loads(json.dumps(as_pack(specification_of(row)), default=str)) == exam.model_dump(mode="json"):
        return False
    if row.origin == Origin.STUDIO:
        what = "this exam was made in the studio and no pack changes it; without exam.yaml the questions are loaded"
        raise PackErrors([source.error("code", what)])
    return True


def write_exam(exam: schema.Exam, source: Source, *, take: bool = False) -> Exam | None:
    """Create or update the exam with its shares and outline, matched by code. Raises PackErrors.

    An outline that was edited in the studio is left as it is, and None returned, unless the pack is told to `take` it.
    Call inside a transaction.
    """
    if belongs_to_studio(exam, source) and not take:
        return None
    _check_scale(exam, source)
    _check_outline(exam, source)
    row, _ = Exam.objects.update_or_create(
        code=exam.code,
        defaults={
            "name": exam.name,
            "level": exam.level,
            "status": exam.status,
            "as_of": exam.as_of,
            "minutes": exam.minutes,
            "language_minutes": exam.language_minutes,
            "questions": exam.questions,
            "scored": exam.scored,
            "scale_minimum": exam.scale.minimum,
            "scale_maximum": exam.scale.maximum,
            "pass_mark": exam.scale.pass_mark,
            **({"edited_at": None} if take else {}),
        },
    )
    for kind, share in exam.kinds.items():
        KindShare.objects.update_or_create(
            exam=row,
            kind=kind,
            defaults={
                "form_minimum": share.form[0],
                "form_maximum": share.form[1],
                "scored_minimum": share.scored[0],
                "scored_maximum": share.scored[1],
            },
        )
    KindShare.objects.filter(exam=row).exclude(kind__in=exam.kinds).delete()
    task_number = 0
    for number, domain in enumerate(exam.domains, 1):
        domain_row, _ = Domain.objects.update_or_create(
            exam=row,
            code=domain.code,
            defaults={"number": number, "title": domain.title, "weight": domain.weight},
        )
        for task in domain.tasks:
            task_number += 1
            task_row, _ = Task.objects.update_or_create(
                exam=row,
                code=task.code,
                defaults={"domain": domain_row, "number": task_number, "title": task.title},
            )
            for topic in task.topics:
                Topic.objects.update_or_create(task=task_row, number=topic.number, defaults={"title": topic.title})
            Topic.objects.filter(task=task_row).exclude(number__in=[topic.number for topic in task.topics]).delete()
    return row
