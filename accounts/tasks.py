"""Due work, for Celery; `manage.py tick` calls the same."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts import retention


@shared_task
def tidy() -> dict[str, int]:
    """Let go of what is old enough; returns how much of what."""
    return retention.tidy(now=timezone.now())
