"""An exam's forms and one form in detail, for authors."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import author_required
from exams.models import Form
from questions.models import Exam
from scoring import plots
from scoring.reports import form, form_charts, forms


@author_required
@never_cache
@require_safe
def bank_forms(request: HttpRequest, code: str) -> HttpResponse:
    """The pool, the reference form and what is retired."""
    exam = get_object_or_404(Exam, code=code)
    try:
        page = forms.forms_page(exam, asked_run=request.GET.get("run", ""))
    except forms.Unknown as unknown:
        raise Http404 from unknown
    return render(request, "bank/forms.html", {"section": "bank", "exam": exam, "page": page})


@author_required
@never_cache
@require_safe
def bank_form(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """How one form measures, by the run and the table version asked for."""
    report = form.report_of(_subject(request, code, number))
    return render(request, "bank/form.html", {"section": "bank", "exam": report.subject.exam, "report": report})


@author_required
@require_safe
def bank_form_chart(request: HttpRequest, code: str, number: int, chart: str) -> HttpResponse:
    """One of the form's charts. Its address names run and version, so the browser may keep it."""
    if chart not in form_charts.CHARTS:
        raise Http404
    figure = form_charts.CHARTS[chart](_subject(request, code, number))
    if figure is None:
        raise Http404
    return plots.response(figure)


def _subject(request: HttpRequest, code: str, number: int) -> forms.Subject:
    found = get_object_or_404(Form.objects.select_related("exam"), exam__code=code, number=number)
    try:
        return forms.Subject(found, asked_run=request.GET.get("run", ""), asked_version=request.GET.get("version", ""))
    except forms.Unknown as unknown:
        raise Http404 from unknown
