"""Let an assigned sitting that is over go on. What that does to its result is in `scoring`."""

from __future__ import annotations

import datetime as dt
import math
import uuid

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from exams.models import Claim, Event, Sitting
from exams.services import sittings, timeline
from exams.services.clock import MOST_GRANTED, CannotChange
from exams.services.sittings import MOST_CLAIMS

LATEST = dt.timedelta(days=14)  # after the end
MINUTE = dt.timedelta(minutes=1)


def reopen(*, sitting_id: uuid.UUID, deadline: dt.datetime, by: User, now: dt.datetime) -> Sitting:
    """Put a sitting that is ended or closed back in progress until `deadline`. Call inside a transaction.

    The deadline stays its one formula: what has passed since the end counts as paused; where that leaves less than is
    meant, the missing minutes count as granted; and the person's window ends at `deadline`, to the microsecond. So
    `computed_deadline() == deadline`, and any later grant has to move the window.

    A new claim keeps packets of earlier windows apart. Raises CannotChange and Sitting.DoesNotExist.
    """
    Sitting.objects.select_for_update().get(pk=sitting_id)
    sittings.settle(now=now, sitting_id=sitting_id)
    sitting = Sitting.objects.select_related("exam").get(pk=sitting_id)
    _refuse(sitting, deadline, now)
    assert sitting.ended_at is not None  # by a constraint
    sitting.paused_seconds += math.ceil(max(now - sitting.ended_at, dt.timedelta(0)).total_seconds())
    missing = math.ceil((deadline - sitting.uncapped_deadline()) / MINUTE)
    if missing > 0:
        sitting.granted_minutes += missing
        if sitting.granted_minutes > MOST_GRANTED:
            raise CannotChange(f"A sitting can be given at most {MOST_GRANTED} extra minutes in all.")
    sitting.window_ends_at = sitting.deadline = deadline
    sitting.state, sitting.reopened_at, sitting.supervised = Sitting.State.IN_PROGRESS, now, True
    sitting.ended_at = sitting.end_sequence = sitting.closes_at = sitting.closed_at = sitting.paused_at = None
    sitting.end_reason = ""
    # Not only the sitting's own count: a device that came after the end has a number of its own, too.
    newest = Claim.objects.filter(sitting=sitting).aggregate(newest=Max("number"))["newest"]
    if newest >= MOST_CLAIMS:
        raise CannotChange("This sitting was opened in too many windows to go on.")
    sitting.claim = newest + 1
    try:
        with transaction.atomic():
            sitting.save()
    except IntegrityError:
        raise _busy(sitting) from None  # begun at this very moment
    Claim.objects.create(sitting=sitting, number=sitting.claim, issued_at=now)
    sitting.events = timeline.tell(
        sitting.pk, Event.Kind.REOPENED, at=now, by=Event.By.STAFF, staff=by.email,
        claim=sitting.claim,
        minutes=math.ceil((deadline - now) / MINUTE),
    )  # fmt: skip
    return sitting


def _refuse(sitting: Sitting, deadline: dt.datetime, now: dt.datetime) -> None:
    if not sitting.assigned:
        raise CannotChange("Only an assigned sitting can be reopened.")
    if sitting.void:
        raise CannotChange("This sitting was declared void.")
    if sitting.state not in (Sitting.State.ENDED, Sitting.State.CLOSED) or sitting.ended_at is None:
        raise CannotChange("This sitting is not over, so it need not be reopened.")
    if sitting.shows_review(now):
        raise CannotChange("The keys of this sitting are released, so it cannot be reopened.")
    if now - sitting.ended_at > LATEST:
        raise CannotChange(f"A sitting can be reopened within {LATEST.days} days after its end.")
    if deadline <= now:
        at = timezone.localtime(deadline)
        raise CannotChange(f"The new deadline has to lie ahead; {at:%-d %B %Y, %H:%M} is over.")
    if Sitting.objects.in_progress().filter(user=sitting.user_id, exam=sitting.exam_id).exists():
        raise _busy(sitting)


def _busy(sitting: Sitting) -> CannotChange:
    return CannotChange(f"This person is sitting {sitting.exam.code} again at the moment; that one has to end first.")
