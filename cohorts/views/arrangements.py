"""What holds for one member in one assignment."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from cohorts.access import assignment_of, cohort_page, teacher
from cohorts.assignment_forms import ArrangementForm
from cohorts.models import Cohort, Membership
from cohorts.reports import assignments
from cohorts.services import arranging, assigning
from cohorts.services.assigning import CannotAssign


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def arrangement(request: HttpRequest, cohort: Cohort, assignment_id: uuid.UUID, user_id: int) -> HttpResponse:
    """Extra time, own times and more attempts for one person."""
    found = assignment_of(cohort, assignment_id)
    person = assignments.person_of(found, user_id)
    if person is None:
        raise Http404
    refused = assigning.ARCHIVED if cohort.archived_at else assigning.CANCELLED if found.cancelled_at else ""
    if refused:
        messages.error(request, refused)
        return redirect("assignment", cohort.pk, found.pk)
    form = ArrangementForm(request.POST or None, arrangement=person.arrangement, usual=person.usual)
    if form.is_valid():
        try:
            arranging.arrange(
                assignment_id=found.pk, user_id=user_id, wish=form.wish(), by=teacher(request), now=timezone.now()
            )
        except CannotAssign as refusal:
            for name, sentence in refusal.problems:
                form.add_error(name or None, sentence)
        except Membership.DoesNotExist:
            raise Http404 from None
        else:
            messages.success(request, f"Saved what holds for {person.user.get_full_name()}.")
            return redirect("assignment", cohort.pk, found.pk)
    context = {"cohort": cohort, "assignment": found, "person": person, "form": form, "section": "cohorts"}
    return render(request, "cohorts/assignments/arrangement.html", context, status=422 if form.errors else 200)
