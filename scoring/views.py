"""Pages of the candidate from the list of exams to the score report, and the end of a sitting, which scores it."""

from __future__ import annotations

import logging
import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh
from django_htmx.middleware import HtmxDetails

from exams import paper, plain, protocol
from exams.access import own_sitting, person, speaks_json
from exams.models import Sitting
from exams.services import saving
from exams.services.changes import Receipt, Refused
from scoring import services
from scoring.reports import overview, progress, review, score, timeline

logger = logging.getLogger(__name__)


class HtmxHttpRequest(HttpRequest):
    htmx: HtmxDetails


@login_required
@never_cache
@require_safe
def exam_list(request: HttpRequest) -> HttpResponse:
    """Exams on offer, the sitting in progress, the last result of each."""
    cards = overview.cards(user=person(request), now=timezone.now())
    return render(request, "scoring/exam_list.html", {"section": "exams", "cards": cards})


@login_required
@never_cache
@require_safe
def exam_detail(request: HttpRequest, code: str) -> HttpResponse:
    """Facts and outline of an exam, and the person's own sittings of it."""
    user = person(request)
    exam = get_object_or_404(overview.visible_to(user), code=code)
    detail = overview.detail(exam=exam, user=user, now=timezone.now())
    return render(request, "scoring/exam_detail.html", {"section": "exams", "exam": exam, "detail": detail})


@speaks_json
def sitting_end(request: HttpRequest, sitting_id: uuid.UUID) -> HttpResponse:
    """End exam. It lives here because ending closes, and closing scores."""
    packet = protocol.read_end(request)
    receipt = saving.end(sitting_id=sitting_id, user_id=person(request).pk, **packet)
    _score(sitting_id, receipt)
    return protocol.acknowledge(receipt, packet["claim"], sitting_id, result=reverse("result", args=[sitting_id]))


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sitting_finish(request: HttpRequest, sitting_id: uuid.UUID) -> HttpResponse:
    """Review and end, for browsers without scripts: what is unanswered or flagged; on POST the exam ends."""
    sitting, now = own_sitting(request, sitting_id), timezone.now()
    if sitting.state != Sitting.State.IN_PROGRESS:
        if request.method == "POST":
            messages.info(request, plain.over_sentence(sitting))
        return redirect("result", sitting.pk)
    if request.method == "POST":
        try:
            _score(sitting_id, plain.end(sitting_id=sitting_id, user_id=person(request).pk))
        except Refused as refused:
            messages.error(request, refused.sentence)
            return redirect("sitting_finish", sitting.pk)
        return redirect("result", sitting.pk)
    page = reverse("sitting", args=[sitting.pk])
    context = paper.page(sitting, now=now) | {"section": "exams", "page": page, "now": now}
    return render(request, "scoring/finish.html", context)


def _score(sitting_id: uuid.UUID, receipt: Receipt) -> None:
    """Score what End has closed."""
    if receipt.state != Sitting.State.CLOSED:
        return
    try:
        services.score(sitting_id=sitting_id, now=receipt.now)
    except Exception:
        # The answers are in, and that is what is acknowledged here; the sweep and the report try again.
        logger.exception("Sitting %s is closed but could not be scored", sitting_id)


@login_required
@never_cache
@require_safe
def result(request: HtmxHttpRequest, sitting_id: uuid.UUID) -> HttpResponse:
    """The score report; before there is one, wherever the sitting stands."""
    sitting, now = own_sitting(request, sitting_id), timezone.now()
    if sitting.state == Sitting.State.IN_PROGRESS:
        return redirect("sitting", sitting.pk)
    if sitting.state == Sitting.State.ABANDONED:
        return render(request, "scoring/abandoned.html", {"section": "exams", "sitting": sitting})
    if sitting.state == Sitting.State.ENDED:
        page = "scoring/waiting.html" + ("#waiting" if request.htmx else "")
        left = sitting.closes_at - now if sitting.closes_at else None
        return render(request, page, {"section": "exams", "sitting": sitting, "left": left})
    if request.htmx:
        return HttpResponseClientRefresh()  # the waiting page asked, and the wait is over
    report = score.report_of(sitting, score.result_of(sitting, now=now), now=now)
    return render(request, "scoring/result.html", {"section": "exams", "report": report})


@login_required
@never_cache
@require_safe
def result_questions(request: HttpRequest, sitting_id: uuid.UUID) -> HttpResponse:
    """All questions of a closed sitting, filtered."""
    sitting, now = _closed_sitting(request, sitting_id), timezone.now()
    if review.withheld(sitting, now=now):
        return _withheld(request, sitting)
    found = score.result_of(sitting, now=now)
    listing = review.listing_of(sitting, found, show=request.GET.get("show", ""))
    return render(request, "scoring/questions.html", {"section": "exams", "sitting": sitting, "listing": listing})


@login_required
@never_cache
@require_safe
def result_question(request: HttpRequest, sitting_id: uuid.UUID, number: int) -> HttpResponse:
    """One question of a closed sitting with its key, the own answer and every rationale."""
    sitting, now = _closed_sitting(request, sitting_id), timezone.now()
    if review.withheld(sitting, now=now):
        return _withheld(request, sitting)
    found = score.result_of(sitting, now=now)
    reviewed = review.review_of(sitting, found, number)
    if reviewed is None:
        raise Http404
    listing = review.listing_of(sitting, found, show=request.GET.get("show", ""))
    context = {
        "section": "exams",
        "sitting": sitting,
        "review": reviewed,
        "listing": listing,
        "before": listing.before(number),
        "after": listing.after(number),
        "next_incorrect": listing.next_incorrect(number),
    }
    return render(request, "scoring/question.html", context)


@login_required
@never_cache
@require_safe
def result_timeline(request: HttpRequest, sitting_id: uuid.UUID) -> HttpResponse:
    """What happened when in a closed sitting. It holds no key, so it stays open while keys are shut."""
    course = timeline.timeline_of(_closed_sitting(request, sitting_id))
    return render(request, "scoring/timeline.html", {"section": "exams", "course": course})


@login_required
@never_cache
@require_safe
def progress_page(request: HttpRequest) -> HttpResponse:
    """Own results over time."""
    exams = progress.progress_of(person(request))
    return render(request, "scoring/progress.html", {"section": "progress", "exams": exams})


def _closed_sitting(request: HttpRequest, sitting_id: uuid.UUID) -> Sitting:
    """The person's sitting, once nothing more can count in it."""
    sitting = own_sitting(request, sitting_id)
    if sitting.state != Sitting.State.CLOSED:
        raise Http404
    return sitting


def _withheld(request: HttpRequest, sitting: Sitting) -> HttpResponse:
    """Keys stay shut while the person sits some of these questions again."""
    return render(request, "scoring/withheld.html", {"section": "exams", "sitting": sitting}, status=409)
