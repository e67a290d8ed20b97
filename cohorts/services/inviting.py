"""Inviting people by e-mail. The mails are sent afterwards, by `mailing`."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from cohorts.addresses import Row
from cohorts.models import Cohort, Invitation, Membership
from cohorts.services import log, mailing
from cohorts.services.running import Refused, held

VALID_FOR = dt.timedelta(days=14)
RENEWED = ("code", "invited_at", "expires_at", "sent_at", "tries", "problem")


@dataclass(frozen=True, slots=True)
class Plan:
    """What inviting the people of a list would do: every row of it is in exactly one of these."""

    new: tuple[Row, ...]  # to be invited, each address once
    again: tuple[Row, ...]  # their earlier invitation expired, or they used it and left: they get a new one
    members: tuple[Row, ...]
    invited: tuple[Row, ...]  # an invitation waits for them
    repeated: tuple[Row, ...]  # the address stands further up in the list
    malformed: tuple[Row, ...]

    @property
    def wanted(self) -> tuple[Row, ...]:
        return self.new + self.again


def plan(*, cohort: Cohort, rows: Iterable[Row], now: dt.datetime) -> Plan:
    """Compare a list with who is in the cohort and who is invited. Two statements, however long the list is."""
    new: list[Row] = []
    again: list[Row] = []
    inside: list[Row] = []
    invited: list[Row] = []
    repeated: list[Row] = []
    malformed: list[Row] = []
    first: dict[str, Row] = {}
    for row in rows:
        if row.problem:
            malformed.append(row)
        elif row.email in first:
            repeated.append(row)
        else:
            first[row.email] = row
    emails = list(first)
    members = set(
        Membership.objects.present().filter(cohort=cohort, user__email__in=emails).values_list("user__email", flat=True)
    )
    earlier = {
        email: accepted is None and expires > now
        for email, accepted, expires in Invitation.objects.filter(cohort=cohort, email__in=emails).values_list(
            "email", "accepted_at", "expires_at"
        )
    }
    for email, row in first.items():
        if email in members:
            inside.append(row)
        elif email not in earlier:
            new.append(row)
        else:
            (invited if earlier[email] else again).append(row)
    return Plan(*(tuple(part) for part in (new, again, inside, invited, repeated, malformed)))


@transaction.atomic
def invite(*, cohort: Cohort, rows: Iterable[Row], by: User, now: dt.datetime) -> Plan:
    """Invite everybody in the list who is neither a member nor invited; returns what was done. Raises Refused.

    Five statements, however long the list is.
    """
    held(cohort)
    done = plan(cohort=cohort, rows=rows, now=now)
    if not done.wanted:
        raise Refused("Nobody in the list is left to invite.")
    Invitation.objects.bulk_create(
        [
            Invitation(cohort=cohort, email=row.email, name=row.name, invited_at=now, expires_at=now + VALID_FOR)
            for row in done.wanted
        ],
        update_conflicts=True,
        unique_fields=["cohort", "email"],
        update_fields=[
            "name",
            "code",
            "invited_at",
            "expires_at",
            "sent_at",
            "tries",
            "problem",
            "accepted_at",
            "accepted_by",
        ],
    )
    count = len(done.wanted)
    about = done.wanted[0].email if count == 1 else ""
    what = "Invited somebody." if count == 1 else f"Invited {count:,} people."
    log.write(cohort=cohort, by=by, about=about, what=what, at=now)
    return done


@transaction.atomic
def resend(*, cohort: Cohort, invitation_id: int, by: User, now: dt.datetime) -> Invitation:
    """Send a mail with a new code, valid for as long as the first; the old one stops working. Raises Refused."""
    held(cohort)
    found = _waiting(cohort, invitation_id)
    if found.sent_at is None and not found.problem:
        raise Refused(f"The mail to {found.email} has not been sent yet; it is on its way.")
    if Membership.objects.present().filter(cohort=cohort, user__email=found.email).exists():
        raise Refused(f"{found.email} is a member already.")
    _renew(found, now)
    found.save()
    log.write(cohort=cohort, by=by, about=found.email, what="Sent an invitation again.", at=now)
    return found


@transaction.atomic
def resend_stuck(*, cohort: Cohort, by: User, now: dt.datetime) -> int:
    """Send all again that expired or never left; returns how many. Raises Refused when there is none.

    A constant number of statements.
    """
    held(cohort)
    stuck = list(Invitation.objects.select_for_update().filter(is_stuck(now), cohort=cohort))
    if not stuck:
        raise Refused("No invitation has expired or failed.")
    for found in stuck:
        _renew(found, now)
    Invitation.objects.bulk_update(stuck, RENEWED)
    log.write(cohort=cohort, by=by, what=f"Sent {len(stuck):,} invitations again that had expired or failed.", at=now)
    return len(stuck)


def is_stuck(now: dt.datetime) -> Q:
    """Which invitations nothing more happens to unless somebody sends them again."""
    failed = Q(sent_at=None) & (Q(problem=mailing.INTERRUPTED) | Q(tries__gte=len(mailing.WAITS)))
    return Q(accepted_at=None) & (Q(expires_at__lte=now) | failed)


def _renew(found: Invitation, now: dt.datetime) -> None:
    found.code = secrets.token_urlsafe()
    found.invited_at, found.expires_at = now, now + VALID_FOR
    found.sent_at, found.tries, found.problem = None, 0, ""


@transaction.atomic
def withdraw(*, cohort: Cohort, invitation_id: int, by: User, now: dt.datetime) -> str:
    """Make the link in the mail useless; returns whose it was. Raises Refused."""
    held(cohort)
    found = _waiting(cohort, invitation_id)
    found.delete()
    log.write(cohort=cohort, by=by, about=found.email, what="Withdrew an invitation.", at=now)
    return found.email


def _waiting(cohort: Cohort, invitation_id: int) -> Invitation:
    found = Invitation.objects.select_for_update().filter(cohort=cohort, pk=invitation_id).first()
    if found is None:
        raise Refused("This invitation was withdrawn.")
    if found.accepted_at:
        raise Refused(f"The invitation of {found.email} has been accepted.")
    return found
