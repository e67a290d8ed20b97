"""The home page and what monitors ask."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import Error, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.observing import metrics as figures
from questions.models import Exam


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, for strangers; people who are signed in go on to their exams."""
    if request.user.is_authenticated:
        return redirect("exam_list")
    return render(request, "config/home.html", {"exams": Exam.objects.offered()})


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """This process can serve: the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return JsonResponse({"status": "no database"}, status=503)
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus. Whoever does not know the token is told that there is nothing here."""
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    allowed = constant_time_compare(given, token) if token else settings.QUICKSTART
    if not allowed:
        raise Http404
    return HttpResponse(figures.exposition(), content_type=figures.CONTENT_TYPE)


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Whom to tell about a weakness (RFC 9116), where somebody has said who that is."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    until = (timezone.now() + dt.timedelta(days=180)).replace(microsecond=0)
    lines = [f"Contact: {settings.SECURITY_CONTACT}", f"Expires: {until.isoformat()}", "Preferred-Languages: en"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
