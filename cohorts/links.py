"""Addresses as they stand in mails, where no request says under which name the site is reached."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse


def absolute(name: str, *args: Any) -> str:
    """The whole address of a page."""
    return f"{settings.SITE_URL.rstrip('/')}{reverse(name, args=args)}"
