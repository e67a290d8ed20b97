"""Signing up, in and out, and what is forgotten: allauth with our forms, adapter and limits."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import User
from tests.accounts.factories import PASSWORD, UserFactory

NEWCOMER = {
    "display_name": "Anna",
    "email": "Anna@Example.com",
    "password1": PASSWORD,
    "time_zone": "Europe/Lisbon",
}


def link_in(mail):
    (path,) = re.findall(r"http://testserver(/\S+)", mail.body)
    return path


def sign_in(client, email, password=PASSWORD, **extra):
    return client.post("/account/login/", {"login": email, "password": password}, **extra)


def signed_in(client):
    return "_auth_user_id" in client.session


# ---- signing up --------------------------------------------------------------------------------------------


def test_sign_up_verification_and_sign_in(client, db, mailoutbox):
    assert client.post("/account/signup/", NEWCOMER).url == "/account/confirm-email/"
    assert not signed_in(client)
    user = User.objects.get(email="anna@example.com")
    assert (user.display_name, user.time_zone) == ("Anna", "Europe/Lisbon")

    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == (["anna@example.com"], "Confirm your address for Cutscore")
    assert client.get(link_in(mail)).status_code == 200
    assert not signed_in(client), "a mail scanner that opens the link confirms nothing"
    client.post(link_in(mail))
    assert signed_in(client)

    elsewhere = Client()
    assert sign_in(elsewhere, "ANNA@example.com").url == "/exams/"


def test_the_link_signs_in_nobody_elsewhere(client, db, mailoutbox):
    client.post("/account/signup/", NEWCOMER)
    elsewhere = Client()
    elsewhere.post(link_in(mailoutbox[0]))
    assert EmailAddress.objects.get().verified
    assert not signed_in(elsewhere)


def test_signing_in_before_verification_sends_the_link_again(client, db, mailoutbox):
    user = UserFactory(verified=False)
    assert sign_in(client, user.email).url == "/account/confirm-email/"
    assert not signed_in(client)
    assert "confirm-email" in mailoutbox[0].body


@pytest.mark.parametrize("zone", ["", "Mars/Olympus"])
def test_sign_up_without_the_script_starts_in_utc(client, db, zone):
    client.post("/account/signup/", NEWCOMER | {"time_zone": zone})
    assert User.objects.get().time_zone == "UTC"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("display_name", "", "This field is required."),
        ("email", "nonsense", "valid email address"),
        ("password1", "short", "too short"),
        ("password1", "anna@example", "too similar"),
    ],
)
def test_sign_up_says_what_is_wrong(client, db, field, value, message):
    response = client.post("/account/signup/", NEWCOMER | {field: value})
    assert message in response.content.decode()
    assert not User.objects.exists()


def test_the_password_must_not_be_like_the_name(client, db):
    response = client.post("/account/signup/", NEWCOMER | {"display_name": "Zacharias", "password1": "zacharias1"})
    assert "too similar" in response.content.decode()


def test_sign_up_does_not_tell_that_an_address_is_known(client, db, mailoutbox):
    known = UserFactory()
    answers = [
        client.post("/account/signup/", NEWCOMER | {"email": email}) for email in (known.email, "new@example.com")
    ]
    assert {(answer.status_code, answer.url) for answer in answers} == {(302, "/account/confirm-email/")}
    assert [mail.subject for mail in mailoutbox] == [
        "You already have an account with Cutscore", "Confirm your address for Cutscore",
    ]  # fmt: skip


def test_two_sign_ups_at_once_make_one_account(client, db, monkeypatch):
    known = UserFactory()
    # As if the address had been free when the form looked.
    monkeypatch.setattr("allauth.account.internal.flows.manage_email.assess_unique_email", lambda *a, **k: True)
    response = client.post("/account/signup/", NEWCOMER | {"email": known.email})
    assert response.url == "/account/confirm-email/"
    assert User.objects.count() == 1


# ---- signing in and out ------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False])
def test_a_wrong_password_does_not_tell_that_an_address_is_known(client, db, known):
    email = UserFactory().email if known else "nobody@example.com"
    response = sign_in(client, email, "wrong")
    assert "The e-mail address or the password is not right." in response.content.decode()


def test_passwords_that_are_refused_and_accepted_leave_a_line_without_what_was_typed(client, db, caplog):
    person = UserFactory()
    with caplog.at_level("INFO", logger="accounts"):
        sign_in(client, person.email, "wrong-secret")
        sign_in(client, person.email)
    said = [(record.levelname, record.getMessage()) for record in caplog.records if record.name.startswith("accounts")]
    assert said == [
        ("WARNING", "A password was refused, from 127.0.0.1"),
        ("INFO", f"The password of person {person.pk} was accepted, from 127.0.0.1"),
        ("INFO", f"Person {person.pk} signed in, from 127.0.0.1"),
    ]


def test_signing_in_goes_on_where_one_wanted_to_be(client, db):
    response = client.post(
        "/account/login/", {"login": UserFactory().email, "password": PASSWORD, "next": "/progress/"}
    )
    assert response.url == "/progress/"


@pytest.mark.parametrize("target", ["http://[", "http://[::1", "//[x", "http://]", "\0", "http://a:b/"])
@pytest.mark.parametrize("page", ["/account/login/", "/account/logout/", "/account/signup/"])
def test_after_signing_in_nobody_is_sent_to_what_is_no_address(client, db, page, target):
    assert client.get(page, {"next": target}).status_code in (200, 302)
    client.force_login(UserFactory())
    reply = client.post("/account/logout/", {"next": target})
    assert (reply.status_code, reply.url) == (302, "/")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/"])
def test_signing_in_never_leads_off_site(client, db, target):
    response = client.post("/account/login/", {"login": UserFactory().email, "password": PASSWORD, "next": target})
    assert response.url == "/exams/"


def test_the_session_outlives_an_exam(client, db):
    sign_in(client, UserFactory().email)
    assert client.session.get_expiry_age() == 14 * 24 * 3600


def test_who_is_switched_off_stays_out(client, db):
    assert sign_in(client, UserFactory(is_active=False).email).url == "/account/inactive/"
    assert not signed_in(client)


def test_signing_out_needs_a_post(client, db):
    client.force_login(UserFactory())
    client.get("/account/logout/")
    assert signed_in(client)
    client.post("/account/logout/")
    assert not signed_in(client)


def test_the_quickstart_names_its_demo_accounts(client, db, settings):
    assert b"instructor@example.com" in client.get("/account/login/").content
    settings.QUICKSTART = False
    assert b"instructor@example.com" not in client.get("/account/login/").content


# ---- resetting and changing --------------------------------------------------------------------------------


def test_password_reset(client, db, mailoutbox):
    user = UserFactory()
    client.post("/account/password/reset/", {"email": user.email})
    link = link_in(mailoutbox[0])
    form = client.get(link).url
    client.post(form, {"password1": "another good one", "password2": "another good one"})
    assert mailoutbox[1].subject == "Your password was reset"
    assert sign_in(client, user.email, "another good one").url == "/exams/"
    assert b"does not work any more" in Client().get(link).content


def test_reset_does_not_tell_that_an_address_is_known(client, db, mailoutbox):
    known = UserFactory().email
    answers = [client.post("/account/password/reset/", {"email": email}) for email in (known, "nobody@example.com")]
    assert {answer.url for answer in answers} == {"/account/password/reset/done/"}
    assert [mail.to for mail in mailoutbox] == [[known], ["nobody@example.com"]]


def test_change_of_password_signs_out_other_browsers(client, db, mailoutbox):
    user, elsewhere = UserFactory(), Client()
    for browser in (client, elsewhere):
        browser.force_login(user)
    new = {"oldpassword": PASSWORD, "password1": "another good one", "password2": "another good one"}
    assert client.post("/account/password/change/", new).url == "/account/"
    assert client.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302
    assert mailoutbox[0].subject == "Your password was changed"


def test_change_of_address(client, db, mailoutbox):
    user = UserFactory(email="old@example.com")
    client.force_login(user)
    change = {"action_add": "", "email": "New@example.com"}
    asked = client.post("/account/email/", change)
    assert asked.url.startswith("/account/reauthenticate/"), "a forgotten session is not enough"
    client.post(asked.url, {"password": PASSWORD})

    user.refresh_from_db()
    assert user.email == "old@example.com"
    assert b"Change not confirmed yet" in client.get("/account/email/").content
    assert mailoutbox[0].to == ["new@example.com"]
    assert client.post(link_in(mailoutbox[0])).url == "/account/"

    user.refresh_from_db()
    assert user.email == "new@example.com"
    assert EmailAddress.objects.get(user=user).email == "new@example.com"
    assert (mailoutbox[1].to, mailoutbox[1].subject) == (["old@example.com"], "Your address was changed")


def test_a_change_of_address_can_be_called_off(client, db):
    user = UserFactory()
    EmailAddress.objects.create(user=user, email="new@example.com")
    client.force_login(user)
    asked = client.post("/account/email/", {"action_remove": "", "email": "new@example.com"})
    client.post(asked.url, {"password": PASSWORD})
    assert EmailAddress.objects.get(user=user).email == user.email


# ---- limits ------------------------------------------------------------------------------------------------


def statuses(act, count=6):
    return [act().status_code for _ in range(count)]


def test_limit_on_passwords(client, db):
    user = UserFactory()
    assert statuses(lambda: sign_in(client, user.email, "wrong")) == [200] * 5 + [429]
    assert sign_in(client, user.email).status_code == 429, "the right one does not help any more"
    assert sign_in(client, user.email, REMOTE_ADDR="192.0.2.9").status_code == 302
    assert sign_in(client, UserFactory().email).status_code == 302


def test_right_passwords_are_not_counted(db):
    user = UserFactory()
    assert statuses(lambda: sign_in(Client(), user.email)) == [302] * 6


def test_limit_follows_the_client_behind_our_proxy(client, db, settings):
    settings.TRUSTED_PROXIES = 1
    user = UserFactory()
    for _ in range(6):
        sign_in(client, user.email, "wrong", headers={"x-forwarded-for": "spoofed, 198.51.100.7"})
    blocked = sign_in(client, user.email, headers={"x-forwarded-for": "198.51.100.7"})
    free = sign_in(client, user.email, headers={"x-forwarded-for": "198.51.100.8"})
    assert (blocked.status_code, free.status_code) == (429, 302)


def test_ceiling_for_one_address(client, db, settings):
    settings.RATE_LIMIT_ADDRESS = "3/5m"
    tries = iter(range(9))
    assert statuses(lambda: sign_in(client, f"{next(tries)}@example.com", "wrong"), 4) == [200] * 3 + [429]


@pytest.mark.parametrize("known", [True, False])
def test_limit_on_sign_ups(client, db, known):
    email = UserFactory().email if known else "new@example.com"
    assert statuses(lambda: client.post("/account/signup/", NEWCOMER | {"email": email})) == [302] * 5 + [429]


@pytest.mark.parametrize("known", [True, False])
def test_limit_on_resets(client, db, known, mailoutbox):
    email = UserFactory().email if known else "nobody@example.com"
    assert statuses(lambda: client.post("/account/password/reset/", {"email": email})) == [302] * 5 + [429]
    assert len(mailoutbox) == 5


def test_limit_on_verification_mails(client, db, mailoutbox):
    user = UserFactory(verified=False)
    client.force_login(user)
    again = {"action_send": "", "email": user.email}
    assert statuses(lambda: client.post("/account/email/", again)) == [302] * 5 + [429]
    assert len(mailoutbox) == 5
    assert sign_in(Client(), user.email).status_code == 429


def test_limit_on_asking_for_the_password_again(client, db):
    client.force_login(UserFactory())
    assert statuses(lambda: client.post("/account/reauthenticate/", {"password": "wrong"})) == [200] * 5 + [429]


def test_limit_on_the_present_password(client, db):
    client.force_login(UserFactory())
    assert statuses(lambda: client.post("/account/password/change/", {"oldpassword": "wrong"})) == [200] * 5 + [429]
