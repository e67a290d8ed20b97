"""What allauth stores of second factors is sealed with SECRET_KEY, which may be exchanged."""

from __future__ import annotations

import json
import logging
from http.cookies import SimpleCookie

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from accounts import two_factor
from accounts.models import User
from accounts.seal import UnsealError, is_current, seal, unseal
from accounts.tasks import tidy
from config import doctor
from tests.accounts.factories import PASSWORD, UserFactory
from tests.accounts.test_two_factor import asked_for_code, code, enter

OLD, NEW = "an-older-key-" * 5, "the-newer-key-" * 5


@pytest.fixture(autouse=True)
def old_key(settings):
    settings.SECRET_KEY = OLD


@pytest.fixture
def exchanged(settings):
    """Makes the key another one; `kept` says whether the old one is still known."""

    def exchange(*, kept):
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD] if kept else []

    return exchange


def of_person(secret):
    user = UserFactory()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return user


def stored():
    return json.dumps(list(Authenticator.objects.order_by("pk").values_list("data", flat=True)))


def finding():
    (found,) = [one for one in doctor.examine() if one.what == "second factors"]
    return found.state, found.says


def test_a_seal_opens_and_says_nothing():
    sealed = seal("a secret")
    assert unseal(sealed) == "a secret"
    assert "a secret" not in sealed
    assert seal("a secret") != sealed


@pytest.mark.parametrize("place", [10, 40, -2])
def test_a_seal_that_was_touched_does_not_open(place):
    sealed = seal("a secret")
    other = "A" if sealed[place] != "A" else "B"
    with pytest.raises(UnsealError):
        unseal(sealed[:place] + other + (sealed[place:][1:]))


def test_the_older_key_opens_until_it_is_taken_away(exchanged):
    sealed = seal("a secret")
    exchanged(kept=True)
    assert (unseal(sealed), is_current(sealed)) == ("a secret", False)
    exchanged(kept=False)
    with pytest.raises(UnsealError, match="do not open"):
        unseal(sealed)


def test_nothing_that_opens_an_account_lies_in_the_clear(db):
    secret = generate_totp_secret()
    user = of_person(secret)
    codes = RecoveryCodes.activate(user).get_unused_codes()
    assert len(codes) == 10
    assert [word for word in (secret, *codes) if word in stored()] == []
    assert stored().count('"gAAAA') == 2


@pytest.mark.django_db
def test_exchanging_the_key(exchanged):
    secret = generate_totp_secret()
    user = of_person(secret)
    codes = RecoveryCodes.activate(user).get_unused_codes()
    assert finding()[1] == "SECRET_KEY opens all of them; none needs an older one."
    exchanged(kept=True)
    assert finding() == (doctor.State.FINE, "2 authenticators need an older key until the night's work is done.")
    assert (tidy()["second factors sealed anew"], tidy()["second factors sealed anew"]) == (2, 0)
    exchanged(kept=False)
    assert finding()[1] == "SECRET_KEY opens all of them; none needs an older one."
    assert enter(asked_for_code(user), code(secret)).status_code == 302
    assert RecoveryCodes.activate(user).get_unused_codes() == codes


@pytest.mark.django_db
def test_exchanging_the_key_is_noticed_by_nobody_who_is_signed_in(exchanged):
    user = UserFactory()
    page, mark = Client(), user.browser_mark
    page.post("/account/login/", {"login": user.email, "password": PASSWORD})
    other = Client()  # another request of the same page, begun before the first was answered
    other.cookies = SimpleCookie(page.cookies.output(header="", sep=";"))
    exchanged(kept=True)
    assert [browser.get("/account/").status_code for browser in (page, other, page)] == [200, 200, 200]
    assert User.objects.get(pk=user.pk).browser_mark == mark  # what the browser keeps of a sitting is found again
    exchanged(kept=False)
    assert page.get("/account/").status_code == 302


@pytest.mark.django_db
def test_what_was_stored_before_there_were_seals_is_read_and_sealed():
    user, secret = UserFactory(), generate_totp_secret()
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": secret})
    Authenticator.objects.create(
        user=user, type=Authenticator.Type.RECOVERY_CODES, data={"seed": "ab" * 40, "used_mask": 1}
    )
    codes = RecoveryCodes.activate(user).get_unused_codes()
    assert len(codes) == 9
    assert enter(asked_for_code(user), code(secret)).status_code == 302
    assert two_factor.reseal() == 2
    assert secret not in stored()
    assert RecoveryCodes.activate(user).get_unused_codes() == codes
    assert enter(asked_for_code(user), code(secret)).status_code == 200  # still used


@pytest.mark.django_db
def test_a_lost_key_refuses_and_is_named(exchanged, caplog):
    secret = generate_totp_secret()
    user = of_person(secret)
    exchanged(kept=False)
    before = stored()
    with caplog.at_level(logging.ERROR, "accounts.two_factor"):
        answer = enter(asked_for_code(user), code(secret))
    assert answer.status_code == 200
    assert "This code is not right" in answer.content.decode()
    assert f"The second factor of person {user.pk} cannot be read." in caplog.text
    state, says = finding()
    assert (state, says[:30]) == (doctor.State.WARNING, "2 authenticators were sealed w")
    assert two_factor.reseal() == 0
    assert stored() == before
