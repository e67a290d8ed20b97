"""Who may touch a sitting: its owner. Strangers are told that it does not exist."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from accounts.models import User
from exams.models import Sitting
from exams.protocol import refuse
from exams.services import sittings
from exams.services.changes import Refused
from operations import figures

P = ParamSpec("P")


def person(request: HttpRequest) -> User:
    """The signed-in person; use behind `login_required` or `signed_in`."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def own_sitting(request: HttpRequest, sitting_id: uuid.UUID) -> Sitting:
    """The person's sitting in its true state: what has run out is ended, what has had its grace is closed."""
    mine = Sitting.objects.select_related("exam", "form").filter(pk=sitting_id, user=person(request))
    found = mine.first()
    if found is None:
        raise Http404
    now = timezone.now()
    if found.is_due(now):
        sittings.settle(now=now, sitting_id=sitting_id)
        found = mine.get()
    return found


def speaks_json(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """For views that the exam page calls: 401 instead of a redirect, and every refusal as one sentence of JSON."""

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return JsonResponse({"error": "You are signed out; sign in again in a new tab."}, status=401)
        if request.method != "POST":
            return JsonResponse({"error": "Use POST."}, status=405, headers={"Allow": "POST"})
        try:
            return view(request, *args, **kwargs)
        except Refused as refused:
            figures.refused()
            return refuse(refused)
        except (Http404, Sitting.DoesNotExist):
            return JsonResponse({"error": "There is no such sitting."}, status=404)

    wrapped.speaks_json = True  # type: ignore[attr-defined]  # for refusals on the way here
    return wrapped
