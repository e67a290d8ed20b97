"""Session fixation: nobody else knows the session somebody signs in to, and every step up begins a new one."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from tests.accounts.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

COOKIE = settings.SESSION_COOKIE_NAME
PLANTED = "planted0planted0planted0planted0"
NEW = "another horse, another battery"


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


def holding(key):
    """A browser with a session's key: whoever planted or saw it."""
    client = Client()
    client.cookies[COOKIE] = key
    return client


def signed_in(client):
    return client.get(reverse("account_profile")).status_code == 200


def sign_in(client, user, password=PASSWORD):
    return client.post(reverse("account_login"), {"login": user.email, "password": password})


def key_of(client):
    return client.cookies[COOKIE].value


def test_a_planted_key_is_not_adopted():
    user = UserFactory()
    client = holding(PLANTED)
    client.get(reverse("account_login"))
    sign_in(client, user)
    assert signed_in(client)
    assert key_of(client) != PLANTED
    assert not Session.objects.filter(session_key=PLANTED).exists()
    assert not signed_in(holding(PLANTED))


def test_a_session_that_somebody_began_is_not_the_one_that_is_signed_in_to():
    attacker = Client()
    session = attacker.session  # one that the server itself has begun
    session["basket"] = "left by the attacker"
    session.save()
    begun = session.session_key
    victim = holding(begun)
    sign_in(victim, UserFactory())
    assert signed_in(victim)
    assert key_of(victim) != begun
    assert not signed_in(holding(begun))


def test_the_second_factor_begins_another_session():
    user, secret = UserFactory(), generate_totp_secret()
    TOTP.activate(user, secret)
    client = Client()
    assert sign_in(client, user).url == reverse("mfa_authenticate")
    half_way = key_of(client)
    assert not signed_in(client)
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    client.post(reverse("mfa_authenticate"), {"code": code})
    assert signed_in(client)
    assert key_of(client) != half_way
    assert not signed_in(holding(half_way))


@pytest.mark.parametrize("way", ["account_reauthenticate", "mfa_reauthenticate"])
def test_asking_again_begins_another_session(way):
    user, secret = UserFactory(), generate_totp_secret()
    client = Client()
    sign_in(client, user)
    TOTP.activate(user, secret)
    before = key_of(client)
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    assert client.post(reverse(way), {"password": "wrong", "code": "000000"}).status_code == 200
    assert key_of(client) == before
    assert client.post(reverse(way), {"password": PASSWORD, "code": code}).status_code == 302
    assert signed_in(client)
    assert key_of(client) != before
    assert not signed_in(holding(before))
    # The list of sign-ins knows it by its new key, and by no other.
    assert list(UserSession.objects.filter(user=user).values_list("session_key", flat=True)) == [key_of(client)]


def test_a_new_password_begins_another_session_and_ends_all_others():
    user = UserFactory()
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        sign_in(client, user)
    before = key_of(here)
    changed = here.post(
        reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    )
    assert changed.status_code == 302
    assert signed_in(here)
    assert key_of(here) != before
    assert not signed_in(holding(before))
    assert not signed_in(elsewhere)


def test_signing_out_ends_the_session_on_the_server():
    client = Client()
    sign_in(client, UserFactory())
    before = key_of(client)
    client.post(reverse("account_logout"))
    assert not Session.objects.filter(session_key=before).exists()
    assert not signed_in(holding(before))


def test_somebody_elses_sign_in_takes_nothing_over():
    """On a shared computer: what the first person's session held is gone for the second."""
    client = Client()
    sign_in(client, UserFactory())
    session = client.session
    session["note"] = "of the first person"
    session.save()
    first = session.session_key
    client.force_login(UserFactory())
    assert "note" not in client.session
    assert key_of(client) != first
