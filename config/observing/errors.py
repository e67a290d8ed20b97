"""Errors to Sentry, or a server that speaks its protocol, where SENTRY_DSN names one. Else nothing of it is imported.

An error is told by its kind, its place in the code, the route and the ids that the logs have too. Everything else stays
here: messages (PostgreSQL's quote rows), local variables (they hold keys and answers), bodies, cookies, addresses.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from config.observing import logs

KEPT = ("event_id", "timestamp", "platform", "level", "logger", "release", "environment", "sdk")
FRAME = ("filename", "function", "module", "lineno", "in_app")


def start() -> bool:
    """Begin to report this process's errors if there is somebody to report to; returns whether there is.

    To be called in the process that does the work, after it was forked.
    """
    if not settings.SENTRY_DSN:
        return False

    import sentry_sdk
    from sentry_sdk.integrations.celery import CeleryIntegration
    from sentry_sdk.integrations.django import DjangoIntegration

    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        integrations=[DjangoIntegration(middleware_spans=False, signals_spans=False), CeleryIntegration()],
        auto_enabling_integrations=False,
        auto_session_tracking=False,
        send_default_pii=False,
        send_client_reports=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        server_name="",
        before_send=sieved,  # type: ignore[arg-type]  # its type of an event is a private one
        before_send_transaction=lambda event, hint: None,
    )
    return True


def sieved(event: dict[str, Any], hint: dict[str, Any]) -> dict[str, Any]:
    """The event with what may leave."""
    kept = {name: event[name] for name in KEPT if name in event}
    kept["exception"] = {"values": [_exception(one) for one in (event.get("exception") or {}).get("values") or []]}
    told = event.get("logentry") or {}
    if told.get("message"):
        kept["logentry"] = {"message": told["message"]}  # the sentence with its gaps, not what stood in them
    tags = {"request": logs.request_id.get(), "sitting": logs.sitting_id.get(), "route": logs.route.get()}
    task = ((event.get("contexts") or {}).get("celery") or event.get("extra", {}).get("celery-job") or {}).get(
        "task_name"
    )
    kept["tags"] = {name: value for name, value in {**tags, "task": task}.items() if value}
    kept["transaction"] = logs.route.get() or task or ""
    return kept


def _exception(one: dict[str, Any]) -> dict[str, Any]:
    frames = (one.get("stacktrace") or {}).get("frames") or []
    return {
        "type": one.get("type"),
        "module": one.get("module"),
        "mechanism": {"type": (one.get("mechanism") or {}).get("type", "generic"), "handled": False},
        "stacktrace": {"frames": [{name: frame[name] for name in FRAME if name in frame} for frame in frames]},
    }
