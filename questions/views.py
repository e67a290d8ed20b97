"""The images of questions. Who has the address has been shown the question (ADR 0021)."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from questions.images import EXTENSIONS
from questions.models import Image

MEDIA_TYPES = {extension: name for name, extension in EXTENSIONS.items()}


@require_safe
def image(request: HttpRequest, sha256: str, extension: str) -> HttpResponse:
    """One image for people who are signed in. One statement besides those that say who asks."""
    if not request.user.is_authenticated:
        raise Http404
    row = get_object_or_404(Image, pk=sha256, media_type=MEDIA_TYPES.get(extension, ""))
    reply = HttpResponse(bytes(row.content), content_type=row.media_type)
    reply["ETag"] = f'"{sha256}"'
    # "private": no cache that others share; and the session's Vary: Cookie keeps it from whoever signs in next.
    reply["Cache-Control"] = "private, max-age=31536000, immutable"
    reply["X-Content-Type-Options"] = "nosniff"
    reply["Cross-Origin-Resource-Policy"] = "same-origin"
    reply["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return get_conditional_response(request, etag=reply["ETag"], response=reply) or reply
