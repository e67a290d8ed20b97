"""What every template may use."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """The product's name, and whether this is the quickstart with its demo accounts."""
    return {"site_name": settings.SITE_NAME, "quickstart": settings.QUICKSTART}
