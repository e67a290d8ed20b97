"""Old invitations and logs go. Settings RETENTION_INVITATIONS_DAYS and RETENTION_LOGS_DAYS."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from accounts.retention import before, delete
from cohorts.models import Invitation, LogEntry, Reminder


def tidy(now: dt.datetime) -> dict[str, int]:
    done = {}
    if until := before("INVITATIONS", now):
        used = Q(accepted_at__lt=until)
        expired = Q(accepted_at=None, expires_at__lt=until)
        done["invitations"] = delete(Invitation.objects.filter(used | expired))
    if until := before("LOGS", now):
        done["entries of cohorts' logs"] = delete(LogEntry.objects.filter(at__lt=until))
        # They keep a mail from being sent twice, which cannot happen once the assignment is over.
        done["reminders"] = delete(Reminder.objects.filter(assignment__end_by__lt=until, due_at__lt=until))
    return done
