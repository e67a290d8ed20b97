"""Who was away from an assignment: absent, or ill. Neither costs an attempt."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.models import User
from cohorts.models import Absence, Arrangement, Assignment, Attempt, Membership
from cohorts.services import log
from cohorts.services.supervising import ARCHIVED
from exams.services import clock
from exams.services.clock import CannotChange

VOID = "Declared void because of illness. You may sit the exam again when your instructor says so."
NOT_MARKED = "This person is not marked as absent or ill."
GONE = "This person is no longer a member of the cohort."


@transaction.atomic
def mark(*, assignment: Assignment, user: User, absence: str, by: User, now: dt.datetime, note: str = "") -> bool:
    """Mark a member absent or ill, or, with an empty `absence`, take the mark back. Returns whether an attempt was
    declared void: illness does that to one that runs or is over, so that another may be begun in its place.

    Raises CannotChange with one sentence, and then nothing changes. What is void stays so when a mark is taken back.
    """
    if assignment.cohort.archived_at:
        raise CannotChange(ARCHIVED)
    # Held as by `attending.begin`: nobody begins while we look at what was begun.
    present = Membership.objects.select_for_update().present().filter(cohort=assignment.cohort_id, user=user)
    if not present.exists():
        raise CannotChange(GONE)
    marked = (
        Arrangement.objects.filter(assignment=assignment, user=user).values_list("absence", flat=True).first() or ""
    )
    newest = Attempt.objects.filter(assignment=assignment, user=user).order_by("-number").first()
    standing = newest if newest is not None and newest.void_at is None else None
    voided = standing if absence == Absence.ILL else None
    if absence == marked and voided is None:
        again = f"This person is marked as {Absence(absence).label.lower()} already." if absence else NOT_MARKED
        raise CannotChange(again)
    if absence == Absence.ABSENT and standing:
        raise CannotChange("This person has begun, and so was not absent.")
    if voided:
        clock.void(sitting_id=voided.sitting_id, by=by, reason=VOID)
        voided.void_at, voided.void_reason = now, note or Absence.ILL.label
        voided.save(update_fields=["void_at", "void_reason"])
    changed = {"absence": absence, "changed_at": now} | ({"note": note} if note else {})
    Arrangement.objects.update_or_create(assignment=assignment, user=user, defaults=changed)
    what = f"Marked as {Absence(absence).label.lower()}" if absence else "Took the mark of absence back"
    if voided:
        what += f" and declared attempt {voided.number} void"
    said = f"{what}: {note}" if note else what
    log.write(cohort=assignment.cohort, by=by, what=said, at=now, assignment=assignment, about=user)
    return voided is not None
