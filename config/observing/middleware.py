"""Every request gets an id, is timed, and leaves one line."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from config.observing import logs, metrics

HEADER = "X-Request-ID"
ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")  # from the proxy; anything else could forge a log line

logger = logging.getLogger("requests")


def route_of(request: HttpRequest) -> str:
    """The pattern and never the address: that may hold a code, and there would be a figure for each sitting."""
    match = request.resolver_match
    return (match.route or "/") if match else "none"


class ObserveMiddleware:
    """First of all, so that what the others do is inside. The id comes back as X-Request-ID."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        number = given if ACCEPTED.fullmatch(given) else uuid.uuid4().hex
        request_mark, sitting_mark = logs.request_id.set(number), logs.sitting_id.set("")
        route_mark = logs.route.set("")
        start = time.perf_counter()
        try:
            response = self.get_response(request)
            response[HEADER] = number
            self._note(request, response, time.perf_counter() - start)
            return response
        finally:
            logs.request_id.reset(request_mark)
            logs.sitting_id.reset(sitting_mark)
            logs.route.reset(route_mark)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: dict[str, object]) -> None:
        """The address is understood: from here on lines name the sitting."""
        logs.route.set(route_of(request))
        if "sitting_id" in kwargs:
            logs.sitting_id.set(str(kwargs["sitting_id"]))

    @staticmethod
    def _note(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        route = route_of(request)
        method = request.method if request.method in metrics.METHODS else "OTHER"
        metrics.observe(method or "OTHER", route, response.status_code, seconds)
        logger.info(
            "%s %s %s",
            method,
            route,
            response.status_code,
            extra={
                "method": method,
                "route": route,
                "status": response.status_code,
                "ms": round(seconds * 1000, 1),
                "person": _person(request),
            },
        )


def _person(request: HttpRequest) -> str:
    """The number of who asked, if answering had to look: a line costs no statement."""
    return str(getattr(getattr(request, "_cached_user", None), "pk", None) or "")
