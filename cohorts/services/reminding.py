"""Mails about assignments: which are due, as rows, and sending them. A row is sent once, by whoever holds it."""

from __future__ import annotations

import datetime as dt
import logging
import zoneinfo
from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.template.loader import render_to_string
from django.utils import timezone

from cohorts.links import absolute
from cohorts.models import Assignment, Attempt, Membership, Reminder
from cohorts.services.attending import offer_of
from exams.models import Sitting
from operations import services as operations

BATCH = 200  # mails in one run
A_DAY = dt.timedelta(days=1)
# How long after it was due a mail is tried again, by how often it was tried; after the last one it is given up.
PATIENCE = (dt.timedelta(0), *(dt.timedelta(minutes=minutes) for minutes in (5, 30, 120, 360)))
SUBJECTS = {
    Reminder.Kind.ASSIGNED: "{title}: an exam was assigned to you",
    Reminder.Kind.SOON: "{title}: begin by {start_by}",
    Reminder.Kind.CHANGED: "{title}: the times have changed",
    Reminder.Kind.RELEASED: "{title}: your result is there",
}
CANCELLED = "{title} was cancelled"

logger = logging.getLogger(__name__)

# ---- which mails are due -----------------------------------------------------------------------------------------

# People of cohorts that are taught, who have not left and can sign in, with what was assigned to them.
_MEMBERS = """
    FROM cohorts_assignment a
    JOIN cohorts_cohort c ON c.id = a.cohort_id AND c.archived_at IS NULL
    JOIN cohorts_membership m ON m.cohort_id = a.cohort_id AND m.left_at IS NULL
    JOIN accounts_user u ON u.id = m.user_id AND u.is_active
    LEFT JOIN cohorts_arrangement r ON r.assignment_id = a.id AND r.user_id = m.user_id
"""
_INSERT = "INSERT INTO cohorts_reminder (assignment_id, user_id, kind, due_at, tries) "
# Also for those who join later: the time in the row is that of the assignment, so that nobody is told twice.
_ASSIGNED = f"""{_INSERT}
    SELECT a.id, m.user_id, 'assigned', a.created_at, 0 {_MEMBERS}
    WHERE a.cancelled_at IS NULL AND COALESCE(r.start_by, a.start_by) > %(now)s
        AND (%(assignment)s::uuid IS NULL OR a.id = %(assignment)s)
        AND NOT EXISTS (
            SELECT FROM cohorts_reminder w
            WHERE w.assignment_id = a.id AND w.user_id = m.user_id AND w.kind = 'assigned'
        )
    ON CONFLICT DO NOTHING
"""
# Whoever was told less than a day before the last start needs no second mail.
_SOON = f"""{_INSERT}
    SELECT a.id, m.user_id, 'soon', COALESCE(r.start_by, a.start_by) - interval '1 day', 0 {_MEMBERS}
    WHERE a.cancelled_at IS NULL
        AND COALESCE(r.start_by, a.start_by) BETWEEN %(now)s AND %(now)s + interval '1 day'
        AND COALESCE(r.start_by, a.start_by) - interval '1 day' > GREATEST(a.created_at, m.joined_at)
        AND NOT EXISTS (
            SELECT FROM cohorts_attempt t WHERE t.assignment_id = a.id AND t.user_id = m.user_id AND t.void_at IS NULL
        )
    ON CONFLICT DO NOTHING
"""
# Of a result that had to wait; who sees theirs at once needs no mail.
_RELEASED = f"""{_INSERT}
    SELECT DISTINCT a.id, m.user_id, 'released', s.results_at, 0 {_MEMBERS}
    JOIN cohorts_attempt t ON t.assignment_id = a.id AND t.user_id = m.user_id AND t.void_at IS NULL
    JOIN exams_sitting s ON s.id = t.sitting_id
    WHERE a.results IN ('at', 'at_end') AND s.state = 'closed' AND NOT s.results_held
        AND s.results_at BETWEEN %(now)s - 7 * interval '1 day' AND %(now)s AND s.results_at > s.closed_at
    ON CONFLICT DO NOTHING
"""


def plan(*, now: dt.datetime) -> int:
    """Write down every mail that has become due; returns how many. Three statements, safe to repeat."""
    with connection.cursor() as cursor:
        written = 0
        for statement in (_ASSIGNED, _SOON, _RELEASED):
            cursor.execute(statement, {"now": now, "assignment": None})
            written += cursor.rowcount
    return written


def tell_assigned(*, assignment: Assignment, now: dt.datetime) -> int:
    """Write down a mail to every member that something was assigned; returns how many. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_ASSIGNED, {"now": now, "assignment": assignment.pk})
        return int(cursor.rowcount)


def tell_changed(*, assignment: Assignment, now: dt.datetime, user: int | None = None) -> int:
    """Write down a mail that the times have changed, or that it was cancelled; returns how many. Three statements.

    To members who were told of the assignment and have not finished it, or to one of them. Of several changes in a
    short time they hear once.
    """
    of_this = {"assignment": assignment, "user": OuterRef("user")}
    finished = Attempt.objects.counting().filter(**of_this).exclude(sitting__state=Sitting.State.IN_PROGRESS)
    told = Reminder.objects.filter(**of_this, kind=Reminder.Kind.ASSIGNED, sent_at__isnull=False)
    members = Membership.objects.present().filter(
        Exists(told), ~Exists(finished), cohort=assignment.cohort_id, user__is_active=True
    )
    waiting = Reminder.objects.filter(assignment=assignment, kind=Reminder.Kind.CHANGED, sent_at=None)
    if user is not None:
        members, waiting = members.filter(user=user), waiting.filter(user=user)
    waiting.delete()
    rows = [
        Reminder(assignment=assignment, user_id=one, kind=Reminder.Kind.CHANGED, due_at=now)
        for one in members.values_list("user_id", flat=True)
    ]
    return len(Reminder.objects.bulk_create(rows, ignore_conflicts=True))


# ---- sending -----------------------------------------------------------------------------------------------------


def send(*, now: dt.datetime, most: int = BATCH) -> int:
    """Send what is due; returns how many mails went out. Any number of processes may do so at once.

    Each mail has its own transaction: what was sent stays sent, whatever happens to the next one. After a mail that
    could not be sent the run ends, because the mail server is likely to be away; one whose address is refused, or that
    cannot be written, is given up alone. What is given up is kept as a dead letter.
    """
    sent = 0
    for _ in range(most):
        with transaction.atomic():
            row = _next(now)
            if row is None:
                break
            try:
                with transaction.atomic():
                    sent += _deliver(row, now)
            except SMTPRecipientsRefused as refusal:
                _give_up(row, refusal, now)
            except (OSError, SMTPException) as problem:
                logger.warning("Reminder %s could not be sent: %s", row.pk, type(problem).__name__)
                row.tries += 1
                row.save(update_fields=["tries"])
                if row.tries >= len(PATIENCE):
                    _give_up(row, problem, now)
                break
            except DatabaseError:
                raise
            except Exception as fault:
                # A mail that cannot even be written must not keep the others from their readers.
                logger.exception("Reminder %s cannot be written", row.pk)
                _give_up(row, fault, now)
    return sent


def _give_up(row: Reminder, error: Exception, now: dt.datetime) -> None:
    """No more tries by itself; operators see it and may put it back."""
    row.tries = len(PATIENCE)
    row.save(update_fields=["tries"])
    operations.keep(task="cohorts.tasks.send_reminder", arguments=[row.pk], error=error, now=now)


@transaction.atomic
def send_one(*, reminder: int, now: dt.datetime) -> bool:
    """One mail that was given up, when an operator has put it back; returns whether it was sent now.

    Raises what the mail server says.
    """
    row = Reminder.objects.select_for_update().filter(pk=reminder, sent_at=None).first()
    return row is not None and _deliver(row, now)


def _next(now: dt.datetime) -> Reminder | None:
    """The row that is due first and nobody else holds, locked."""
    due = Q()
    for tries, patience in enumerate(PATIENCE):
        due |= Q(tries=tries, due_at__lte=now - patience)
    rows = Reminder.objects.select_for_update(of=("self",), skip_locked=True).filter(due, sent_at=None)
    return rows.select_related("assignment__cohort__exam", "user").order_by("tries", "due_at", "pk").first()


def _deliver(row: Reminder, now: dt.datetime) -> bool:
    """Send it, or drop it when it is true no longer; returns whether it was sent."""
    assignment, user = row.assignment, row.user
    offer = offer_of(assignment, user)
    if not _still_holds(row, offer.start_by, now):
        # One that might become true again is written down again then.
        row.delete()
        return False
    with timezone.override(_zone(user.time_zone)):
        context = {
            "assignment": assignment,
            "cohort": assignment.cohort,
            "exam": assignment.cohort.exam,
            "offer": offer,
            "name": user.get_full_name(),
            "address": absolute("my_assignment", assignment.pk),
            "site_name": settings.SITE_NAME,
        }
        subject = CANCELLED if assignment.cancelled_at else SUBJECTS[Reminder.Kind(row.kind)]
        start_by = f"{timezone.localtime(offer.start_by):%-d %B, %H:%M}"
        title = " ".join(assignment.title.split())
        EmailMessage(
            subject=subject.format(title=title, start_by=start_by),
            body=render_to_string(f"cohorts/mail/{row.kind}.txt", context),
            to=[user.email],
        ).send()
    row.sent_at = now
    row.save(update_fields=["sent_at"])
    return True


def _still_holds(row: Reminder, start_by: dt.datetime, now: dt.datetime) -> bool:
    """Whether the mail is still for this person, and still true."""
    assignment = row.assignment
    member = Membership.objects.present().filter(cohort=assignment.cohort_id, user=row.user).exists()
    if not member or assignment.cohort.archived_at or not row.user.is_active:
        return False
    attempts = Attempt.objects.counting().filter(assignment=assignment, user=row.user)
    match row.kind:
        case Reminder.Kind.ASSIGNED:
            return assignment.cancelled_at is None and now < start_by
        case Reminder.Kind.SOON:
            as_planned = row.due_at == start_by - A_DAY
            return assignment.cancelled_at is None and as_planned and now < start_by and not attempts.exists()
        case Reminder.Kind.RELEASED:
            return attempts.filter(sitting__in=Sitting.objects.closed().results_released(now)).exists()
    return True


def _zone(name: str) -> dt.tzinfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return dt.UTC
