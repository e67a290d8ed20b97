"""What every answer tells browsers: pages, errors, redirects, files and downloads alike.

The proxy says the same on answers that never reached the application (deploy/Caddyfile).
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http import HttpRequest, HttpResponse

# Everything powerful that a browser would otherwise let scripts ask for, under the names that browsers know.
SHUT = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "gamepad", "geolocation",
    "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment",
    "picture-in-picture", "publickey-credentials-create", "publickey-credentials-get", "screen-wake-lock", "serial",
    "usb", "xr-spatial-tracking",
)  # fmt: skip
HEADERS = {
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in SHUT),
    "Cross-Origin-Resource-Policy": "same-origin",  # nobody else shows our pictures or runs our scripts
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Permitted-Cross-Domain-Policies": "none",
    # Who does not say how long an answer may be kept wants it to be kept nowhere.
    "Cache-Control": "max-age=0, no-cache, no-store, must-revalidate, private",
}


class PrefixedCookieStorage(CookieStorage):
    cookie_name = f"{settings.COOKIE_PREFIX}messages"


class MessageStorage(FallbackStorage):
    """Django's, under a name that browsers keep to this host."""

    storage_classes = (PrefixedCookieStorage, SessionStorage)


class HeadersMiddleware:
    """Outside of everything that may refuse a request, so that refusals carry them too; nothing set is overwritten."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        # Django's own comes too late where the host's name is refused.
        if settings.SECURE_HSTS_SECONDS and request.is_secure():
            response.headers.setdefault("Strict-Transport-Security", transport())
        return response


def transport() -> str:
    """What Django sends as Strict-Transport-Security."""
    also = "; includeSubDomains" * settings.SECURE_HSTS_INCLUDE_SUBDOMAINS + "; preload" * settings.SECURE_HSTS_PRELOAD
    return f"max-age={settings.SECURE_HSTS_SECONDS}{also}"
