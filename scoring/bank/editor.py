"""The editor of the author studio: a new question, a draft beside its preview and checks, and its small ends."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import author_required
from exams.access import person
from questions import checks
from questions.kinds import KINDS
from questions.models import Question, Revision, Task
from questions.models.bank import FROZEN, OPEN, RevisionState
from questions.services import drafts
from questions.services.base import Refused
from questions.writing import of_revision
from scoring.bank import editing, presence
from scoring.reports import editor

KIND_HINTS = {
    "multiple_choice": "Four options, one is right.",
    "multiple_response": "Five to eight options, two or more are right.",
    "ordering": "Three to five steps to put in order.",
    "matching": "Three to seven prompts, each given one option.",
}

OPTION_HINTS = {
    "ordering": "Steps with a position are the key; those without one stay out.",
    "matching": "Three to eight; one may serve several prompts, or none.",
}


class NewForm(forms.Form):
    """Where a new question belongs and of which kind it is. The task's exam is the question's."""

    task = forms.TypedChoiceField(label="Exam and task")
    kind = forms.ChoiceField(choices=[(kind.name, kind.label) for kind in KINDS.values()], widget=forms.RadioSelect)
    public_id = forms.CharField(
        label="Id", max_length=61, required=False, help_text="Left empty, the question gets one of its own."
    )

    def __init__(self, tasks: dict[int, Task], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        groups: dict[str, list[tuple[str, str]]] = {}
        for pk, task in tasks.items():
            groups.setdefault(str(task.exam), []).append((str(pk), str(task)))
        self.fields["task"].choices = [("", "Choose …"), *groups.items()]  # type: ignore[attr-defined]
        self.fields["task"].widget.attrs["class"] = self.fields["public_id"].widget.attrs["class"] = "input"


@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def studio_new(request: HttpRequest) -> HttpResponse:
    """Choose exam, task and kind: an empty draft is made and opens. ?exam=, ?task= and ?kind= are chosen already."""
    rows = Task.objects.select_related("exam").order_by("exam__code", "number")
    tasks = {task.pk: task for task in rows}
    asked = (request.GET.get("exam", ""), request.GET.get("task", ""))
    found = next((pk for pk, task in tasks.items() if (task.exam.code, task.code) == asked), "")
    form = NewForm(tasks, request.POST or None, initial={"task": found, "kind": request.GET.get("kind", "")})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            task = tasks[int(form.cleaned_data["task"])]
            made = {"kind": form.cleaned_data["kind"], "public_id": form.cleaned_data["public_id"]}
            try:
                draft = drafts.create_question(exam=task.exam, task=task, author=person(request), **made)
            except Refused as refused:
                form.add_error("public_id", str(refused))
            else:
                return redirect("studio_edit", draft.question.public_id)
    context = {"section": "bank", "form": form, "hints": KIND_HINTS, "exams": len({task.exam_id for task in rows})}
    return render(request, "bank/editor/new.html", context, status=status)


def studio_edit(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Write a draft, or begin a correction where there is none. What a signed-out person sends is given back."""
    if request.method == "POST" and not request.user.is_authenticated:
        login = f"{reverse('account_login')}?{urlencode({'next': request.path})}"
        texts = [str(value) for name, value in request.POST.items() if name == "stem" or "-" in name]
        context = {"login": login, "texts": "\n\n".join(filter(None, texts))}
        return render(request, "bank/editor/signed_out.html", context, status=401)
    return _edit(request, public_id)


@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def _edit(request: HttpRequest, public_id: str) -> HttpResponse:
    if request.method == "POST":
        return _write(request, public_id)
    revision = _revisions(public_id).filter(state__in=OPEN).first()
    if revision is None or revision.state != RevisionState.DRAFT:
        return _closed(request, public_id, revision)
    return _page(request, revision, editing.of_draft(revision), likeness="likeness" in request.GET)


def _write(request: HttpRequest, public_id: str) -> HttpResponse:
    """Without scripts every button of the form ends here: it saves, and then does its own part."""
    act = request.POST.get("act", "")
    if act == "begin":
        return _begin(request, public_id)
    revision = _posted(request, public_id)
    try:
        sheet = editing.of_post(request.POST, revision.kind)
    except Refused as refused:
        messages.error(request, f"Not saved: {refused}")
        return _page(request, revision, editing.of_draft(revision), status=422)
    moved = editing.changed(sheet, act)
    content, expected = (moved or sheet).writing, sheet.version
    if act == "over":  # both wordings have been looked at
        expected = editing.number(request.POST.get("over", "")) or 0
        if expected == revision.lock_version:
            content = editor.merged(content, of_revision(revision), request.POST.getlist("theirs"))
    try:
        drafts.save_draft(revision=revision, content=content, expected_version=expected, by=person(request))
    except drafts.Stale as stale:
        return _page(request, revision, moved or sheet, clash=_clash(request, stale), status=409)
    except Refused as refused:
        messages.error(request, f"Not saved: {refused}")
        return _page(request, revision, moved or sheet, status=409)
    if act == "life" and (life := _life(public_id)):
        return redirect(life)
    address = reverse("studio_edit", args=[public_id])
    if act == "likeness":
        return redirect(f"{address}?likeness#h-checks")
    if moved:
        return redirect(f"{address}#{editing.after(moved, act)}")
    messages.success(request, f"Saved {_clock()}.")
    return redirect(address)


def _begin(request: HttpRequest, public_id: str) -> HttpResponse:
    question = get_object_or_404(Question, public_id=public_id)
    try:
        drafts.start_revision(question=question, by=person(request))
    except drafts.AlreadyOpen as refused:
        messages.info(request, str(refused))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("studio_edit", public_id)


# ---- what the page asks for while somebody writes --------------------------------------------------------------------


@author_required
@never_cache
@require_POST
def studio_save(request: HttpRequest, public_id: str) -> JsonResponse:
    """Save what stands in the form: 200 with the new version, 409 when somebody else has saved, 422 with the reason."""
    revision = _posted(request, public_id)
    try:
        sheet = editing.of_post(request.POST, revision.kind)
        saved = drafts.save_draft(
            revision=revision, content=sheet.writing, expected_version=sheet.version, by=person(request)
        )
    except drafts.Stale as stale:
        said = f"{_clash(request, stale).by} changed this draft in the meantime."
        return JsonResponse({"stale": True, "message": said}, status=409)
    except Refused as refused:
        return JsonResponse({"message": str(refused)}, status=422)
    others = presence.here(revision.pk, who=person(request), now=timezone.now())
    return JsonResponse({"version": saved.lock_version, "saved": _clock(), "others": others})


@author_required
@never_cache
@require_POST
def studio_preview(request: HttpRequest, public_id: str) -> HttpResponse:
    """The preview of what stands in the form, and what the words alone give to mend. Saves nothing."""
    revision = _posted(request, public_id)
    try:
        sheet = editing.of_post(request.POST, revision.kind)
    except Refused as refused:
        return render(request, "bank/editor/refused.html", {"refused": refused})
    context = {
        "sheet": editor.preview_of(sheet.writing, editor.scenario_of(revision)),
        "checks": _checks(sheet),
        "alone": True,
    }
    return render(request, "bank/editor/beside.html", context)


@author_required
@never_cache
@require_POST
def studio_checks(request: HttpRequest, public_id: str) -> HttpResponse:
    """Questions of the bank that are nearly this one. It reads the whole bank, so pages ask seldom."""
    revision = _posted(request, public_id)
    try:
        sheet = editing.of_post(request.POST, revision.kind)
    except Refused as refused:
        return render(request, "bank/editor/refused.html", {"refused": refused})
    found = checks.check_likeness(stem=sheet.stem, question=revision.question)
    return render(request, "bank/editor/likeness.html", {"alike": found, "looked": True})


@author_required
@never_cache
@require_GET
def studio_people(request: HttpRequest, public_id: str) -> HttpResponse:
    """Who else has the draft open, and whether it has been saved since this page read version ?version=."""
    revision = _revisions(public_id).filter(state__in=OPEN).first()
    if revision is None:
        raise Http404
    return render(request, "bank/editor/people.html", _people(request, revision, request.GET.get("version", "")))


# ---- parts -----------------------------------------------------------------------------------------------------------


def _revisions(public_id: str) -> Any:
    return Revision.objects.with_content().select_related("author", "reviewer").filter(question__public_id=public_id)


def _posted(request: HttpRequest, public_id: str) -> Revision:
    """The revision that a form was about, in whatever state it is by now."""
    pk = editing.number(request.POST.get("revision", "")) or 0
    revision: Revision = get_object_or_404(_revisions(public_id), pk=pk)
    return revision


def _checks(sheet: editing.Sheet) -> editor.Checks:
    """What the words and images give to mend: all that is worth saying at every key."""
    found = checks.check_wording(sheet.writing) + checks.check_images(sheet.writing)
    return editor.checks_of(found, lambda place: editing.anchor(sheet, place))


def _clash(request: HttpRequest, stale: drafts.Stale) -> editor.Clash:
    by = "Somebody" if stale.by is None else str(stale.by)
    by = "You, in another window," if stale.by == request.user else by
    return editor.clash_of(mine=stale.mine, theirs=stale.theirs, by=by, version=stale.version)


def _people(request: HttpRequest, revision: Revision, version: str = "") -> dict[str, Any]:
    others = presence.here(revision.pk, who=person(request), now=timezone.now())
    newer = editing.number(version) not in (None, revision.lock_version)
    by = drafts.last_writer(revision) if newer else None
    return {"others": others, "newer": newer, "by": by, "revision": revision}


def _page(
    request: HttpRequest,
    revision: Revision,
    sheet: editing.Sheet,
    *,
    clash: editor.Clash | None = None,
    likeness: bool = False,
    status: int = 200,
) -> HttpResponse:
    """The editor with these rows, saved or not."""
    scenario = editor.scenario_of(revision)
    found = checks.check_likeness(stem=sheet.stem, question=revision.question) if likeness else []
    context = {
        "section": "bank",
        "question": revision.question,
        "revision": revision,
        "kind": KINDS[revision.kind],
        "hint": KIND_HINTS[revision.kind],
        "options_hint": OPTION_HINTS.get(revision.kind, KIND_HINTS[revision.kind]),
        "written": sheet,
        "blank": editing.Row("0"),
        "limits": editing.LIMITS,
        "placements": editor.placements_of(revision.question),
        "scenario": scenario,
        "sheet": editor.preview_of(sheet.writing, scenario),
        "checks": _checks(sheet),
        "alike": found,
        "looked": likeness,
        "clash": clash,
        "unsaved": status != 200,
        **_people(request, revision),
    }
    return render(request, "bank/editor/editor.html", context, status=status)


def _closed(request: HttpRequest, public_id: str, reviewed: Revision | None) -> HttpResponse:
    """A question that nobody may write in: in review, or with no open revision."""
    newest = _revisions(public_id).filter(state__in=FROZEN).order_by("-published_at", "-number").first()
    revision = reviewed or newest
    if revision is None:
        raise Http404
    scenario = revision.scenario_revision
    context = {
        "section": "bank",
        "question": revision.question,
        "revision": revision,
        "reviewed": reviewed,
        "placements": editor.placements_of(revision.question),
        "sheet": editor.preview_of(of_revision(revision), scenario),
    }
    return render(request, "bank/editor/closed.html", context)


def _life(public_id: str) -> str:
    try:
        return reverse("studio_life", args=[public_id])
    except NoReverseMatch:
        return ""


def _clock() -> str:
    return f"{timezone.localtime():%H:%M:%S}"
