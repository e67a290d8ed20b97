"""Due work, for Celery; `manage.py tick` calls the same services."""

from __future__ import annotations

import uuid

from celery import shared_task
from django.utils import timezone

from questions.models import Exam
from scoring import services
from scoring.calibration import nightly


@shared_task
def sweep() -> dict[str, int]:
    return services.sweep(now=timezone.now())


@shared_task
def calibrate() -> int:
    """What the last night should have brought, unless it has; returns how many runs were made."""
    now = timezone.now()
    return len(nightly.calibrate_due(now=now, unless_since=nightly.last_due(now)))


@shared_task
def score(sitting_id: str) -> int:
    """One closed sitting, when an operator has put it back; returns its raw score."""
    return services.score(sitting_id=uuid.UUID(sitting_id), now=timezone.now()).raw


@shared_task
def calibrate_exam(exam_id: int) -> bool:
    """One exam, when an operator has put it back; returns whether a run was made."""
    now = timezone.now()
    exam = Exam.objects.get(pk=exam_id)
    return nightly.calibrate_exam(exam=exam, now=now, unless_since=nightly.last_due(now)) is not None
