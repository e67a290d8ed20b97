"""How every Celery task of ours is run: acknowledged late, repeated when somebody was away, kept when it failed.

The rules stand in one place, so a task is a function and nothing else. `config.celery` names `Work` as the class of all
tasks.

* A message is acknowledged when the task is done. A killed process gives it back: that of one task at once, that of a
  whole worker after the broker's visibility timeout.
* What passes by itself is repeated with back-off and jitter. Tasks of beat expire with their interval; a repetition
  that would come after that is left out, because the next round does the same.
* What failed for good becomes a dead letter, and the next time the same work goes through it is settled.
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from billiard.einfo import ExceptionInfo
from billiard.exceptions import WorkerLostError
from celery import Task
from celery.utils.iso8601 import parse_iso8601
from celery.worker.request import Request
from django.db import Error, connections
from django.utils import timezone

from operations import services

logger = logging.getLogger(__name__)


class Reported(Request):
    """A task as the worker's first process sees it: only that one knows when a task was killed."""

    def on_timeout(self, soft: bool, timeout: float) -> None:
        super().on_timeout(soft, timeout)
        connections.close_all()  # the first process must not hand an open connection to those it forks

    def on_failure(self, exc_info: Any, *arguments: Any, **options: Any) -> Any:
        error = exc_info.exception
        error = getattr(error, "exc", error)  # billiard wraps what has come from another process
        told = super().on_failure(exc_info, *arguments, **options)
        if isinstance(error, WorkerLostError) and self.request_dict.get("retries", 0) >= self.task.max_retries:
            self.task.on_failure(error, self.id, self.args, self.kwargs, exc_info)
            connections.close_all()
        return told


class Work(Task):  # type: ignore[type-arg]
    """Every task of ours. Its arguments are ids."""

    abstract = True
    Request = Reported  # type: ignore[assignment]  # Celery takes the class as well as its name

    acks_late = True
    reject_on_worker_lost = True
    retry_on_worker_lost = True  # counted, so that what kills its process does not do so for ever
    default_retry_delay = 1  # after a lost process
    autoretry_for = services.PASSING
    max_retries = 6
    retry_backoff = 2
    retry_backoff_max = 240
    retry_jitter = True

    def retry(self, *arguments: Any, **options: Any) -> Any:
        """Celery's, unless the message would have expired by then: beat's next round is the repetition."""
        error, wait = options.get("exc"), options.get("countdown") or 0
        expires: Any = self.request.expires
        if isinstance(expires, str):
            expires = parse_iso8601(expires)
        if error is not None and expires is not None and timezone.now() + dt.timedelta(seconds=wait) >= expires:
            raise error
        return super().retry(*arguments, **options)

    def on_failure(self, exc: BaseException, task_id: str, args: Any, kwargs: Any, einfo: ExceptionInfo) -> None:
        try:
            services.keep(task=self.name, arguments=list(args), error=exc, now=timezone.now())
        except Error:
            logger.exception("%s%s failed, and the database does not take a note of it", self.name, tuple(args))

    def on_success(self, retval: object, task_id: str, args: Any, kwargs: Any) -> None:
        try:
            services.settle(task=self.name, arguments=list(args), now=timezone.now())
        except Error:
            logger.warning("The database was away when %s had gone through", self.name)
