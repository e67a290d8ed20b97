"""Questions made up for tests of the studio's list: a wording, a state and an author, at once searchable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from accounts.models import User
from questions import search
from questions.models import Exam, Option, Placement, Question, Revision, Standing
from questions.models.bank import FROZEN, RevisionState

LIST = "/bank/questions/"


def written(
    public_id: str, stem: str = "", *, options: Sequence[str] = (), rationale: str = "", exam: Exam | None = None,
    task: str = "1.1", author: User | None = None, state: str = RevisionState.DRAFT, kind: str = "multiple_choice",
    rating: float | None = None, number: int = 1,
    reviewer: User | None = None,
) -> Revision:  # fmt: skip
    """A question of the bank, in one task of the exam if one is given; `number` above 1 adds a revision to it."""
    question, _ = Question.objects.get_or_create(public_id=public_id)
    revision = Revision.objects.create(
        question=question, number=number, state=RevisionState.DRAFT if state in FROZEN else state, kind=kind, stem=stem,
        author=author, digest=f"{stem[:60]}", reviewer=reviewer,
        submitted_at=timezone.now() if state == RevisionState.IN_REVIEW else None,
    )  # fmt: skip
    Option.objects.bulk_create(
        Option(revision=revision, number=place, text=text, rationale=rationale, correct=place == 1)
        for place, text in enumerate(options, 1)
    )
    if state in FROZEN:
        revision.state, revision.published_at = state, timezone.now()
        revision.save()
    if exam:
        Placement.objects.get_or_create(question=question, exam=exam, task=exam.tasks.get(code=task))
        Standing.objects.create(revision=revision, exam=exam, rating=rating)
    search.refresh(revision_ids=[revision.pk])
    return revision


def found(client: Any, query: str = "") -> list[str]:
    """Public ids in the order of the rows."""
    page = client.get(f"{LIST}?{query}")
    assert page.status_code == 200
    return [row.public_id for row in page.context["listing"].rows]


def counted(client: Any, query: str, field: str) -> dict[str, int | None]:
    """The choices of a filter with their counts."""
    listing = client.get(f"{LIST}?{query}").context["listing"]
    [choices] = [one.choices for one in listing.fields if one.name == field]
    return {choice.value: choice.count for choice in choices if choice.value}
