"""What a cohort came to: scores, what to teach next, and its questions."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cohorts.access import cohort_page
from cohorts.models import Cohort
from cohorts.reports import charts, item, items, results, teach
from cohorts.reports.chosen import Counting
from cohorts.reports.confidential import withheld_of
from cohorts.reports.results import Looked
from scoring import plots

PER_PAGE = 50  # questions


@cohort_page
@require_safe
def cohort_results(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    """Tiles, scores, readiness, heat map, comparison and progress."""
    looked = results.look(cohort, request.GET)
    report = results.results_of(cohort, looked, request.GET.dict()) if looked.rows else None
    return _page(request, cohort, looked, "results", {"report": report})


@cohort_page
@require_safe
def cohort_scores_chart(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    """The histogram of scaled scores."""
    looked = _looked(cohort, request)
    return _chart(charts.scores(results.bins_of(cohort, looked), cohort.exam.pass_mark))


@cohort_page
@require_safe
def cohort_teach(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    """Tasks by how many would pass if each were mastered."""
    looked = results.look(cohort, request.GET)
    found = items.items_of(cohort, looked.rows)
    teaching = teach.teaching_of(cohort.exam, looked.rows, found)
    more = {
        "teaching": teaching,
        "mastered": round(100 * teach.MASTERED),
        "chart_height": charts.teach_height(teaching) if teaching else 0,
    }
    return _page(request, cohort, looked, "teach", more)


@cohort_page
@require_safe
def cohort_teach_chart(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    teaching = teach.teaching_of(cohort.exam, _looked(cohort, request).rows, ())
    return _chart(charts.teach(teaching) if teaching else None)


@cohort_page
@require_safe
def cohort_items(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    """Every question that the cohort met, suspicious ones first."""
    looked = results.look(cohort, request.GET)
    found = items.items_of(cohort, looked.rows)
    withheld = withheld_of(cohort, [one.revision_id for one in found], now=timezone.now())
    pages = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    more = {
        "pages": pages,
        "listing": item.listed(list(pages), withheld),
        "withheld": withheld,
        "hidden": sum(one.revision_id in withheld for one in found),
        "suspicious": sum(bool(one.flags) for one in found),
    }
    return _page(request, cohort, looked, "items", more)


@cohort_page
@require_safe
def cohort_item(request: HttpRequest, cohort: Cohort, revision_id: int) -> HttpResponse:
    """One question as it was sat, with who chose what; without words while these are withheld."""
    looked = _looked(cohort, request)
    one = next((one for one in items.items_of(cohort, looked.rows) if one.revision_id == revision_id), None)
    if one is None:
        raise Http404
    withheld = withheld_of(cohort, [revision_id], now=timezone.now())
    page = None if revision_id in withheld else item.page_of(one)
    return _page(request, cohort, looked, "item", {"item": one, "page": page, "withheld": withheld})


def _looked(cohort: Cohort, request: HttpRequest) -> Looked:
    """For what hangs on a page: Http404 where the page itself would complain."""
    looked = results.look(cohort, request.GET)
    if looked.wanted.error:
        raise Http404
    return looked


def _chart(figure: Any) -> HttpResponse:
    if figure is None:
        raise Http404
    return plots.response(figure)


def _page(request: HttpRequest, cohort: Cohort, looked: Looked, name: str, more: dict[str, Any]) -> HttpResponse:
    context = {
        "section": "cohorts",
        "cohort": cohort,
        "exam": cohort.exam,
        "looked": looked,
        "wanted": looked.wanted,
        "counts": Counting.choices,
        "here": f"cohort_{name}",
        **more,
    }
    return render(request, f"cohorts/{name}.html", context, status=400 if looked.wanted.error else 200)
