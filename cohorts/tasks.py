"""Due work of cohorts, for Celery; `manage.py tick` calls the same services."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts.models import User
from cohorts.services import mailing, norms, outcomes, preparing, reminding
from questions.models import Exam


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


# ---- single pieces, when an operator has put them back -------------------------------------------------------------


@shared_task
def send_invitation_again(invitation_id: int) -> bool:
    """Have an invitation sent that could not be written; returns whether it still waits."""
    return mailing.send_again(invitation=invitation_id)


@shared_task
def send_reminder(reminder_id: int) -> bool:
    """A mail that was given up; returns whether it went out now."""
    return reminding.send_one(reminder=reminder_id, now=timezone.now())


@shared_task
def prepare_form(exam_id: int, user_id: int) -> bool:
    """A personal form that could not be made; returns whether there is a better one than the pool's."""
    return preparing.prepare_one(exam=Exam.objects.get(pk=exam_id), user=User.objects.get(pk=user_id))


@shared_task
def refresh_norms(exam_id: int) -> bool:
    """Norms that could not be made; returns whether they were stale."""
    return norms.refresh(exam=Exam.objects.get(pk=exam_id), now=timezone.now())
