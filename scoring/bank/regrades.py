"""Regrades for authors: what was regraded, a question to regrade with its preview, and the record of one."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import author_required
from exams.access import person
from questions.models import Exam, Revision
from scoring import regrading
from scoring.models import Regrade
from scoring.regrading import CannotRegrade, Preview
from scoring.reports import regrades

MOST_DIGITS = 4  # of an option's number; what is longer is no number of ours


@author_required
@never_cache
@require_safe
def bank_regrades(request: HttpRequest, code: str) -> HttpResponse:
    """The exam's regrades, and the way to a new one."""
    exam = get_object_or_404(Exam, code=code)
    wanted, missing = request.GET.get("question", "").strip(), False
    if wanted:
        if found := regrades.revision_of(exam, wanted):
            return redirect("bank_regrade", exam.code, found.question.public_id)
        missing = True
    context = {
        "section": "bank",
        "exam": exam,
        "page": regrades.history_of(exam, page=request.GET.get("page", "1")),
        "wanted": wanted,
        "missing": missing,
    }
    return render(request, "bank/regrades.html", context)


@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def bank_regrade(request: HttpRequest, code: str, public_id: str) -> HttpResponse:
    """Regrade a question: choose what was wrong, see every result that moves; on POST it is done."""
    exam = get_object_or_404(Exam, code=code)
    asked = request.POST if request.method == "POST" else request.GET
    revision = regrades.revision_of(exam, public_id, asked.get("revision", ""))
    if revision is None:
        raise Http404
    if request.method == "POST":
        try:
            done = regrading.apply(
                exam=exam,
                revision=revision,
                act=asked.get("act", ""),
                keys=_keys(revision, asked),
                reason=asked.get("reason", ""),
                losing_reason=asked.get("losing_reason", ""),
                by=person(request),
                now=timezone.now(),
            )
        except CannotRegrade as refused:
            if standing := regrades.standing_of(exam, revision):  # most likely it was sent twice
                messages.info(request, str(refused))
                return redirect("bank_regrade_detail", exam.code, standing.pk)
            return _page(request, exam, revision, asked, str(refused))
        moved = done.summary["up"] + done.summary["down"]
        messages.success(
            request, f"Regraded. New result versions: {done.summary['results']}, with another score: {moved}."
        )
        return redirect("bank_regrade_detail", exam.code, done.pk)
    return _page(request, exam, revision, asked, "")


def _page(request: HttpRequest, exam: Exam, revision: Revision, asked: QueryDict, error: str) -> HttpResponse:
    """The preview where it can be shown, else the choice; with what was refused."""
    if asked.get("act") and not asked.get("edit"):
        try:
            keys = _keys(revision, asked)
            seen = regrading.preview(exam=exam, revision=revision, act=asked.get("act", ""), keys=keys)
            reason = regrading.reasoned(asked.get("reason", ""))
        except CannotRegrade as refused:
            error = str(refused)
        else:
            return _preview(request, seen, asked, reason, error)
    chosen = _numbers(asked) if asked.get("act") == Regrade.Act.KEY else ()
    context = {
        "section": "bank",
        "exam": exam,
        "revision": revision,
        "subject": regrades.subject_of(exam, revision, numbers=chosen),
        "act": asked.get("act", ""),
        "keep": bool(asked.get("keep")),
        "reason": asked.get("reason", ""),
        "error": error,
    }
    return render(request, "bank/regrade.html", context)


def _preview(request: HttpRequest, seen: Preview, asked: QueryDict, reason: str, error: str) -> HttpResponse:
    context = {
        "section": "bank",
        "exam": seen.exam,
        "revision": seen.revision,
        "outlook": regrades.outlook_of(seen, show=asked.get("show", ""), page=asked.get("page", "1")),
        "reason": reason,
        "losing_reason": asked.get("losing_reason", ""),
        "error": error,
        "query": _query(asked),
        "fields": _fields(asked),
    }
    return render(request, "bank/regrade_preview.html", context)


@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def bank_regrade_detail(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """The record of one regrade, and what taking it back would move; on POST it is taken back."""
    found = Regrade.objects.select_related("exam", "revision__question", "made_by", "reverted_by")
    regrade = get_object_or_404(found, exam__code=code, pk=pk)
    reason = error = ""
    if request.method == "POST":
        reason = request.POST.get("reason", "")
        try:
            regrading.revert(regrade=regrade, reason=reason, by=person(request), now=timezone.now())
        except CannotRegrade as refused:
            error = str(refused)
            regrade.refresh_from_db()
            if regrade.reverted_at:
                messages.info(request, error)
                return redirect("bank_regrade_detail", code, pk)
        else:
            messages.success(request, "The regrade was taken back.")
            return redirect("bank_regrade_detail", code, pk)
    record = regrades.record_of(regrade, show=request.GET.get("show", ""), page=request.GET.get("page", "1"))
    context = {"section": "bank", "exam": regrade.exam, "record": record, "outlook": record.outlook, "query": "",
               "reason": reason, "error": error}  # fmt: skip
    return render(request, "bank/regrade_detail.html", context)


# ---- what the form says ------------------------------------------------------------------------------------------


def _numbers(asked: QueryDict) -> list[object]:
    """Option numbers as numbers; anything else stays text, which the service refuses."""
    given = asked.getlist("option") or asked.getlist("place")
    return [int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else text for text in given]


def _keys(revision: Revision, asked: QueryDict) -> list[list[object]]:
    """The responses that are right from now on. Raises CannotRegrade where a place was left empty."""
    if asked.get("act") != Regrade.Act.KEY:
        return []
    numbers = _numbers(asked)
    if "" in numbers:
        raise CannotRegrade("Choose an option for every place.")
    if revision.kind == regrades.CHOICE:
        return [[number] for number in numbers]
    former: list[object] = [*revision.strategy.key(revision.content)]
    return [numbers, former] if asked.get("keep") else [numbers]


ASKED = ("revision", "act", "option", "place", "keep", "reason")


def _fields(asked: QueryDict) -> list[tuple[str, str]]:
    return [(name, value) for name in ASKED for value in asked.getlist(name)]


def _query(asked: QueryDict) -> str:
    """The question once more, for links to other pages and filters of the same preview."""
    again = QueryDict(mutable=True)
    for name, value in _fields(asked):
        again.appendlist(name, value)
    return f"{again.urlencode()}&"
