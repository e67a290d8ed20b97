"""How candidates come into a cohort by a code, see which ones they are in, and leave them."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import ratelimit
from accounts.models import User
from cohorts.access import teacher as person
from cohorts.reports import belonging as report
from cohorts.services import belonging, joining
from cohorts.services.joining import Closed
from cohorts.services.running import Refused


@never_cache
@require_safe
def join(request: HttpRequest) -> HttpResponse:
    """Where a code is typed in. Nothing is looked up here."""
    code = joining.tidy(request.GET.get("code", ""))
    if "code" not in request.GET:
        return render(request, "cohorts/join.html")
    if not code or "/" in code:
        return render(request, "cohorts/join.html", {"error": "Type the code that you were given."}, status=422)
    return redirect("join_code", code)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join_code(request: HttpRequest, code: str) -> HttpResponse:
    """What a code leads to, and joining it. Who is not signed in learns nothing but that an account is needed."""
    user = request.user
    if not isinstance(user, User):
        return render(request, "cohorts/join_sign_in.html", {"back": request.path})
    attempt = ratelimit.spend(request, action="join", account=user.email)
    now = timezone.now()
    try:
        door = joining.find(code=code, user=user, now=now)
        if request.method == "POST" and not door.member:
            door = joining.join(code=code, user=user, now=now)
            attempt.give_back()
            if door.member:
                messages.info(request, f"You are a member of {door.cohort.name} already.")
            else:
                messages.success(request, f"Welcome to {door.cohort.name}.")
            return redirect("my_cohorts")
    except Closed as closed:
        return render(request, "cohorts/join_closed.html", {"why": str(closed)}, status=404)
    except Refused as refused:
        attempt.give_back()
        messages.error(request, str(refused))
        return redirect("my_cohorts")
    attempt.give_back()
    if request.method == "POST":
        messages.info(request, f"You are a member of {door.cohort.name} already.")
        return redirect("my_cohorts")
    invitation = door.invitation
    page = {
        "door": door,
        "cohort": door.cohort,
        "teachers": report.teachers_of(door.cohort),
        "invited": report.masked(invitation.email) if invitation and invitation.email != user.email else "",
    }
    return render(request, "cohorts/join_cohort.html", page)


@login_required
@never_cache
@require_safe
def my_cohorts(request: HttpRequest) -> HttpResponse:
    return render(request, "cohorts/mine.html", {"my_cohorts": report.cohorts_of(person(request))})


@login_required
@require_POST
def leave_cohort(request: HttpRequest, cohort_id: uuid.UUID) -> HttpResponse:
    try:
        left = belonging.leave(cohort_id=cohort_id, user=person(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"You have left {left.name}.")
    return redirect("my_cohorts")
