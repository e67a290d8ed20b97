"""Times in the signed-in person's own zone, and a second factor before staff rooms."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable
from functools import cached_property
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone


class OwnZone(dt.tzinfo):
    """The zone of whoever asks, looked up when a time is shown; a request that shows none costs no statement."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def _zone(self) -> dt.tzinfo:
        user = self._request.user
        if user.is_authenticated:
            try:
                return zoneinfo.ZoneInfo(user.time_zone)
            except (zoneinfo.ZoneInfoNotFoundError, ValueError):
                pass  # a zone that this machine's database has dropped leaves UTC
        return timezone.get_default_timezone()

    def utcoffset(self, moment: dt.datetime | None) -> dt.timedelta | None:
        return self._zone.utcoffset(moment)

    def dst(self, moment: dt.datetime | None) -> dt.timedelta | None:
        return self._zone.dst(moment)

    def tzname(self, moment: dt.datetime | None) -> str | None:
        return self._zone.tzname(moment)

    def fromutc(self, moment: dt.datetime) -> dt.datetime:
        return self._zone.fromutc(moment.replace(tzinfo=self._zone)).replace(tzinfo=self)

    def __str__(self) -> str:
        return str(self._zone)


class TimeZoneMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(OwnZone(request)):
            return self.get_response(request)


class StaffTwoFactorMiddleware:
    """Leads authors, instructors and staff without a second factor to where they get one, before their rooms open.

    By address and not by view, so that no page has to think of it (setting REQUIRE_STAFF_TWO_FACTOR). Everything that
    people do as candidates stays open to them. One statement, in those rooms only.
    """

    ROOMS = ("/bank/", "/cohorts/", "/admin/")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: Any) -> HttpResponse | None:
        if not settings.REQUIRE_STAFF_TWO_FACTOR or not request.path_info.startswith(self.ROOMS):
            return None
        user = request.user
        held = ("is_staff", "is_superuser", "is_author", "is_instructor")  # accounts/backends.py
        if not user.is_authenticated or not any(getattr(user, name, False) for name in held) or is_mfa_enabled(user):
            return None
        messages.info(request, "Staff pages ask for two-factor authentication. Turn it on here, then go on.")
        return redirect("mfa_activate_totp")
