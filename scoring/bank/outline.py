"""Authoring exams: a new one, or the outline of one that exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import author_required
from exams.access import person
from exams.services import outlines
from questions import outlining
from questions.judging import problems
from questions.models import Exam
from questions.outlining import CannotSave, Placed, Use
from questions.specification import MOST_DOMAINS, MOST_TASKS, Specification, coded, specification_of
from scoring.bank.outline_forms import DomainForm, Line, OutlineForms, TaskForm
from scoring.bank.outline_sheet import clone_of, empty_sheet, sheet_of
from scoring.reports import outline as report

CODE_STAYS = "Stays, because questions, forms or a pack go by it."
MEANING_STAYS = "Stays, because forms exist; see above."
MINUTES_STAY = "Stay, because people have sat it."


@dataclass(frozen=True, slots=True)
class Desk:
    """The exam on the page as it is in the bank, and what rests on it."""

    exam: Exam
    before: Specification
    use: Use
    placed: Placed

    @property
    def settled(self) -> bool:
        return outlining.is_settled(self.exam, self.use, self.placed)

    def stays(self, task: int | None) -> bool:
        """Whether a task cannot go, because questions or forms name it."""
        return task is not None and (bool(self.placed.tasks[task]) or task in self.use.seated)


@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def exam_new(request: HttpRequest) -> HttpResponse:
    """A new exam, from an empty page or from the outline of another one (`?from=`)."""
    like = request.GET.get("from", "")
    if "\0" in like:  # which no row holds, and the database refuses to look for
        raise Http404
    source = get_object_or_404(Exam, code=like) if like else None
    if request.method == "POST":
        return _posted(request, None, source)
    today = timezone.localdate()
    sheet = clone_of(specification_of(source), today) if source else empty_sheet(today)
    return _page(request, OutlineForms(sheet=sheet), None, source)


@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def exam_edit(request: HttpRequest, code: str) -> HttpResponse:
    """An exam's outline: to look at, check and save."""
    exam = get_object_or_404(Exam, code=code)
    desk = Desk(exam, specification_of(exam), outlines.use_of(exam), outlining.placed_in(exam))
    if request.method == "POST":
        return _posted(request, desk, None)
    forms = OutlineForms(sheet=sheet_of(desk.before))
    sound = not problems(desk.before)
    return _page(request, forms, desk, None, preview=report.preview_of(desk.before, exam) if sound else None)


def _posted(request: HttpRequest, desk: Desk | None, source: Exam | None) -> HttpResponse:
    do = request.POST.get("do", "")
    forms = OutlineForms(data=request.POST)
    if do not in ("save", "check"):
        sheet = forms.sheet
        focus = sheet.act(do)
        return _page(request, OutlineForms(sheet=sheet), desk, source, focus=focus or "")
    if not forms.is_valid():
        return _page(request, forms, desk, source, checked=True)
    spec = forms.specification(desk.before if desk else None)
    try:
        if do == "save":
            return _save(request, spec, desk, source)
        preview = _check(spec, desk)
    except CannotSave as cannot:
        forms.add(cannot.problems)
        return _page(request, forms, desk, source, checked=True)
    return _page(request, forms, desk, source, preview=preview, checked=True, focus="h-preview")


def _check(spec: Specification, desk: Desk | None) -> report.Preview:
    """What saving would lead to; nothing is written. Raises CannotSave."""
    if desk is None:
        outlining.check_new(spec)
        return report.preview_of(coded(spec, settled=False), None)
    spec = outlining.recoded(spec, desk.before)
    outlining.check(desk.exam, desk.before, spec, desk.use, desk.placed)
    return report.preview_of(coded(spec, settled=desk.settled), desk.exam)


def _save(request: HttpRequest, spec: Specification, desk: Desk | None, source: Exam | None) -> HttpResponse:
    by, now = person(request), timezone.now()
    if desk is None:
        exam = outlining.create(spec=spec, by=by, now=now, like=source.code if source else "")
        messages.success(request, f"{exam.code} is made. Now it needs questions.")
    else:
        version = request.POST.get("version", "")
        told = outlines.change(exam=desk.exam, spec=spec, version=version, by=by, now=now)
        messages.success(request, f"Saved: {'; '.join(told)}." if told else "Nothing was different.")
    return redirect("bank_exam_edit", spec.code)


def _page(
    request: HttpRequest,
    forms: OutlineForms,
    desk: Desk | None,
    source: Exam | None,
    *,
    preview: report.Preview | None = None,
    checked: bool = False,
    focus: str = "",
) -> HttpResponse:
    errors = forms.errors() if checked else []
    _lock(forms, desk)
    _place_buttons(forms, desk)
    if focus.startswith("id_"):
        _focus(forms, focus)
    context: dict[str, Any] = {
        "section": "bank",
        "exam": desk.exam if desk else None,
        "desk": desk,
        # What somebody was shown first: a page that comes back must not pass for one of the newest state.
        "version": request.POST.get("version", "") or (desk.before.version if desk else ""),
        "source": source,
        "forms": forms,
        "errors": errors,
        "preview": preview,
        "focus": focus,
        "sum": _sum(forms),
        "more_domains": len(forms.domains.forms) < MOST_DOMAINS and not (desk and desk.use.assembled),
        "most_tasks": MOST_TASKS,
        "acts": report.acts_on(desk.exam) if desk else [],
    }
    return render(request, "bank/outline.html", context, status=422 if errors else 200)


def _lock(forms: OutlineForms, desk: Desk | None) -> None:
    """Show as fixed what would be refused anyway."""
    if desk is None:
        return
    fixed = {"code": CODE_STAYS} if desk.settled else {}
    if desk.use.assembled:
        fixed |= dict.fromkeys(outlining.MEANING, MEANING_STAYS)
        for domain in forms.domains.forms:
            domain.fields["weight"].widget.attrs["readonly"] = True
    if desk.use.sat:
        fixed["minutes"] = MINUTES_STAY
    for name, why in fixed.items():
        forms.exam.fields[name].widget.attrs["readonly"] = True
        forms.exam[name].help_text = why


def _place_buttons(forms: OutlineForms, desk: Desk | None) -> None:
    """Which lines can be moved and dropped, and the codes of those that have one for good."""
    settled = bool(desk and desk.settled)
    known = {domain.id: domain for domain in desk.before.domains} if desk else {}
    codes = {task.id: task.code for task in desk.before.tasks} if desk else {}
    domains = forms.domains.forms
    for place, domain in enumerate(domains):
        row = known.get(_id(domain))
        stays = bool(desk and (desk.use.assembled or (row and any(desk.stays(task.id) for task in row.tasks))))
        up, down = _moves(domains, place, settled=settled)
        code = (row.code if row else "") if settled else f"D{place + 1}"
        domain.line = Line(f"{place}", code, up, down, drop=not stays)
        for number, task in enumerate(domain.tasks.forms):
            up, down = _moves(domain.tasks.forms, number, settled=settled)
            code = codes.get(_id(task), "") if settled else f"{place + 1}.{number + 1}"
            task.line = Line(f"{place}-{number}", code, up, down, drop=not (desk and desk.stays(_id(task))))


def _moves(lines: list[DomainForm] | list[TaskForm], place: int, *, settled: bool) -> tuple[bool, bool]:
    """Whether the line can go up, and down: in a settled outline only new ones can, and only among themselves."""

    def free(other: int) -> bool:
        return 0 <= other < len(lines) and not (settled and (_id(lines[place]) or _id(lines[other])))

    return free(place - 1), free(place + 1)


def _id(form: DomainForm | TaskForm) -> int | None:
    value = str(form["id"].value() or "")
    return int(value) if value.isdecimal() and len(value) < 19 else None


def _sum(forms: OutlineForms) -> int:
    weights = [str(domain["weight"].value() or "").strip() for domain in forms.domains.forms]
    return sum(int(weight) for weight in weights if weight.isdecimal() and len(weight) < 4)


def _focus(forms: OutlineForms, wanted: str) -> None:
    lines = [*forms.domains.forms, *(task for domain in forms.domains.forms for task in domain.tasks.forms)]
    for line in lines:
        if line["title"].id_for_label == wanted:
            line.fields["title"].widget.attrs["autofocus"] = True
