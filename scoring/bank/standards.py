"""The standard of an exam: the record of how it was set, and changing it in two steps."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
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
from exams.services import bank
from questions.models import Exam
from scoring import plots, standards
from scoring.reports import standards as report


class CutForm(forms.Form):
    """A new S. On confirmation `version` names the standard that the preview was made from."""

    cut = forms.DecimalField(
        label="New S, raw points on the reference form",
        max_digits=9,
        decimal_places=4,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=(
            f"Four decimals, between {standards.LOWEST_FRACTION} and {standards.HIGHEST_FRACTION}: so S lies "
            "well between two whole scores, and no candidate’s score lies on the edge, where rounding would decide."
        ),
    )
    reason = forms.CharField(
        label="Reason",
        min_length=standards.SHORTEST_REASON,
        max_length=standards.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"At least {standards.SHORTEST_REASON} characters. It stays on record with your name.",
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def bank_standard(request: HttpRequest, code: str) -> HttpResponse:
    """The record; with a new S in the address what it would do, and on POST it is done."""
    exam = get_object_or_404(Exam, code=code)
    if request.method == "POST":
        return _confirm(request, exam)
    if "cut" not in request.GET:
        return _page(request, exam, CutForm())
    form = CutForm(request.GET)
    form.full_clean()
    if "cut" in form.cleaned_data:  # looked at even if the reason is too short: both are explained at once
        try:
            preview = standards.preview(exam=exam, cut=form.cleaned_data["cut"])
        except standards.CannotSet as refused:
            form.add_error("cut", str(refused))
    if form.is_valid():
        context: dict[str, Any] = {"section": "bank", "exam": exam, "preview": preview, "form": form}
        return render(request, "bank/standard_preview.html", context)
    return _page(request, exam, form)


def _confirm(request: HttpRequest, exam: Exam) -> HttpResponse:
    form = CutForm(request.POST)
    if not form.is_valid():
        return _page(request, exam, form)
    try:
        standard = standards.set_cut(exam=exam, by=person(request), now=timezone.now(), **form.cleaned_data)
    except standards.CannotSet as refused:
        form.add_error("cut", str(refused))
        return _page(request, exam, form)
    messages.success(request, f"S is now {standard.cut}. Sittings scored from now on go by it; issued results stay.")
    return redirect("bank_standard", exam.code)


def _page(request: HttpRequest, exam: Exam, form: CutForm) -> HttpResponse:
    context = {"section": "bank", "exam": exam, "report": report.page_of(exam), "form": form}
    return render(request, "bank/standard.html", context, status=422 if form.errors else 200)


@author_required
@never_cache
@require_safe
def bank_standard_scores(request: HttpRequest, code: str) -> HttpResponse:
    """Chart: raw scores on the reference form with S and one standard error around it; with `cut` the new S, too."""
    from matplotlib.ticker import MaxNLocator  # slow to import, and most processes never draw

    exam = get_object_or_404(Exam, code=code)
    reference = get_object_or_404(exam.forms.filter(reference=True))
    standard = bank.standard_of(exam)
    spread = report.distribution_of(reference, standard)
    se, cut = report.judged_of(exam, reference).se, float(standard.cut)
    figure, axes = plots.new(6.6, 3.0)
    full = len(spread.frequencies) - 1
    heights = spread.percents if spread.expected else spread.frequencies
    axes.bar(
        range(full + 1), heights, width=0.8, color=plots.SOFT, edgecolor=plots.ACCENT, linewidth=0.8,
        label="expected" if spread.expected else "sittings",
    )  # fmt: skip
    if se:
        axes.axvspan(
            max(cut - se, 0), min(cut + se, full), color=plots.EDGE, alpha=0.45, linewidth=0, label="S ± 1 SE", zorder=2
        )
    axes.axvline(cut, color=plots.TEXT, linewidth=2, label=f"S = {standard.cut}")
    new = _between(request.GET.get("cut", ""), full)
    if new is not None:
        axes.axvline(float(new), color=plots.TEXT, linewidth=2, linestyle="--", label=f"new S = {new}")
    if not spread.expected:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.set_xlim(-0.6, full + 0.6)
    axes.set_xlabel("Raw score on the reference form")
    axes.set_ylabel("Expected share, per cent" if spread.expected else "First sittings")
    plots.legend(axes, loc="upper left")
    return plots.response(figure)


def _between(text: str, full: int) -> Decimal | None:
    """The number in an address, if it can be a cut at all."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return round(number, 4) if number.is_finite() and 0 < number < full else None
