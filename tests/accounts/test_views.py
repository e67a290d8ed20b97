from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from accounts import services
from accounts.models import User
from accounts.roles import Role
from tests.accounts.factories import PASSWORD, SuperuserFactory, UserFactory


@pytest.fixture
def person(client, db):
    user = UserFactory(display_name="Anna", time_zone="Europe/Lisbon")
    client.force_login(user)
    return user


def page(client, path="/account/"):
    return client.get(path).content.decode()


@pytest.mark.parametrize("path", ["/account/", "/account/delete/"])
def test_strangers_are_asked_to_sign_in(client, db, path):
    assert client.get(path).url == f"/account/login/?next={path}"


def test_profile_shows_the_person(client, person):
    services.grant_role(user=person, role=Role.AUTHOR)
    shown = page(client)
    assert 'value="Anna"' in shown
    assert '<option value="Europe/Lisbon" selected>Lisbon</option>' in shown
    assert "Candidate, author" in shown


@pytest.mark.parametrize("roles", [[], list(Role)])
def test_profile_queries(client, person, roles, django_assert_num_queries):
    for role in roles:
        services.grant_role(user=person, role=role)
    services.set_accommodation(user=person, multiplier=Decimal("1.25"), extra_minutes=0)
    with django_assert_num_queries(6):  # session, person, accommodation, background, two-factor, roles
        shown = page(client)
    assert "1.25" in shown


def test_profile_is_saved(client, person):
    answer = client.post("/account/", {"display_name": "Ann", "time_zone": "Asia/Tokyo"})
    assert answer.url == "/account/"
    person.refresh_from_db()
    assert (person.display_name, person.time_zone) == ("Ann", "Asia/Tokyo")


@pytest.mark.parametrize("wrong", [{"display_name": ""}, {"display_name": "x" * 81}, {"time_zone": "Mars/Olympus"}])
def test_profile_refuses(client, person, wrong):
    response = client.post("/account/", {"display_name": "Ann", "time_zone": "UTC"} | wrong)
    assert "Nothing was saved yet." in response.content.decode()
    person.refresh_from_db()
    assert (person.display_name, person.time_zone) == ("Anna", "Europe/Lisbon")


def test_own_extra_time(client, person):
    client.post("/account/accommodation/", {"multiplier": "1.50", "extra_minutes": "15"})
    assert services.accommodation_for(person) == (Decimal("1.50"), 15)
    assert '<option value="1.50" selected>' in page(client)


def test_second_language_preset(client, person):
    # The button saves whatever stands in the minutes, even nothing.
    client.post("/account/accommodation/", {"multiplier": "1.00", "extra_minutes": "", "second_language": ""})
    assert services.accommodation_for(person) == (Decimal("1.00"), 30)


@pytest.mark.parametrize(
    "wrong", [{"multiplier": "3.00"}, {"extra_minutes": "241"}, {"extra_minutes": "-1"}, {"extra_minutes": "many"}]
)
def test_unknown_extra_time_is_refused(client, person, wrong):
    response = client.post("/account/accommodation/", {"multiplier": "1.00", "extra_minutes": "0"} | wrong)
    assert "needs another look" in response.content.decode()
    assert services.accommodation_for(person) == (Decimal("1.00"), 0)


def test_granted_extra_time_is_shown_and_stays(client, person):
    services.set_accommodation(user=person, multiplier=Decimal("1.25"), extra_minutes=20, granted_by=SuperuserFactory())
    assert "/account/accommodation/" not in page(client)
    answer = client.post("/account/accommodation/", {"multiplier": "2.00", "extra_minutes": "60"}, follow=True)
    assert "granted by staff" in answer.content.decode()
    assert services.accommodation_for(person) == (Decimal("1.25"), 20)


def test_times_are_in_ones_own_zone(client, person):
    evening = dt.datetime(2026, 7, 1, 23, 30, tzinfo=dt.UTC)
    User.objects.filter(pk=person.pk).update(date_joined=evening)
    assert "2 July 2026" in page(client)  # Lisbon is an hour ahead


def test_deletion(client, person, mailoutbox):
    assert "every sitting of yours" in page(client, "/account/delete/")
    assert client.post("/account/delete/", {"password": PASSWORD}).url == "/"
    assert not User.objects.filter(pk=person.pk).exists()
    assert "_auth_user_id" not in client.session
    assert (mailoutbox[0].to, mailoutbox[0].subject) == ([person.email], "Your account was deleted")


def test_deletion_does_not_wait_for_the_mail_server(client, person, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert client.post("/account/delete/", {"password": PASSWORD}).url == "/"
    assert not User.objects.filter(pk=person.pk).exists()


def test_deletion_needs_the_password(client, person):
    assert "This is not your password." in client.post("/account/delete/", {"password": "x"}).content.decode()
    tries = [client.post("/account/delete/", {"password": "x"}).status_code for _ in range(5)]
    assert tries == [200] * 4 + [429]
    assert User.objects.filter(pk=person.pk).exists()


def test_the_last_superuser_stays(client, db):
    client.force_login(SuperuserFactory())
    response = client.post("/account/delete/", {"password": PASSWORD})
    assert "This is the last superuser." in response.content.decode()
    assert User.objects.count() == 1
