"""What must be right before the first request: a misspelt setting stops the start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from accounts import ratelimit


@register
def rate_limits(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for name in ("RATE_LIMIT_ACCOUNT", "RATE_LIMIT_ADDRESS"):
        try:
            ratelimit.parse(getattr(settings, name))
        except ImproperlyConfigured as error:
            found.append(Error(f"{name}: {error}", id="accounts.E001"))
    return found


@register
def email_verification(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    known = ("mandatory", "optional", "none")
    if settings.ACCOUNT_EMAIL_VERIFICATION in known:
        return []
    return [Error(f"EMAIL_VERIFICATION must be one of {', '.join(known)}.", id="accounts.E002")]
