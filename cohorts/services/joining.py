"""Ways into a cohort: its code, which everybody may pass on, and personal invitations."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from cohorts.models import Cohort, Instructor, Invitation, Membership
from cohorts.models.people import CODE_ALPHABET, CODE_LENGTH, new_code
from cohorts.services import log
from cohorts.services.running import Refused, held
from cohorts.services.times import said

# What people put between the groups of a code, and what their keyboards make of a hyphen.
BETWEEN = re.compile(r"[\s\-‐‑‒–—−_.]+")
GROUP = 5


class Closed(Exception):
    """The code opens nothing; the message is one sentence that names no cohort."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where a code leads."""

    cohort: Cohort  # with its exam
    invitation: Invitation | None
    member: bool  # whether who asks is in already


def tidy(code: str) -> str:
    """A cohort's code as it is stored, however it was typed; anything else without white space only."""
    compact = BETWEEN.sub("", code).upper()
    if len(compact) == CODE_LENGTH and set(compact) <= set(CODE_ALPHABET):
        return compact
    return "".join(code.split())


def grouped(code: str) -> str:
    """As it is read out: ABCDE-FGHJK."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def find(*, code: str, user: User, now: dt.datetime) -> Door:
    """Where the code leads this person. Raises Closed. At most three statements."""
    code = tidy(code)
    if "\0" in code:
        raise Closed("No cohort has this code. Compare it with the one that you were given.")
    invitation = None
    cohort = Cohort.objects.select_related("exam").filter(join_code=code).first()
    if cohort is None:
        invitation = Invitation.objects.select_related("cohort__exam").filter(code=code).first()
        if invitation is None:
            raise Closed("No cohort has this code. Compare it with the one that you were given.")
        cohort = invitation.cohort
    if Membership.objects.present().filter(cohort=cohort, user=user).exists():
        return Door(cohort, invitation, member=True)
    _check(cohort, invitation, now)
    return Door(cohort, invitation, member=False)


def _check(cohort: Cohort, invitation: Invitation | None, now: dt.datetime) -> None:
    """Raise Closed with the reason, if there is one."""
    if cohort.archived_at:
        raise Closed("The cohort of this code is over and takes nobody in any more.")
    if invitation:
        if invitation.accepted_at:
            raise Closed("This invitation has been used. Each lets one person in once; ask for a new one.")
        if invitation.expires_at <= now:
            raise Closed(f"This invitation expired on {_when(invitation.expires_at)}; ask for a new one.")
    elif not cohort.joining_open:
        raise Closed("Joining by this code is closed. Ask whoever gave it to you.")
    elif not cohort.takes_members(now) and cohort.join_until:
        raise Closed(f"This code let people in until {_when(cohort.join_until)}. Ask whoever gave it to you.")


def _when(moment: dt.datetime) -> str:
    """In the reader's zone."""
    return f"{timezone.localtime(moment):%-d %B %Y, %H:%M}"


@transaction.atomic
def join(*, code: str, user: User, now: dt.datetime) -> Door:
    """Make somebody a member. `member` of what is returned says whether they were one before. Raises Closed, Refused.

    Who left comes back with the extra time they had. An invitation to the person's own address is used up on
    whichever way they come.
    """
    door = find(code=code, user=user, now=now)
    if door.member:
        return door
    # Under the lock once more, because it may have been closed, and the invitation used, since.
    Cohort.objects.select_for_update(no_key=True).get(pk=door.cohort.pk)
    door = find(code=code, user=user, now=now)
    if door.member:
        return door
    if Instructor.objects.filter(cohort=door.cohort, user=user).exists():
        raise Refused("You teach this cohort, so you cannot join it as a member.")
    Membership.objects.update_or_create(cohort=door.cohort, user=user, defaults={"joined_at": now, "left_at": None})
    used = Invitation.objects.filter(cohort=door.cohort, accepted_at=None)
    used.filter(email=user.email).update(accepted_at=now, accepted_by=user)
    if door.invitation:
        used.filter(pk=door.invitation.pk).update(accepted_at=now, accepted_by=user)
    return door


# ---- what instructors set ------------------------------------------------------------------------------------------


@transaction.atomic
def renew_code(*, cohort: Cohort, by: User, now: dt.datetime) -> str:
    """A new code; links, QR pictures and print-outs with the old one stop working."""
    held(cohort)
    code = new_code()
    Cohort.objects.filter(pk=cohort.pk).update(join_code=code)
    log.write(cohort=cohort, by=by, what="Made a new join code.", at=now)
    return code


@transaction.atomic
def open_joining(*, cohort: Cohort, until: dt.datetime | None, by: User, now: dt.datetime) -> None:
    """Let people in by the code, until a moment if one is named. Raises Refused."""
    held(cohort)
    if until and until <= now:
        raise Refused("Joining has to end in the future.")
    Cohort.objects.filter(pk=cohort.pk).update(joining_open=True, join_until=until)
    end = f" until {said(until)}" if until else ""
    log.write(cohort=cohort, by=by, what=f"Opened joining by code{end}.", at=now)


@transaction.atomic
def close_joining(*, cohort: Cohort, by: User, now: dt.datetime) -> None:
    """Let nobody in by the code; personal invitations still work."""
    held(cohort)
    Cohort.objects.filter(pk=cohort.pk).update(joining_open=False, join_until=None)
    log.write(cohort=cohort, by=by, what="Closed joining by code.", at=now)
