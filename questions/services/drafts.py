"""Writing: new questions, new revisions, and saves that never overwrite anybody silently."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable
from dataclasses import replace

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from questions import search
from questions.ids import PUBLIC_ID, RESERVED, SHAPE
from questions.kinds import KINDS, OptionContent, PromptContent
from questions.models import (
    Audit,
    Exam,
    Option,
    Placement,
    Prompt,
    Question,
    Reference,
    Revision,
    ScenarioRevision,
    Task,
)
from questions.models.authoring import Act
from questions.models.bank import FROZEN, OPEN, RevisionState
from questions.services.base import (
    Refused,
    keep_loader_out,
    locked_question,
    locked_revision,
    record,
    require_author,
    storable,
)
from questions.writing import ReferenceContent, Writing, of_revision

SITTING_DOWN = dt.timedelta(minutes=10)  # saves of one person closer than this are one entry of the trail
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that are mistaken for each other
MOST_PARTS = 20  # options, prompts or references; what may be published is less
TITLE, ADDRESS, POSITION = 300, 500, 99


class Stale(Refused):
    """Somebody else has saved in the meantime. `mine` was to be saved, `theirs` stands there now."""

    def __init__(self, *, mine: Writing, theirs: Writing, version: int, by: User | None) -> None:
        super().__init__(f"{by or 'Somebody'} has changed this draft in the meantime.")
        self.mine, self.theirs, self.version, self.by = mine, theirs, version, by


class AlreadyOpen(Refused):
    """The question has a draft or a revision in review already."""

    def __init__(self, revision: Revision | None) -> None:
        super().__init__("There is a draft of this question already; go on with that one.")
        self.revision = revision


@transaction.atomic
def create_question(*, kind: str, exam: Exam, task: Task, author: User, public_id: str = "") -> Revision:
    """A new question with an empty draft, placed in the exam. Without `public_id` it gets one of its own.

    Raises Refused.
    """
    require_author(author)
    now = timezone.now()
    if kind not in KINDS:
        raise Refused(f"There is no kind of question called {kind}.")
    if task.exam_id != exam.pk:
        raise Refused(f"Task {task.code} does not belong to {exam.code}.")
    public_id = public_id.strip() or _public_id(exam, task)
    if not PUBLIC_ID.fullmatch(public_id):
        raise Refused(SHAPE)
    if public_id in RESERVED:
        raise Refused(f"No question can be called {public_id}: that is the address of a page.")
    try:
        with transaction.atomic():
            question = Question.objects.create(public_id=public_id, from_studio=True)
    except IntegrityError:
        raise Refused(f"There is a question {public_id} already.") from None
    Placement.objects.create(question=question, exam=exam, task=task)
    revision = Revision.objects.create(question=question, number=1, kind=kind, author=author, lock_version=1)
    record(
        Act.CREATE, question=question, revision=revision, by=author, now=now,
        kind=kind, exam=exam.code, task=task.code,
    )  # fmt: skip
    return revision


@transaction.atomic
def save_draft(*, revision: Revision, content: Writing, expected_version: int, by: User) -> Revision:
    """Save the whole draft, complete or not; autosave is the same verb. Returns it with its new version.

    Saving what stands there already changes nothing. Raises Stale when `expected_version` is not the one in the bank
    any more, and Refused.
    """
    require_author(by)
    now = timezone.now()
    row = locked_revision(revision.pk)
    if row.state != RevisionState.DRAFT:
        raise Refused(f"This revision is {row.get_state_display().lower()} and cannot be changed.")
    if content.kind != row.kind:
        raise Refused("The kind of a question cannot be changed; write a new question.")
    content = _tidy(content)
    before = of_revision(_read(row.pk))
    scenario = newest_scenario(row.question)
    same = content == before and scenario == row.scenario_revision_id
    if row.lock_version != expected_version:
        if same:  # the reply to an earlier save was lost
            return row
        raise Stale(mine=content, theirs=before, version=row.lock_version, by=last_writer(row))
    if same:
        return row
    row.stem, row.scenario_revision_id = content.stem, scenario
    row.lock_version += 1
    row.save(update_fields=["stem", "scenario_revision", "lock_version"])
    _write_parts(row, content)
    last = _last_save(row)
    if last is None or last.who_id != by.pk or now - last.when > SITTING_DOWN:
        record(Act.SAVE, question=row.question, revision=row, by=by, now=now, version=row.lock_version)
    return row


@transaction.atomic
def start_revision(*, question: Question, by: User) -> Revision:
    """A draft with the published wording, or the last one of a retired question, to be corrected.

    Raises AlreadyOpen and Refused.
    """
    require_author(by)
    now = timezone.now()
    keep_loader_out()
    row = locked_question(question.pk)
    revisions = Revision.objects.filter(question=row)
    opened = revisions.filter(state__in=OPEN).first()
    if opened:
        raise AlreadyOpen(opened)
    frozen = revisions.filter(state__in=FROZEN)
    source = frozen.published().first() or frozen.order_by("-published_at", "-number").first()
    if source is None:
        raise Refused("This question has never been published.")
    draft = Revision.objects.create(
        question=row,
        number=next_number(row),
        kind=source.kind,
        scenario_revision_id=newest_scenario(row),
        stem=source.stem,
        author=by,
        lock_version=1,
        based_on=source,
    )
    _write_parts(draft, of_revision(_read(source.pk)))
    record(Act.REVISE, question=row, revision=draft, by=by, now=now, based_on=source.number)
    return draft


@transaction.atomic
def rebase(*, revision: Revision, by: User) -> Revision:
    """Say that a newer published wording has been seen and that this draft shall replace it nevertheless."""
    require_author(by)
    now = timezone.now()
    keep_loader_out()
    question = locked_question(revision.question_id)
    row = locked_revision(revision.pk)
    if row.state != RevisionState.DRAFT:
        raise Refused("Only a draft can be based on another wording.")
    current = published_of(question)
    if current is None or current.pk == row.based_on_id:
        raise Refused("No newer wording has been published.")
    row.based_on, row.number = current, next_number(question)
    row.lock_version += 1
    row.save(update_fields=["based_on", "number", "lock_version"])
    record(Act.REBASE, question=question, revision=row, by=by, now=now, based_on=current.number)
    return row


@transaction.atomic
def delete_draft(*, revision: Revision, by: User) -> None:
    """Delete a draft; a question that has nothing else goes with it. The trail stays.

    Only its author may, a superuser, or anybody when the author's account is gone.
    """
    require_author(by)
    now = timezone.now()
    question = locked_question(revision.question_id)
    row = locked_revision(revision.pk)
    if row.state != RevisionState.DRAFT:
        raise Refused("Only a draft can be deleted.")
    if row.author_id not in (None, by.pk) and not by.is_superuser:
        raise Refused("Only its author can delete a draft.")
    record(Act.DELETE, question=question, revision=row, by=by, now=now, stem=row.stem[:200])
    row.delete()
    if not Revision.objects.filter(question=question).exists():
        question.delete()


# ---- what other verbs need ---------------------------------------------------------------------------------------


def published_of(question: Question) -> Revision | None:
    return Revision.objects.published().filter(question=question).first()


def next_number(question: Question) -> int:
    """The number of the question's next revision. Keep the loader out and hold the question first."""
    newest: int = Revision.objects.filter(question=question).aggregate(newest=Max("number"))["newest"] or 0
    return newest + 1


def newest_scenario(question: Question) -> int | None:
    """Id of the newest wording of the question's scenario; a case study's questions all show the same."""
    rows = ScenarioRevision.objects.filter(scenario=question.scenario_id).order_by("-number")
    return rows.values_list("pk", flat=True).first() if question.scenario_id else None


def last_writer(revision: Revision) -> User | None:
    last = _last_save(revision)
    return last.who if last else None


# ---- rows ----------------------------------------------------------------------------------------------------------


def _read(pk: int) -> Revision:
    return Revision.objects.with_content().get(pk=pk)


def _last_save(revision: Revision) -> Audit | None:
    return Audit.objects.filter(revision=revision, act=Act.SAVE).select_related("who").first()


def _public_id(exam: Exam, task: Task) -> str:
    ending = "".join(secrets.choice(LETTERS) for _ in range(6))
    return f"{exam.code.lower()}-{task.code}-{ending}"


def _write_parts(revision: Revision, content: Writing) -> None:
    """Options, prompts and references, replaced as a whole, and the words to search by."""
    Prompt.objects.filter(revision=revision).delete()
    Option.objects.filter(revision=revision).delete()
    Reference.objects.filter(revision=revision).delete()
    options = Option.objects.bulk_create(
        Option(
            revision=revision, number=number, text=option.text, rationale=option.rationale,
            correct=option.correct, position=option.position,
        )
        for number, option in enumerate(content.options, 1)
    )  # fmt: skip
    Prompt.objects.bulk_create(
        Prompt(
            revision=revision, number=number, text=prompt.text, rationale=prompt.rationale,
            option=options[prompt.option - 1] if prompt.option else None,
        )
        for number, prompt in enumerate(content.prompts, 1)
    )  # fmt: skip
    Reference.objects.bulk_create(
        Reference(revision=revision, number=number, title=reference.title, url=reference.url)
        for number, reference in enumerate(content.references, 1)
    )
    search.refresh(revision_ids=[revision.pk])


def _tidy(content: Writing) -> Writing:
    """The content as it is stored: no spaces around texts, as in a pack. Raises Refused for what no row can hold."""
    tidied = replace(
        content,
        stem=storable(content.stem),
        options=tuple(
            OptionContent(storable(one.text), storable(one.rationale), one.correct, one.position)
            for one in content.options
        ),
        prompts=tuple(
            PromptContent(storable(one.text), storable(one.rationale), one.option) for one in content.prompts
        ),
        references=tuple(
            ReferenceContent(storable(one.title, TITLE), storable(one.url, ADDRESS)) for one in content.references
        ),
    )
    for what, parts in (("options", tidied.options), ("prompts", tidied.prompts), ("references", tidied.references)):
        if len(parts) > MOST_PARTS:
            raise Refused(f"A question cannot have {len(parts)} {what}.")
    _check_positions(option.position for option in tidied.options if option.position is not None)
    if any(not 0 <= prompt.option <= len(tidied.options) for prompt in tidied.prompts):
        raise Refused("A prompt names an option that does not exist.")
    return tidied


def _check_positions(positions: Iterable[int]) -> None:
    seen: set[int] = set()
    for position in positions:
        if not 1 <= position <= POSITION:
            raise Refused(f"A step cannot stand in position {position}.")
        if position in seen:
            raise Refused(f"Two steps stand in position {position}.")
        seen.add(position)
