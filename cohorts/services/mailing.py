"""Sending the mails of invitations: each at most once, in small batches, with no transaction open meanwhile.

A mail is claimed before it is sent: its row gets the sentence that would be true if the process died there and then.
Such a mail is never sent again by itself, because it may have arrived; instructors see the sentence and decide.
"""

from __future__ import annotations

import datetime as dt
import logging
from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.template.loader import render_to_string

from cohorts.links import absolute
from cohorts.models import Instructor, Invitation
from operations import services as operations

log = logging.getLogger(__name__)

BATCH = 25
# How long after the invitation each try is due. After the last one an instructor has to send it again.
WAITS = tuple(dt.timedelta(minutes=minutes) for minutes in (0, 2, 15, 60, 360))
INTERRUPTED = "Sending was interrupted; the mail may have arrived or not."
UNREACHABLE = "The mail server did not answer."
REFUSED = "The mail server refused the address."
FAILED = "The mail server did not take the mail."
UNWRITTEN = "The mail could not be written because of a fault of ours."
SEND_AGAIN = "cohorts.tasks.send_invitation_again"


def send_due(*, now: dt.datetime, batch: int = BATCH) -> int:
    """Send the invitations that are due, at most `batch`; returns how many left. Any number of callers at a time."""
    claimed = _claim(now, batch)
    if not claimed:
        return 0
    connection, sent = get_connection(), 0
    try:
        connection.open()
    except (OSError, SMTPException) as error:
        log.warning("Invitations wait, because the mail server does not answer: %s", error)
        _failed(claimed, UNREACHABLE)
        return 0
    teachers = _teachers(claimed)
    try:
        for number, invitation in enumerate(claimed):
            try:
                _message(invitation, teachers.get(invitation.cohort_id, ""), connection).send()
            except SMTPRecipientsRefused:
                _failed([invitation], REFUSED, tries=len(WAITS))
            except (SMTPException, OSError) as error:
                # It may be the connection, so the others wait for the next round instead of timing out one by one.
                log.warning("An invitation could not be sent: %s", error)
                _failed([invitation], FAILED)
                _release(claimed[number + 1 :])
                break
            except DatabaseError:
                raise
            except Exception as fault:
                # A mail that cannot even be written must not keep the others from their readers.
                log.exception("Invitation %s cannot be written", invitation.pk)
                _failed([invitation], UNWRITTEN, tries=len(WAITS))
                operations.keep(task=SEND_AGAIN, arguments=[invitation.pk], error=fault, now=now)
            else:
                Invitation.objects.filter(pk=invitation.pk, code=invitation.code).update(sent_at=now, problem="")
                sent += 1
    finally:
        try:
            connection.close()
        except (OSError, SMTPException):
            log.warning("The mail server did not say good-bye.")
    return sent


def send_again(*, invitation: int) -> bool:
    """Let one that could not be written take its turns anew, when an operator has put it back."""
    return bool(Invitation.objects.filter(pk=invitation, sent_at=None).update(tries=0, problem=""))


@transaction.atomic
def _claim(now: dt.datetime, batch: int) -> list[Invitation]:
    """The longest waiting invitations that nobody else has claimed, marked as being sent. Two statements."""
    due = Q()
    for tries, wait in enumerate(WAITS):
        due |= Q(tries=tries, invited_at__lte=now - wait)
    waiting = (
        Invitation.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(due, sent_at=None, accepted_at=None, expires_at__gt=now, cohort__archived_at=None)
        .exclude(problem=INTERRUPTED)
        .select_related("cohort__exam")
        .order_by("invited_at", "pk")
    )
    claimed = list(waiting[:batch])
    if claimed:
        _mine(claimed).update(tries=F("tries") + 1, problem=INTERRUPTED)
    return claimed


def _mine(claimed: list[Invitation]) -> QuerySet[Invitation]:
    """The rows as they were claimed: one that an instructor has sent again meanwhile has another code."""
    return Invitation.objects.filter(code__in=[one.code for one in claimed])


def _failed(claimed: list[Invitation], problem: str, tries: int | None = None) -> None:
    _mine(claimed).update(problem=problem, **({"tries": tries} if tries is not None else {}))


def _release(claimed: list[Invitation]) -> None:
    """Back to where they were before: nothing was tried."""
    _mine(claimed).update(tries=F("tries") - 1, problem="")


def _teachers(claimed: list[Invitation]) -> dict[object, str]:
    """The owner's name for each cohort. One statement."""
    owners = Instructor.objects.filter(cohort__in={one.cohort_id for one in claimed}, owner=True)
    return {one.cohort_id: one.user.get_full_name() for one in owners.select_related("user")}


def _message(invitation: Invitation, teacher: str, connection: BaseEmailBackend) -> EmailMessage:
    context = {
        "invitation": invitation,
        "cohort": invitation.cohort,
        "exam": invitation.cohort.exam,
        "teacher": teacher,
        "site": settings.SITE_NAME,
        "address": absolute("join_code", invitation.code),
    }
    return EmailMessage(
        subject=" ".join(f"Invitation to {invitation.cohort.name}".split()),
        body=render_to_string("cohorts/mail/invitation.txt", context),
        to=[invitation.email],
        connection=connection,
    )
