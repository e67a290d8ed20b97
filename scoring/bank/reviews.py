"""What waits for the person who looks: to be reviewed, to be mended, to be published."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import author_required
from exams.access import person
from scoring.reports import reviews


@author_required
@never_cache
@require_safe
def studio_reviews(request: HttpRequest) -> HttpResponse:
    """Three lists, the longest waiting first."""
    context = {"section": "bank", "waiting": reviews.waiting_for(person(request))}
    return render(request, "bank/life/reviews.html", context)
