from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from accounts.middleware import OwnZone, TimeZoneMiddleware
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


def own_zone(name):
    request = RequestFactory().get("/")
    request.user = UserFactory.build(time_zone=name)
    return OwnZone(request)


@pytest.mark.parametrize(
    "moment", ["2026-01-15T12:00", "2026-07-15T12:00", "2026-10-25T00:30", "2026-10-25T01:30", "2026-03-29T01:30"]
)
def test_times_are_shown_as_in_the_zone_itself(moment):
    """In winter, in summer, in both of the hours that autumn has twice, and around the one that spring leaves out."""
    when = dt.datetime.fromisoformat(moment + "+00:00")
    mine, theirs = when.astimezone(own_zone("Europe/Lisbon")), when.astimezone(zoneinfo.ZoneInfo("Europe/Lisbon"))
    assert (mine.isoformat(), mine.tzname(), mine.dst(), mine.fold) == (
        theirs.isoformat(), theirs.tzname(), theirs.dst(), theirs.fold,
    )  # fmt: skip


def test_a_time_that_somebody_types_is_of_their_zone():
    noon = timezone.make_aware(dt.datetime.fromisoformat("2026-07-15T12:00"), own_zone("Asia/Tokyo"))
    assert noon == dt.datetime(2026, 7, 15, 3, tzinfo=dt.UTC)


def test_nobody_is_looked_up_while_no_time_is_shown():
    request = RequestFactory().get("/")  # has no user at all
    assert TimeZoneMiddleware(lambda request: HttpResponse("no time"))(request).content == b"no time"
