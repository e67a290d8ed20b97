"""Figures for Prometheus: what this process counted, and what the database and the queue say when asked.

Several web processes share their counts through PROMETHEUS_MULTIPROC_DIR; without it each tells its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import Error, connection
from prometheus_client import CollectorRegistry, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis import Redis, RedisError

METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE")
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
QUEUE = "celery"  # where Celery keeps what waits
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

if _folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    Path(_folder).mkdir(parents=True, exist_ok=True)  # before the first figure is made, which opens a file there
ours = CollectorRegistry()
requests = Histogram(
    "cutscore_request_seconds",
    "Time from a request to its answer, by route. Saves are the route that ends in changes/.",
    ("method", "route", "status"),
    buckets=BUCKETS,
    registry=ours,
)

STANDING = """
SELECT
  count(*) FILTER (WHERE state = 'in_progress'),
  count(*) FILTER (WHERE state = 'ended'),
  coalesce(max(extract(epoch FROM statement_timestamp() - deadline))
           FILTER (WHERE state = 'in_progress' AND paused_at IS NULL AND deadline < statement_timestamp()), 0),
  coalesce(max(extract(epoch FROM statement_timestamp() - closes_at))
           FILTER (WHERE state = 'ended' AND closes_at < statement_timestamp()), 0)
FROM exams_sitting WHERE state IN ('in_progress', 'ended')
"""


def observe(method: str, route: str, status: int, seconds: float) -> None:
    requests.labels(method, route, f"{status // 100}xx").observe(seconds)


class Standing(Collector):
    """What is read at the moment of asking: one statement, and one question to Redis."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = 1
        try:
            with connection.cursor() as cursor:
                cursor.execute(STANDING)
                running, ended, unended, unclosed = cursor.fetchone()
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
        yield from _pool()
        yield from _queue()


def _pool() -> Iterator[GaugeMetricFamily]:
    pool = getattr(connection, "pool", None)
    if pool is not None:
        stats = pool.get_stats()
        family = GaugeMetricFamily("cutscore_pool", "This process's database connections.", labels=["what"])
        for name in ("pool_size", "pool_available", "requests_waiting"):
            family.add_metric([name], stats.get(name, 0))
        yield family


def _queue() -> Iterator[GaugeMetricFamily]:
    if not settings.REDIS_URL:
        return
    with suppress(RedisError), Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as redis:
        yield GaugeMetricFamily("cutscore_queue_length", "Tasks that wait for a worker.", float(redis.llen(QUEUE)))


def exposition() -> bytes:
    """Everything in Prometheus's text format."""
    registry = ours
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    standing = CollectorRegistry()
    standing.register(Standing())
    return generate_latest(registry) + generate_latest(standing)
