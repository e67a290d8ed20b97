"""What all the authors' verbs share: who may act, how they refuse, what is locked, and the trail they leave."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection

from accounts.access import has_role
from accounts.models import User
from accounts.roles import Role
from questions.models import Audit, Question, Revision
from questions.models.authoring import Act
from questions.pack.loader import LOCK


class Refused(Exception):
    """The verb does not apply; the message is one sentence for the person. Nothing has changed."""


class NotAnAuthor(Refused):
    """Whoever asks does not hold the author's role."""


def require_author(by: User) -> None:
    """Raise NotAnAuthor unless this person is an author; an active superuser is one. The only place that asks."""
    if not has_role(by, Role.AUTHOR):
        raise NotAnAuthor("Only authors work on questions.")


def record(
    act: Act, *, question: Question, by: User, now: dt.datetime, revision: Revision | None = None, **detail: Any
) -> Audit:
    """Add a row to the trail. `detail` is plain data; the revision's number goes with it."""
    if revision is not None:
        detail = {"number": revision.number, **detail}
    return Audit.objects.create(
        question=question, public_id=question.public_id, revision=revision, who=by, when=now, act=act, detail=detail
    )


def locked_question(pk: int) -> Question:
    """The question, locked until the end of the transaction. Always locked before its revisions."""
    return Question.objects.select_for_update(no_key=True).get(pk=pk)


def locked_revision(pk: int) -> Revision:
    """The revision as it is now, locked until the end of the transaction. Raises Refused when it is gone."""
    row = Revision.objects.select_for_update(of=("self",), no_key=True).select_related("question").filter(pk=pk).first()
    if row is None:
        raise Refused("This draft has been deleted.")
    return row


def keep_loader_out() -> None:
    """Wait for a pack that is being loaded, and let none begin before the end of the transaction.

    The loader reads the bank once and numbers and publishes revisions by that. Call before any row is locked.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])


def said(text: str, what: str) -> str:
    """The text without spaces around it. Raises Refused when nothing is left or PostgreSQL cannot store it."""
    text = text.strip()
    if not text:
        raise Refused(f"Please give {what}.")
    if "\0" in text:
        raise Refused("The text holds a NUL character.")
    return text
