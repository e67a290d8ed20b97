"""The product's addresses and one more, whose view fails with secrets in its hands."""

from __future__ import annotations

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.urls import urlpatterns as product

SECRET = "jane@example.com-answered-B"


def broken(request: HttpRequest, sitting_id: object) -> HttpResponse:
    answer = request.POST["answer"]
    cache.set(f"limit|{answer}", answer, 5)
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s || 'jane@example.com-answered-B'", [answer])
    raise ValueError(f"{answer} is wrong")


urlpatterns = [path("sittings/<uuid:sitting_id>/broken/", broken), *product]
