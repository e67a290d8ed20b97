"""Celery tasks of the bank."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from questions import search
from questions.services import imports


@shared_task
def refresh_search() -> int:
    """Read wordings that are not searchable yet; returns how many."""
    return search.refresh_stale()


@shared_task
def work_off_imports() -> int:
    """Read and write the files that authors brought; returns how many were worked on."""
    return imports.work_off(now=timezone.now())
