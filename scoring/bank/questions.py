"""The questions of an exam with their statistics, and one question with everything measured of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import author_required
from questions.models import Exam
from scoring import plots
from scoring.models import CalibrationRun
from scoring.reports import problems, question_charts, question_history, question_page, question_shown, questions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHARTS: dict[str, Callable[[question_shown.Shown], Figure | None]] = {
    "curve": question_charts.curve,
    "options": question_charts.options,
    "history": lambda shown: question_charts.history(question_history.history_of(shown)[2]),
}


@author_required
@never_cache
@require_safe
def bank_questions(request: HttpRequest, code: str) -> HttpResponse:
    """All questions of an exam in one table, by one run."""
    exam = get_object_or_404(Exam, code=code)
    wanted = _run(exam, request)
    runs = list(_runs(exam))
    run = wanted or next((run for run in runs if not run.includes_simulated), None)
    listing = questions.listing_of(exam, run, asked=request.GET, runs=questions.offered_runs(runs, run))
    return render(request, "bank/questions.html", {"section": "bank", "exam": exam, "listing": listing})


@author_required
@never_cache
@require_safe
def bank_question(request: HttpRequest, code: str, public_id: str) -> HttpResponse:
    """One question: wording, figures, charts, history, forms."""
    page = question_page.page_of(_shown(request, code, public_id))
    exam = page.shown.exam
    context = {"section": "bank", "exam": exam, "page": page, "open_reports": problems.open_count(exam, public_id)}
    return render(request, "bank/question.html", context)


@author_required
@require_safe
def bank_question_chart(request: HttpRequest, code: str, public_id: str, chart: str) -> HttpResponse:
    """One of its charts; 404 without data."""
    figure = CHARTS[chart](_shown(request, code, public_id))
    if figure is None:
        raise Http404
    reply = plots.response(figure)
    if chart == "history" or "run" not in request.GET or "revision" not in request.GET:
        reply["Cache-Control"] = "private, no-cache"  # another run may be shown tomorrow
    return reply


def _shown(request: HttpRequest, code: str, public_id: str) -> question_shown.Shown:
    exam = get_object_or_404(Exam, code=code)
    revision = question_shown.revision_of(exam, public_id, _number(request, "revision"))
    if revision is None:
        raise Http404
    return question_shown.shown_of(exam, revision, _run(exam, request))


def _runs(exam: Exam) -> QuerySet[CalibrationRun]:
    """The exam's runs, newest first, without their bulky parts."""
    return exam.calibration_runs.defer("excluded", "configuration", "link", "disconnected").order_by("-number")


def _run(exam: Exam, request: HttpRequest) -> CalibrationRun | None:
    number = _number(request, "run")
    return None if number is None else get_object_or_404(_runs(exam), number=number)


def _number(request: HttpRequest, name: str) -> int | None:
    """A number asked for by ?name=; none when it is absent or empty. What is no number is not found."""
    value = request.GET.get(name, "")
    if value and not (value.isascii() and value.isdigit() and len(value) < 10):
        raise Http404
    return int(value) if value else None
