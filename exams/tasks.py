"""Due work, for Celery; `manage.py tick` calls the same services."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from exams.services import coverage, pool
from exams.services.freezing import Gone
from operations import services as operations
from psychometrics.assembly import Shortage
from questions.models import Exam

logger = logging.getLogger(__name__)


@shared_task
def fill_pools() -> int:
    """Fill the pool of every offered exam; returns how many forms were made."""
    made = 0
    for exam in Exam.objects.offered():
        if not pool.can_be_assembled(exam):
            continue
        with operations.contained(task=fill_pool.name, arguments=[exam.pk]):
            made += fill_pool(exam.pk)
    return made


@shared_task
def fill_pool(exam_id: int) -> int:
    """Fill the pool of one exam; returns how many forms were made."""
    exam = Exam.objects.get(pk=exam_id)
    try:
        return pool.fill(exam=exam)
    except Shortage as shortage:
        logger.warning("The pool of %s cannot be filled: %s", exam.code, "; ".join(shortage.lines))
    except Gone:
        logger.info("A question of %s was taken out of use meanwhile; the next run fills its pool.", exam.code)
    return 0


@shared_task
def compute_coverage() -> int:
    """Work out the coverage that authors asked to see; returns for how many exams."""
    return coverage.compute_asked(now=timezone.now())


@shared_task
def compute_coverage_of(exam_id: int) -> bool:
    """One exam's, when an operator has put it back; returns whether there was anything to work out."""
    return coverage.compute_if_changed(Exam.objects.get(pk=exam_id), timezone.now())
