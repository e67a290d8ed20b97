from __future__ import annotations

import io
import json
import re

import pytest
from django.core.management import CommandError, call_command
from django.urls import resolve

from accounts.models import User
from tests.accounts.factories import PASSWORD, UserFactory


def run(*arguments):
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def stdin(monkeypatch):
    def give(text):
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    return give


def test_first_superuser_signs_in_with_the_password_from_stdin(client, db, stdin):
    stdin(f"{PASSWORD}\n")
    said = run("create_staff", "Root@Example.com", "--superuser", "--password-stdin", "--name", "Root")
    assert said == "root@example.com is now superuser (new account).\n"
    response = client.post("/account/login/", {"login": "root@example.com", "password": PASSWORD, "next": "/admin/"})
    assert response.url == "/admin/"


def test_without_password_a_link_sets_it_once(client, db, settings):
    said = run("create_staff", "staff@example.com", "--url", "https://exams.school.example")
    (link,) = re.findall(r"https://exams\.school\.example(/\S+)", said)
    form = client.get(link).url
    client.post(form, {"password1": PASSWORD, "password2": PASSWORD})
    assert User.objects.get(email="staff@example.com").check_password(PASSWORD)
    client.session.flush()
    assert b"does not work any more" in client.get(link).content


def test_json_and_the_quickstarts_address(db):
    facts = json.loads(run("create_staff", "staff@example.com", "--json"))
    link = facts.pop("password_link")
    assert facts == {"email": "staff@example.com", "created": True, "superuser": False}
    assert link.startswith("http://127.0.0.1:8000/")
    assert resolve(link.removeprefix("http://127.0.0.1:8000")).url_name == "account_reset_password_from_key"


def test_production_links_name_the_public_host(db, settings):
    settings.QUICKSTART = False
    settings.CSRF_TRUSTED_ORIGINS = ["https://exams.example"]
    assert "https://exams.example/account/" in run("create_staff", "staff@example.com")


def test_an_existing_person_is_let_in_and_keeps_the_password(db):
    user = UserFactory()
    assert "(account was there)" in run("create_staff", user.email)
    user.refresh_from_db()
    assert (user.is_staff, user.is_superuser, user.check_password(PASSWORD)) == (True, False, True)


@pytest.mark.parametrize(
    ("email", "options", "password", "message"),
    [
        ("nonsense", [], "", "nonsense is not an e-mail address."),
        ("new@example.com", ["--password-stdin"], "short", "too short"),
        ("there@example.com", ["--password-stdin"], PASSWORD, "already has an account"),
        ("unverified@example.com", ["--superuser"], "", "never verified"),
    ],
)
def test_bad_input_changes_nothing(db, stdin, email, options, password, message):
    UserFactory(email="there@example.com")
    UserFactory(email="unverified@example.com", verified=False)
    stdin(password)
    with pytest.raises(CommandError, match=message) as error:
        run("create_staff", email, *options)
    assert "\n" not in str(error.value)
    assert User.objects.count() == 2
    assert not User.objects.filter(is_staff=True).exists()


def test_grant_and_revoke_a_role(db):
    user = UserFactory()
    assert run("grant_role", user.email.upper(), "author") == f"{user.email} is now author.\n"
    assert run("grant_role", user.email, "author") == f"{user.email}: nothing to change.\n"
    facts = json.loads(run("grant_role", user.email, "author", "--revoke", "--json"))
    assert facts == {"email": user.email, "role": "author", "granted": False, "changed": True}
    assert not user.groups.exists()


@pytest.mark.parametrize(
    ("email", "role", "message"),
    [
        ("nobody@example.com", "author", "Nobody has the address nobody@example.com."),
        ("there@example.com", "king", "king is not a role; the roles are author, instructor."),
    ],
)
def test_unknown_people_and_roles(db, email, role, message):
    UserFactory(email="there@example.com")
    with pytest.raises(CommandError, match=re.escape(message)):
        run("grant_role", email, role)


@pytest.mark.parametrize("command", ["create_staff", "grant_role"])
def test_help(command, capsys):
    with pytest.raises(SystemExit, match="0"):
        run(command, "--help")
    assert "email" in capsys.readouterr().out
