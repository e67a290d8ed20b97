"""Who is in a cohort: the list, and one member's extra time and removal."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cohorts.access import cohort_page, teacher
from cohorts.models import Cohort
from cohorts.people_forms import ExtraTimeForm
from cohorts.reports import members
from cohorts.services import belonging
from cohorts.services.running import Refused


@cohort_page
@require_safe
def cohort_members(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    found = members.members_of(
        cohort,
        left=request.GET.get("show") == "left",
        query=request.GET.get("q", ""),
        page=request.GET.get("page", "1"),
    )
    return render(request, "cohorts/members.html", {"cohort": cohort, "members": found, "page": found.page})


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def cohort_member(request: HttpRequest, cohort: Cohort, user_id: int) -> HttpResponse:
    """What holds for one member in this cohort. A POST sets the extra time."""
    found = members.member(cohort, user_id)
    if found is None:
        raise Http404
    membership = found.membership
    initial = {"multiplier": membership.multiplier, "extra_minutes": membership.extra_minutes}
    form = ExtraTimeForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            belonging.set_extra_time(
                cohort=cohort, user_id=user_id, **form.cleaned_data, by=teacher(request), now=timezone.now()
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"The extra time of {membership.user} is saved. It holds from the next sitting.")
            return redirect("cohort_members", cohort.pk)
    page = {"cohort": cohort, "member": found, "membership": membership, "form": form}
    return render(request, "cohorts/member.html", page, status=422 if form.is_bound else 200)


@cohort_page
@require_POST
def cohort_member_remove(request: HttpRequest, cohort: Cohort, user_id: int) -> HttpResponse:
    recode = "recode" in request.POST
    try:
        gone = belonging.remove(cohort=cohort, user_id=user_id, recode=recode, by=teacher(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        renewed = " The cohort has a new join code." if recode else ""
        messages.success(request, f"{gone} is no longer a member.{renewed}")
    return redirect("cohort_members", cohort.pk)
