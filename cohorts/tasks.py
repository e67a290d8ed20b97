"""Due work of cohorts, for Celery; `manage.py tick` calls the same services."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from cohorts.services import mailing


@shared_task
def send_invitations() -> int:
    """Mails of invitations that wait; returns how many were sent."""
    return mailing.send_due(now=timezone.now())
