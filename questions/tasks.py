"""Due work, for Celery; `manage.py tick` calls the same services."""

from __future__ import annotations

from celery import shared_task

from questions import search


@shared_task
def refresh_search() -> int:
    """Read wordings that are not searchable yet; returns how many."""
    return search.refresh_stale()
