"""Due work, for Celery; `manage.py tick` calls the same."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts import retention, two_factor


@shared_task
def tidy() -> dict[str, int]:
    """Let go of what is old enough, and seal secrets with the newest key; returns how much of what."""
    return {"second factors sealed anew": two_factor.reseal(), **retention.tidy(now=timezone.now())}
