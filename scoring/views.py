"""Pages of the candidate from one exam to the score report, and the end of a sitting, which scores it."""

from __future__ import annotations

import datetime as dt
import logging
import uuid

from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh
from django_htmx.middleware import HtmxDetails

from accounts import ratelimit
from exams import paper, plain, protocol
from exams.access import own_sitting, person, speaks_json
from exams.models import Seat, Sitting
from exams.services import saving
from exams.services.changes import Receipt, Refused
from scoring import problem_reports, services
from scoring.forms import ProblemForm
from scoring.reports import overview, problems, progress, release, review, score, timeline

logger = logging.getLogger(__name__)


class HtmxHttpRequest(HttpRequest):
    htmx: HtmxDetails


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
    if sitting.void or not sitting.shows_result(now):
        return HttpResponseClientRefresh() if request.htmx else _unreleased(request, sitting)
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
    if shut := _shut(request, sitting, now):
        return shut
    found = score.result_of(sitting, now=now)
    listing = review.listing_of(sitting, found, show=request.GET.get("show", ""))
    return render(request, "scoring/questions.html", {"section": "exams", "sitting": sitting, "listing": listing})


@login_required
@never_cache
@require_safe
def result_question(request: HttpRequest, sitting_id: uuid.UUID, number: int) -> HttpResponse:
    """One question of a closed sitting with its key, the own answer, every rationale, and what was reported of it."""
    return _question_page(request, _closed_sitting(request, sitting_id), number)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def result_report(request: HttpRequest, sitting_id: uuid.UUID, number: int, pk: int | None = None) -> HttpResponse:
    """Report a problem with a question, or say differently what was reported: what the form beside it sends."""
    sitting = _closed_sitting(request, sitting_id)
    if pk is not None:
        get_object_or_404(problem_reports.of_seat(sitting, number), pk=pk)
    if request.method != "POST":  # somebody signed in again
        return _to_question(request, sitting, number)
    if shut := _shut(request, sitting, timezone.now()):
        return shut
    form, user = ProblemForm(request.POST), person(request)
    if not form.is_valid():
        return _question_page(request, sitting, number, form, status=422)
    try:
        ratelimit.spend(request, action="report", account=str(user.pk))
    except ImmediateHttpResponse as blocked:
        form.add_error(
            None, "You have reported much in a short time. Try again in some minutes; your text is kept here."
        )
        page = _question_page(request, sitting, number, form, status=429)
        page["Retry-After"] = blocked.response["Retry-After"]
        return page
    try:
        if pk is None:
            problem_reports.send(
                sitting_id=sitting.pk, user_id=user.pk, seat=number, now=timezone.now(), **form.cleaned_data
            )
        else:
            problem_reports.change(report_id=pk, user_id=user.pk, now=timezone.now(), **form.cleaned_data)
    except Seat.DoesNotExist:
        raise Http404 from None
    except problem_reports.CannotReport as refused:
        form.add_error(None, str(refused))
        return _question_page(request, sitting, number, form, status=409)
    messages.success(request, "Your report was sent." if pk is None else "Your report was changed.")
    return _to_question(request, sitting, number)


@login_required
@never_cache
@require_POST
def result_report_take_back(request: HttpRequest, sitting_id: uuid.UUID, number: int, pk: int) -> HttpResponse:
    """Take an open report back, which deletes it."""
    sitting = _closed_sitting(request, sitting_id)
    get_object_or_404(problem_reports.of_seat(sitting, number), pk=pk)
    try:
        problem_reports.take_back(report_id=pk, user_id=person(request).pk, now=timezone.now())
    except problem_reports.CannotReport as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Your report was taken back. Nothing of it is kept.")
    return _to_question(request, sitting, number)


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
    user, now = person(request), timezone.now()
    context = {
        "section": "progress",
        "exams": progress.progress_of(user, now=now),
        "awaited": progress.awaited_by(user, now=now),
        "answered": problems.unread_of(user),
    }
    return render(request, "scoring/progress.html", context)


def _question_page(
    request: HttpRequest, sitting: Sitting, number: int, form: ProblemForm | None = None, *, status: int = 200
) -> HttpResponse:
    """One question after the exam; `form` is a report that was refused."""
    now = timezone.now()
    if shut := _shut(request, sitting, now):
        return shut
    found = score.result_of(sitting, now=now)
    reviewed = review.review_of(sitting, found, number)
    if reviewed is None:
        raise Http404
    listing = review.listing_of(sitting, found, show=_show(request))
    reported = problems.problems_of(sitting, number, form)
    problem_reports.mark_read(reports=reported.reports, now=now)
    context = {
        "section": "exams",
        "sitting": sitting,
        "review": reviewed,
        "listing": listing,
        "before": listing.before(number),
        "after": listing.after(number),
        "next_incorrect": listing.next_incorrect(number),
        "problems": reported,
    }
    return render(request, "scoring/question.html", context, status=status)


def _show(request: HttpRequest) -> str:
    """The filter under which the questions are gone through."""
    return (request.POST if request.method == "POST" else request.GET).get("show", "")


def _to_question(request: HttpRequest, sitting: Sitting, number: int) -> HttpResponse:
    show = _show(request)
    page = reverse("result_question", args=[sitting.pk, number])
    return redirect(f"{page}?show={show}" if show in review.FILTERS and show != "all" else page)


def _closed_sitting(request: HttpRequest, sitting_id: uuid.UUID) -> Sitting:
    """The person's sitting, once nothing more can count in it."""
    sitting = own_sitting(request, sitting_id)
    if sitting.state != Sitting.State.CLOSED:
        raise Http404
    return sitting


def _unreleased(request: HttpRequest, sitting: Sitting, *, status: int = 200) -> HttpResponse:
    """What stands in place of a result, or of its review, that is not to be seen: when it will be, or why never."""
    now = timezone.now()
    context = {
        "section": "exams",
        "sitting": sitting,
        "result": release.of_result(sitting, now),
        "review": release.of_review(sitting, now),
        "why": sitting.messages.last() if sitting.void else None,
    }
    page = "scoring/void.html" if sitting.void else "scoring/unreleased.html"
    return render(request, page, context, status=status)


def _shut(request: HttpRequest, sitting: Sitting, now: dt.datetime) -> HttpResponse | None:
    """What is shown in place of keys: they are not released, or the person sits some of these questions again."""
    if not sitting.shows_review(now):
        return _unreleased(request, sitting, status=409)
    if review.withheld(sitting, now=now):
        return render(request, "scoring/withheld.html", {"section": "exams", "sitting": sitting}, status=409)
    return None
