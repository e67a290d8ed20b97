"""The bank's front page and one exam's page: what is known, what is on its way, what wears out."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import author_required
from questions.models import Exam
from scoring import plots
from scoring.reports import exams, exposure, problems


@author_required
@never_cache
@require_safe
def bank(request: HttpRequest) -> HttpResponse:
    """The exams with what is known of each."""
    context = {"section": "bank", "lines": exams.lines()}
    return render(request, "bank/index.html", context)


@author_required
@never_cache
@require_safe
def bank_exam(request: HttpRequest, code: str) -> HttpResponse:
    """Everything that is known of one exam's questions, forms, sittings and standard."""
    exam = get_object_or_404(Exam, code=code)
    report = exams.page_of(exam, page=request.GET.get("page", "1"), now=timezone.now())
    context = {"section": "bank", "exam": exam, "report": report, "needed": exams.FEWEST_FIRST}
    context["open_reports"] = problems.open_count(exam)
    return render(request, "bank/exam.html", context)


@author_required
@never_cache
@require_safe
def bank_exam_exposure(request: HttpRequest, code: str) -> HttpResponse:
    """Chart: questions by the share of the last year's sittings that have shown them, with the cap."""
    from matplotlib.ticker import MaxNLocator  # slow to import, and most processes never draw

    exam = get_object_or_404(Exam, code=code)
    shown = exposure.exposure_of(exam, exposure.form_counts(exam, timezone.now()))
    figure, axes = plots.new(6.6, 2.8)
    cap = 100 * shown.cap
    below = [entry for entry in shown.bins if not shown.enough or entry.high <= cap + 1e-9]
    over = [entry for entry in shown.bins if entry not in below]
    colour = plots.ACCENT if shown.enough else plots.EDGE
    kinds = [(below, colour, "", "up to the cap" if shown.enough else "questions")]
    if shown.enough:
        kinds.append((over, plots.SURFACE, "////", "above the cap"))
    for entries, fill, hatch, label in kinds:
        axes.bar(
            [entry.low for entry in entries], [entry.questions for entry in entries], width=4.4, align="edge",
            color=fill, edgecolor=plots.BAD if hatch else fill, hatch=hatch, label=label,
        )  # fmt: skip
    if shown.enough:
        axes.axvline(cap, color=plots.TEXT, linewidth=2, label=f"cap, {shown.cap_percent} %")
        plots.legend(axes, loc="upper right")
    axes.set_xlim(0, 100)
    axes.set_xlabel("Share of the last year’s sittings that have shown the question, per cent")
    axes.set_ylabel("Questions")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    return plots.response(figure)
