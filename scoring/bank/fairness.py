"""Whether questions are equally hard for groups of like ability."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import author_required
from questions.models import Exam
from scoring.reports import fairness


@author_required
@never_cache
@require_safe
def bank_fairness(request: HttpRequest, code: str) -> HttpResponse:
    """Questions compared between groups of people who agreed to it."""
    exam = get_object_or_404(Exam, code=code)
    page = {"section": "bank", "exam": exam, "fairness": fairness.fairness_of(exam)}
    return render(request, "bank/fairness.html", page)
