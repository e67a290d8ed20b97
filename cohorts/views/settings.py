"""A cohort's name, who teaches it, and its archiving; and the log of what was done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from cohorts.access import cohort_page, teacher
from cohorts.models import Cohort, Instructor, LogEntry
from cohorts.people_forms import InstructorForm, NameForm
from cohorts.services import running
from cohorts.services.running import Archived, Refused

LOG_PAGE = 100


@cohort_page
@require_safe
def cohort_settings(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    return _page(request, cohort)


@cohort_page
@require_POST
def cohort_rename(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    form = NameForm(request.POST)
    if not form.is_valid():
        return _page(request, cohort, name_form=form, status=422)
    acted = _act(request, "The name is saved.", running.rename, cohort=cohort, **form.cleaned_data)
    return acted or _page(request, cohort, status=422)


@cohort_page
@require_POST
def cohort_instructor_add(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    form = InstructorForm(request.POST)
    if form.is_valid():
        try:
            person = running.add_instructor(cohort=cohort, **form.cleaned_data, by=teacher(request), now=timezone.now())
        except Archived as archived:
            messages.error(request, str(archived))
            return redirect("cohort_settings", cohort.pk)
        except Refused as refused:
            form.add_error("email", str(refused))
        else:
            messages.success(request, f"{person} teaches this cohort, too.")
            return redirect("cohort_settings", cohort.pk)
    return _page(request, cohort, instructor_form=form, status=422)


@cohort_page
@require_POST
def cohort_instructor_remove(request: HttpRequest, cohort: Cohort, user_id: int) -> HttpResponse:
    me = teacher(request)
    mine = user_id == me.pk
    said = f"You no longer teach {cohort.name}." if mine else "They no longer teach this cohort."
    acted = _act(request, said, running.remove_instructor, cohort=cohort, user_id=user_id)
    if acted and mine:
        return redirect("cohorts")
    return acted or _page(request, cohort, status=422)


@cohort_page
@require_POST
def cohort_hand_over(request: HttpRequest, cohort: Cohort, user_id: int) -> HttpResponse:
    acted = _act(request, "The cohort has a new owner.", running.hand_over, cohort=cohort, user_id=user_id)
    return acted or _page(request, cohort, status=422)


@cohort_page
@require_POST
def cohort_archive(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    acted = _act(request, f"{cohort.name} is archived.", running.archive, cohort=cohort)
    return acted or _page(request, cohort, status=422)


@cohort_page
@require_POST
def cohort_restore(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    acted = _act(request, f"{cohort.name} is active again.", running.restore, cohort=cohort)
    return acted or _page(request, cohort, status=422)


@cohort_page
@require_safe
def cohort_log(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    """What was done in the cohort, the newest first. Two statements."""
    entries = LogEntry.objects.filter(cohort=cohort).select_related("assignment")
    page = Paginator(entries, LOG_PAGE).get_page(request.GET.get("page", "1"))
    return render(request, "cohorts/log.html", {"cohort": cohort, "page": page})


def _act(
    request: HttpRequest, said: str, verb: Callable[..., object], *, cohort: Cohort, **given: Any
) -> HttpResponse | None:
    """Do it and go back to the settings, or keep the sentence that refuses it and return None."""
    try:
        verb(cohort=cohort, **given, by=teacher(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return None
    messages.success(request, said)
    return redirect("cohort_settings", cohort.pk)


def _page(
    request: HttpRequest,
    cohort: Cohort,
    *,
    name_form: NameForm | None = None,
    instructor_form: InstructorForm | None = None,
    status: int = 200,
) -> HttpResponse:
    me = teacher(request)
    instructors = list(Instructor.objects.filter(cohort=cohort).select_related("user"))
    owner = next((one for one in instructors if one.owner), None)
    page = {
        "cohort": cohort,
        "instructors": instructors,
        "me": me,
        "owner": owner,
        "owns": owner is None or owner.user_id == me.pk,
        "name_form": name_form or NameForm(initial={"name": cohort.name}),
        "instructor_form": instructor_form or InstructorForm(),
    }
    return render(request, "cohorts/settings.html", page, status=status)
