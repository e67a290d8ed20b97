"""The studio's list of questions: search, filters and saved filters. What is done to a selection: `studio_acts`."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.middleware import HtmxDetails

from accounts.access import author_required
from exams.access import person
from questions.models import Exam, SavedFilter
from questions.services import saved_filters
from scoring.reports import studio, studio_wanted


class HtmxHttpRequest(HttpRequest):
    """A request with what django-htmx adds to it."""

    htmx: HtmxDetails


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
    query = canonical(request)
    try:
        saved = saved_filters.save_filter(owner=person(request), name=request.POST.get("name", ""), query=query)
    except saved_filters.NotSaved as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Saved as {saved.name}.")
    return back(query)


@author_required
@require_POST
def studio_remove_filter(request: HttpRequest, pk: int) -> HttpResponse:
    """Drop one of one's own saved filters."""
    try:
        name = saved_filters.remove_filter(owner=person(request), filter_id=pk)
    except SavedFilter.DoesNotExist as missing:
        raise Http404 from missing
    messages.success(request, f"Removed the saved filter {name}.")
    return back(canonical(request))


def canonical(request: HttpRequest) -> str:
    """The filter that a form was posted from, read and written anew: nothing in it leads anywhere else."""
    return studio_wanted.wanted_of(studio.query_of(request.POST), list(Exam.objects.all())).query()


def back(query: str) -> HttpResponse:
    """To the list as it was filtered."""
    return redirect(f"{reverse('studio_questions')}{'?' if query else ''}{query}")
