"""Authors, wordings and questions in every state of their life, made the real way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.roles import Role
from accounts.services import grant_role
from questions.kinds import OptionContent, PromptContent
from questions.models import Audit, Exam, Question, Revision, Task
from questions.pack.outline import write_exam
from questions.pack.reader import Source
from questions.pack.schema import Exam as ExamSchema
from questions.services import drafts, publishing, review
from questions.writing import ReferenceContent, Writing
from tests.accounts.factories import UserFactory
from tests.questions.material import EXAM

BECAUSE = "Because the manual says so in its third chapter."
REASON = "A test wants to see what happens."

STEMS = {
    1: "A courier has to deliver parcels on a wet day.\n\nWhich coat keeps the courier dry?",
    2: "A baker weighs flour for twenty loaves.\n\nWhich scale is exact enough?",
    3: "The lighthouse keeper counts ships at night.\n\nWhich lamp reaches the horizon?",
}


def an_exam(**changes: Any) -> Exam:
    """The small exam of `material`, as an outline without questions."""
    with transaction.atomic():
        write_exam(ExamSchema.model_validate(EXAM | changes), Source("exam.yaml", 1))
    return Exam.objects.get(code=(EXAM | changes)["code"])


def an_author(**more: Any) -> User:
    person: User = UserFactory(**more)
    grant_role(user=person, role=Role.AUTHOR)
    return User.objects.get(pk=person.pk)  # without cached permissions


def choice(stem: str = STEMS[1], **changes: Any) -> Writing:
    """A sound multiple choice question without any flaw."""
    texts = ("Waxed cotton", "Loose linen", "Thin denim", "Knitted wool")
    writing = Writing(
        kind="multiple_choice",
        stem=stem,
        options=tuple(OptionContent(text, BECAUSE, text == texts[0]) for text in texts),
        references=(ReferenceContent("The manual", "https://docs.example.com/manual"),),
    )
    return replace(writing, **changes)


def response() -> Writing:
    texts = ("Waxed cotton", "Loose linen", "Thin denim", "Knitted wool", "Oiled silk")
    options = tuple(OptionContent(text, BECAUSE, text in (texts[0], texts[4])) for text in texts)
    return replace(choice(), kind="multiple_response", options=options)


def ordering() -> Writing:
    steps = ("Wash it", "Wax it", "Dry it", "Wear it")
    options = tuple(OptionContent(text, BECAUSE, False, place) for place, text in enumerate(steps, 1))
    return replace(choice(), kind="ordering", options=options)


def matching() -> Writing:
    options = tuple(OptionContent(text, BECAUSE) for text in ("Red", "Green", "Blue"))
    prompts = tuple(PromptContent(text, BECAUSE, place) for text, place in (("Sky", 3), ("Grass", 2), ("Sea", 3)))
    return replace(choice(), kind="matching", options=options, prompts=prompts)


EVERY_KIND = (choice(), response(), ordering(), matching())


def a_draft(author: User, exam: Exam, writing: Writing | None = None, public_id: str = "") -> Revision:
    writing = writing or choice()
    task = Task.objects.get(exam=exam, code="1.1")
    revision = drafts.create_question(kind=writing.kind, exam=exam, task=task, author=author, public_id=public_id)
    return drafts.save_draft(revision=revision, content=writing, expected_version=1, by=author)


def reworded(revision: Revision, author: User, stem: str) -> Revision:
    return drafts.save_draft(
        revision=revision,
        content=choice(stem),
        expected_version=revision.lock_version,
        by=author,
    )


def approved(revision: Revision, author: User, reviewer: User) -> Revision:
    version = revision.lock_version
    review.submit(revision=revision, reviewer=reviewer, expected_version=version, by=author)
    review.approve(revision=revision, expected_version=version, by=reviewer)
    return fresh(revision)


def a_published(
    author: User, reviewer: User, exam: Exam, writing: Writing | None = None, public_id: str = ""
) -> Revision:
    row = approved(a_draft(author, exam, writing, public_id), author, reviewer)
    return publishing.publish(revision=row, expected_version=row.lock_version, by=author)


def fresh(revision: Revision) -> Revision:
    return Revision.objects.with_content().get(pk=revision.pk)


def trail(question: Question | str) -> list[str]:
    """What was done to the question, oldest first."""
    name = question if isinstance(question, str) else question.public_id
    return list(Audit.objects.filter(public_id=name).order_by("pk").values_list("act", flat=True))
