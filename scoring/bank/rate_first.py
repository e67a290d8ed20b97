"""Who is asked to rate a question sees neither its key nor other ratings first: its other pages wait until they have.

`scoring.bank.urls` puts this around every address that names a question, so that no page has to think of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from accounts.access import has_role
from accounts.models import User
from accounts.roles import Role
from exams.access import person
from questions.models import Question, RatingRequest
from questions.services import ratings
from scoring.models import ProblemReport, Regrade

View = Callable[..., HttpResponseBase]
Find = Callable[[dict[str, Any]], QuerySet[Question]]


def named(given: dict[str, Any]) -> QuerySet[Question]:
    """The question of an address that holds its id."""
    return Question.objects.filter(public_id=given["public_id"])


def reported(given: dict[str, Any]) -> QuerySet[Question]:
    """The question that a candidate's report is about."""
    return Question.objects.filter(revisions__in=ProblemReport.objects.filter(pk=given["pk"]).values("revision"))


def regraded(given: dict[str, Any]) -> QuerySet[Question]:
    """The question that was regraded."""
    return Question.objects.filter(revisions__in=Regrade.objects.filter(pk=given["pk"]).values("revision"))


def rate_first(view: View, find: Find) -> View:
    """The view, but for a judge who has yet to rate the question a page that leads to their turn. One statement.

    Its status is 403, whatever is asked for: nothing was done, and no script takes the page for the part it wanted.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **given: Any) -> HttpResponseBase:
        if has_role(request.user, Role.AUTHOR):  # everybody else is turned away by the view
            turn = _turns(person(request)).filter(revision__question__in=find(given)).first()
            if turn is not None:
                return _page(request, turn)
        return view(request, *args, **given)

    return guarded


def unrated(judge: User) -> QuerySet[Question]:
    """The questions that this person has yet to rate."""
    return Question.objects.filter(pk__in=_turns(judge).order_by().values("revision__question"))


def _turns(judge: User) -> QuerySet[RatingRequest]:
    return ratings.waiting_for(judge)


def _page(request: HttpRequest, turn: RatingRequest) -> HttpResponse:
    context = {"section": "bank", "turn": turn, "sent": request.method == "POST"}
    reply = render(request, "bank/rate_first.html", context, status=403)
    add_never_cache_headers(reply)
    return reply
