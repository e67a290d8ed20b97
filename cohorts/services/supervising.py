"""What an instructor does to running and finished sittings of an assignment. Each act is written down with it.

The acts themselves belong to the rooms below; here they are limited to attempts at the instructor's own assignment,
done once however often they are sent, and logged in the same transaction.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from cohorts.models import Assignment, Attempt
from cohorts.services import log
from exams.models import Sitting
from exams.services import clock, notices
from exams.services.clock import CannotChange, Change
from scoring import services as scoring

ARCHIVED = "This cohort is archived, so nothing in it can be changed."
NOT_SAT = "This person has no sitting that counts."
MEANWHILE = "The clock was changed in the meantime; look at it again."


@transaction.atomic
def grant(
    *,
    assignment: Assignment,
    user: User,
    minutes: int,
    by: User,
    extend_window: bool = False,
    granted: int | None = None,
) -> Change:
    """Give the person's running attempt more minutes. Raises CannotChange.

    `granted` is what the instructor saw as granted so far: two clicks, or two instructors, then give time once.
    """
    sitting = _held(assignment, user)
    if granted is not None and sitting.granted_minutes != granted:
        raise CannotChange(MEANWHILE)
    change = clock.grant(sitting_id=sitting.pk, minutes=minutes, by=by, extend_window=extend_window)
    window = " and extended the window as far as needed" if extend_window else ""
    _log(assignment, user, by, f"Granted {minutes} min{window}; the deadline is now {_at(change.deadline)}")
    return change


@transaction.atomic
def pause(*, assignment: Assignment, user: User, by: User) -> Change:
    """Stop the clock of the person's attempt. Raises CannotChange."""
    change = clock.pause(sitting_id=_held(assignment, user).pk, by=by)
    _log(assignment, user, by, "Paused the clock")
    return change


@transaction.atomic
def resume(*, assignment: Assignment, user: User, by: User) -> Change:
    """Let the clock of the person's attempt go on. Raises CannotChange."""
    change = clock.resume(sitting_id=_held(assignment, user).pk, by=by)
    _log(assignment, user, by, f"Let the clock go on; the deadline is now {_at(change.deadline)}")
    return change


@transaction.atomic
def finish(*, assignment: Assignment, user: User, by: User) -> None:
    """End the person's running attempt. Raises CannotChange."""
    clock.finish(sitting_id=_held(assignment, user).pk, by=by)
    _log(assignment, user, by, "Ended the sitting")


@transaction.atomic
def reopen(*, assignment: Assignment, user: User, deadline: dt.datetime, by: User, now: dt.datetime) -> None:
    """Let the person's finished attempt go on until `deadline`; not once its keys are released. Raises CannotChange."""
    scoring.reopen(sitting_id=_held(assignment, user).pk, deadline=deadline, by=by, now=now)
    _log(assignment, user, by, f"Reopened the sitting until {_at(deadline)}")


@transaction.atomic
def send(
    *, assignment: Assignment, users: Sequence[User], text: str, by: User, now: dt.datetime,
    last: Mapping[int, int] | None = None,
) -> list[User]:  # fmt: skip
    """Show a message on the exam screens of those whose attempt runs; returns whom it reached.

    `last` holds, by person, the number of the last message that the instructor knew of: a second click then sends
    nothing. Raises notices.CannotSend and CannotChange.
    """
    _refuse_archived(assignment)
    by_sitting = {sitting_id: pk for pk, sitting_id in _newest(assignment, users).items()}
    held = Sitting.objects.filter(pk__in=by_sitting).order_by("pk").select_for_update()
    reached = [
        sitting
        for sitting in held
        if sitting.state == Sitting.State.IN_PROGRESS
        and not sitting.is_due(now)
        and (last is None or last.get(by_sitting[sitting.pk]) == sitting.notices)
    ]
    if not reached:
        return []
    notices.send(sitting_ids=[sitting.pk for sitting in reached], text=text, by=by, now=now)
    ids = {by_sitting[sitting.pk] for sitting in reached}
    told = [user for user in users if user.pk in ids]
    for user in told:
        _log(assignment, user, by, f"Sent a message: {' '.join(text.split())}", at=now)
    return told


def _newest(assignment: Assignment, users: Sequence[User]) -> dict[int, uuid.UUID]:
    """Person -> the sitting of their newest attempt, where that counts."""
    rows = Attempt.objects.filter(assignment=assignment, user__in=users).order_by("user_id", "number")
    newest = {attempt.user_id: attempt for attempt in rows}
    return {pk: attempt.sitting_id for pk, attempt in newest.items() if attempt.void_at is None}


def _held(assignment: Assignment, user: User) -> Sitting:
    """The sitting of the person's newest attempt, under its lock. Call inside a transaction."""
    _refuse_archived(assignment)
    found = _newest(assignment, [user]).get(user.pk)
    if found is None:
        raise CannotChange(NOT_SAT)
    return Sitting.objects.select_for_update().get(pk=found)


def _refuse_archived(assignment: Assignment) -> None:
    if assignment.cohort.archived_at:
        raise CannotChange(ARCHIVED)


def _at(moment: dt.datetime) -> str:
    """In UTC: the log is read in several time zones."""
    return f"{moment.astimezone(dt.UTC):%-d %B %Y, %H:%M:%S} UTC"


def _log(assignment: Assignment, user: User, by: User, what: str, at: dt.datetime | None = None) -> None:
    log.write(cohort=assignment.cohort, by=by, what=what, at=at or timezone.now(), assignment=assignment, about=user)
