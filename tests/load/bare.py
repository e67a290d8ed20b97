"""What saving is measured against: the least that a Django view can do to keep something of a signed-in person.

It runs in the product's own processes, behind the same middleware and proxy: session, person, one UPSERT.
"""

from __future__ import annotations

import json

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path

UPSERT = """
INSERT INTO load_bare (user_id, seat, response, saved_at) VALUES (%s, %s, %s::varchar[], now())
ON CONFLICT (user_id, seat) DO UPDATE SET response = EXCLUDED.response, saved_at = EXCLUDED.saved_at
"""


def keep(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return JsonResponse({}, status=401)
    answer = json.loads(request.body)
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, [request.user.pk, answer["seat"], answer["response"]])
    return JsonResponse({"saved": True})


urlpatterns = [path("load/bare/", keep), path("", include("config.urls"))]
