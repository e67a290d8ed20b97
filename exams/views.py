"""What a candidate sees from the instructions to the last question. Ending and results live in `scoring`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from csp.decorators import csp_replace
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.sessions import outlive_exam
from exams import paper, plain, protocol
from exams.access import own_sitting, person, speaks_json
from exams.models import Answer, KeptChange, Pad, Sitting
from exams.services import pool, presence, saving, sittings
from exams.services.changes import Refused
from questions.models import Exam


class SeeOther(HttpResponseRedirect):
    """To another page by GET, so that loading it again sends nothing twice."""

    status_code = 303


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest, code: str) -> HttpResponse:
    """Instructions; on POST the clock starts."""
    user = person(request)
    exam = get_object_or_404(Exam.objects.offered(), code=code)
    if request.method == "POST":
        outlive_exam(request.session)
        try:
            return redirect("sitting", sittings.begin(user=user, exam=exam).pk)
        except sittings.CannotBegin as problem:
            messages.error(request, str(problem))
            return redirect("exam_begin", code)
    now = timezone.now()
    sittings.settle(now=now, user=user)
    barred_until = sittings.retake_possible_at(user=user, exam=exam)
    context = {
        "section": "exams",
        "exam": exam,
        "kinds": paper.kinds_of(exam),
        "terms": sittings.terms_for(user=user, exam=exam),
        "running": Sitting.objects.in_progress().filter(user=user, exam=exam).first(),
        "barred_until": barred_until if barred_until and barred_until > now else None,
        "wants_form": pool.wants_personal_form(user=user, exam=exam),
        "ready": pool.has_form(user=user, exam=exam),
    }
    return render(request, "exams/begin.html", context)


@login_required
@require_POST
def prepare(request: HttpRequest, code: str) -> HttpResponse:
    """Make a form of questions that the person has not seen yet, before the clock starts (called by htmx)."""
    exam = get_object_or_404(Exam.objects.offered(), code=code)
    form = pool.prepare_personal_form(user=person(request), exam=exam)
    return render(request, "exams/begin.html#prepared", {"form": form})


@login_required
@never_cache
@ensure_csrf_cookie  # the page's scripts send the token with every save
@csp_replace({"trusted-types": ["cutscore-worker"]})  # type: ignore[arg-type]  # no HTML from text at all
@require_http_methods(["GET", "HEAD", "POST"])
def sitting(request: HttpRequest, sitting_id: uuid.UUID) -> HttpResponse:
    """The exam: one page that holds the whole form. A sitting that has ended leads to its result.

    When only the deadline ended it, the page still comes, once: answers given in time may wait on this device.
    Scripts save through the addresses below; without them the page is one form, and comes back here by POST.
    """
    found = own_sitting(request, sitting_id)
    if request.method == "POST":
        return _take_form(request, found)
    if not found.takes_answers:
        return redirect("result", found.pk)
    return _page(request, found)


def _page(
    request: HttpRequest,
    found: Sitting,
    *,
    unsaved: Mapping[int, plain.Filled] | None = None,
    problems: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    """The sitting page; `unsaved` is what was posted and is still to be saved."""
    now = timezone.now()
    context = paper.page(found, now=now, unsaved=unsaved)
    context |= {
        "offers": plain.offers(found, context["sheets"]),
        "over": "" if found.state == Sitting.State.IN_PROGRESS else plain.over_sentence(found),
        "problems": problems,
        "now": now,
    }
    response = render(request, "exams/sitting.html", context, status=status)
    # What the service worker keeps it under, and which copy it is (ADR 0013).
    response["Cutscore-Shelf"] = f"cutscore:{person(request).browser_mark}:{found.pk}:{context['until_ms']}"
    response["Cutscore-Rendered"] = context["rendered"]
    return response


def _take_form(request: HttpRequest, found: Sitting) -> HttpResponse:
    """Save what a page without scripts posts, and show the page again at the same place."""
    posting = plain.Posting()
    try:
        plain.left_ms(found, timezone.now())
        posting = plain.read(request, found)
        outcome = plain.save(sitting_id=found.pk, user_id=found.user_id, posting=posting)
    except plain.TimeIsUp as over:
        messages.warning(request, str(over))
        return SeeOther(reverse("result", args=[found.pk]))
    except Refused as refused:
        return _page(request, found, unsaved=posting.filled, problems=[refused.sentence], status=refused.code)
    if outcome.late:
        found = own_sitting(request, found.pk)
        messages.warning(request, plain.over_sentence(found, late=outcome.saved))
        return SeeOther(reverse("result", args=[found.pk]))
    if outcome.saved:
        messages.success(request, f"Saved {timezone.localtime(outcome.now):%H:%M:%S}")
    elif not (outcome.slips or outcome.disputed):
        messages.success(request, "Nothing new to save")
    if outcome.slips:
        return _page(
            request,
            own_sitting(request, found.pk),
            unsaved=outcome.slips,
            problems=[filled.slip for filled in outcome.slips.values()],
            status=422,
        )
    if posting.review and not outcome.disputed:
        return SeeOther(reverse("sitting_finish", args=[found.pk]))
    spot = "elsewhere" if outcome.disputed else posting.spot or f"q{outcome.at}"
    return SeeOther(f"{reverse('sitting', args=[found.pk])}#{spot}")


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The script that brings an open sitting back without a network. It must come from the root to serve the page."""
    path = finders.find("js/service-worker.js")
    if path is None:
        raise Http404
    return HttpResponse(
        Path(str(path)).read_bytes(),
        content_type="text/javascript; charset=utf-8",
        headers={"Cache-Control": "no-cache"},
    )


@speaks_json
def claim(request: HttpRequest, sitting_id: uuid.UUID) -> HttpResponse:
    """Hand the sitting to this window, with everything that is stored, so that it starts from the truth."""
    own_sitting(request, sitting_id)
    try:
        found = sittings.claim(sitting_id=sitting_id, user_id=person(request).pk)
        number = found.claim if found.takes_answers else sittings.hand_in(sitting_id=found.pk, user_id=found.user_id)
    except sittings.TooManyClaims:
        raise Refused(429, "This exam was opened in too many windows; go on in the last one.") from None
    pad = Pad.objects.filter(sitting=found).first()
    conflicts = KeptChange.objects.open_conflicts(found) if found.open_conflicts else []
    return JsonResponse(
        protocol.standing(found, timezone.now())
        | {
            "claim": number,
            "at": found.last_seat,
            "answers": {answer.seat: protocol.stored(answer) for answer in Answer.objects.filter(sitting=found)},
            "pad": [pad.version, pad.text] if pad else [0, ""],
            "kept": protocol.kept(conflicts),
        }
        | protocol.messages(found)
    )


@speaks_json
def changes(request: HttpRequest, sitting_id: uuid.UUID) -> HttpResponse:
    """Save. The answer leaves only after COMMIT."""
    packet = protocol.read_save(request)
    receipt = saving.save(sitting_id=sitting_id, user_id=person(request).pk, **packet)
    return protocol.acknowledge(receipt, packet["claim"], sitting_id)


@speaks_json
def status(request: HttpRequest, sitting_id: uuid.UUID) -> HttpResponse:
    """Where the sitting stands, for a page that woke up and no longer trusts its clock, or hears of conflicts or of
    messages."""
    found = own_sitting(request, sitting_id)
    conflicts = KeptChange.objects.open_conflicts(found) if found.open_conflicts else []
    news = {"kept": protocol.kept(conflicts), "others": protocol.others(found)}
    return JsonResponse(protocol.standing(found, timezone.now()) | news | protocol.messages(found))


@require_safe
def pulse(request: HttpRequest, sitting_id: uuid.UUID, token: str) -> HttpResponse:
    """How a supervised sitting stands: one statement, whoever asks, if they were given the token.

    It changes nothing but when the page was last heard of, so a sitting that has just run out is reported with no time
    left and in progress.
    """
    now = timezone.now()
    found = presence.hear(sitting_id=sitting_id, now=now) if protocol.is_pulse_token(sitting_id, token) else None
    if found is None:
        return JsonResponse({"error": "There is no such sitting."}, status=404)
    return JsonResponse(protocol.standing(found, now))


@login_required
@require_POST
def abandon(request: HttpRequest, sitting_id: uuid.UUID) -> HttpResponse:
    """Give up a practice sitting."""
    found = own_sitting(request, sitting_id)
    state = sittings.abandon(sitting_id=found.pk, user_id=person(request).pk).state
    if state == Sitting.State.ABANDONED:
        messages.info(request, f"You gave up this sitting of {found.exam.code}; it has no result.")
    else:
        why = "was assigned to you" if found.assigned else "has ended already"
        messages.error(request, f"This sitting {why}, so it cannot be given up.")
    return redirect("exam_detail", found.exam.code)
