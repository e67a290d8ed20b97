"""Due work, for Celery; `manage.py tick` calls the same services."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from scoring import services


@shared_task
def sweep() -> dict[str, int]:
    return services.sweep(now=timezone.now())
