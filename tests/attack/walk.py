"""Asking as somebody, what kind of answer came, and what the database has written meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection, transaction
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import reverse

from accounts.models import User

EVER_NEW = {"X-Request-ID", "Content-Length"}
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
# What says nothing about who may do what: counters of rate limits, and when a session was last used.
NO_MATTER = ("cache", "django_session", "usersessions_usersession")
WRITTEN = """
SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables
WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 AND NOT relname = ANY(%s)
"""


class Walker:
    """One person's browser. Whatever a request changes is undone, its cookies as well."""

    def __init__(self, person: User | None) -> None:
        self.client = Client()
        self.session = ""
        if person is not None:
            self.client.force_login(person)
            self.session = self.client.cookies[settings.SESSION_COOKIE_NAME].value
        self.before = written()

    def ask(self, method: str, url: str, data: Any = None) -> tuple[str, dict[str, int]]:
        """The kind of the answer, and the tables that were written to with how many rows."""
        with undone():
            reply = self.send(method, url, data)
            if reply.streaming:
                for _ in reply:  # a file is made while it is read
                    pass
        before, self.before = self.before, written()
        changed = {table: rows - before.get(table, 0) for table, rows in self.before.items()}
        return kind_of(reply), {table: rows for table, rows in changed.items() if rows}

    def told(self, method: str, url: str, data: Any = None) -> tuple[int, dict[str, str], str]:
        """Everything that an answer tells, but for what differs from request to request and the address itself."""
        reply = self.send(method, url, data)
        headers = {name: value for name, value in reply.headers.items() if name not in EVER_NEW}
        text = getattr(reply, "content", b"").decode()
        return reply.status_code, headers, TOKEN.sub("", text.replace(url, "").replace(quote(url, safe=""), ""))

    def send(self, method: str, url: str, data: Any = None) -> Any:
        """The answer itself; a text is sent as JSON, anything else as a form, and nothing as nothing."""
        self.client.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: self.session} if self.session else {})
        if data is None or method != "POST":
            return self.client.generic(method, url)
        if isinstance(data, str):
            return self.client.post(url, data, content_type="application/json")
        return self.client.post(url, data)


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def written() -> dict[str, int]:
    """Rows inserted, changed and deleted by this transaction so far, those of undone savepoints included."""
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN, [list(NO_MATTER)])
        return dict(cursor.fetchall())


def kind_of(reply: HttpResponseBase) -> str:
    """The letter under which tests/attack/matrix.txt writes an answer."""
    status = reply.status_code
    if status in (301, 302, 303):
        path, _, query = reply["Location"].partition("?")
        if path in (reverse("account_login"), reverse("admin:login")) and "next=" in query:
            return "s"
        return "a" if path in (reverse("account_reauthenticate"), reverse("mfa_reauthenticate")) else "r"
    known = {401: "u", 403: "f", 404: "n", 405: "m"}
    if status in known:
        return known[status]
    return "+" if status < 300 or status == 304 else "e" if status < 500 else "!"
