"""What browsers report that a page tried and our Content-Security-Policy did not let it, or would not have let it.

Anybody may send anything here, so a report is worth a figure and a short line: known words, our own routes and files,
and never an address, a text of the page or who sent it. Beyond LINES_PER_MINUTE a process only counts.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from csp.utils import DEFAULT_DIRECTIVES
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from config.observing import metrics

MAXIMUM_BODY = 16_000  # bytes
MAXIMUM_REPORTS = 20  # in one body
LINES_PER_MINUTE = 60
TYPES = ("application/csp-report", "application/reports+json", "application/json")
# What a browser names instead of an address.
KEYWORDS = ("inline", "eval", "wasm-eval", "data", "blob", "trusted-types-sink", "trusted-types-policy")

logger = logging.getLogger("csp")


class Allowance:
    """So many in any minute of this process; there is nothing to lose when it starts anew."""

    def __init__(self, amount: int) -> None:
        self.amount, self.left, self.minute = amount, amount, 0
        self.lock = threading.Lock()

    def take(self) -> bool:
        with self.lock:
            minute = int(time.monotonic() // 60)
            if minute != self.minute:
                self.minute, self.left = minute, self.amount
            self.left -= 1
            return self.left >= 0


lines = Allowance(LINES_PER_MINUTE)


@csrf_exempt  # browsers send these by themselves, without a token; nothing is changed
@require_POST
def csp_report(request: HttpRequest) -> HttpResponse:
    """Take reports in either of the two formats that browsers use; one sentence where it is neither."""
    if request.content_type not in TYPES:
        return HttpResponse("This is no report.", content_type="text/plain; charset=utf-8", status=415)
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAXIMUM_BODY or len(request.body) > MAXIMUM_BODY:
        return HttpResponse("The report is too long.", content_type="text/plain; charset=utf-8", status=413)
    try:
        sent = json.loads(request.body)
    except (ValueError, RecursionError):
        return HttpResponse("This is no report.", content_type="text/plain; charset=utf-8", status=400)
    for report in violations(sent):
        note(report)
    return HttpResponse(status=204)


def violations(sent: Any) -> Iterator[dict[str, Any]]:
    """The reports of a body: {"csp-report": {…}} or [{"type": "csp-violation", "body": {…}}, …]."""
    if isinstance(sent, dict):
        sent = [{"type": "csp-violation", "body": sent.get("csp-report")}]
    if isinstance(sent, list):
        for entry in sent[:MAXIMUM_REPORTS]:
            if isinstance(entry, dict) and entry.get("type") == "csp-violation" and isinstance(entry.get("body"), dict):
                yield entry["body"]


def note(report: dict[str, Any]) -> None:
    """Count one, and leave a line of what is known of it."""
    words = (text(report, "effective-directive", "effectiveDirective", "violated-directive").split() or [""])[0]
    directive = words if words in DEFAULT_DIRECTIVES else "other"
    disposition = "report" if text(report, "disposition") == "report" else "enforce"
    metrics.csp_reports.labels(directive, disposition).inc()
    if lines.take():
        logger.warning(
            "A page broke the policy: %s (%s) by %s on %s, from %s",
            directive,
            disposition,
            source(text(report, "blocked-uri", "blockedURL")),
            route(text(report, "document-uri", "documentURL")),
            file(text(report, "source-file", "sourceFile")),
        )


def text(report: dict[str, Any], *names: str) -> str:
    found = next((report[name] for name in names if isinstance(report.get(name), str)), "")
    return str(found)[:2_000]


def source(blocked: str) -> str:
    """A browser's keyword, or scheme and host of what was blocked: the rest of an address may say who was there."""
    if blocked in KEYWORDS:
        return blocked
    parts = split(blocked)
    host = parts.hostname or ""
    if not re.fullmatch(r"[a-z][a-z0-9+.-]{0,20}", parts.scheme) or not re.fullmatch(r"[a-z0-9.:-]{0,100}", host):
        return "something"
    return f"{parts.scheme}://{host}" if host else f"{parts.scheme}:"


def route(document: str) -> str:
    """The pattern of the page's address, as in the line of a request."""
    try:
        return str(resolve(split(document).path or "/").route or "/")
    except Resolver404:
        return "no page of ours"


def file(name: str) -> str:
    """One of our own static files, without the hash that its content gives it."""
    path = split(name).path
    if not path.startswith(settings.STATIC_URL) or not re.fullmatch(r"[A-Za-z0-9/._-]{1,150}", path):
        return "no file of ours"
    return re.sub(r"\.[0-9a-f]{12}(?=\.)", "", path)


def split(address: str) -> Any:
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")
