"""The live board: the page, and what of it is fetched again every few seconds."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import HTMX_STOP_POLLING

from accounts.access import has_role
from accounts.models import User
from accounts.roles import Role
from cohorts.access import cohort_page
from cohorts.acts import ACTS
from cohorts.models import Assignment, Cohort
from cohorts.reports.board import Board, Standing, board_of, chosen_by_default


@cohort_page
@require_safe
def cohort_board(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    """One assignment's room. Two statements beside those that let the instructor in."""
    now = timezone.now()
    assignments = list(Assignment.objects.filter(cohort=cohort))
    for one in assignments:
        one.cohort = cohort
    wanted = request.GET.get("assignment")
    if wanted:
        assignment = next((one for one in assignments if str(one.pk) == wanted), None)
        if assignment is None:
            raise Http404
    else:
        assignment = chosen_by_default(assignments, now)
    context = {"section": "cohorts", "cohort": cohort, "assignments": assignments, "assignment": assignment}
    if assignment is not None:
        board = board_of(assignment, state=request.GET.get("state", ""), now=now)
        again = reverse("cohort_board_now", args=[cohort.pk, assignment.pk])
        context |= _room(board) | {
            "refreshes": board.live and "still" not in request.GET,
            "states": Standing.choices,
            "again": f"{again}?{urlencode({'state': board.state})}",
        }
    return render(request, "cohorts/board/board.html", context)


@never_cache
@require_safe
def cohort_board_now(request: HttpRequest, cohort_id: uuid.UUID, assignment_id: uuid.UUID) -> HttpResponse:
    """The room as it stands now. Four statements in all, as a whole room of instructors may ask every five seconds:
    session, person with their role, assignment with its cohort, everybody's state.
    """
    user = request.user
    if not isinstance(user, User):
        return render(request, "cohorts/board/signed_out.html", status=HTMX_STOP_POLLING)
    mine = Assignment.objects.filter(cohort__instructors__user=user, cohort=cohort_id, pk=assignment_id)
    assignment = mine.select_related("cohort__exam").first() if _teaches(user) else None
    if assignment is None:
        raise Http404
    board = board_of(assignment, state=request.GET.get("state", ""), now=timezone.now())
    status = 200 if board.live else HTMX_STOP_POLLING
    return render(request, "cohorts/board/now.html", _room(board), status=status)


def _room(board: Board) -> dict[str, object]:
    """What the part that is fetched again needs."""
    cohort = board.assignment.cohort
    return {
        "cohort": cohort,
        "assignment": board.assignment,
        "board": board,
        "refreshes": board.live,
        "changeable": cohort.archived_at is None,
        "pages": board.candidates,
        "acts": ACTS.values(),
    }


def _teaches(user: User) -> bool:
    """As `accounts.access.instructor_required`, from what came with the session's person."""
    known = user.is_superuser or getattr(user, "is_instructor", None)
    return has_role(user, Role.INSTRUCTOR) if known is None else known
