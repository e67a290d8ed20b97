"""What is said instead of a page. Django's own views for this look into the body of the request once more, for a token
that these pages do not need, and fail a second time where the body is what cannot be read."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseServerError, JsonResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.urls import Resolver404, resolve

LONGEST_ADDRESS = 8_000  # characters of path and query: what RFC 9110, 4.1, asks every server to take


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Not understood. It may come up before the session or the host is known, so the page needs neither."""
    if speaks_json(request):
        return JsonResponse({"error": "The request could not be read."}, status=400)
    return HttpResponse(get_template("400.html").render(), status=400)


def too_long(request: HttpRequest) -> HttpResponse:
    if speaks_json(request):
        return JsonResponse({"error": "The address is too long."}, status=414)
    return HttpResponse(get_template("414.html").render(), status=414)


class AddressMiddleware:
    """Refuses addresses longer than any of ours.

    A list names its whole address again in each of its links: one of 180 kB made 30 MB of the admin's, in 3 seconds.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = len(request.path_info) + len(request.META.get("QUERY_STRING", ""))
        return too_long(request) if length > LONGEST_ADDRESS else self.get_response(request)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Without the token that our own pages send."""
    if speaks_json(request):
        sentence = "You have signed in or out since this page was loaded; sign in again in a new tab."
        return JsonResponse({"error": sentence}, status=403)
    return render(request, "403_csrf.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def failed(request: HttpRequest) -> HttpResponse:
    return HttpResponseServerError(get_template("500.html").render())


def speaks_json(request: HttpRequest) -> bool:
    """Whether the exam screen asked, which understands nothing else (`exams.access.speaks_json`)."""
    try:  # a host that is not ours is refused before anybody looked where the request goes
        match = request.resolver_match or resolve(request.path_info)
    except Resolver404:
        return False
    return getattr(match.func, "speaks_json", False)
