"""Files for instructors to take away, and the page that says what each of them holds."""

from __future__ import annotations

from typing import cast

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from cohorts.access import cohort_page
from cohorts.models import Assignment, Cohort
from cohorts.reports import sheets
from cohorts.reports.export_scope import BadScope, Scope, scope_of
from cohorts.reports.exports import EXPORTS
from cohorts.services import outcomes


@cohort_page
@require_safe
def cohort_exports(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    """What the files hold, and of which attempts."""
    try:
        return _page(request, cohort, scope_of(cohort, request.GET.dict()))
    except BadScope as bad:
        return refused(request, cohort, str(bad))


@cohort_page
@require_safe
def cohort_export(request: HttpRequest, cohort: Cohort, what: str, suffix: str) -> HttpResponse:
    """One of the files."""
    export = EXPORTS.get(what)
    if export is None or suffix not in sheets.TYPES:
        raise Http404
    now = timezone.now()
    try:
        scope = scope_of(cohort, request.GET.dict())
    except BadScope as bad:
        return refused(request, cohort, str(bad))
    while outcomes.catch_up(cohort=cohort) >= outcomes.BATCH:
        pass  # a file is whole or it misleads
    rows = export.rows(scope, now)
    name = file_name(cohort, what, suffix)
    if suffix == "csv":
        streamed = StreamingHttpResponse(sheets.csv_pieces(export.heads, rows), content_type=sheets.TYPES[suffix])
        streamed["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
        return cast(HttpResponse, streamed)  # middleware and server take either
    try:
        book = sheets.workbook(export.title, export.heads, rows)
    except sheets.TooLong as long:
        return _page(request, cohort, scope, str(long))
    return cast(HttpResponse, FileResponse(book, as_attachment=True, filename=name, content_type=sheets.TYPES[suffix]))


def file_name(cohort: Cohort, what: str, suffix: str) -> str:
    """autumn-class-scores-2026-11-21.csv, with the day where whoever asks is."""
    return f"{slugify(cohort.name, allow_unicode=True) or 'cohort'}-{what}-{timezone.localdate():%Y-%m-%d}.{suffix}"


def refused(request: HttpRequest, cohort: Cohort, problem: str) -> HttpResponse:
    """Nothing is made, and the page says why."""
    return _page(request, cohort, Scope(cohort), problem)


def _page(request: HttpRequest, cohort: Cohort, scope: Scope, problem: str = "") -> HttpResponse:
    """`problem` is why nothing was made; what was typed stays in the fields."""
    context = {
        "section": "cohorts",
        "cohort": cohort,
        "scope": scope,
        "problem": problem,
        "typed": {name: request.GET.get(name, "") for name in ("assignment", "since", "until")},
        "assignments": [(str(one.pk), one.title) for one in Assignment.objects.filter(cohort=cohort)],
        "exports": EXPORTS.values(),
        "attempts": scope.attempts().count(),
    }
    return render(request, "cohorts/exports.html", context, status=400 if problem else 200)
