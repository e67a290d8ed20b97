"""Requests as a server hands them to the product, in this process and rolled back, and what is said of the answers."""

from __future__ import annotations

import io
import json
import logging
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit

from django.core import mail
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import got_request_exception, request_finished, request_started
from django.db import close_old_connections, connection, transaction
from django.http import HttpRequest

from config.observing.logs import JsonFormatter

SLOW = 5.0  # seconds that no answer may take
BUSY = 1_000  # times what an empty answer takes at that moment
HANGING = 120  # seconds after which it is broken off
STEPS = 2  # redirects that are followed after a form was taken, so that what it left behind is shown
SHOWN = 1_500  # characters of a body in a report


class Hang(BaseException):
    """Not an Exception, so that no view takes it for one of its own."""


@dataclass(frozen=True)
class Request:
    method: str
    path: bytes  # decoded, as PATH_INFO
    query: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()  # in WSGI's names
    body: bytes = b""
    who: str = ""  # whose session the cookie names
    label: str = ""
    follows: bool = False

    def environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path.decode("latin-1"),
            "QUERY_STRING": self.query.decode("latin-1"),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "127.0.0.1:8000",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(self.body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        return environ | dict(self.headers)

    def __str__(self) -> str:
        body = repr(self.body[:SHOWN]) + (f" … {len(self.body):,} bytes" if len(self.body) > SHOWN else "")
        headers = {name: value if len(value) < 300 else f"{value[:300]}…" for name, value in self.headers}
        return (
            f"{self.method} {self.path[:SHOWN]!r}?{self.query[:SHOWN]!r} as {self.who or 'nobody'}\n{headers}\n{body}"
        )


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)
    content: bytes = b""
    seconds: float = 0.0
    trouble: str = ""  # a traceback
    via: str = ""  # where the answer comes from when it is not from the address that was asked

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


class Complaints(logging.Handler):
    """Formats every record as production does; one that cannot be formatted would be lost there."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.format(record).encode()
        except Exception:
            self.found.append(traceback.format_exc())


class Product:
    """The whole WSGI application with its middleware. What a request does is undone."""

    def __init__(self) -> None:
        self.handler = WSGIHandler()
        self.complaints = Complaints()

    @contextmanager
    def open(self) -> Iterator[Product]:
        """Logs are read and not shown, warnings are none of a candidate's business, as in production."""
        root = logging.getLogger()
        before, level = root.handlers[:], root.level
        root.handlers[:], root.level = [self.complaints], logging.INFO
        previous = signal.signal(signal.SIGALRM, hung)
        got_request_exception.connect(self._keep)
        for one in (request_started, request_finished):  # all happens in one transaction, as with Django's test client
            one.disconnect(close_old_connections)
        # What waits to be checked is checked now, once: each request is undone, and with it what it has checked.
        connection.check_constraints()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield self
        finally:
            for one in (request_started, request_finished):
                one.connect(close_old_connections)
            got_request_exception.disconnect(self._keep)
            signal.signal(signal.SIGALRM, previous)
            root.handlers[:], root.level = before, level

    def _keep(self, request: HttpRequest | None = None, **more: Any) -> None:
        self.trouble = "".join(traceback.format_exception(*sys.exc_info()))

    def send(self, request: Request) -> Answer:
        """The answer. Deferred constraints and what waits for COMMIT count as part of it."""
        answer, self.trouble = Answer(), ""
        start = time.perf_counter()
        signal.alarm(HANGING)
        try:
            block = transaction.atomic()
            block._from_testcase = True  # type: ignore[attr-defined]  # what asks for a transaction of its own may
            with block:
                waiting = len(connection.run_on_commit)
                for _ in range(STEPS):
                    self._carry(request, answer)
                    if not request.follows or answer.status not in (302, 303):
                        break
                    request = followed(request, answer)
                    answer.via += f" -> {request.label}"
                if answer.status < 500 and not connection.needs_rollback:
                    connection.check_constraints()
                    for waits in connection.run_on_commit[waiting:]:
                        waits[1]()
                transaction.set_rollback(True)
        except (Exception, Hang):
            answer.status = 599
            self.trouble += traceback.format_exc()
        finally:
            signal.alarm(0)
        answer.seconds, answer.trouble = time.perf_counter() - start, self.trouble
        if self.complaints.found:
            answer.trouble += "\nwhile logging: " + self.complaints.found.pop()
            self.complaints.found.clear()
        if hasattr(mail, "outbox"):
            mail.outbox.clear()
        return answer

    def _carry(self, request: Request, answer: Answer) -> None:
        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            answer.status = int(status.split(" ", 1)[0])
            answer.headers = {name.lower(): value for name, value in headers}
            answer.cookies += [value for name, value in headers if name.lower() == "set-cookie"]
            for name, value in headers:  # what a server must be able to put on a line
                (name + value).encode("latin-1")
                assert not {"\r", "\n", "\0"} & set(value), (name, value)

        response: Any = self.handler(request.environ(), start_response)
        try:
            answer.content = b"".join(response)
        finally:
            response.close()


def followed(request: Request, answer: Answer) -> Request:
    """The page that a browser asks for next."""
    cookies = SimpleCookie(dict(request.headers).get("HTTP_COOKIE", ""))
    for one in answer.cookies:
        with suppress(CookieError):
            cookies.load(one)
    text = "; ".join(f"{name}={one.value}" for name, one in cookies.items() if one.value)
    parts = urlsplit(urljoin("http://127.0.0.1:8000" + quote(request.path), answer.headers["location"]))
    path = unquote_to_bytes(parts.path)
    return Request("GET", path, parts.query.encode(), (("HTTP_COOKIE", text),), b"", request.who, parts.path[:80], True)


def hung(*_: Any) -> None:
    raise Hang(f"no answer within {HANGING} seconds")


@dataclass(frozen=True)
class Finding:
    what: str
    where: str
    request: Request
    number: int
    detail: str

    @property
    def key(self) -> tuple[str, str]:
        return self.what, self.where

    def __str__(self) -> str:
        return f"{self.what} at {self.where}, request {self.number}\n{self.request}\n{self.detail[-3_000:]}"


def judge(product: Product, request: Request, answer: Answer, number: int, *, json_only: bool) -> Finding | None:
    """What is wrong with an answer, if anything."""
    what, detail = _wrong(request, answer, json_only=json_only), answer.trouble
    if not what and answer.seconds > SLOW and is_slow(product, request):
        what = f"slower than {SLOW:g} s"
    if not what:
        return None
    where = answer.trouble.strip().splitlines()[-1][:120] if answer.trouble else request.label + answer.via
    return Finding(
        what, where, request, number, detail or f"{answer.status} {answer.headers} {answer.content[:SHOWN]!r}"
    )


def is_slow(product: Product, request: Request) -> bool:
    """Whether it takes as long again and again, and that not only because the machine is busy."""
    nothing = Request("GET", b"/healthz")
    for _ in range(2):
        least = max(SLOW, BUSY * min(product.send(nothing).seconds for _ in range(3)))
        if product.send(request).seconds < least:
            return False
    return True


def _wrong(request: Request, answer: Answer, *, json_only: bool) -> str:
    if answer.status >= 500:
        return str(answer.status)
    if answer.trouble:
        return "a log line that cannot be written"
    if not 200 <= answer.status < 500:
        return f"the odd status {answer.status}"
    if answer.status >= 400 and answer.kind == "text/html" and "content-security-policy" not in answer.headers:
        return "an error page without Content-Security-Policy"
    if json_only and answer.status >= 400 and request.method != "HEAD":
        return "" if is_sentence(answer) else "a refusal that is no sentence in JSON"
    return ""


def is_sentence(answer: Answer) -> bool:
    try:
        error = json.loads(answer.content)["error"]
    except (ValueError, KeyError, TypeError):
        return False
    return answer.kind == "application/json" and isinstance(error, str) and error[:1].isupper() and error[-1:] in ".?!"


def smaller(product: Product, finding: Finding, *, json_only: bool) -> Finding:
    """The same failure of a shorter request: headers left out and the body cut, as long as it still fails."""
    best = finding
    for name, _ in finding.request.headers:
        shorter = replace(best.request, headers=tuple(one for one in best.request.headers if one[0] != name))
        best = _better(product, best, shorter, json_only=json_only)
    if best.request.query:
        best = _better(product, best, replace(best.request, query=b""), json_only=json_only)
    separator = b"&" if b"&" in best.request.body else None
    pieces = best.request.body.split(separator) if separator else []
    for piece in pieces[:60]:
        rest = best.request.body.split(b"&")
        if piece in rest:
            rest.remove(piece)
            best = _better(product, best, replace(best.request, body=b"&".join(rest)), json_only=json_only)
    return best


def _better(product: Product, best: Finding, shorter: Request, *, json_only: bool) -> Finding:
    again = judge(product, shorter, product.send(shorter), best.number, json_only=json_only)
    return again if again is not None and again.key == best.key else best
