"""No address sends anybody to another site, whatever its query or form says."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import quote, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from tests.accounts.factories import PASSWORD, UserFactory
from tests.attack.addresses import every_address
from tests.attack.matrix import ROLES, matrix
from tests.attack.walk import Walker, undone

HOSTILE = (
    "//evil.example", "///evil.example", "////evil.example", "https://evil.example", "http://evil.example/exams/",
    "https:evil.example", "https:///evil.example", "\\\\evil.example", "/\\evil.example", "\\/evil.example",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>", "%2F%2Fevil.example",
    "%5C%5Cevil.example", "/%09/evil.example", "\t//evil.example", " //evil.example", "/\t/evil.example",
    "//evil.example\\@testserver", "http://testserver@evil.example", "http://testserver.evil.example",
    "//testserver%2eevil.example", "https://evil.example#testserver", "https://evil.example?testserver",
    "\x00//evil.example", "//evil%E3%80%82example",
)  # fmt: skip
# Every name under which any framework has ever looked for an address to go back to.
NAMES = (
    "next", "redirect", "redirect_to", "redirect_url", "return", "return_to", "returnTo", "url", "back", "to", "goto",
    "continue", "destination", "ref", "from", "page", "query", "show", "code", "r", "u",
)  # fmt: skip

NEW = "another horse, another battery"


class Links(HTMLParser):
    """Where a page leads: addresses of links, forms, buttons and whatever it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("href", "src", "action", "formaction") and value]
        self.found += [value for name, value in attrs if name.startswith("hx-") and value and "evil" in value]


def leads_away(location: str) -> bool:
    """As browsers read it: backslashes are slashes, tabs and line breaks are nothing, spaces around it neither."""
    plain = "".join(one for one in location if one not in "\t\r\n").strip(" \x00").replace("\\", "/")
    parts = urlsplit(plain)
    return (parts.scheme.lower() or "http") not in ("http", "https") or parts.netloc not in ("", "testserver")


def hostile_link(link: str) -> bool:
    return leads_away(link) and ("evil" in link or link.strip().lower().startswith(("javascript:", "data:text")))


def test_what_leads_away_is_known():
    assert sum(leads_away(value) for value in HOSTILE) >= 18
    assert not any(map(leads_away, ["/exams/", "?page=2", "http://testserver/", "/join/%5C%5Cevil.example/"]))


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_address_listens_to_where_to_go(world, method):
    """Every parameter at once, at every address, as the first who comes as far as the page."""
    wrong, asked = {}, 0
    for role in ROLES:
        walker = Walker(world.people.get(role))
        for number, one in enumerate(every_address()):
            row, place = matrix()[one.name], ("GET", "POST").index(method)
            first = next((who for who in ROLES if row[who][place] in "+rse"), None)
            if role not in (first, "anonymous"):
                continue
            value = HOSTILE[number % len(HOSTILE)]
            fields = dict.fromkeys(NAMES, value)
            query = "&".join(f"{name}={quote(given)}" for name, given in fields.items())
            body = world.bodies.get(one.name)
            with undone():
                reply = walker.send(
                    method, f"{one.url(world)}?{query}", body if isinstance(body, str) else fields | (body or {})
                )
                content = b"".join(reply) if reply.streaming else reply.content
            asked += 1
            html = reply.get("Content-Type", "").startswith("text/html")
            led = [link for link in (Links(content.decode()).found if html else []) if hostile_link(link)]
            if leads_away(reply.get("Location", "")) or leads_away(reply.get("HX-Redirect", "")) or led:
                wrong[one.name] = role, value, reply.get("Location"), led
    assert wrong == {}
    assert asked > 200


@pytest.mark.django_db
@pytest.mark.parametrize("value", HOSTILE)
def test_signing_in_and_out_and_up_lead_nowhere_else(value, settings):
    """The addresses that do listen to `next`, in query and form."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    settings.RATE_LIMIT_ACCOUNT = settings.RATE_LIMIT_ADDRESS = "1000/m"
    user = UserFactory()
    steps = [
        ("account_login", {"login": user.email, "password": PASSWORD}, False),
        ("account_login", {}, True),
        ("admin:login", {}, True),
        ("account_reauthenticate", {"password": PASSWORD}, True),
        ("account_change_password", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}, True),
        ("account_logout", {}, True),
        ("account_reset_password", {"email": user.email}, False),
        ("account_signup", {"email": "new@example.com", "password1": PASSWORD, "display_name": "New"}, False),
    ]
    for name, form, known in steps:
        client, url = Client(), reverse(name)
        if known:
            client.force_login(user)
        for reply in (
            client.get(url, {"next": value}),
            client.post(f"{url}?next={quote(value)}", form),
            client.post(url, form | {"next": value}),
        ):
            assert not leads_away(reply.get("Location", "")), (name, reply["Location"])
            user.refresh_from_db()
            if known and name != "account_logout":
                client.force_login(user)


@pytest.mark.django_db
def test_our_own_pages_are_led_to(settings):
    """The other half: what is refused above is refused for where it leads, and not because nothing works."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    user = UserFactory()
    reply = Client().post(reverse("account_login"), {"login": user.email, "password": PASSWORD, "next": "/progress/"})
    assert reply["Location"] == "/progress/"
