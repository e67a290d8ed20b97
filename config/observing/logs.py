"""Log lines that can be searched: each knows the request, and the sitting if it is about one."""

from __future__ import annotations

import datetime as dt
import json
import logging
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
sitting_id: ContextVar[str] = ContextVar("sitting_id", default="")

# Fields that our own lines may carry beside the message.
EXTRAS = ("method", "route", "status", "ms")


class Context(logging.Filter):
    """Puts the ids of the request in progress onto every record, whoever logs it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        record.sitting_id = sitting_id.get()
        return True


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
