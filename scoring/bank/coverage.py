"""What an exam's bank covers, what it lacks and what to write next."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.access import author_required
from questions.models import Exam
from scoring.reports import coverage
from scoring.views import HtmxHttpRequest


@author_required
@never_cache
@require_safe
def bank_coverage(request: HtmxHttpRequest, code: str) -> HttpResponse:
    """The heat map with what is known of it; what is not known is worked out in the background, never here."""
    exam = get_object_or_404(Exam, code=code)
    page = coverage.page_of(exam, asked=request.GET)
    if request.htmx and page.current:
        return HttpResponseClientRefresh()  # it was waited for: the whole page is another one now
    return render(request, "bank/coverage.html", {"section": "bank", "exam": exam, "page": page})
