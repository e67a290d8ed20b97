from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from accounts.middleware import TimeZoneMiddleware
from tests.accounts.factories import UserFactory


@pytest.fixture(autouse=True)
def _leave_utc():
    yield
    timezone.deactivate()


def zone_seen_by(user):
    request = RequestFactory().get("/")
    request.user = user
    return TimeZoneMiddleware(lambda request: HttpResponse(timezone.get_current_timezone_name()))(request).content


def test_people_see_their_own_zone():
    assert zone_seen_by(UserFactory.build(time_zone="Asia/Tokyo")) == b"Asia/Tokyo"


def test_the_next_stranger_in_the_thread_sees_utc():
    zone_seen_by(UserFactory.build(time_zone="Asia/Tokyo"))
    assert zone_seen_by(AnonymousUser()) == b"UTC"


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd"])
def test_an_unknown_zone_is_utc(name):
    assert zone_seen_by(UserFactory.build(time_zone=name)) == b"UTC"
