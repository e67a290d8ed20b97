"""What belongs to a question whatever its wording: tags, notes, its places in exams, its enemies."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from questions.models import Enmity, Exam, Placement, Question, Standing, Task, Topic
from questions.models.authoring import Act
from questions.services.base import (
    MOST_SAID,
    Changed,
    Refused,
    adopt,
    keep_loader_out,
    locked_question,
    locked_questions,
    record,
    require_author,
    storable,
)
from questions.services.drafts import published_of

TAG = re.compile(r"[a-z0-9][a-z0-9\-]{0,39}")
MOST_TAGS = 20


@transaction.atomic
def retag(*, questions: Sequence[Question], by: User, add: Collection[str] = (), remove: Collection[str] = ()) -> int:
    """Add tags to questions and take others away; returns how many changed. All of them or none. Raises Refused."""
    require_author(by)
    now = timezone.now()
    added, removed = {_tag(one) for one in add}, {_tag(one) for one in remove}
    changed = 0
    for row in locked_questions(one.pk for one in questions):
        tags = sorted((set(row.tags) | added) - removed)
        if tags == row.tags:
            continue
        if len(tags) > MOST_TAGS:
            raise Refused(f"{row.public_id} would have {len(tags)} tags; at most {MOST_TAGS} fit.")
        before, row.tags = row.tags, tags
        row.save(update_fields=["tags"])
        record(Act.LABEL, question=row, by=by, now=now, tags=[before, tags])
        changed += 1
    return changed


@transaction.atomic
def set_notes(*, question: Question, notes: str, was: str, by: User) -> Question:
    """Write the notes anew. `was` is what was read: raises Changed when somebody else has written meanwhile."""
    require_author(by)
    now = timezone.now()
    notes = storable(notes, MOST_SAID)
    row = locked_question(question.pk)
    if row.notes == notes:
        return row
    if row.notes != storable(was, MOST_SAID):
        raise Changed
    before, row.notes = row.notes, notes
    row.save(update_fields=["notes"])
    record(Act.LABEL, question=row, by=by, now=now, notes=[before, notes])
    return row


@transaction.atomic
def place(*, question: Question, exam: Exam, task: Task, by: User, topics: Collection[Topic] = ()) -> Placement:
    """Put the question into a task of an exam, or move it there. A published one is pretest where it is new.

    From now on no pack changes this question. Raises Refused.
    """
    require_author(by)
    now = timezone.now()
    if task.exam_id != exam.pk:
        raise Refused(f"Task {task.code} does not belong to {exam.code}.")
    if any(topic.task_id != task.pk for topic in topics):
        raise Refused(f"A topic does not belong to task {task.code}.")
    keep_loader_out()
    row = locked_question(question.pk)
    found = Placement.objects.filter(question=row, exam=exam).select_related("task").first()
    before = [found.task.code, sorted(found.topics.values_list("number", flat=True))] if found else None
    after = [task.code, sorted({topic.number for topic in topics})]
    if found is not None and before == after:
        return found
    if found is None:
        found = Placement.objects.create(question=row, exam=exam, task=task)
    else:
        found.task = task
        found.save(update_fields=["task"])
    found.topics.set(topics)
    current = published_of(row)
    if current is not None:
        Standing.objects.get_or_create(revision=current, exam=exam)
    adopt(row)
    record(Act.PLACE, question=row, by=by, now=now, exam=exam.code, place=[before, after])
    return found


@transaction.atomic
def remove_from_exam(*, question: Question, exam: Exam, by: User) -> None:
    """Take the question out of an exam: new forms no longer draw it. Its last exam stays. Raises Refused."""
    require_author(by)
    now = timezone.now()
    keep_loader_out()
    row = locked_question(question.pk)
    placements = list(Placement.objects.filter(question=row).select_related("exam", "task"))
    found = next((one for one in placements if one.exam_id == exam.pk), None)
    if found is None:
        raise Refused(f"This question does not belong to {exam.code}.")
    if len(placements) == 1:
        raise Refused("A question belongs to at least one exam; retire it instead.")
    found.delete()
    adopt(row)
    record(Act.PLACE, question=row, by=by, now=now, exam=exam.code, place=[[found.task.code], None])


@transaction.atomic
def make_enemies(*, first: Question, second: Question, by: User) -> Enmity:
    """Say that two questions must not share a form. From now on no pack changes them. Raises Refused."""
    require_author(by)
    if first.pk == second.pk:
        raise Refused("A question cannot be its own enemy.")
    low, high = _pair(first, second)
    found, new = Enmity.objects.get_or_create(first=low, second=high)
    if new:
        _record_pair(low, high, by, enemies=True)
    return found


@transaction.atomic
def make_peace(*, first: Question, second: Question, by: User) -> None:
    """Let two questions share a form again. From now on no pack changes them. Raises Refused."""
    require_author(by)
    low, high = _pair(first, second)
    if not Enmity.objects.filter(first=low, second=high).delete()[0]:
        raise Refused("These questions are no enemies.")
    _record_pair(low, high, by, enemies=False)


def _pair(first: Question, second: Question) -> list[Question]:
    keep_loader_out()
    return locked_questions((first.pk, second.pk))


def _record_pair(low: Question, high: Question, by: User, *, enemies: bool) -> None:
    now = timezone.now()
    adopt(low, high)
    for one, other in ((low, high), (high, low)):
        record(Act.ENEMIES, question=one, by=by, now=now, other=other.public_id, enemies=enemies)


def _tag(text: str) -> str:
    tag = "-".join(text.lower().split())
    if not TAG.fullmatch(tag):
        raise Refused("A tag has up to 40 small letters, digits and hyphens.")
    return tag
