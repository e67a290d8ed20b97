"""Pages by which candidates come to what was assigned to them."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.sessions import outlive_exam
from cohorts.reports import assigned
from cohorts.services import attending
from exams import paper
from exams.access import person
from exams.models import Sitting
from exams.services import pool, sittings
from exams.services.sittings import CannotBegin
from scoring.reports import overview


@login_required
@never_cache
@require_safe
def exam_list(request: HttpRequest) -> HttpResponse:
    """What was assigned; exams on offer, the sitting in progress, the last result of each."""
    user, now = person(request), timezone.now()
    cards = overview.cards(user=user, now=now)  # this settles what has run out
    context = {"section": "exams", "cards": cards, "assigned": assigned.assigned_to(user, now=now, recent=True)}
    return render(request, "cohorts/exam_list.html", context)


@login_required
@never_cache
@require_safe
def my_assignments(request: HttpRequest) -> HttpResponse:
    """Everything that was assigned, and the cohorts it came from."""
    user, now = person(request), timezone.now()
    sittings.settle(now=now, user=user)
    context = {"section": "exams", "assigned": assigned.assigned_to(user, now=now)}
    return render(request, "cohorts/my_assignments.html", context)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def my_assignment(request: HttpRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """Conditions and instructions; on POST the clock starts."""
    user = person(request)
    mine = assigned.one_assigned(user, assignment_id, now=timezone.now())
    if mine is None:
        raise Http404
    if request.method == "POST":
        outlive_exam(request.session)
        try:
            return redirect("sitting", attending.begin(assignment=mine.assignment, user=user).pk)
        except CannotBegin as problem:
            messages.error(request, str(problem))
            return redirect("my_assignment", assignment_id)
    exam = mine.assignment.cohort.exam
    context = {
        "section": "exams",
        "mine": mine,
        "assignment": mine.assignment,
        "exam": exam,
        "terms": mine.offer.terms,
        "kinds": paper.kinds_of(exam),
        "ready": mine.assignment.form_id is not None or pool.has_form(user=user, exam=exam),
        # A sitting that was begun elsewhere, or in another assignment, stands in the way.
        "other": None if mine.running else Sitting.objects.in_progress().filter(user=user, exam=exam).first(),
    }
    return render(request, "cohorts/my_assignment.html", context)
