"""Figures for Prometheus: what this process counted, and what the database and the queue say when asked.

Several web processes share their counts through PROMETHEUS_MULTIPROC_DIR; without it each tells its own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress

from django.conf import settings
from django.db import Error, connection
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis import Redis, RedisError

from cohorts.services.mailing import WAITS
from cohorts.services.reminding import PATIENCE
from operations.figures import registry

METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE")
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
QUEUE = "celery"  # where Celery keeps what waits
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

requests = Histogram(
    "cutscore_request_seconds",
    "Time from a request to its answer, by route.",
    ("method", "route", "status"),
    buckets=BUCKETS,
    registry=registry,
)
csp_reports = Counter(
    "cutscore_csp_reports",
    "Reports of browsers that a page tried what the Content-Security-Policy forbids.",
    ("directive", "disposition"),
    registry=registry,
)
pool = Gauge(
    "cutscore_pool",
    "Database connections of all living web processes, and requests that wait for one.",
    ("what",),
    registry=registry,
    multiprocess_mode="livesum",
)
POOL_EVERY = 1.0  # seconds
_pool_noted = 0.0

STANDING = """
SELECT
  count(*) FILTER (WHERE state = 'in_progress'),
  count(*) FILTER (WHERE state = 'ended'),
  coalesce(max(extract(epoch FROM statement_timestamp() - deadline))
           FILTER (WHERE state = 'in_progress' AND paused_at IS NULL AND deadline < statement_timestamp()), 0),
  coalesce(max(extract(epoch FROM statement_timestamp() - closes_at))
           FILTER (WHERE state = 'ended' AND closes_at < statement_timestamp()), 0),
  (SELECT count(*) FROM operations_deadletter WHERE settled_at IS NULL),
  (SELECT extract(epoch FROM statement_timestamp() - at) FROM operations_heartbeat WHERE name = 'due'),
  (SELECT count(*) FROM cohorts_invitation i
   WHERE sent_at IS NULL AND accepted_at IS NULL AND tries < %(invitation_tries)s
         AND expires_at > statement_timestamp()),
  (SELECT count(*) FROM cohorts_reminder
   WHERE sent_at IS NULL AND tries < %(reminder_tries)s AND due_at <= statement_timestamp())
FROM exams_sitting WHERE state IN ('in_progress', 'ended')
"""


def observe(method: str, route: str, status: int, seconds: float) -> None:
    requests.labels(method, route, f"{status // 100}xx").observe(seconds)
    _note_pool()


class Standing(Collector):
    """What is read at the moment of asking: one statement, and one question to Redis."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = 1
        try:
            with connection.cursor() as cursor:
                cursor.execute(STANDING, {"invitation_tries": len(WAITS), "reminder_tries": len(PATIENCE)})
                running, ended, unended, unclosed, dead, silent, invitations, reminders = cursor.fetchone()
        except Error:
            up = 0
        yield GaugeMetricFamily("cutscore_database_up", "1 when the database answers.", up)
        if up:
            sittings = GaugeMetricFamily("cutscore_sittings", "Sittings that are not closed.", labels=["state"])
            sittings.add_metric(["in_progress"], running)
            sittings.add_metric(["ended"], ended)
            yield sittings
            yield GaugeMetricFamily(
                "cutscore_sweep_lag_seconds",
                "How long the longest overdue sitting has waited to be ended or closed.",
                float(max(unended, unclosed)),
            )
            yield GaugeMetricFamily("cutscore_dead_letters", "Background work that failed for good.", dead)
            if silent is not None:
                yield GaugeMetricFamily(
                    "cutscore_beat_age_seconds", "How long ago due work was last begun.", float(silent)
                )
            mails = GaugeMetricFamily("cutscore_mails_waiting", "Mails that are to be sent.", labels=["kind"])
            mails.add_metric(["invitation"], invitations)
            mails.add_metric(["reminder"], reminders)
            yield mails
        yield from _queue()


def _note_pool() -> None:
    """What this process has, once a second at most: any of them may be asked for the sum."""
    global _pool_noted
    connections = getattr(connection, "pool", None)
    if connections is None or time.monotonic() - _pool_noted < POOL_EVERY:
        return
    _pool_noted = time.monotonic()
    stats = connections.get_stats()
    idle = stats.get("pool_available", 0)
    pool.labels("idle").set(idle)
    pool.labels("in_use").set(stats.get("pool_size", 0) - idle)
    pool.labels("waiting").set(stats.get("requests_waiting", 0))


def _queue() -> Iterator[GaugeMetricFamily]:
    if not settings.REDIS_URL:
        return
    with suppress(RedisError), Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as redis:
        waiting, held = redis.llen(QUEUE), redis.hlen("unacked")
        yield GaugeMetricFamily("cutscore_queue_length", "Tasks that wait for a worker.", float(waiting))
        yield GaugeMetricFamily("cutscore_queue_held", "Tasks that a worker has and has not finished.", float(held))


def exposition() -> bytes:
    """Everything in Prometheus's text format."""
    shown = registry
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        shown = CollectorRegistry()
        multiprocess.MultiProcessCollector(shown)  # type: ignore[no-untyped-call]
    standing = CollectorRegistry()
    standing.register(Standing())
    return generate_latest(shown) + generate_latest(standing)
