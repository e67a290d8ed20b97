"""What may be done to a question on its page: each act calls one verb and returns what to tell the person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.models import User
from exams.services import withdrawing
from questions.models import Comment, Question, Revision
from questions.services import drafts, publishing, review
from questions.services.base import Changed, Refused, keep_loader_out, locked_question, locked_revision


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what: the question, and the fields of an `ActForm`."""

    question: Question
    by: User
    data: dict[str, Any]

    @property
    def revision(self) -> Revision:
        """The one that was read. Raises Refused when it is gone."""
        rows = Revision.objects.select_related("question").filter(question=self.question)
        found = rows.filter(pk=self.data["revision"]).first()
        if found is None:
            raise Refused("This draft has been deleted.")
        return found

    @property
    def version(self) -> int:
        """The version that was read; -1, which no draft has, when the form named none."""
        version = self.data["version"]
        return -1 if version is None else version

    @property
    def text(self) -> str:
        text: str = self.data["text"]
        return text

    def reviewer(self) -> User:
        found = User.objects.filter(pk=self.data["reviewer"], is_active=True).first()
        if found is None:
            raise Refused("Please choose who is to review it.")
        return found

    def locked(self) -> Revision:
        """The revision as it was read, held until the end of the transaction. Raises Changed and Refused.

        For verbs that take no version. They lock the same rows in the same order.
        """
        keep_loader_out()
        locked_question(self.question.pk)
        row = locked_revision(self.revision.pk)
        if row.lock_version != self.version:
            raise Changed
        return row


def submit(asked: Asked) -> str:
    reviewer = asked.reviewer()
    review.submit(revision=asked.revision, reviewer=reviewer, expected_version=asked.version, by=asked.by)
    return f"Submitted. {reviewer} is to review it."


def take_back(asked: Asked) -> str:
    review.take_back(revision=asked.locked(), by=asked.by)
    return "Taken back. It is a draft again."


def assign(asked: Asked) -> str:
    reviewer = asked.reviewer()
    review.assign_reviewer(revision=asked.locked(), reviewer=reviewer, by=asked.by)
    return f"{reviewer} is to review it now."


def comment(asked: Asked) -> str:
    review.comment(revision=asked.revision, place=asked.data["place"], text=asked.text, by=asked.by)
    return "Your comment was added."


def resolve(asked: Asked) -> str:
    found = Comment.objects.filter(pk=asked.data["comment"], revision__question=asked.question).first()
    if found is None:
        raise Refused("This comment has been deleted with its draft.")
    review.resolve(comment=found, by=asked.by)
    return "The comment is resolved."


def acknowledge(asked: Asked) -> str:
    review.acknowledge(
        revision=asked.locked(), rule=asked.data["rule"], place=asked.data["place"], reason=asked.text, by=asked.by
    )
    return "The warning is let pass, with your reason."


def approve(asked: Asked) -> str:
    review.approve(revision=asked.revision, expected_version=asked.version, note=asked.text, by=asked.by)
    return "Approved. It can be published now."


def changes(asked: Asked) -> str:
    review.ask_for_changes(revision=asked.revision, expected_version=asked.version, note=asked.text, by=asked.by)
    return "Sent back with your note. It is a draft again."


def publish(asked: Asked) -> str:
    done = publishing.publish(revision=asked.revision, expected_version=asked.version, by=asked.by)
    return f"Published as revision {done.number}. New forms may draw it, on unscored seats until it is rated."


def revise(asked: Asked) -> str:
    made = drafts.start_revision(question=asked.question, by=asked.by)
    before = made.based_on.number if made.based_on else 0
    return f"Revision {made.number} is a draft with the wording of revision {before}."


def rebase(asked: Asked) -> str:
    row = asked.locked()
    _still_current(asked)
    done = drafts.rebase(revision=row, by=asked.by)
    return f"Noted. This draft, now revision {done.number}, is to replace the newer wording."


def retire(asked: Asked) -> str:
    keep_loader_out()
    locked_question(asked.question.pk)
    _still_current(asked)
    publishing.retire(question=asked.question, reason=asked.text, by=asked.by)
    return "Retired. New forms draw it no more."


def delete(asked: Asked) -> str:
    drafts.delete_draft(revision=asked.locked(), by=asked.by)
    return "The draft was deleted. What was done to it stays in the trail."


def withdraw(asked: Asked) -> str:
    keep_loader_out()
    locked_question(asked.question.pk)
    _still_current(asked)
    done = withdrawing.withdraw(question=asked.question, reason=asked.text, by=asked.by)
    count = len(done.forms)
    return f"Withdrawn. {count} form{'s' * (count != 1)} that stood ready {'were' if count != 1 else 'was'} taken off."


def _still_current(asked: Asked) -> None:
    """Raise Changed when another wording is published than the one that was seen; the verbs say if there is none."""
    current = drafts.published_of(asked.question)
    if current is not None and current.pk != asked.data["current"]:
        raise Changed


# Publishing is not wrapped: it locks a whole case study first, in an order of its own.
ACTS: dict[str, Callable[[Asked], str]] = {
    "submit": submit,
    "take-back": transaction.atomic(take_back),
    "assign": transaction.atomic(assign),
    "comment": comment,
    "resolve": resolve,
    "acknowledge": transaction.atomic(acknowledge),
    "approve": approve,
    "changes": changes,
    "publish": publish,
    "revise": revise,
    "rebase": transaction.atomic(rebase),
    "retire": transaction.atomic(retire),
    "delete": transaction.atomic(delete),
}
withdraw_it = transaction.atomic(withdraw)
