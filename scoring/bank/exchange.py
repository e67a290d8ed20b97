"""Exchange of questions for authors: a file in, with its plan to be confirmed; and questions out as a file."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadhandler import FileUploadHandler, StopUpload, load_handler
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from accounts.access import author_required
from accounts.models import User
from exams.access import person
from questions.interchange.exchange import Limits
from questions.interchange.exporting import Export, export, wordings
from questions.interchange.formats import FORMATS
from questions.models import Exam, ImportUpload, Question, Task
from questions.models.bank import RevisionState
from questions.services import imports
from questions.services.base import Refused
from scoring.bank.rate_first import unrated
from scoring.bank.studio import back, canonical
from scoring.reports import exchange, studio
from scoring.views import HtmxHttpRequest

AROUND = 100_000  # bytes of a form around its file
DRAINED = 8  # times the limit: so much is read and thrown away, so that a browser gets to see the answer
PIECE = 1 << 16
MOST_OUT = 2_000  # questions in one download
FORMAT_CHOICES = [(name, format_.label) for name, format_ in FORMATS.items()]
STATES = [
    (state.value, str(state.label))
    for state in (RevisionState.PUBLISHED, RevisionState.DRAFT, RevisionState.IN_REVIEW, RevisionState.RETIRED)
]
PUBLISHED, NEWEST = "published", "newest"


class ImportForm(forms.Form):
    """A file, and where its questions go."""

    file = forms.FileField(
        error_messages={"required": "Choose a file.", "empty": "The file is empty.", "missing": "Choose a file."}
    )
    exam = forms.ModelChoiceField(Exam.objects.order_by("code"), required=False, to_field_name="code")
    task = forms.ModelChoiceField(Task.objects.select_related("exam"), required=False)
    format = forms.ChoiceField(choices=[("", "Found out from the file"), *FORMAT_CHOICES], required=False)


class ExportForm(forms.Form):
    """Which questions, and as what."""

    format = forms.ChoiceField(choices=FORMAT_CHOICES)
    exam = forms.ModelChoiceField(Exam.objects.order_by("code"), required=False, to_field_name="code")
    wording = forms.ChoiceField(choices=[(PUBLISHED, "The published wording"), (NEWEST, "The newest wording")])
    state = forms.MultipleChoiceField(choices=STATES, required=False)


# ---- in --------------------------------------------------------------------------------------------------------------


class Quota(FileUploadHandler):
    """Stops an upload that turns out to be larger than it may be."""

    def __init__(self, request: HttpRequest, most: int) -> None:
        super().__init__(request)
        self.left = most

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.left -= len(raw_data)
        if self.left < 0:
            raise StopUpload(connection_reset=True)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def limited(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer uploads that are too large in one sentence, without keeping any of them.

    The check of the CSRF token reads the whole form, so it has to come after this: `csrf_exempt` outside,
    `csrf_protect` inside.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        most = Limits.from_settings().bytes
        if request.method == "POST":
            size = int(request.META.get("CONTENT_LENGTH") or 0)
            if size > most + AROUND:
                return _too_large(request, size, most)
            others = [load_handler(name, request) for name in settings.FILE_UPLOAD_HANDLERS]
            request.upload_handlers = [Quota(request, most + AROUND), *others]
        return view(request, *args, **kwargs)

    return guarded


def _too_large(request: HttpRequest, size: int, most: int) -> HttpResponse:
    left = min(size, DRAINED * most)
    while left > 0 and (piece := request.read(min(PIECE, left))):
        left -= len(piece)
    # Nothing of it is parsed, so the form is as empty as at first.
    request.META["CONTENT_LENGTH"] = "0"
    return _import_page(request, None, f"The file has about {size:,} bytes; at most {most:,} are read.", status=413)


@csrf_exempt
@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited
@csrf_protect
def studio_import(request: HttpRequest) -> HttpResponse:
    """Bring a file; it is read, and nothing more."""
    if request.method != "POST":
        return _import_page(request, None, "")
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _import_page(request, form, _first_error(form), status=422)
    given = form.cleaned_data
    try:
        upload = imports.receive(
            by=person(request),
            name=given["file"].name,
            data=given["file"].read(),
            exam=given["exam"],
            task=given["task"],
            format_name=given["format"],
        )
    except Refused as refused:
        return _import_page(request, form, str(refused), status=422)
    return redirect("studio_import_preview", upload.uuid)


def _first_error(form: forms.Form) -> str:
    if "file" in form.errors:
        return str(form.errors["file"][0])
    return "Choose an exam, a task and a format from the lists."


def _import_page(request: HttpRequest, form: ImportForm | None, error: str, status: int = 200) -> HttpResponse:
    asked = form.data if form else {}
    context = {
        "section": "bank",
        "error": error,
        "exams": Exam.objects.order_by("code"),
        "tasks": exchange.tasks_by_exam(),
        "formats": FORMAT_CHOICES,
        "asked": {name: asked.get(name, "") for name in ("exam", "task", "format")},
        "accept": ",".join(sorted({ending for format_ in FORMATS.values() for ending in format_.extensions})),
        "most": Limits.from_settings(),
        "uploads": exchange.open_uploads(person(request)),
    }
    return render(request, "bank/exchange/import.html", context, status=status)


@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def studio_import_preview(request: HtmxHttpRequest, identifier: uuid.UUID) -> HttpResponse:
    """What the file would do, to be confirmed; while it is read or written how far that is; then what was done."""
    upload = imports.owned(person(request), identifier)
    if upload is None:
        raise Http404
    if request.method == "POST":
        return _decide(request, upload)
    page = exchange.incoming_of(upload, show=request.GET.get("show", ""), page=request.GET.get("page", "1"))
    if request.htmx and not page.waiting:
        return HttpResponseClientRefresh()  # it was waited for: the whole page is another one now
    return render(request, "bank/exchange/preview.html", {"section": "bank", "page": page, "upload": upload})


def _decide(request: HttpRequest, upload: ImportUpload) -> HttpResponse:
    try:
        if request.POST.get("act") == "discard":
            imports.discard(upload=upload, by=person(request))
            messages.success(request, f"{upload.name} was dropped. Nothing was written.")
            return redirect("studio_import")
        imports.confirm(upload=upload, digest=request.POST.get("digest", ""), by=person(request))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("studio_import_preview", upload.uuid)


# ---- out -------------------------------------------------------------------------------------------------------------


@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def studio_export(request: HttpRequest) -> HttpResponse:
    """Choose, see what the format cannot carry, and download."""
    posted = request.method == "POST"
    given = request.POST if posted else request.GET
    ids = _ids(given.getlist("ids")) or _selected(request) if posted else []
    if posted and not ids and "query" in given:
        messages.error(request, "Nothing was chosen. Tick the questions that you want to export.")
        return back(canonical(request))
    act = (given.get("act", "") or ("preview" if "page" in given else "")) if posted else ""
    form = ExportForm(given) if act else ExportForm(initial={"exam": given.get("exam"), "format": given.get("format")})
    context: dict[str, Any] = {
        "section": "bank", "ids": ids, "formats": FORMAT_CHOICES, "exams": Exam.objects.order_by("code"),
        "states": STATES, "wordings": ExportForm.base_fields["wording"].choices, "asked": _asked(form),  # type: ignore[attr-defined]
    }  # fmt: skip
    if not act:
        return render(request, "bank/exchange/export.html", context)
    if not form.is_valid():
        context["error"] = "Choose a format, an exam and a wording from the lists."
        return render(request, "bank/exchange/export.html", context, status=422)
    try:
        made, left_out = _made(form.cleaned_data, ids, person(request))
    except Refused as refused:
        context["error"] = str(refused)
        return render(request, "bank/exchange/export.html", context, status=422)
    if act == "download":
        if left_out:
            messages.info(request, _left_out(left_out))  # the file has no place to say it; the next page does
        return _download(form.cleaned_data, made)
    context["left_out"] = _left_out(left_out) if left_out else ""
    context["page"] = exchange.outgoing_of(made, page=given.get("page", "1"))
    context["format"] = FORMATS[form.cleaned_data["format"]]
    return render(request, "bank/exchange/export_preview.html", context)


def _ids(given: Collection[str]) -> list[str]:
    """Public ids of a selection: one field each, or one field with all of them."""
    return list(dict.fromkeys(part for one in given for part in re.split(r"[\s,]+", one.replace("\0", "")) if part))


def _selected(request: HttpRequest) -> list[str]:
    """The questions that the studio's list was posted with."""
    chosen = studio.chosen(person(request), request.POST)
    found = Question.objects.filter(revisions__in=chosen).distinct().order_by("public_id")
    return list(found.values_list("public_id", flat=True))


def _asked(form: ExportForm) -> dict[str, Any]:
    if not form.is_bound:
        return {**form.initial, "wording": PUBLISHED, "state": []}
    names = ("format", "exam", "wording")
    return {name: form.data.get(name, "") for name in names} | {"state": form.data.getlist("state")}  # type: ignore[attr-defined]


def _made(given: dict[str, Any], ids: list[str], by: User) -> tuple[Export, int]:
    """The file, and how many questions are not in it because this person is to rate them first.

    Raises Refused when it would hold nothing or too much.
    """
    newest = given["wording"] == NEWEST
    found = wordings(exam=given["exam"], ids=ids or None, drafts=newest)
    if newest and given["state"]:
        found = found.filter(state__in=given["state"])
    asked = found.count()
    found = found.exclude(question__in=unrated(by))
    count = found.count()
    if not count:
        raise Refused(_left_out(asked) if asked else "No question fits this choice.")
    if count > MOST_OUT:
        raise Refused(
            f"These are {count:,} questions; at most {MOST_OUT:,} go into one download. Choose an exam or a part of the"
            " list, or use manage.py export_questions."
        )
    return export(revisions=found, to=FORMATS[given["format"]], exam=given["exam"]), asked - count


def _left_out(count: int) -> str:
    """A file holds keys, and judges do not see those first."""
    which = f"{count:,} question{pluralize(count, ' is,s are')}"
    return f"{which} left out, because you have {pluralize(count, 'it,them')} to rate first."


def _download(given: dict[str, Any], made: Export) -> HttpResponse:
    if not made.count:
        raise Http404
    format_ = FORMATS[given["format"]]
    whose = re.sub(r"[^a-z0-9\-]", "", given["exam"].code.lower()) if given["exam"] else "bank"
    name = f"cutscore-{whose}-{format_.name}-{timezone.now():%Y-%m-%d}{format_.extensions[0]}"
    # Never a type that a browser would show: the texts are other people's.
    return HttpResponse(
        made.data,
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"},
    )
