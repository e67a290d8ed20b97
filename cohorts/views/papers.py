"""Printed reports."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from cohorts.access import cohort_page
from cohorts.models import Cohort
from cohorts.reports import candidate, paper_candidate, paper_cohort
from cohorts.reports.export_scope import BadScope
from cohorts.views.exports import refused


@cohort_page
@require_safe
def cohort_report_pdf(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    """The cohort's results on paper, of what the filter leaves."""
    try:
        found = paper_cohort.findings_of(cohort, request.GET.dict())
    except BadScope as bad:
        return refused(request, cohort, str(bad))
    return _sent(paper_cohort.cohort_report(found, cohort=cohort, now=timezone.now()), f"{cohort.name} report")


@cohort_page
@require_safe
def candidate_report_pdf(request: HttpRequest, cohort: Cohort, user_id: int) -> HttpResponse:
    """One candidate's page on paper."""
    membership, now = candidate.membership_of(cohort, user_id), timezone.now()
    if membership is None:
        raise Http404
    found = candidate.candidate_of(membership, cohort=cohort, now=now)
    name = f"{cohort.name} {membership.user.get_full_name()}"
    return _sent(paper_candidate.candidate_report(found, cohort=cohort, now=now), name)


def _sent(pdf: bytes, name: str) -> HttpResponse:
    file = f"{slugify(name, allow_unicode=True) or 'report'}-{timezone.localdate():%Y-%m-%d}.pdf"
    reply = HttpResponse(pdf, content_type="application/pdf")
    reply["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=file) or ""
    return reply
