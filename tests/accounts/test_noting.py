"""What leaves a line: who signs in and out, changes what opens an account, gets rights or is turned away."""

from __future__ import annotations

import logging

import pytest
from allauth.mfa.models import Authenticator

from accounts import services
from accounts.roles import Role
from tests.accounts.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO)
    return lambda: [record.getMessage() for record in caplog.records if record.name.startswith("accounts")]


def test_signing_in_and_out_and_changing_the_password(client, lines):
    person = services.create_account(email="anna@example.org", password=PASSWORD)
    client.post("/account/login/", {"login": person.email, "password": PASSWORD})
    new = {"oldpassword": PASSWORD, "password1": "another good one", "password2": "another good one"}
    client.post("/account/password/change/", new)
    client.post("/account/logout/")
    said = lines()
    for what in ("signed in", "changed the password", "signed out"):
        assert f"Person {person.pk} {what}, from 127.0.0.1" in said
    assert "anna" not in " ".join(said)


def test_rights_leave_a_line(lines):
    person = UserFactory()
    services.grant_role(user=person, role=Role.AUTHOR)
    services.revoke_role(user=person, role=Role.AUTHOR)
    services.revoke_role(user=person, role=Role.AUTHOR)
    assert lines() == [f"Person {person.pk} is now author", f"Person {person.pk} is no longer author"]


def test_who_is_turned_away_leaves_a_line(client, lines):
    person = UserFactory()
    client.force_login(person)
    assert client.get("/bank/").status_code == 404
    assert f"Person {person.pk} is no author and was turned away" in lines()


def test_changes_in_the_admin_name_both_and_what(admin_client, admin_user, lines):
    person = services.create_account(email="anna@example.org", password=PASSWORD)
    form = {"email": person.email, "display_name": "Anna", "time_zone": "UTC", "is_active": "on", "is_staff": "on",
            "accommodation-TOTAL_FORMS": "0", "accommodation-INITIAL_FORMS": "0"}  # fmt: skip
    admin_client.post(f"/admin/accounts/user/{person.pk}/change/", form)
    assert f"Person {admin_user.pk} changed display_name, is_staff of person {person.pk}" in lines()


# ---- staff and their second factor -----------------------------------------------------------------------------


@pytest.mark.parametrize("room", ["/bank/", "/cohorts/", "/admin/"])
def test_staff_get_a_second_factor_before_their_rooms_open(client, settings, room):
    settings.REQUIRE_STAFF_TWO_FACTOR = True
    person = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(person)
    assert client.get(room).url == "/account/2fa/totp/activate/"
    assert client.post(room).url == "/account/2fa/totp/activate/"
    assert client.get("/exams/").status_code == 200
    Authenticator.objects.create(user=person, type="totp", data={"secret": "x"})
    assert client.get(room).status_code == 200


def test_candidates_and_strangers_learn_nothing_of_it(client, settings):
    settings.REQUIRE_STAFF_TWO_FACTOR = True
    assert client.get("/bank/").url.startswith("/account/login/")
    client.force_login(UserFactory())
    assert client.get("/bank/").status_code == 404
    settings.REQUIRE_STAFF_TWO_FACTOR = False
    client.force_login(UserFactory(is_superuser=True))
    assert client.get("/bank/").status_code == 200


# ---- passwords -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("password", ["Cutscore2026!", "mock-exam-2026", "P@ssw0rd123", "awsmlac01!!!", "instructor99"])
def test_words_of_this_place_make_no_password(client, password):
    answer = client.post("/account/signup/", {"display_name": "N", "email": "n@example.org", "password1": password})
    assert "everybody here would try first" in answer.content.decode()


@pytest.mark.parametrize(
    "password", ["1234567890", "Sunshine2024!", "sunshinesunshine", "**iloveyou**", "99-dragon-99", "monkeymonkey1"]
)
def test_nor_do_the_most_common_with_something_added(client, password):
    answer = client.post("/account/signup/", {"display_name": "N", "email": "n@example.org", "password1": password})
    assert "a password that many people have" in answer.content.decode()


@pytest.mark.parametrize(
    "password",
    ["x" * 60 + " y z 1", "dolphins practice at noon", "漢字のパスワードは長い", "1q8#zz!Kw0", "sunshine over seas"],
)
def test_any_other_is_taken_as_it_is(client, password):
    person = services.create_account(email="anna@example.org", password=PASSWORD)
    client.force_login(person)
    new = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    client.post("/account/password/change/", new)
    person.refresh_from_db()
    assert person.check_password(password)
    assert not person.check_password(password.lower() if password != password.lower() else password[:-1])
