"""Browsers: whether a person has signed in with this one before, and what to call it in a list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse

if TYPE_CHECKING:  # models are not ready when allauth imports the adapter
    from accounts.models import User

SALT = "accounts.devices"
REMEMBERED = 400 * 24 * 3600  # seconds; browsers keep no cookie longer

# The first that is found names it: most browsers claim to be several others.
BROWSERS = (
    ("Edge", r"Edg(e|A|iOS)?/"), ("Opera", r"OPR/|Opera"), ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"), ("Chrome", r"Chrome/|CriOS/|Chromium/"), ("Safari", r"Safari/"),
)  # fmt: skip
SYSTEMS = (
    ("Android", r"Android"), ("iPhone", r"iPhone"), ("iPad", r"iPad"), ("Windows", r"Windows"),
    ("ChromeOS", r"CrOS"), ("macOS", r"Macintosh|Mac OS X"), ("Linux", r"Linux"),
)  # fmt: skip


def remember(request: HttpRequest, response: HttpResponse, user: User) -> bool:
    """Leave a mark of this person in the browser; returns whether there was none.

    The cookie tells nobody who it was, and it opens nothing: it only spares a mail.
    """
    name = f"known-{user.browser_mark}"
    known = request.get_signed_cookie(name, default="", salt=SALT) == user.browser_mark
    response.set_signed_cookie(
        name, user.browser_mark, salt=SALT, max_age=REMEMBERED, path="/account/", httponly=True,
        secure=settings.SESSION_COOKIE_SECURE, samesite="Lax",
    )  # fmt: skip
    return not known


def described(user_agent: str) -> str:
    """Browser and system in words, such as "Firefox on Linux"."""
    browser = _first(BROWSERS, user_agent) or "A browser"
    system = _first(SYSTEMS, user_agent)
    return f"{browser} on {system}" if system else browser


def _first(names: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for name, pattern in names if re.search(pattern, text)), "")
