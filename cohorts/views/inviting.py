"""How people come into a cohort: its code, and invitations by e-mail."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cohorts import addresses, qr
from cohorts.access import cohort_page, teacher
from cohorts.models import Cohort
from cohorts.people_forms import ListForm, UntilForm
from cohorts.reports import invitations
from cohorts.services import inviting, joining
from cohorts.services.running import Archived, Refused
from questions.interchange.exchange import Unreadable

# How many rows of each part of a list the preview names.
NAMED = 200
# Bytes of a list that the preview carries back: a little less than what Django takes in one form.
MOST_TEXT = 900_000


@cohort_page
@require_safe
def cohort_joining(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    return _page(request, cohort)


@cohort_page
@require_safe
def cohort_screen(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    """To be projected: the link, the code and its picture, all as big as the screen allows."""
    return render(request, "cohorts/screen.html", _ways_in(request, cohort))


@cohort_page
@require_safe
def cohort_qr(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    return HttpResponse(qr.svg(_link(request, cohort)), content_type="image/svg+xml")


@cohort_page
@require_POST
def cohort_open(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    form = UntilForm(request.POST)
    if form.is_valid():
        until = form.cleaned_data["until"]
        try:
            joining.open_joining(cohort=cohort, until=until, by=teacher(request), now=timezone.now())
        except Archived as archived:
            messages.error(request, str(archived))
            return redirect("cohort_joining", cohort.pk)
        except Refused as refused:
            form.add_error("until", str(refused))
        else:
            messages.success(request, "People can join by the code.")
            return redirect("cohort_joining", cohort.pk)
    return _page(request, cohort, until_form=form, status=422)


@cohort_page
@require_POST
def cohort_close(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    return _act(
        request,
        cohort,
        "Nobody can join by the code any more.",
        lambda **who: joining.close_joining(cohort=cohort, **who),
    )


@cohort_page
@require_POST
def cohort_renew_code(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    said = "The cohort has a new code. The old one and its link no longer work."
    return _act(request, cohort, said, lambda **who: joining.renew_code(cohort=cohort, **who))


# ---- invitations -------------------------------------------------------------------------------------------------


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def cohort_invite(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    """Read a list and show what it holds; the button there invites."""
    if request.method != "POST":
        return _list_page(request, cohort, ListForm())
    form = ListForm(request.POST, request.FILES)
    if not form.is_valid():
        return _list_page(request, cohort, form, status=422)
    try:
        rows = form.rows()
    except Unreadable as error:
        form.add_error(None, str(error))
        return _list_page(request, cohort, form, status=422)
    now = timezone.now()
    plan = inviting.plan(cohort=cohort, rows=rows, now=now)
    text = addresses.written(plan.wanted)
    if len(text.encode()) > MOST_TEXT:
        form.add_error(None, "The addresses and names are too long together; bring them as two lists.")
        return _list_page(request, cohort, form, status=422)
    parts = [
        ("Already members", "They stay as they are.", plan.members),
        ("Already invited", "An invitation waits for them. It can be sent again on the page before.", plan.invited),
        ("More than once in the list", "The first row counts.", plan.repeated),
        ("Not usable", "Mend these rows and bring them again; the others do not have to wait.", plan.malformed),
    ]
    page = {
        "cohort": cohort,
        "plan": plan,
        "wanted": plan.wanted[:NAMED],
        "parts": [(title, why, rows[:NAMED], len(rows), len(rows) - NAMED) for title, why, rows in parts if rows],
        "more": max(len(plan.wanted) - NAMED, 0),
        "text": text,
        "until": now + inviting.VALID_FOR,
    }
    return render(request, "cohorts/invite_preview.html", page)


@cohort_page
@require_POST
def cohort_invite_confirm(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    """Invite the people of a list that was previewed. It comes back as text and is read and compared anew."""
    form = ListForm(request.POST)
    if not form.is_valid():
        return _list_page(request, cohort, form, status=422)
    try:
        done = inviting.invite(cohort=cohort, rows=form.rows(), by=teacher(request), now=timezone.now())
    except (Refused, Unreadable) as error:
        form.add_error(None, str(error))
        return _list_page(request, cohort, form, status=422)
    count = len(done.wanted)
    people = "1 person is" if count == 1 else f"{count:,} people are"
    messages.success(request, f"{people} invited. The mails are on their way.")
    return redirect("cohort_joining", cohort.pk)


@cohort_page
@require_POST
def cohort_resend(request: HttpRequest, cohort: Cohort, invitation_id: int) -> HttpResponse:
    return _act(
        request, cohort, "The invitation is sent again, with a new link.",
        lambda **who: inviting.resend(cohort=cohort, invitation_id=invitation_id, **who),
    )  # fmt: skip


@cohort_page
@require_POST
def cohort_resend_stuck(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    said = "They are sent again, with new links."
    return _act(request, cohort, said, lambda **who: inviting.resend_stuck(cohort=cohort, **who))


@cohort_page
@require_POST
def cohort_withdraw(request: HttpRequest, cohort: Cohort, invitation_id: int) -> HttpResponse:
    return _act(
        request, cohort, "The invitation is withdrawn; its link no longer works.",
        lambda **who: inviting.withdraw(cohort=cohort, invitation_id=invitation_id, **who),
    )  # fmt: skip


# ---- pages -------------------------------------------------------------------------------------------------------


def _act(request: HttpRequest, cohort: Cohort, said: str, verb: Callable[..., object]) -> HttpResponse:
    try:
        verb(by=teacher(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, said)
    return redirect("cohort_joining", cohort.pk)


def _link(request: HttpRequest, cohort: Cohort) -> str:
    return request.build_absolute_uri(reverse("join_code", args=[cohort.join_code]))


def _ways_in(request: HttpRequest, cohort: Cohort) -> dict[str, object]:
    now = timezone.now()
    return {
        "cohort": cohort,
        "open": cohort.takes_members(now),
        "over": cohort.joining_open and cohort.join_until is not None and cohort.join_until <= now,
        "code": joining.grouped(cohort.join_code),
        "link": _link(request, cohort),
        "start": request.build_absolute_uri(reverse("join")),
    }


def _page(
    request: HttpRequest, cohort: Cohort, *, until_form: UntilForm | None = None, status: int = 200
) -> HttpResponse:
    found = invitations.invitations_of(
        cohort, state=request.GET.get("state", ""), page=request.GET.get("page", "1"), now=timezone.now()
    )
    page = {
        **_ways_in(request, cohort),
        "until_form": until_form or UntilForm(initial={"until": cohort.join_until}),
        "invitations": found,
        "page": found.page,
    }
    return render(request, "cohorts/joining.html", page, status=status)


def _list_page(request: HttpRequest, cohort: Cohort, form: ListForm, status: int = 200) -> HttpResponse:
    most = {"bytes": settings.INVITATION_BYTES, "rows": settings.INVITATION_ROWS}
    return render(request, "cohorts/invite.html", {"cohort": cohort, "form": form, "most": most}, status=status)
