"""What people see and change about themselves. Signing in and its like is allauth's."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import export as exporting
from accounts import privacy, ratelimit, services
from accounts.forms import AccommodationForm, BackgroundForm, OwnPasswordForm, ProfileForm
from accounts.models import Accommodation, Background, User

log = logging.getLogger(__name__)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    user = _person(request)
    form = ProfileForm(request.POST or None, user=user)
    if not form.is_valid():
        return _profile_page(request, profile_form=form)
    services.update_profile(user=user, **form.cleaned_data)
    messages.success(request, "Your profile is saved.")
    return redirect("account_profile")


@login_required
@require_POST
def accommodation(request: HttpRequest) -> HttpResponse:
    form = AccommodationForm(request.POST)
    if not form.is_valid():
        return _profile_page(request, accommodation_form=form)
    try:
        services.set_accommodation(user=_person(request), **form.cleaned_data)
    except services.GrantedByStaffError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Your extra time is saved. It applies from your next sitting.")
    return redirect("account_profile")


@login_required
@require_POST
@sensitive_post_parameters("first_language", "practice_years")
def background(request: HttpRequest) -> HttpResponse:
    """Keep the answers while the box is ticked; without it what stands is deleted."""
    user = _person(request)
    form = BackgroundForm(request.POST, background=Background.objects.filter(user=user).first())
    if not form.is_valid():
        return _profile_page(request, background_form=form)
    if form.cleaned_data.pop("consent"):
        services.give_background(user=user, **form.cleaned_data)
        messages.success(request, "Thank you. Your answers are kept until you take them back.")
        return redirect("account_profile")
    return background_withdraw(request)


@login_required
@require_POST
def background_withdraw(request: HttpRequest) -> HttpResponse:
    if services.withdraw_background(user=_person(request)):
        messages.success(request, "Your answers about yourself are deleted.")
    else:
        messages.info(request, "No answers about yourself are kept.")
    return redirect("account_profile")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
def export(request: HttpRequest) -> HttpResponse:
    """Everything that is held about the person, as a file made on the spot."""
    user = _person(request)
    form = OwnPasswordForm(request.POST or None, user=user)
    if not form.is_valid():
        return render(request, "accounts/export_ask.html", {"form": form, "tab": "export"})
    ratelimit.spend(request, action="export", account=user.email)
    now = timezone.now()
    archive = exporting.made(privacy.about(user), now=now)
    log.info("Person %s exported what is held about them", user.pk)
    name = f"cutscore-{now:%Y-%m-%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    response = HttpResponse(archive, content_type="application/zip", headers=headers)
    add_never_cache_headers(response)
    return response


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
def delete(request: HttpRequest) -> HttpResponse:
    user = _person(request)
    form = OwnPasswordForm(request.POST or None, user=user)
    if form.is_valid():
        try:
            services.delete_account(user=user)
        except services.AccountError as error:
            form.add_error(None, str(error))
        else:
            logout(request)
            _confirm_deletion(user.email)
            messages.success(request, "Your account is deleted, and nothing here names you any more.")
            return redirect("home")
    return render(request, "accounts/delete.html", {"form": form, "tab": "delete"})


def _profile_page(
    request: HttpRequest,
    *,
    profile_form: ProfileForm | None = None,
    accommodation_form: AccommodationForm | None = None,
    background_form: BackgroundForm | None = None,
) -> HttpResponse:
    user = _person(request)
    granted = Accommodation.objects.filter(user=user).first()
    told = Background.objects.filter(user=user).first()
    page: dict[str, Any] = {
        "tab": "profile",
        "roles": user.groups.order_by("name"),
        "accommodation": granted,
        "background": told,
        "two_factor": is_mfa_enabled(user),
        "profile_form": profile_form or ProfileForm(user=user),
        "accommodation_form": accommodation_form or AccommodationForm(initial=_initial(granted)),
        "background_form": background_form or BackgroundForm(background=told),
    }
    return render(request, "accounts/profile.html", page)


def _confirm_deletion(email: str) -> None:
    try:
        get_adapter().send_mail("account/email/account_deleted", email, {})
    except OSError:  # the account is gone whether the mail server answers or not
        log.exception("The mail that confirms a deletion could not be sent.")


def _initial(accommodation: Accommodation | None) -> dict[str, Any]:
    if accommodation is None:
        return {"extra_minutes": 0}
    return {"multiplier": accommodation.multiplier, "extra_minutes": accommodation.extra_minutes}


def _person(request: HttpRequest) -> User:
    assert request.user.is_authenticated  # every view here asks for it
    return request.user
