"""Calibration runs for authors: the list, one run with its charts, and its promotion."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import author_required
from exams.access import person
from questions.models import Exam
from scoring import plots
from scoring.calibration.decisions import Outcome
from scoring.calibration.promotion import NotPromoted, PromotedBefore, promote
from scoring.models import CalibrationRun
from scoring.reports import run_charts, runs

CHARTS = {"ratings": run_charts.ratings, "population": run_charts.spread}


def _run(code: str, number: int) -> CalibrationRun:
    found = CalibrationRun.objects.select_related("exam", "based_on", "made_by", "promoted_by")
    return get_object_or_404(found, exam__code=code, number=number)


@author_required
@never_cache
@require_safe
def run_list(request: HttpRequest, code: str) -> HttpResponse:
    """The exam's calibration runs, the newest first."""
    exam = get_object_or_404(Exam, code=code)
    listing = runs.runs_of(exam, request.GET.get("page", "1"))
    return render(request, "bank/runs.html", {"section": "bank", "exam": exam, "listing": listing})


@author_required
@never_cache
@require_safe
def run_detail(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """One run: its data, what came out, and what promoting it would do."""
    run = _run(code, number)
    page = runs.page_of(run, show=request.GET.get("show", ""), page=request.GET.get("page", "1"))
    return render(request, "bank/run.html", {"section": "bank", "exam": run.exam, "page": page})


@author_required
@require_safe
def run_chart(request: HttpRequest, code: str, number: int, chart: str) -> HttpResponse:
    """One of the run's charts as SVG."""
    return plots.response(CHARTS[chart](_run(code, number)))


@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def run_promote(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """What promoting the run will do, to be confirmed; on POST it is done."""
    run = _run(code, number)
    if request.method == "POST":
        try:
            done = promote(run=run, by=person(request), now=timezone.now())
        except PromotedBefore as before:
            messages.info(request, f"{before} Nothing more was changed.")
        except NotPromoted as refusal:
            messages.error(request, str(refusal))
        else:
            ready = len(done.of(Outcome.READY))
            tables = len(done.forms) + done.others
            messages.success(
                request,
                f"Run {number} is in force. Questions that may be scored from now on: {ready}. New tables: {tables}.",
            )
        return redirect("bank_run", code, number)
    confirmation = runs.confirmation_of(run)
    if confirmation is None:
        return redirect("bank_run", code, number)
    return render(request, "bank/run_promote.html", {"section": "bank", "exam": run.exam, "confirmation": confirmation})
