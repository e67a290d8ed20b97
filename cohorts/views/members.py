"""Who is in a cohort."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cohorts.access import cohort_page
from cohorts.models import Cohort
from cohorts.reports import members


@cohort_page
@require_safe
def cohort_members(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    found = members.members_of(
        cohort,
        left=request.GET.get("show") == "left",
        query=request.GET.get("q", ""),
        page=request.GET.get("page", "1"),
    )
    return render(request, "cohorts/members.html", {"cohort": cohort, "members": found, "page": found.page})
