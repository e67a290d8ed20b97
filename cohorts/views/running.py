"""The list of cohorts, a new one, and where each begins."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import instructor_required
from cohorts.access import cohort_page, teacher
from cohorts.models import Attempt, Cohort
from cohorts.people_forms import CohortForm
from cohorts.reports import listing
from cohorts.services import running


@instructor_required
@never_cache
@require_safe
def cohorts(request: HttpRequest) -> HttpResponse:
    archived = request.GET.get("show") == "archived"
    page = request.GET.get("page", "1")
    found = listing.cohorts_of(teacher(request), archived=archived, page=page, now=timezone.now())
    return render(request, "cohorts/cohorts.html", {"listing": found, "page": found.cohorts})


@instructor_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cohort_new(request: HttpRequest) -> HttpResponse:
    form = CohortForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "cohorts/new.html", {"form": form}, status=422 if form.is_bound else 200)
    cohort = running.create(**form.cleaned_data, by=teacher(request), now=timezone.now())
    messages.success(request, f"{cohort.name} is ready. Now invite its members.")
    return redirect("cohort_members", cohort.pk)


@cohort_page
@require_safe
def cohort(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    """Its results once anything was sat, its members until then."""
    sat = Attempt.objects.filter(assignment__cohort=cohort).exists()
    return redirect("cohort_results" if sat else "cohort_members", cohort.pk)
