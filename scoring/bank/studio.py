"""The studio's list of questions: search, filters, saved filters, and what is done to a selection."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.middleware import HtmxDetails

from accounts.access import author_required
from exams.access import person
from questions import retiring, saved_filters
from questions.models import Exam, SavedFilter
from scoring.reports import studio, studio_bulk, studio_wanted


class HtmxHttpRequest(HttpRequest):
    """A request with what django-htmx adds to it."""

    htmx: HtmxDetails


class RetireForm(forms.Form):
    """Why questions are taken out of use."""

    reason = forms.CharField(
        label="Reason",
        min_length=retiring.SHORTEST_REASON,
        max_length=retiring.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"At least {retiring.SHORTEST_REASON} characters. It stays on record with your name.",
    )


@author_required
@never_cache
@require_safe
def studio_questions(request: HtmxHttpRequest) -> HttpResponse:
    """All questions of the bank that the address asks for; for htmx only what changes while one types."""
    listing = studio.listing_of(person(request), request.GET)
    # Whoever comes back by the browser's button has no page to put a part into.
    part = request.htmx and not request.htmx.history_restore_request
    template = "bank/studio.html#found" if part else "bank/studio.html"
    reply = render(request, template, {"section": "bank", "listing": listing})
    if part:
        page = f"page={listing.page}" if listing.page > 1 else ""
        query = "&".join(filter(None, (listing.query, page)))
        reply["HX-Push-Url"] = f"{reverse('studio_questions')}{'?' if query else ''}{query}"
    reply["Vary"] = "HX-Request"
    return reply


@author_required
@require_POST
def studio_save_filter(request: HttpRequest) -> HttpResponse:
    """Keep the filter under a name, for this author."""
    query = _canonical(request)
    try:
        saved = saved_filters.save_filter(owner=person(request), name=request.POST.get("name", ""), query=query)
    except saved_filters.NotSaved as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Saved as {saved.name}.")
    return _back(query)


@author_required
@require_POST
def studio_remove_filter(request: HttpRequest, pk: int) -> HttpResponse:
    """Drop one of one's own saved filters."""
    try:
        name = saved_filters.remove_filter(owner=person(request), filter_id=pk)
    except SavedFilter.DoesNotExist as missing:
        raise Http404 from missing
    messages.success(request, f"Removed the saved filter {name}.")
    return _back(_canonical(request))


@author_required
@never_cache
@require_POST
def studio_retire(request: HttpRequest) -> HttpResponse:
    """Retire a selection: first what would happen to which question, then, with a reason, it is done."""
    query = _canonical(request)
    chosen = studio.chosen(person(request), request.POST)
    if not chosen:
        messages.error(request, "Nothing was chosen. Tick the questions that you want to retire.")
        return _back(query)
    confirmed = "confirmed" in request.POST
    form = RetireForm(request.POST if confirmed else None)
    refusals: dict[int, str] = {}
    if confirmed and form.is_valid():
        try:
            count = retiring.retire(revision_ids=chosen, reason=form.cleaned_data["reason"], by=person(request))
        except retiring.NotRetired as refusal:
            refusals = refusal.refusals
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Retired {count} question{'' if count == 1 else 's'}.")
            return _back(query)
    context = {
        "section": "bank", "form": form, "query": query, "preview": studio_bulk.preview(chosen, refusals),
    }  # fmt: skip
    return render(request, "bank/studio_retire.html", context, status=422 if form.errors else 200)


def _canonical(request: HttpRequest) -> str:
    """The filter that a form was posted from, read and written anew: nothing in it leads anywhere else."""
    return studio_wanted.wanted_of(studio.query_of(request.POST), list(Exam.objects.all())).query()


def _back(query: str) -> HttpResponse:
    return redirect(f"{reverse('studio_questions')}{'?' if query else ''}{query}")
