"""What is said instead of a page, also where the body of the request is what is wrong with it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from config.refusals import LONGEST_ADDRESS
from tests.accounts.factories import SuperuserFactory

pytestmark = pytest.mark.django_db

CHARSET = "application/x-www-form-urlencoded; charset=utf-16"
TOO_MANY = "&".join(f"a{number}=1" for number in range(2_500))
PLAIN = "application/x-www-form-urlencoded"


@pytest.fixture
def outsider():
    """A browser with the cookie, so that the other half of the token is looked for in the body."""
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "a" * 32
    return client


@pytest.mark.parametrize(("body", "kind"), [("a=1", CHARSET), (TOO_MANY, PLAIN), ("a=" + "x" * 1_100_000, PLAIN)])
@pytest.mark.parametrize("name", ["account_login", "exam_list"])
def test_a_body_that_cannot_be_read_is_refused_once(outsider, name, body, kind):
    reply = outsider.post(reverse(name), body, content_type=kind)
    assert reply.status_code == 400
    assert "This request could not be read" in reply.content.decode()
    assert "default-src 'none'" in reply["Content-Security-Policy"]


def test_nor_does_it_matter_where_it_went(outsider):
    reply = outsider.post("/no/such/address/", "a=1", content_type=CHARSET)
    assert reply.status_code == 404
    assert "There is nothing at this address" in reply.content.decode()


def test_a_host_that_is_not_ours_is_told_so(client):
    reply = client.get("/", headers={"Host": "evil.example"})
    assert reply.status_code == 400
    assert "This request could not be read" in reply.content.decode()


@pytest.mark.parametrize("name", ["sitting_claim", "sitting_changes", "sitting_status", "sitting_end"])
def test_the_exam_screen_gets_a_sentence_in_json(outsider, user, sitting, name):
    outsider.force_login(user)
    address = reverse(name, args=[sitting.pk])
    forged = outsider.post(address, "{}", content_type="application/json")
    assert (forged.status_code, list(forged.json())) == (403, ["error"])
    broken = outsider.post(address, "a=1", content_type=CHARSET)
    assert (broken.status_code, broken.json()) == (400, {"error": "The request could not be read."})
    elsewhere = outsider.post(address, "{}", content_type="application/json", headers={"Host": "evil.example"})
    assert (elsewhere.status_code, list(elsewhere.json())) == (400, ["error"])


def test_other_forms_without_a_token_get_a_page(outsider):
    reply = outsider.post(reverse("account_login"), {"login": "a@example.org"})
    assert reply.status_code == 403
    assert "This form is too old" in reply.content.decode()


@pytest.mark.parametrize("path", ["/exams/", "/no/such/address/", "/admin/questions/revision/"])
def test_an_address_longer_than_any_of_ours_is_refused(client, path):
    client.force_login(SuperuserFactory())
    fits, beyond = (f"{path}?q=" + "x" * (LONGEST_ADDRESS - len(f"{path}q=") + more) for more in (0, 1))
    assert client.get(fits).status_code in (200, 404)
    reply = client.get(beyond)
    assert reply.status_code == 414
    assert "This address is too long" in reply.content.decode()
    assert "default-src 'none'" in reply["Content-Security-Policy"]


def test_so_is_a_long_path(client):
    assert client.get("/" + "x" * LONGEST_ADDRESS).status_code == 414


def test_the_exam_screen_is_told_in_json(client, user, sitting):
    client.force_login(user)
    reply = client.get(reverse("sitting_status", args=[sitting.pk]), {"q": "x" * LONGEST_ADDRESS})
    assert (reply.status_code, reply.json()) == (414, {"error": "The address is too long."})
