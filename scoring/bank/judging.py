"""Judging: the turns that wait for an author, and one turn: answer as a candidate would, then rate, then the next."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import author_required
from exams.access import person
from questions.models import RatingRequest
from questions.services import ratings
from questions.services.base import Refused
from scoring.reports import judging

ANSWER, RATE = "answer", "rate"
UNFINISHED = "Please answer the question completely before you rate it."
MOST_DIGITS = 3  # of a rating


@author_required
@never_cache
@require_safe
def studio_judging(request: HttpRequest) -> HttpResponse:
    """The ratings that this author is asked for, by exam."""
    judge = person(request)
    context = {
        "section": "bank",
        "desks": judging.desks_of(judge),
        "done": judging.done_of(judge),
        "today": timezone.now().date(),
    }
    return render(request, "bank/judging.html", context)


@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def studio_judge(request: HttpRequest, pk: int) -> HttpResponse:
    """One turn; nobody else's exists."""
    judge = person(request)
    turn = get_object_or_404(RatingRequest.objects.select_related("exam", "judge"), pk=pk, judge=judge)
    if request.method != "POST":
        return _page(request, turn)
    if request.POST.get("act") == RATE:
        return _rate(request, turn)
    posted = request.POST.getlist("answer")
    numbers = judging.numbers_of(turn, judge, posted)
    try:
        if not numbers or "" in posted:
            raise Refused(UNFINISHED)
        ratings.answer(request=turn, response=numbers, by=judge)
    except Refused as refused:
        turn.refresh_from_db()
        return _page(request, turn, str(refused), posted=posted)
    return redirect(request.path)  # without a fragment, which would keep the browser from going to the rating


def _rate(request: HttpRequest, turn: RatingRequest) -> HttpResponse:
    said = request.POST.get("value", "").strip()
    number = int(said) if said.isascii() and said.isdecimal() and len(said) <= MOST_DIGITS else 0
    again = turn.value is not None
    try:
        ratings.rate(request=turn, value=number, by=person(request))
    except Refused as refused:
        turn.refresh_from_db()
        return _page(request, turn, str(refused), said=said)
    if again:
        messages.success(request, f"Your rating is now {number} of 100.")
        return redirect("studio_judging")
    following = judging.next_of(turn)
    if following is None:
        messages.success(request, f"Rated {number} of 100. That was the last one; thank you.")
        return redirect("studio_judging")
    messages.success(request, f"Rated {number} of 100. Here is the next question.")
    return redirect("studio_judge", following.pk)


def _page(
    request: HttpRequest, turn: RatingRequest, refused: str = "", *, posted: list[str] | None = None, said: str = ""
) -> HttpResponse:
    judge = person(request)
    answered = turn.answered_at is not None
    context = {
        "section": "bank",
        "turn": turn,
        "asked": judging.asked_of(turn, judge, posted or ()),
        "desk": next((one for one in judging.desks_of(judge) if one.exam.pk == turn.exam_id), None),
        "bounds": judging.bounds_of(turn) if answered else None,
        "said": said or turn.value,
        "following": judging.next_of(turn),
        "refused": refused,
        "today": timezone.now().date(),
    }
    return render(request, "bank/judge.html", context, status=422 if refused else 200)
