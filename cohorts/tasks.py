"""Due work of cohorts, for Celery; `manage.py tick` calls the same services."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from cohorts.services import mailing, norms, outcomes, preparing, reminding


@shared_task
def send_invitations() -> int:
    """Mails of invitations that wait; returns how many were sent."""
    return mailing.send_due(now=timezone.now())


@shared_task
def send_reminders() -> int:
    """Write down which mails about assignments are due and send them; returns how many went out."""
    now = timezone.now()
    reminding.plan(now=now)
    return reminding.send(now=now)


@shared_task
def prepare_forms() -> int:
    """Make personal forms for those to whom unseen questions were assigned; returns how many were made."""
    return preparing.prepare(now=timezone.now())


@shared_task
def roll_up() -> int:
    """Gather what attempts came to, so that pages of results find little to do, and keep the norms; returns how many
    outcomes changed."""
    changed = outcomes.catch_up()
    norms.refresh_all(now=timezone.now())
    return changed
