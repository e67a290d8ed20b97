"""Acts from the live board: a page that says who is concerned, then the act, then back with one message."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from cohorts.access import assignment_of, cohort_page, teacher
from cohorts.acts import ACTS, HALF_AN_HOUR, Act, Doing, preview_of
from cohorts.models import Cohort
from cohorts.reports.board import Board, Person, board_of
from cohorts.services.supervising import ARCHIVED
from exams.clock_page import MOST_AT_ONCE

TOO_MANY = f"Choose at most {MOST_AT_ONCE} people at once."


@cohort_page
def cohort_board_act(request: HttpRequest, cohort: Cohort, act: str) -> HttpResponse:
    """POST only: to show who is concerned, and with `confirmed` to do it. Nothing is done to anybody else."""
    verb = ACTS.get(act)
    if verb is None:
        raise Http404
    if request.method != "POST":  # after signing in again
        return redirect("cohort_board", cohort.pk)
    board = _board(request, cohort)
    back = _back(board)
    if cohort.archived_at:
        messages.error(request, ARCHIVED)
        return redirect(back)
    people = _chosen(request, board)
    if not people:
        messages.error(request, "Choose somebody first: tick people, or everybody.")
        return redirect(back)
    context = {"section": "cohorts", "cohort": cohort, "board": board, "act": verb, "back": back}
    if len(people) > MOST_AT_ONCE:
        if "confirmed" in request.POST:
            messages.error(request, TOO_MANY)
            return redirect(back)
        parts = [people[start : start + MOST_AT_ONCE] for start in range(0, len(people), MOST_AT_ONCE)]
        context |= {"people": people, "parts": parts, "most": MOST_AT_ONCE}
        return render(request, "cohorts/board/parts.html", context)
    preview = preview_of(verb, people, board.now)
    form = verb.form(request.POST if "confirmed" in request.POST else None, initial=_initial(board))
    cut: list[object] = []
    if form.is_valid() and preview.ready:
        given = form.cleaned_data
        minutes = given.get("minutes", 0)
        cut = [*preview.cut_by(minutes)]
        if not cut or given["extend_window"] or given["warned"] == minutes:
            _apply(request, board, verb, people, given)
            return redirect(back)
        form = verb.form({**request.POST.dict(), "warned": minutes})
    return render(request, "cohorts/board/act.html", {**context, "preview": preview, "form": form, "cut": cut})


def _apply(request: HttpRequest, board: Board, act: Act, people: list[Person], given: dict[str, object]) -> None:
    """Do it, and say in one message what came of it: also of those whose time ran out while the page was read."""
    by = teacher(request)
    users = User.objects.in_bulk([one.user_id for one in people])
    pairs = [(one, users[one.user_id]) for one in people if one.user_id in users]
    outcome = act.do(Doing(board.assignment, by, board.now, given, _seen(request)), pairs)
    level = messages.ERROR if not outcome.done else messages.WARNING if outcome.refused else messages.SUCCESS
    messages.add_message(request, level, outcome.sentence(act.done.format(**given)))


def _board(request: HttpRequest, cohort: Cohort) -> Board:
    try:
        assignment_id = uuid.UUID(request.POST.get("assignment", ""))
    except ValueError:
        raise Http404 from None
    assignment = assignment_of(cohort, assignment_id)
    return board_of(assignment, state=request.POST.get("state", ""), now=timezone.now())


def _chosen(request: HttpRequest, board: Board) -> list[Person]:
    """Everybody whom the board shows, or those who were ticked and are in this room."""
    if "all" in request.POST and "confirmed" not in request.POST:
        return board.shown
    ticked = set(_numbers(request.POST.getlist("who")))
    return [one for one in board.people if one.user_id in ticked]


def _seen(request: HttpRequest) -> dict[int, tuple[int, int]]:
    """What stood at each person when the page was made: minutes granted, messages sent."""
    found = (tuple(_numbers(value.split(":"))) for value in request.POST.getlist("seen"))
    return {parts[0]: (parts[1], parts[2]) for parts in found if len(parts) == 3}


def _numbers(values: Iterable[str]) -> list[int]:
    return [int(value) for value in values if value.isascii() and value.isdigit() and len(value) < 10]


def _initial(board: Board) -> dict[str, object]:
    return {"deadline": board.now + HALF_AN_HOUR}


def _back(board: Board) -> str:
    query = {"assignment": board.assignment.pk} | ({"state": board.state} if board.state else {})
    return f"{reverse('cohort_board', args=[board.assignment.cohort_id])}?{urlencode(query)}"
