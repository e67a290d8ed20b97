"""Due work of this room, for Celery; `manage.py tick` calls the same service."""

from __future__ import annotations

from collections.abc import Sequence

from celery import current_app, shared_task
from django.utils import timezone

from operations import services


def run_by_name(task: str, arguments: Sequence[object]) -> object:
    """Do a task here and now, with no queue. Raises NotRegistered for a name that no longer exists."""
    return current_app.tasks[task].run(*arguments)


@shared_task
def repeat_asked() -> int:
    """Note that due work goes on, and do again what an operator has put back; returns how many pieces went through."""
    now = timezone.now()
    services.beat(now=now)
    return services.repeat_asked(run=run_by_name, now=now)
