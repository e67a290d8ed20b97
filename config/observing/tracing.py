"""Traces over OTLP/HTTP for those who set OpenTelemetry's own variables. Without them nothing of this is imported.

What leaves is a list of what may leave, applied to every span on its way out: route and ids as in the logs, and never
an address, an answer, a parameter of a statement or what an exception says.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from config.observing import logs

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Span

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
# Attributes that may leave, by the names that the libraries give them; statements pass through `statement`.
ALLOWED = {
    "http.method", "http.request.method", "http.route", "http.status_code", "http.response.status_code",
    "db.system", "db.system.name", "db.operation", "db.operation.name", "cutscore.request", "cutscore.sitting",
    "celery.action", "celery.state", "celery.task_name", "celery.retries", "messaging.message.id", "error.type",
}  # fmt: skip
STATEMENTS = ("db.statement", "db.query.text")
LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+\b")
ERROR = "exception.type"
LONGEST = 500


def wanted() -> bool:
    """Whether the environment asks for traces."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    return not off and any(os.environ.get(name) for name in ENDPOINTS)


def spare() -> None:
    """Make this process do without OpenTelemetry unless it is asked for.

    The Redis client loads a good part of it wherever it is installed, into every process, to be told later that
    nobody wants it. To its import it now looks as if it were not there, with which all libraries of ours can live.
    """
    if not wanted():
        sys.modules.setdefault("opentelemetry", None)  # type: ignore[arg-type]


def start() -> bool:
    """Begin to trace this process if the environment asks for it; returns whether it does.

    To be called in the process that does the work, after it was forked, and before Django reads its middleware: the
    thread that sends spans does not survive a fork.
    """
    if not wanted():
        return False
    for name in [name for name, value in os.environ.items() if name.startswith("OTEL_") and not value]:
        del os.environ[name]  # as everywhere, an empty variable is one that is not set

    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.celery import CeleryInstrumentor
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
    from opentelemetry.instrumentation.redis import RedisInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

    class Sieve(OTLPSpanExporter):
        """Sends spans without what must not leave."""

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            return super().export([sieved(span) for span in spans])

    os.environ.setdefault("OTEL_SERVICE_NAME", "cutscore")
    provider = TracerProvider(resource=Resource.create({"process.pid": os.getpid()}))
    provider.add_span_processor(BatchSpanProcessor(Sieve()))
    trace.set_tracer_provider(provider)
    # Second: inside ObserveMiddleware, which knows the ids.
    DjangoInstrumentor().instrument(middleware_position=1, response_hook=_mark, excluded_urls="healthz,readyz,metrics")
    PsycopgInstrumentor().instrument()
    RedisInstrumentor().instrument()
    CeleryInstrumentor().instrument()  # type: ignore[no-untyped-call]
    return True


def _mark(span: Span, request: Any, response: Any) -> None:
    span.set_attribute("cutscore.request", logs.request_id.get())
    if sitting := logs.sitting_id.get():
        span.set_attribute("cutscore.sitting", sitting)


def sieved(span: ReadableSpan) -> ReadableSpan:
    """The span with allowed attributes only. Of what went wrong it tells the kind, not the words."""
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import Status

    given = dict(span.attributes or {})
    kept = {name: value for name, value in given.items() if name in ALLOWED}
    for name in STATEMENTS:
        if name in given:
            kept[name] = statement(
                str(given[name]), redis=given.get("db.system", given.get("db.system.name")) == "redis"
            )
    events = [
        Event(event.name, {ERROR: event.attributes[ERROR]}, event.timestamp)
        for event in span.events
        if event.attributes and ERROR in event.attributes
    ]
    return ReadableSpan(
        name=name_of(span, given),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=kept,
        events=events,
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def name_of(span: ReadableSpan, given: dict[str, Any]) -> str:
    """Method and route, the first word of a statement, or a task: never an address, which an unknown one would be."""
    method = given.get("http.request.method", given.get("http.method"))
    if method:
        return f"{method} {given.get('http.route', '')}".strip()
    if any(name in given for name in STATEMENTS):
        return (span.name.split() or ["statement"])[0][:40]
    return span.name


def statement(text: str, *, redis: bool) -> str:
    """A statement without values. Parameters are not in it to begin with; of Redis the command alone is told."""
    return text.split()[0][:20] if redis and text.split() else LITERAL.sub("?", text)[:LONGEST]
