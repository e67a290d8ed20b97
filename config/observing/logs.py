"""Log lines that can be searched: each knows the request, and the sitting if it is about one."""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
from contextvars import ContextVar
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="")
sitting_id: ContextVar[str] = ContextVar("sitting_id", default="")
route: ContextVar[str] = ContextVar("route", default="")

# Fields that our own lines may carry beside the message.
EXTRAS = ("method", "route", "status", "ms", "person")


class Context(logging.Filter):
    """Puts the ids of the request in progress onto every record, whoever logs it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        record.sitting_id = sitting_id.get()
        _hide_address(record)
        return True


def _hide_address(record: logging.LogRecord) -> None:
    """Django names the address of what failed, which may hold a code that opens something; its pattern tells enough."""
    request: Any = getattr(record, "request", None)
    if not record.name.startswith("django.") or not isinstance(record.args, tuple) or not hasattr(request, "path"):
        return
    match = getattr(request, "resolver_match", None)
    shown = (match.route or "/") if match else "an address that is not ours"
    path = request.path.encode("unicode_escape").decode("ascii")  # as Django writes it
    record.args = tuple(shown if word in (request.path, path) else word for word in record.args)


class LineFormatter(logging.Formatter):
    """For reading by eye: one line for a message, whatever somebody has put into it. Tracebacks stay as they are."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return re.sub(
            r"[\x00-\x1f\x7f\x85\u2028\u2029]", lambda found: ascii(found[0])[1:-1], super().formatMessage(record)
        )


class JsonFormatter(logging.Formatter):
    """One JSON object for each line. Empty fields are left out."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request": getattr(record, "request_id", ""),
            "sitting": getattr(record, "sitting_id", ""),
            **{name: getattr(record, name, "") for name in EXTRAS},
            "exception": self.formatException(record.exc_info) if record.exc_info else "",
        }
        kept = {name: value for name, value in line.items() if value != ""}
        return json.dumps(kept, ensure_ascii=False, default=str)
