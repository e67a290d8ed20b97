"""Case studies for authors: list and create them, read one, and word it anew with a preview."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import author_required
from exams.access import person
from questions import diff, markdown
from questions.models import Scenario
from questions.services import scenarios
from questions.services.base import Changed, Refused
from questions.services.scenarios import MOST_TEXT, MOST_TITLE
from scoring.reports import scenarios as report

PREVIEW = "preview"


class WordingForm(forms.Form):
    """Title and situation; `number` is that of the wording that was read."""

    title = forms.CharField(max_length=MOST_TITLE, widget=forms.TextInput({"autocomplete": "off"}))
    text = forms.CharField(
        label="Situation",
        max_length=MOST_TEXT,
        widget=forms.Textarea({"rows": 12}),
        help_text="Markdown: paragraphs, lists, tables and code. Every question of the case study stands beside it.",
    )
    number = forms.IntegerField(min_value=1, required=False, widget=forms.HiddenInput)


class NewForm(WordingForm):
    """With the id, which stays for ever."""

    public_id = forms.CharField(
        label="Id",
        max_length=61,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text="3 to 61 small letters, digits, dots and hyphens. It stays for ever.",
    )


@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def studio_scenarios(request: HttpRequest) -> HttpResponse:
    """The case studies; on POST a new one is previewed or made."""
    if request.method != "POST":
        return _list(request, NewForm())
    form = NewForm(request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    if request.POST.get("act") == PREVIEW:
        return _list(request, form, preview=markdown.block(form.cleaned_data["text"]))
    fields = {name: form.cleaned_data[name] for name in ("public_id", "title", "text")}
    try:
        made = scenarios.create_scenario(by=person(request), **fields)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _list(request, form, status=422)
    messages.success(request, "The case study is there. Put draft questions into it on their pages of labels.")
    return redirect("studio_scenario", made.scenario.public_id)


@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def studio_scenario(request: HttpRequest, public_id: str) -> HttpResponse:
    """One case study; on POST a new wording is previewed or kept."""
    scenario = get_object_or_404(Scenario, public_id=public_id)
    if request.method != "POST":
        return _detail(request, scenario)
    form = WordingForm(request.POST)
    if not form.is_valid():
        return _detail(request, scenario, form, status=422)
    said = form.cleaned_data
    if request.POST.get("act") == PREVIEW:
        return _detail(request, scenario, form, preview=markdown.block(said["text"]))
    read = said["number"] or 0
    try:
        made = scenarios.reword_scenario(
            scenario=scenario, title=said["title"], text=said["text"], expected_number=read, by=person(request)
        )
    except Changed:
        return _detail(request, scenario, form, status=409)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _detail(request, scenario, form, status=422)
    if made.number == read:
        messages.info(request, "Nothing was changed: the wording is the same.")
    else:
        messages.success(request, f"This is wording {made.number} now. Published questions have a draft with it.")
    return redirect("studio_scenario", scenario.public_id)


def _list(request: HttpRequest, form: NewForm, *, preview: str = "", status: int = 200) -> HttpResponse:
    listing = report.listing_of(request.GET.get("q", ""), request.GET.get("page", "1"))
    context = {"section": "bank", "listing": listing, "form": form, "preview": preview}
    return render(request, "bank/scenarios.html", context, status=status)


def _detail(
    request: HttpRequest, scenario: Scenario, form: WordingForm | None = None, *, preview: str = "", status: int = 200
) -> HttpResponse:
    detail = report.detail_of(scenario)
    newest = detail.newest
    context: dict[str, Any] = {"section": "bank", "detail": detail, "preview": preview}
    if status == 409 and form is not None:  # somebody else was first: show what differs, keep what was typed
        mine = {name: form.cleaned_data[name] for name in ("title", "text")}
        context["differences"] = [
            diff.segments(theirs, ours) for theirs, ours in ((newest.title, mine["title"]), (newest.text, mine["text"]))
        ]
        form = WordingForm(initial=mine | {"number": newest.number})
    context["form"] = form or WordingForm(initial={"title": newest.title, "text": newest.text, "number": newest.number})
    return render(request, "bank/scenario.html", context, status=status)
