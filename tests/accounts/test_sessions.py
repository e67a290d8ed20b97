"""Where somebody is signed in, signing out elsewhere, and the mail about a browser that was not used before."""

from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from accounts.address import area
from accounts.devices import described
from tests.accounts.factories import PASSWORD, UserFactory

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
LIST = "/account/sessions/"


def sign_in(client, user, **extra):
    extra = {"REMOTE_ADDR": "198.51.100.77", **extra}
    return client.post("/account/login/", {"login": user.email, "password": PASSWORD}, **extra)


def signed_in(client):
    return client.get("/account/").status_code == 200


@pytest.fixture
def person(db):
    user = UserFactory()
    sign_in(Client(), user)  # not the first time
    UserSession.objects.all().delete()
    return user


@pytest.fixture
def pair(person):
    """Signed in at a desk and on a phone."""
    desk, phone = Client(HTTP_USER_AGENT=FIREFOX), Client(HTTP_USER_AGENT=PHONE)
    sign_in(desk, person)
    sign_in(phone, person)
    return desk, phone


def test_the_list_tells_them_apart(pair):
    desk, _ = pair
    html = desk.get(LIST).content.decode()
    assert ("Firefox on Linux" in html, "Safari on iPhone" in html, html.count("This one")) == (True, True, 1)
    assert "198.51.100.0" in html
    assert "198.51.100.77" not in html


def test_signing_out_elsewhere_leaves_this_one(pair):
    desk, phone = pair
    assert (signed_in(desk), signed_in(phone)) == (True, True)
    answer = desk.post(LIST, follow=True).content.decode()
    assert "You are signed out everywhere else." in answer
    assert "You are signed in nowhere else." in answer
    assert (signed_in(desk), signed_in(phone)) == (True, False)


def test_nobody_sees_or_ends_those_of_others(pair):
    desk, phone = pair
    stranger = Client()
    sign_in(stranger, UserFactory())
    assert "Safari on iPhone" not in stranger.get(LIST).content.decode()
    stranger.post(LIST)
    assert (signed_in(desk), signed_in(phone)) == (True, True)
    assert Client().get(LIST)["Location"].startswith("/account/login/")


def test_a_new_password_ends_the_others(pair):
    desk, phone = pair
    new = {"password1": "another good long one", "password2": "another good long one"}
    assert desk.post("/account/password/change/", {"oldpassword": PASSWORD, **new}).status_code == 302
    assert (signed_in(desk), signed_in(phone)) == (True, False)
    assert "You are signed in nowhere else." in desk.get(LIST).content.decode()


def test_being_signed_in_costs_no_statement(pair, django_assert_num_queries):
    """The list is kept when somebody signs in and never again, so that saving an answer stays as cheap as it is."""
    desk, _ = pair
    before = UserSession.objects.values_list("last_seen_at", flat=True)[0]
    desk.get("/account/")
    assert UserSession.objects.values_list("last_seen_at", flat=True)[0] == before


def test_only_the_area_of_an_address_is_kept(person):
    sign_in(Client(), person, REMOTE_ADDR="2001:db8:1234:5678::9")
    sign_in(Client(), person, REMOTE_ADDR="nonsense")
    assert set(UserSession.objects.values_list("ip", flat=True)) == {"2001:db8:1234::", "0.0.0.0"}
    assert (area("203.0.113.255"), area("unknown")) == ("203.0.113.0", "0.0.0.0")


# ---- a browser that was not used before ---------------------------------------------------------------------------


def test_a_new_browser_is_told_once(person, mailoutbox):
    client = Client(HTTP_USER_AGENT=FIREFOX)
    sign_in(client, person)
    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == ([person.email], "A new sign-in to your account")
    assert f"From: 198.51.100.77, {FIREFOX}" in mail.body
    client.post("/account/logout/")
    sign_in(client, person)
    assert len(mailoutbox) == 1


def test_another_persons_mark_does_not_count(person, mailoutbox):
    client, other = Client(), UserFactory()
    sign_in(client, person)
    client.post("/account/logout/")
    sign_in(client, other)  # for the first time: there is nothing to compare with
    assert len(mailoutbox) == 1
    mark = next(name for name in client.cookies if name.startswith("known-"))
    assert client.cookies[mark]["httponly"]
    forged = Client()
    forged.cookies[f"known-{other.browser_mark}"] = other.browser_mark
    sign_in(forged, other)
    assert [mail.to for mail in mailoutbox] == [[person.email], [other.email]]


def test_signing_in_does_not_wait_for_the_mail_server(person, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    client = Client()
    assert sign_in(client, person).status_code == 302
    assert signed_in(client)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("curl/8.5.0", "A browser"),
        ("", "A browser"),
    ],
)
def test_browsers_in_words(text, words):
    assert described(text) == words
