"""Browsers of people: each context is a device with cookies and a store of its own."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext

from accounts.models import User
from tests.e2e.server import HOST

NewContext = Callable[..., BrowserContext]


def sign_in(context: BrowserContext, user: User) -> BrowserContext:
    """Give a browser a session of this person, and no other cookie."""
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": session.key, "value": session.value, "domain": HOST, "path": "/"}])
    return context
