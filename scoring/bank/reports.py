"""Problems that candidates report, for authors: the list, and one report to answer or to dismiss."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import author_required
from exams.access import person
from scoring import problem_reports
from scoring.models import ProblemReport
from scoring.models.reports import LONGEST
from scoring.problem_reports import SHORTEST
from scoring.reports import problems

ANSWER, DISMISS = "answer", "dismiss"
VERBS = {ANSWER: problem_reports.answer, DISMISS: problem_reports.dismiss}
WANTED = {ANSWER: "what the candidate is to read", DISMISS: "why the report is dismissed"}
DONE = {ANSWER: "The candidate can read your answer now.", DISMISS: "The report was dismissed."}


class SettleForm(forms.Form):
    """What an author says to a report, and which version of it they read."""

    version = forms.IntegerField(min_value=1)
    text = forms.CharField(widget=forms.Textarea({"rows": 4, "minlength": SHORTEST, "maxlength": LONGEST}))

    def __init__(self, act: str, data: Any = None) -> None:
        super().__init__(data, auto_id=f"{act}-%s")
        self.act = act
        self.fields["text"].error_messages["required"] = f"Say in at least {SHORTEST} characters {WANTED[act]}."

    def clean_text(self) -> str:
        try:
            return problem_reports.worded(self.cleaned_data["text"], WANTED[self.act])
        except problem_reports.CannotReport as problem:
            raise forms.ValidationError(str(problem)) from problem


@author_required
@never_cache
@require_safe
def bank_reports(request: HttpRequest) -> HttpResponse:
    """Reports under filters, with how many each question has."""
    listing = problems.listing_of(request.GET)
    return render(request, "bank/reports.html", {"section": "bank", "listing": listing, "exam": listing.exam})


@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def bank_report(request: HttpRequest, pk: int) -> HttpResponse:
    """One report with the question as its candidate saw it; on POST it is answered or dismissed."""
    if request.method != "POST":
        return _page(request, pk)
    form = SettleForm(DISMISS if request.POST.get("act") == DISMISS else ANSWER, request.POST)
    if not form.is_valid():
        return _page(request, pk, form, status=422)
    try:
        VERBS[form.act](report_id=pk, by=person(request), now=timezone.now(), **form.cleaned_data)
    except ProblemReport.DoesNotExist:
        messages.info(request, "This report is gone; most likely its candidate took it back.")
        return redirect("bank_reports")
    except problem_reports.CannotReport as refused:
        messages.error(request, str(refused))
        return _page(request, pk, form, status=409)  # with what was typed
    messages.success(request, DONE[form.act])
    return redirect("bank_report", pk)


def _page(request: HttpRequest, pk: int, refused: SettleForm | None = None, *, status: int = 200) -> HttpResponse:
    found = ProblemReport.objects.select_related("revision__question", "sitting__exam", "sitting__form", "answered_by")
    report = get_object_or_404(found, pk=pk)
    settling = {act: SettleForm(act) for act in VERBS}
    if refused:
        settling[refused.act] = refused
    context = {
        "section": "bank",
        "exam": report.sitting.exam,
        "report": report,
        "detail": problems.detail_of(report, now=timezone.now()),
        "settling": settling,
    }
    return render(request, "bank/report.html", context, status=status)
