"""How allauth behaves here."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts import devices, ratelimit
from accounts.address import area, client_address

if TYPE_CHECKING:  # models are not ready when allauth imports this
    from allauth.account.models import EmailConfirmationHMAC
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.forms import BaseForm

    from accounts.models import User

log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    first_time = False  # of the sign-in that this adapter is just doing
    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": "This account is switched off.",
        "duplicate_email": "This is your address already.",
        "email_password_mismatch": "The e-mail address or the password is not right.",
        "email_taken": "This address is taken.",
        "enter_current_password": "This is not your present password.",
        "incorrect_password": "This is not your password.",
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        """What the list of sign-ins keeps: not the address, only where it lies."""
        return area(client_address(request))

    def send_notification_mail(
        self, template_prefix: str, user: AbstractBaseUser, context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:  # fmt: skip
        # A mail to the person themselves names the whole address: it is kept by them and nowhere here.
        told = {"ip": client_address(self.request), **(context or {})}
        super().send_notification_mail(template_prefix, user, told, email)

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        self.first_time = user.last_login is None  # signing in sets it
        super().login(request, user)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, *, signup: bool, **more: Any) -> HttpResponse:
        """Somebody is in. A browser that this person has not used before is told to them by mail."""
        response = cast("HttpResponse", super().post_login(request, user, signup=signup, **more))
        new = devices.remember(request, response, cast("User", user))
        if new and not signup and not self.first_time:
            try:
                self.send_notification_mail("account/email/new_sign_in", user)
            except OSError:  # signing in does not wait for the mail server
                log.exception("The mail about a new sign-in could not be sent.")
        return response

    def is_safe_url(self, url: str | None) -> bool:
        """Whether ?next= may lead there; what is no address at all, such as http://[, may not."""
        try:
            safe: bool = super().is_safe_url(url)
        except ValueError:
            return False
        return safe

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Check a password, when signing in and when asked for it again: both are guesses at the same secret."""
        attempt = ratelimit.spend(request, action="password", account=credentials.get("email") or "")
        user = super().authenticate(request, **credentials)
        if user is not None:
            attempt.give_back()
        # The typed name is left out: people type passwords into the wrong field.
        if user is None:
            log.warning("A password was refused, from %s", client_address(request))
        else:
            log.info("The password of person %s was accepted, from %s", user.pk, client_address(request))
        return user

    def save_user(
        self, request: HttpRequest, user: AbstractBaseUser, form: BaseForm, commit: bool = True
    ) -> AbstractBaseUser:
        saved = cast("User", super().save_user(request, user, form, commit=False))
        saved.display_name = form.cleaned_data["display_name"]
        saved.time_zone = form.cleaned_data["time_zone"]
        if commit:
            saved.save()
        return saved

    def send_confirmation_mail(
        self, request: HttpRequest, emailconfirmation: EmailConfirmationHMAC, signup: bool
    ) -> None:
        address = emailconfirmation.email_address.email
        ratelimit.spend(request, action="verification", account=address)
        super().send_confirmation_mail(request, emailconfirmation, signup)

    def send_account_already_exists_mail(self, email: str) -> None:
        # Counted like the mail above, or the limit would tell whether the address is known.
        ratelimit.spend(self.request, action="verification", account=email)
        super().send_account_already_exists_mail(email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        super().send_mail(template_prefix, email, {"site_name": settings.SITE_NAME, **context})

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_profile")
