"""Due work, for Celery; `manage.py tick` calls the same services."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from scoring import services
from scoring.calibration import nightly


@shared_task
def sweep() -> dict[str, int]:
    return services.sweep(now=timezone.now())


@shared_task
def calibrate() -> int:
    """The nightly calibration of every exam; returns how many runs were made."""
    return len(nightly.calibrate_due(now=timezone.now()))
