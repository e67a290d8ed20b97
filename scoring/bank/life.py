"""One question over its whole life, its revisions side by side, and the acts that lead from one state to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import author_required
from exams.access import person
from exams.models import Form
from exams.services import withdrawing
from questions.checks import Finding
from questions.models import Question, Revision
from questions.services import publishing
from questions.services.base import Refused
from questions.services.drafts import AlreadyOpen
from questions.services.publishing import Superseded
from questions.services.review import Blocked
from scoring.bank.life_acts import ACTS, Asked, withdraw_it
from scoring.bank.life_forms import ActForm
from scoring.reports import life, trail


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was not done and why, with what was typed, so that it is not lost."""

    act: str
    message: str
    typed: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    current: Revision | None = None


@author_required
@never_cache
@require_safe
def studio_life(request: HttpRequest, public_id: str) -> HttpResponse:
    """The question as it stands, and what may be done now."""
    return _page(request, _question(public_id))


@author_required
@never_cache
@require_POST
def life_act(request: HttpRequest, public_id: str, act: str) -> HttpResponse:
    """Do one thing to the question; what is refused changes nothing and is said on its page."""
    question = _question(public_id)
    form = ActForm(request.POST)
    if not form.is_valid():
        return _page(request, question, Refusal(act, form.problem), status=422)
    asked = Asked(question, person(request), form.cleaned_data)
    try:
        said = ACTS[act](asked)
    except AlreadyOpen as refused:
        messages.info(request, str(refused))
    except Refused as refused:
        return _refused(request, question, act, form, refused)
    else:
        messages.success(request, said)
    if act == "revise":
        return redirect(_editor(public_id) or reverse("studio_life", args=[public_id]))
    if act == "delete" and not Question.objects.filter(pk=question.pk).exists():
        return redirect("studio_trail", public_id)
    return redirect(_back(request, question))


@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def life_withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """Whom the question has reached and what withdrawing does; on POST it is done."""
    question = _question(public_id)
    refusal, status = None, 200
    if request.method == "POST":
        form = ActForm(request.POST)
        try:
            if not form.is_valid():
                raise Refused(form.problem)
            messages.success(request, withdraw_it(Asked(question, person(request), form.cleaned_data)))
            return redirect("studio_life", public_id)
        except Refused as refused:
            refusal, status = Refusal("withdraw", str(refused), {"text": form.cleaned_data.get("text", "")}), 409
    context = {
        "section": "bank",
        "question": question,
        "current": publishing.withdrawable(question),
        "reach": withdrawing.reach(question=question),
        "ready": Form.objects.filter(state__in=withdrawing.READY, seats__revision__question=question)
        .distinct()
        .count(),
        "refusal": refusal,
    }
    return render(request, "bank/life/withdraw.html", context, status=status)


@author_required
@never_cache
@require_safe
def studio_revision(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """One revision, whatever came of it, with its comments and what it changed."""
    question = _question(public_id)
    revisions = life.revisions_of(question)
    revision = _numbered(revisions, number)
    context = {
        "section": "bank",
        "question": question,
        "reading": life.reading_of(revision, revisions),
        "place": request.GET.get("place", ""),
    }
    return render(request, "bank/life/revision.html", context)


@author_required
@never_cache
@require_safe
def studio_compare(request: HttpRequest, public_id: str, old: int, new: int) -> HttpResponse:
    """Two revisions word by word."""
    question = _question(public_id)
    revisions = life.revisions_of(question)
    first, second = _numbered(revisions, old), _numbered(revisions, new)
    rows = life.with_content([first, second])
    published = next((row for row in revisions if row.state == "published"), None)
    draft = second.state == "draft" and published is not None and second.based_on_id != published.pk
    context = {
        "section": "bank",
        "question": question,
        "revisions": revisions,
        "changes": life.changes_of(rows[first.pk], rows[second.pk]),
        "rebase": draft and published == first,
    }
    return render(request, "bank/life/compare.html", context)


@author_required
@never_cache
@require_safe
def studio_trail(request: HttpRequest, public_id: str) -> HttpResponse:
    """Who did what to the question; also when it has been deleted."""
    page = trail.page_of(public_id, request.GET.get("page", "1"))
    question = Question.objects.filter(public_id=public_id).first()
    if question is None and not page.paginator.count:
        raise Http404
    context = {"section": "bank", "public_id": public_id, "question": question, "page": page}
    return render(request, "bank/life/trail.html", context)


# ---- what they share -----------------------------------------------------------------------------------------------


def _question(public_id: str) -> Question:
    return get_object_or_404(Question.objects.select_related("scenario"), public_id=public_id)


def _numbered(revisions: list[Revision], number: int) -> Revision:
    found = next((row for row in revisions if row.number == number), None)
    if found is None:
        raise Http404
    return found


def _page(
    request: HttpRequest, question: Question, refusal: Refusal | None = None, *, status: int = 200
) -> HttpResponse:
    revisions = life.revisions_of(question)
    if not revisions:
        raise Http404
    # The page itself comes without looking for questions like this one and asks for that part afterwards.
    likeness = refusal is not None or "likeness" in request.GET
    context = {
        "section": "bank",
        "question": question,
        "life": life.life_of(question, person(request), revisions, likeness=likeness),
        "refusal": refusal,
        "place": refusal.typed.get("place", "") if refusal else request.GET.get("place", ""),
    }
    return render(request, "bank/life/life.html", context, status=status)


def _refused(request: HttpRequest, question: Question, act: str, form: ActForm, refused: Refused) -> HttpResponse:
    if not Question.objects.filter(pk=question.pk).exists():
        messages.error(request, str(refused))
        return redirect("studio_trail", question.public_id)
    refusal = Refusal(
        act,
        str(refused),
        form.cleaned_data,
        refused.findings if isinstance(refused, Blocked) else [],
        refused.current if isinstance(refused, Superseded) else None,
    )
    return _page(request, question, refusal, status=409)


def _back(request: HttpRequest, question: Question) -> str:
    """Where the form stood: the page of an older revision, or the question's."""
    number = request.POST.get("page", "")
    if number.isascii() and number.isdigit() and len(number) < 6:
        return reverse("studio_revision", args=[question.public_id, int(number)])
    return reverse("studio_life", args=[question.public_id])


def _editor(public_id: str) -> str:
    """Address of the editor, where there is one."""
    try:
        return reverse("studio_edit", args=[public_id])
    except NoReverseMatch:
        return ""
