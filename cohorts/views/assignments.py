"""Assignments for instructors: the list, one of them, and giving and changing them."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cohorts.access import assignment_of, cohort_page, teacher
from cohorts.assignment_forms import AssignmentForm, first_values
from cohorts.models import Assignment, Attempt, Cohort
from cohorts.reports import assignments, planning
from cohorts.services import assigning
from cohorts.services.assigning import CannotAssign

# Where a problem with a field of the plan is shown in the form.
FIELDS = {"grace_seconds": "grace_minutes", "": None}


@cohort_page
@require_safe
def cohort_assignments(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    context = {"cohort": cohort, "groups": assignments.lines_of(cohort, now=timezone.now()), "section": "cohorts"}
    return render(request, "cohorts/assignments/list.html", context)


@cohort_page
@require_safe
def assignment(request: HttpRequest, cohort: Cohort, assignment_id: uuid.UUID) -> HttpResponse:
    """Facts, people and what can be done with it."""
    found = assignment_of(cohort, assignment_id)
    detail = assignments.detail_of(found, now=timezone.now(), page=request.GET.get("page", "1"))
    context = {"cohort": cohort, "assignment": found, "detail": detail, "section": "cohorts"}
    return render(request, "cohorts/assignments/detail.html", context)


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def assignment_new(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    return _form_page(request, cohort, None)


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def assignment_edit(request: HttpRequest, cohort: Cohort, assignment_id: uuid.UUID) -> HttpResponse:
    return _form_page(request, cohort, assignment_of(cohort, assignment_id))


def _form_page(request: HttpRequest, cohort: Cohort, found: Assignment | None) -> HttpResponse:
    """Fill in, look at the preview, save. What cuts somebody short is saved only by who has seen whom it cuts."""
    refused = assigning.ARCHIVED if cohort.archived_at else assigning.CANCELLED if found and found.cancelled_at else ""
    if refused:
        messages.error(request, refused)
        return redirect("assignment", cohort.pk, found.pk) if found else redirect("cohort_assignments", cohort.pk)
    now, choices = timezone.now(), planning.form_choices(cohort)
    begun = found is not None and Attempt.objects.filter(assignment=found).exists()
    initial = first_values(
        title=f"{cohort.exam.code} mock exam", now=now, minutes=cohort.exam.minutes,
        grace_seconds=settings.SITTING_GRACE_SECONDS,
    )  # fmt: skip
    form = AssignmentForm(request.POST or None, choices=choices, assignment=found, begun=begun, initial=initial)
    context: dict[str, Any] = {
        "cohort": cohort, "assignment": found, "form": form, "begun": begun, "choices": choices, "section": "cohorts",
    }  # fmt: skip
    if form.is_valid():
        plan = form.plan()
        problems = assigning.problems_of(plan, cohort=cohort, now=now, before=found, begun=begun)
        preview = None if problems else planning.preview(cohort=cohort, plan=plan, assignment=found)
        asked = preview is not None and request.POST.get("act") == "save"
        if preview and asked and (not preview.needs_confirming or request.POST.get("confirmed") == preview.digest):
            try:
                if found:
                    saved = assigning.change(assignment_id=found.pk, plan=plan, by=teacher(request), now=now)
                else:
                    saved = assigning.create(cohort=cohort, plan=plan, by=teacher(request), now=now)
            except CannotAssign as refusal:
                problems = list(refusal.problems)
            else:
                messages.success(request, "Saved." if found else "Assigned. Its candidates hear of it by e-mail.")
                return redirect("assignment", cohort.pk, saved.pk)
        for name, sentence in problems:
            form.add_error(FIELDS.get(name, name), sentence)
        context |= {"preview": None if problems else preview, "unconfirmed": asked and not problems}
    status = 422 if form.errors else 200
    return render(request, "cohorts/assignments/form.html", context, status=status)


@cohort_page
@require_POST
def assignment_cancel(request: HttpRequest, cohort: Cohort, assignment_id: uuid.UUID) -> HttpResponse:
    found = assignment_of(cohort, assignment_id)
    if request.POST.get("sure") != "yes":
        messages.error(request, "Tick the box to say that you are sure; nothing was cancelled.")
        return redirect("assignment", cohort.pk, found.pk)
    try:
        assigning.cancel(assignment_id=found.pk, by=teacher(request), now=timezone.now())
    except CannotAssign as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Cancelled. Nobody can begin it any more; whoever is sitting goes on to the end.")
    return redirect("assignment", cohort.pk, found.pk)


@cohort_page
@require_POST
def assignment_release(request: HttpRequest, cohort: Cohort, assignment_id: uuid.UUID) -> HttpResponse:
    """Results, or keys and rationales, from now on."""
    found = assignment_of(cohort, assignment_id)
    what = "review" if request.POST.get("what") == "review" else "results"
    try:
        assigning.release(assignment_id=found.pk, what=what, by=teacher(request), now=timezone.now())
    except CannotAssign as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The {what} {'is' if what == 'review' else 'are'} released.")
    return redirect("assignment", cohort.pk, found.pk)
