"""Members: the extra time that one has in a cohort, leaving it, and being removed from it."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from cohorts.models import Cohort, Invitation, Membership
from cohorts.services import joining, log
from cohorts.services.running import Refused, held


@transaction.atomic
def set_extra_time(
    *, cohort: Cohort, user_id: int, multiplier: Decimal | None, extra_minutes: int | None, by: User, now: dt.datetime
) -> Membership:
    """What a member gets in this cohort's sittings from the next one on; None and None: what staff granted them.

    Raises Refused. The sitting that is running keeps its time; it is lengthened from the live board.
    """
    held(cohort)
    if (multiplier is None) != (extra_minutes is None):
        raise Refused("Extra time is a factor and minutes, or neither.")
    membership = _present(cohort, user_id)
    if (membership.multiplier, membership.extra_minutes) == (multiplier, extra_minutes):
        return membership
    membership.multiplier, membership.extra_minutes = multiplier, extra_minutes
    membership.save(update_fields=["multiplier", "extra_minutes"])
    what = "Took back the extra time in this cohort."
    if multiplier is not None:
        what = f"Set the extra time in this cohort to ×{multiplier} and {extra_minutes} minutes."
    log.write(cohort=cohort, by=by, about=membership.user, what=what, at=now)
    return membership


@transaction.atomic
def remove(*, cohort: Cohort, user_id: int, recode: bool, by: User, now: dt.datetime) -> User:
    """End somebody's membership; their assigned sittings stay. Returns who it was. Raises Refused.

    An invitation that waits for them is withdrawn, too. The cohort's code would still let them in again, so it is
    replaced with `recode`.
    """
    held(cohort)
    membership = _present(cohort, user_id)
    _end(membership, now)
    Invitation.objects.filter(cohort=cohort, email=membership.user.email, accepted_at=None).delete()
    log.write(cohort=cohort, by=by, about=membership.user, what="Removed a member.", at=now)
    if recode:
        joining.renew_code(cohort=cohort, by=by, now=now)
    return membership.user


@transaction.atomic
def leave(*, cohort_id: uuid.UUID, user: User, now: dt.datetime) -> Cohort:
    """The member's own act, at any time, even when the cohort is archived. Raises Refused."""
    found = Membership.objects.present().select_for_update(of=("self",)).select_related("cohort")
    membership = found.filter(cohort=cohort_id, user=user).first()
    if membership is None:
        raise Refused("You are not a member of this cohort any more.")
    _end(membership, now)
    return membership.cohort


def _present(cohort: Cohort, user_id: int) -> Membership:
    found = Membership.objects.present().filter(cohort=cohort, user=user_id).select_related("user").first()
    if found is None:
        raise Refused("This person is not a member of the cohort any more.")
    return found


def _end(membership: Membership, now: dt.datetime) -> None:
    Membership.objects.filter(pk=membership.pk).update(left_at=now)
