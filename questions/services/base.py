"""What all the authors' verbs share: who may act, how they refuse, what is locked, and the trail they leave."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import connection

from accounts.access import has_role
from accounts.models import User
from accounts.roles import Role
from questions.models import Audit, Question, Revision, Scenario
from questions.models.authoring import Act
from questions.pack.loader import LOCK

REASON = (10, 500)  # characters
MOST_TEXT = 20_000  # characters of one text in a draft
MOST_SAID = 5_000  # characters of a comment, a note or a reason


class Refused(Exception):
    """The verb does not apply; the message is one sentence for the person. Nothing has changed."""


class Changed(Refused):
    """What was read is not what stands there any more."""

    def __init__(self) -> None:
        super().__init__("This has been changed since you read it; please look at it again.")


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


def record_scenario(*, scenario: Scenario, by: User, now: dt.datetime, **detail: Any) -> Audit:
    """Add a row to the trail about a case study as a whole."""
    return Audit.objects.create(public_id=scenario.public_id, who=by, when=now, act=Act.SCENARIO, detail=detail)


def locked_question(pk: int) -> Question:
    """The question, locked until the end of the transaction. Always locked before its revisions.

    Raises Refused when it is gone.
    """
    return locked_questions([pk])[0]


def locked_questions(pks: Iterable[int]) -> list[Question]:
    """Several questions, locked in the order of their ids, so that two of us never wait for each other."""
    wanted = set(pks)
    rows = list(Question.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk"))
    if len(rows) < len(wanted):
        raise Refused("This question has been deleted.")
    return rows


def locked_scenario(pk: int) -> Scenario:
    """The case study, locked until the end of the transaction. Always locked before its questions."""
    return Scenario.objects.select_for_update(no_key=True).get(pk=pk)


def adopt(*questions: Question) -> None:
    """Make these questions the studio's: no pack changes them from now on."""
    Question.objects.filter(pk__in=[one.pk for one in questions], from_studio=False).update(from_studio=True)


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


def said(text: str, what: str, most: int = MOST_SAID) -> str:
    """The text without spaces around it. Raises Refused when nothing is left or no row can hold it."""
    text = storable(text, most)
    if not text:
        raise Refused(f"Please give {what}.")
    return text


def reasoned(text: str, what: str = "a reason") -> str:
    """A reason that others can follow: 10 to 500 characters. Raises Refused."""
    text = said(text, what)
    if not REASON[0] <= len(text) <= REASON[1]:
        raise Refused(f"Please give {what} of {REASON[0]} to {REASON[1]} characters.")
    return text


def storable(text: str, most: int = MOST_TEXT) -> str:
    """The text as it is stored. Raises Refused for what no row can hold.

    Browsers post line ends as CRLF; a pack has LF, and equal wordings must be equal.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if "\0" in text:
        raise Refused("The text holds a NUL character.")
    if len(text) > most:
        raise Refused(f"A text has {len(text):,} characters, at most {most:,} fit.")
    return text
