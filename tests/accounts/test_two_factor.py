from __future__ import annotations

import re
import time

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core.cache import cache
from django.test import Client

from tests.accounts.factories import PASSWORD, UserFactory

NOON = "2026-11-21T12:00:00Z"


def code(secret, steps=0):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


@pytest.fixture
def secret():
    return generate_totp_secret()


@pytest.fixture
def protected(db, secret):
    """Somebody with two-factor authentication."""
    user = UserFactory()
    TOTP.activate(user, secret)
    return user


def asked_for_code(user):
    """A browser that gave the right password and stands before the code."""
    client = Client()
    answer = client.post("/account/login/", {"login": user.email, "password": PASSWORD})
    assert answer["Location"] == "/account/2fa/authenticate/"
    return client


def enter(client, given):
    return client.post("/account/2fa/authenticate/", {"code": given})


def test_turning_it_on_and_signing_in(client, db):
    user = UserFactory()
    client.force_login(user)
    with time_machine.travel(NOON, tick=False) as clock:
        asked = client.get("/account/2fa/totp/activate/")
        client.post(asked.url, {"password": PASSWORD})
        page = client.get("/account/2fa/totp/activate/").content.decode()
        assert 'src="data:image/svg+xml;base64,' in page
        (secret,) = re.findall(r'class="key">(\w+)<', page)
        answer = client.post("/account/2fa/totp/activate/", {"code": code(secret)})
        assert answer.url == "/account/2fa/recovery-codes/"
        assert client.get(answer.url).content.decode().count("<li><code>") == 10

        clock.shift(3600)
        assert enter(asked_for_code(user), code(secret)).url == "/exams/"


def test_the_password_alone_signs_in_nobody(protected):
    client = asked_for_code(protected)
    assert client.get("/account/").status_code == 302
    assert "This code is not right" in enter(client, "000000").content.decode()


@pytest.mark.parametrize(("late", "accepted"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_slow_clock_is_forgiven_half_a_minute(protected, secret, late, accepted):
    with time_machine.travel(NOON, tick=False) as clock:
        given = code(secret)
        clock.shift(late)
        assert (enter(asked_for_code(protected), given).status_code == 302) is accepted


def test_a_code_works_once(protected, secret):
    with time_machine.travel(NOON, tick=False) as clock:
        given = code(secret)
        assert enter(asked_for_code(protected), given).status_code == 302
        for later in (1, 25, 10):
            clock.shift(later)
            assert enter(asked_for_code(protected), f" {given}").status_code == 200


def test_a_code_works_once_when_the_cache_is_lost(protected, secret):
    with time_machine.travel(NOON, tick=False) as clock:
        given = code(secret)
        assert enter(asked_for_code(protected), given).status_code == 302
        cache.clear()
        assert enter(asked_for_code(protected), given).status_code == 200
        clock.shift(30)
        assert enter(asked_for_code(protected), code(secret)).status_code == 302


def test_an_older_code_is_not_accepted_after_a_newer_one(protected, secret):
    with time_machine.travel(NOON, tick=False):
        assert enter(asked_for_code(protected), code(secret)).status_code == 302
        assert enter(asked_for_code(protected), code(secret, steps=-1)).status_code == 200


def test_signing_in_with_a_code_outlives_redis(protected, secret, settings):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    assert enter(asked_for_code(protected), code(secret)).url == "/exams/"


def test_the_code_that_turned_it_on_is_used(client, db):
    user = UserFactory()
    client.force_login(user)
    with time_machine.travel(NOON, tick=False):
        asked = client.get("/account/2fa/totp/activate/")
        client.post(asked.url, {"password": PASSWORD})
        (secret,) = re.findall(r'class="key">(\w+)<', client.get("/account/2fa/totp/activate/").content.decode())
        client.post("/account/2fa/totp/activate/", {"code": code(secret)})
        assert enter(asked_for_code(user), code(secret)).status_code == 200
        assert enter(asked_for_code(user), code(secret, steps=1)).status_code == 302


def test_a_recovery_code_works_once(protected):
    spare = RecoveryCodes.activate(protected).get_unused_codes()[0]
    assert enter(asked_for_code(protected), spare).url == "/exams/"
    assert enter(asked_for_code(protected), spare).status_code == 200


def test_recovery_codes_can_be_downloaded(client, protected):
    RecoveryCodes.activate(protected)
    client.force_login(protected)
    asked = client.get("/account/2fa/recovery-codes/download/")
    client.post(asked.url, {"password": PASSWORD})
    response = client.get("/account/2fa/recovery-codes/download/")
    assert response["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert len(re.findall(r"^\d{8}$", response.content.decode(), re.MULTILINE)) == 10


def test_turning_it_off(client, protected, mailoutbox):
    client.force_login(protected)
    asked = client.get("/account/2fa/totp/deactivate/")
    client.post(asked.url, {"password": PASSWORD})
    client.post("/account/2fa/totp/deactivate/")
    assert not Authenticator.objects.exists()
    assert mailoutbox[0].subject == "Two-factor authentication is off"


def test_limit_on_codes(protected, secret):
    client = asked_for_code(protected)
    assert [enter(client, "000000").status_code for _ in range(6)] == [200] * 5 + [429]
    assert enter(client, code(secret)).status_code == 429
    elsewhere = asked_for_code(protected)
    answer = elsewhere.post("/account/2fa/authenticate/", {"code": code(secret)}, REMOTE_ADDR="192.0.2.9")
    assert answer.status_code == 302


def test_limit_on_codes_when_asked_again(client, protected):
    client.force_login(protected)
    tries = [client.post("/account/2fa/reauthenticate/", {"code": "000000"}).status_code for _ in range(6)]
    assert tries == [200] * 5 + [429]
