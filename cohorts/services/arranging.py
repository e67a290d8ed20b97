"""What holds for one member in one assignment in place of what holds for all."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, fields
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from cohorts.models import Arrangement, Assignment, Attempt, Membership
from cohorts.services import following, log, reminding
from cohorts.services.assigning import CannotAssign, held
from cohorts.services.attending import Offer
from cohorts.services.times import said


@dataclass(frozen=True, slots=True)
class Wish:
    """What an arrangement says. None and 0 change nothing; multiplier and extra minutes are named together."""

    multiplier: Decimal | None = None
    extra_minutes: int | None = None
    start_by: dt.datetime | None = None
    end_by: dt.datetime | None = None
    more_attempts: int = 0
    note: str = ""


@transaction.atomic
def arrange(*, assignment_id: uuid.UUID, user_id: int, wish: Wish, by: User, now: dt.datetime) -> Arrangement:
    """Set what holds for a member. The window of their running sitting follows when it gets longer; their extra time
    counts from the next attempt on. Raises CannotAssign and Membership.DoesNotExist.
    """
    # The same order of locks as Begin: the membership, then the assignment, then sittings.
    membership = Membership.objects.select_for_update(of=("self",), no_key=True).select_related("user").present().get(
        cohort__assignments=assignment_id, user=user_id
    )  # fmt: skip
    assignment = held(assignment_id)
    before = following.offers(assignment, [user_id])[user_id]
    present = Arrangement.objects.filter(assignment=assignment, user=user_id).first()
    arrangement = present or Arrangement(assignment=assignment, user=membership.user)
    words = _differences(arrangement, wish)
    for one in fields(wish):
        setattr(arrangement, one.name, getattr(wish, one.name))
    if problems := _problems(assignment, wish, before, now):
        raise CannotAssign(*problems)
    if not words:
        return arrangement
    arrangement.changed_at = now
    arrangement.save()
    log.write(
        cohort=assignment.cohort, assignment=assignment, by=by, about=membership.user, at=now,
        what=f"Arranged {', '.join(words)}.",
    )  # fmt: skip
    if Attempt.objects.filter(assignment=assignment, user=user_id).exists():
        following.windows(assignment=assignment, by=by, user=user_id)
        following.releases(assignment=assignment, user=user_id)
    after = following.offers(assignment, [user_id])[user_id]
    if (before.start_by, before.end_by) != (after.start_by, after.end_by):
        reminding.tell_changed(assignment=assignment, now=now, user=user_id)
    return arrangement


def _problems(assignment: Assignment, wish: Wish, before: Offer, now: dt.datetime) -> list[tuple[str, str]]:
    found = []
    if (wish.multiplier is None) != (wish.extra_minutes is None):
        found.append(("extra_minutes", "Extra minutes need the choice above them: it says what they are added to."))
    start_by, end_by = wish.start_by or assignment.start_by, wish.end_by or assignment.end_by
    if start_by <= assignment.opens_at:
        found.append(("start_by", "The last start must be later than the opening of the assignment."))
    if end_by < start_by:
        own = "end_by" if wish.end_by else "start_by"
        found.append((own, "The end must not be earlier than the last start."))
    for name, was, new in (("start_by", before.start_by, wish.start_by), ("end_by", before.end_by, wish.end_by)):
        if new is not None and new <= now and new != was and name not in {field for field, _ in found}:
            found.append((name, "This time is in the past."))
    return found


def _differences(present: Arrangement, wish: Wish) -> list[str]:
    """What changes, in words for the log."""
    found = []
    if (present.multiplier, present.extra_minutes) != (wish.multiplier, wish.extra_minutes):
        found.append(
            "the usual time" if wish.multiplier is None
            else f"the time ×{wish.multiplier.normalize():f} + {wish.extra_minutes} min"
        )  # fmt: skip
    for name, word in (("start_by", "an own last start"), ("end_by", "an own end")):
        new = getattr(wish, name)
        if getattr(present, name) != new:
            found.append(f"{word}, {said(new)}" if new else word.replace("an own", "the usual"))
    if present.more_attempts != wish.more_attempts:
        found.append(f"{wish.more_attempts} more attempt{'s' * (wish.more_attempts != 1)}")
    if present.note != wish.note:
        found.append("a note" if wish.note else "no note")
    return found
