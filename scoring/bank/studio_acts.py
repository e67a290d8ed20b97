"""What is done to a selection of the list of questions: first it is shown what would happen to which, then it is done.

An action is a form, a function that does it, and an entry of `scoring.reports.studio_bulk`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import pluralize
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.access import author_required, holders
from accounts.models import User
from accounts.roles import Role
from exams.access import person
from questions.models import Question, Revision
from questions.services import labels, retiring, review
from questions.services.base import REASON, Refused
from scoring.bank.studio import back, canonical
from scoring.reports import studio, studio_bulk
from scoring.reports.studio_bulk import RETIRE, SUBMIT, TAG, Action


class NotDone(Exception):
    """Not everything was done. `refusals` says why, by revision; with `rest` the others are done and gone."""

    def __init__(self, message: str, refusals: dict[int, str], *, rest: bool = False) -> None:
        super().__init__(message)
        self.refusals, self.rest = refusals, rest


class RetireForm(forms.Form):
    """Why questions are taken out of use."""

    reason = forms.CharField(
        label="Reason",
        min_length=REASON[0],
        max_length=REASON[1],
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"At least {REASON[0]} characters. It stays on record with your name.",
    )


class TagForm(forms.Form):
    """Tags to add and to take away."""

    add = forms.CharField(label="Add", required=False, max_length=500, help_text="Tags with commas between them.")
    remove = forms.CharField(label="Take away", required=False, max_length=500)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        for name in ("add", "remove"):
            given[name] = [tag for one in given.get(name, "").split(",") if (tag := one.strip())]
        if not given["add"] and not given["remove"] and not self.errors:
            raise forms.ValidationError("Name a tag to add or to take away.")
        return given


class Reviewer(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic while it runs
    """One of the authors, by name."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.get_full_name())


class SubmitForm(forms.Form):
    """Who is to read the drafts."""

    reviewer = Reviewer(queryset=User.objects.none(), help_text="An author who wrote in none of them.")

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.fields["reviewer"].queryset = holders(Role.AUTHOR)  # type: ignore[attr-defined]


def _retire(rows: Sequence[int], given: dict[str, Any], by: User) -> str:
    try:
        count = retiring.retire(revision_ids=rows, reason=given["reason"], by=by)
    except retiring.NotRetired as refused:
        raise NotDone(str(refused), refused.refusals) from refused
    return f"Retired {count} question{pluralize(count)}."


def _tag(rows: Sequence[int], given: dict[str, Any], by: User) -> str:
    questions = list(Question.objects.filter(revisions__in=rows).distinct())
    count = labels.retag(questions=questions, add=given["add"], remove=given["remove"], by=by)
    return f"Changed the tags of {count} question{pluralize(count)}."


def _submit(rows: Sequence[int], given: dict[str, Any], by: User) -> str:
    refusals: dict[int, str] = {}
    drafts = list(Revision.objects.filter(pk__in=rows).order_by("pk"))
    for draft in drafts:
        try:
            # What stands there now is submitted: nobody has read a version of all of them.
            review.submit(revision=draft, reviewer=given["reviewer"], expected_version=draft.lock_version, by=by)
        except review.Blocked as blocked:
            refusals[draft.pk] = f"{blocked} {' '.join(one.message for one in blocked.findings)}"
        except Refused as refused:
            refusals[draft.pk] = str(refused)
    done = len(drafts) - len(refusals)
    said = f"Submitted {done} draft{pluralize(done)}."
    if refusals:
        raise NotDone(f"{said} {len(refusals)} {pluralize(len(refusals), 'was,were')} not.", refusals, rest=True)
    return said


def _act(
    request: HttpRequest, action: Action, form_class: type[forms.Form],
    do: Callable[[Sequence[int], dict[str, Any], User], str],
) -> HttpResponse:  # fmt: skip
    query = canonical(request)
    chosen = studio.chosen(person(request), request.POST)
    if not chosen:
        messages.error(request, f"Nothing was chosen. Tick the questions that you want to {action.verb.lower()}.")
        return back(query)
    confirmed = "confirmed" in request.POST
    form = form_class(request.POST if confirmed else None)
    refusals: dict[int, str] = {}
    if confirmed and form.is_valid() and not studio_bulk.preview(action, chosen, {}).too_many:
        try:
            said = do(chosen, form.cleaned_data, person(request))
        except NotDone as some:
            refusals = some.refusals
            chosen = list(refusals) if some.rest else chosen
            form.add_error(None, str(some))
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, said)
            return back(query)
    context = {
        "section": "bank", "form": form, "query": query, "action": action,
        "preview": studio_bulk.preview(action, chosen, refusals),
    }  # fmt: skip
    return render(request, "bank/studio_act.html", context, status=422 if form.errors else 200)


@author_required
@never_cache
@require_POST
def studio_retire(request: HttpRequest) -> HttpResponse:
    """Take published questions out of use."""
    return _act(request, RETIRE, RetireForm, _retire)


@author_required
@never_cache
@require_POST
def studio_tag(request: HttpRequest) -> HttpResponse:
    """Add tags to questions and take tags away."""
    return _act(request, TAG, TagForm, _tag)


@author_required
@never_cache
@require_POST
def studio_submit(request: HttpRequest) -> HttpResponse:
    """Hand drafts to a reviewer."""
    return _act(request, SUBMIT, SubmitForm, _submit)
