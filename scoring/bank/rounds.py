"""Rounds of ratings for authors: convene a panel, see how its rounds stand, close and approve them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import author_required
from exams.access import person
from questions.models import Exam, Revision
from questions.services import panels
from questions.services.base import Refused
from scoring.reports import rounds
from scoring.reports.wording import listed

ASK, CLOSE, APPROVE = "ask", "close", "approve"
MOST_DIGITS = 9
NAMED = 5  # questions that a message names


class DueForm(forms.Form):
    """The day by which ratings are asked for; none is all right."""

    due = forms.DateField(required=False, widget=forms.DateInput({"type": "date"}), label="Due")


@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def studio_rounds(request: HttpRequest, code: str) -> HttpResponse:
    """The exam's rounds, and convening new ones; on POST judges are asked, or rounds closed or approved."""
    exam = get_object_or_404(Exam, code=code)
    if request.method != "POST":
        return _page(request, exam, DueForm())
    form = DueForm(request.POST)
    if not form.is_valid():
        return _page(request, exam, form, "Please give the day as a date.")
    act: Callable[..., str] = {CLOSE: _close, APPROVE: _approve}.get(request.POST.get("act", ""), _ask)
    try:
        said = act(request, exam, form)
    except Refused as refused:
        return _page(request, exam, form, str(refused))
    messages.success(request, said)
    return redirect("studio_rounds", exam.code)


def _ask(request: HttpRequest, exam: Exam, form: DueForm) -> str:
    wanted = _numbers(request.POST.getlist("judge"))
    done = panels.convene(
        revisions=_revisions(_numbers(request.POST.getlist("question"))),
        exam=exam,
        judges=[one for one in rounds.authors() if one.pk in wanted],
        by=person(request),
        due=form.cleaned_data["due"],
    )
    said = f"Asked for {_counted(done.turns, 'rating')} of {_counted(done.questions, 'question')}."
    if done.left_out:
        more = len(done.left_out) - NAMED
        names = [*done.left_out[:NAMED], *([f"{more} more"] if more > 0 else [])]
        said += f" Nobody was left to ask about {listed(names)}."
    return said


def _close(request: HttpRequest, exam: Exam, form: DueForm) -> str:
    count = panels.close_rounds(revisions=[one for one, _ in _chosen(request)], exam=exam, by=person(request))
    return f"Closed {_counted(count, 'round')}. Now everybody may see what the judges said."


def _approve(request: HttpRequest, exam: Exam, form: DueForm) -> str:
    count = panels.approve_rounds(rounds=_chosen(request), exam=exam, by=person(request))
    return f"Approved {_counted(count, 'round')}. The mean of its ratings is a question’s rating from now on."


def _chosen(request: HttpRequest) -> list[tuple[Revision, int]]:
    pairs = set()
    for value in request.POST.getlist("round"):
        revision, _, number = value.partition(".")
        pairs |= {(one, other) for one in _numbers([revision]) for other in _numbers([number])}
    found = {one.pk: one for one in _revisions({pk for pk, _ in pairs})}
    chosen = [(found[pk], number) for pk, number in sorted(pairs) if pk in found]
    if not chosen:
        raise Refused("Please choose at least one round.")
    return chosen


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _revisions(pks: set[int]) -> list[Revision]:
    return list(Revision.objects.filter(pk__in=pks).select_related("question").order_by("question"))


def _numbers(values: Sequence[str]) -> set[int]:
    """The ids among what was posted."""
    return {int(one) for one in values if one.isascii() and one.isdecimal() and len(one) <= MOST_DIGITS}


def _page(request: HttpRequest, exam: Exam, form: DueForm, refused: str = "") -> HttpResponse:
    posted = request.POST
    context: dict[str, Any] = {
        "section": "bank",
        "exam": exam,
        "listing": rounds.listing_of(exam, request.GET),
        "form": form,
        "refused": refused,
        "chosen": {"question": _numbers(posted.getlist("question")), "judge": _numbers(posted.getlist("judge"))},
        "rounds_chosen": set(posted.getlist("round")),
        "tick": request.GET.get("tick") == "all" and not refused,
        "needed": settings.MINIMUM_JUDGES,
        "today": timezone.now().date(),
    }
    return render(request, "bank/rounds.html", context, status=422 if refused else 200)
