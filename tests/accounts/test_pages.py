"""Every page of this room keeps to the content security policy and is ours, not allauth's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import allauth
import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.template.loader import get_template

from tests.accounts.factories import PASSWORD, UserFactory

STRANGERS = [
    "/account/login/",
    "/account/signup/",
    "/account/inactive/",
    "/account/confirm-email/",
    "/account/confirm-email/nonsense/",
    "/account/password/reset/",
    "/account/password/reset/done/",
    "/account/password/reset/key/1-nonsense/",
    "/account/password/reset/key/done/",
]
PEOPLE = [
    "/account/",
    "/account/delete/",
    "/account/export/",
    "/account/sessions/",
    "/account/email/",
    "/account/logout/",
    "/account/password/change/",
    "/account/reauthenticate/",
    "/account/2fa/",
    "/account/2fa/totp/activate/",
]
PROTECTED = [
    "/account/2fa/",
    "/account/2fa/reauthenticate/",
    "/account/2fa/totp/deactivate/",
    "/account/2fa/recovery-codes/",
    "/account/2fa/recovery-codes/generate/",
]
INLINE = re.compile(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", re.IGNORECASE)
# Reachable only with settings that we do not have: codes by mail, phones, passkeys, several addresses, trust.
UNREACHABLE = re.compile(r"phone|code\.html|passkey|webauthn|account/email\.html|trust|snippets")


def look(response):
    html = response.content.decode()
    assert response.status_code == 200
    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    assert not INLINE.search(html), INLINE.search(html)
    assert 'class="app-header"' in html
    assert len(re.findall("<h1", html)) == 1
    assert re.search(r"<title>[^<]+ · Cutscore</title>", html)
    return html


def sign_in(client, user):
    """Signed in a moment ago, and asked for the password again."""
    client.force_login(user)
    client.post("/account/reauthenticate/", {"password": PASSWORD})


@pytest.mark.parametrize("path", STRANGERS)
def test_pages_for_strangers(client, db, path):
    look(client.get(path))


@pytest.mark.parametrize("path", PEOPLE)
def test_pages_for_people(client, db, path):
    sign_in(client, UserFactory())
    assert 'aria-current="page"' in look(client.get(path)) or "logout" in path or "reauth" in path


@pytest.mark.parametrize("path", PROTECTED)
def test_pages_with_two_factor(client, db, path):
    user = UserFactory()
    TOTP.activate(user, "SECRET")
    RecoveryCodes.activate(user)
    sign_in(client, user)
    look(client.get(path))


def test_page_that_confirms_an_address(client, db):
    user = UserFactory(verified=False)
    address = EmailAddress.objects.get(user=user)
    look(client.get(f"/account/confirm-email/{EmailConfirmationHMAC.create(address).key}/"))


def test_page_for_a_person_without_password(client, db):
    user = UserFactory()
    user.set_unusable_password()
    user.save()
    client.force_login(user)
    look(client.get("/account/password/set/"))


def test_page_with_errors_ties_them_to_their_fields(client, db):
    html = look(client.post("/account/signup/", {"email": "nonsense"}))
    assert html.count('aria-invalid="true"') == 3
    for described in re.findall(r'aria-describedby="([^"]+)"', html):
        assert all(f'id="{name}"' in html for name in described.split())


def allauths():
    """Every page, mail and message that allauth brings for what we use of it."""
    templates = Path(allauth.__file__).parent / "templates"
    found = [
        path
        for room in ("account", "mfa", "usersessions", "allauth/layouts")
        for path in (templates / room).rglob("*.*")
    ]
    names = [str(path.relative_to(templates)) for path in found]
    return sorted(name for name in names if not UNREACHABLE.search(name) and "login_code" not in name)


@pytest.mark.parametrize("name", [name for name in allauths() if "_code_" not in name])
def test_nothing_of_allauths_own_look_is_left(name):
    template: Any = get_template(name)
    assert Path(template.origin.name).is_relative_to(settings.BASE_DIR / "templates")
