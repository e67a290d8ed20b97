"""allauth's views where we do something in addition. Their addresses stand before allauth's own (accounts/urls.py)."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.views import ReauthenticateView as PasswordView
from allauth.mfa.base.views import ReauthenticateView as CodeView
from allauth.mfa.totp.views import ActivateTOTPView
from django.http import HttpRequest, HttpResponse

from accounts import services, two_factor
from accounts.models import User


class RenewsSession:
    """Whoever shows again that it is them gets a new session key: one that was read before is worth nothing."""

    request: HttpRequest

    def form_valid(self, form: Any) -> HttpResponse:
        services.renew_session(session=self.request.session)
        return cast("HttpResponse", super().form_valid(form))  # type: ignore[misc]


class Reauthenticate(RenewsSession, PasswordView):
    pass


class ReauthenticateByCode(RenewsSession, CodeView):
    pass


class ActivateTOTP(ActivateTOTPView):
    def form_valid(self, form: Any) -> HttpResponse:
        response = cast("HttpResponse", super().form_valid(form))
        two_factor.use_up(user=cast("User", self.request.user))
        return response
