"""One candidate's page for those who teach them, and each of their sittings for this cohort."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cohorts.access import cohort_page
from cohorts.models import Attempt, Cohort
from cohorts.reports import answers, candidate
from exams.models import Sitting
from scoring.reports import score, timeline
from scoring.reports.wording import TO_STAFF


@cohort_page
@require_safe
def cohort_candidate(request: HttpRequest, cohort: Cohort, user_id: int) -> HttpResponse:
    """What a member sat for this cohort: attempts, progress, domains, tasks."""
    membership = candidate.membership_of(cohort, user_id)
    if membership is None:
        raise Http404
    found = candidate.candidate_of(membership, cohort=cohort, now=timezone.now())
    context = {"section": "cohorts", "cohort": cohort, "candidate": found, "person": membership.user}
    return render(request, "cohorts/candidate.html", context)


@cohort_page
@require_safe
def candidate_sitting(request: HttpRequest, cohort: Cohort, user_id: int, sitting_id: uuid.UUID) -> HttpResponse:
    """The answers of one sitting, seat by seat."""
    attempt, now = _attempt(cohort, user_id, sitting_id), timezone.now()
    context = _about(cohort, attempt, "answers")
    if attempt.sitting.state == Sitting.State.CLOSED:
        context["result"] = found = score.result_of(attempt.sitting, now=now)
        show = request.GET.get("show", "")
        context["answers"] = answers.answers_of(cohort, attempt.sitting, found, show=show, now=now)
    return render(request, "cohorts/candidate_answers.html", context)


@cohort_page
@require_safe
def candidate_question(
    request: HttpRequest, cohort: Cohort, user_id: int, sitting_id: uuid.UUID, number: int
) -> HttpResponse:
    """One question of a closed sitting with its key and the answer to it, once instructors may read it."""
    attempt, now = _attempt(cohort, user_id, sitting_id), timezone.now()
    if attempt.sitting.state != Sitting.State.CLOSED:
        raise Http404
    result = score.result_of(attempt.sitting, now=now)
    found = answers.question_of(cohort, attempt.sitting, result, number, now=now)
    if found is None:
        raise Http404
    context = _about(cohort, attempt, "answers") | {"question": found, "review": found.review}
    return render(request, "cohorts/candidate_question.html", context, status=200 if found.review else 409)


@cohort_page
@require_safe
def candidate_timeline(request: HttpRequest, cohort: Cohort, user_id: int, sitting_id: uuid.UUID) -> HttpResponse:
    """What happened when in one sitting, for appeals. The candidate's note pad is not in it."""
    attempt = _attempt(cohort, user_id, sitting_id)
    context = _about(cohort, attempt, "timeline")
    if attempt.sitting.state == Sitting.State.CLOSED:
        context["result"] = score.result_of(attempt.sitting, now=timezone.now())
        context["course"] = timeline.timeline_of(attempt.sitting, voice=TO_STAFF)
    return render(request, "cohorts/candidate_timeline.html", context)


def _attempt(cohort: Cohort, user_id: int, sitting_id: uuid.UUID) -> Attempt:
    found = candidate.attempt_of(cohort, user_id, sitting_id, now=timezone.now())
    if found is None:
        raise Http404
    return found


def _about(cohort: Cohort, attempt: Attempt, tab: str) -> dict[str, Any]:
    return {
        "section": "cohorts", "cohort": cohort, "attempt": attempt, "sitting": attempt.sitting,
        "person": attempt.user, "tab": tab,
    }  # fmt: skip
