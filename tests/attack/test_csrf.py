"""Nothing is done for another site: every POST needs the token, and a page of ours as its origin."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests.attack.addresses import every_address
from tests.attack.matrix import ROLES, matrix
from tests.attack.walk import Walker, undone, written

pytestmark = [pytest.mark.django_db]

EVIL = "https://evil.example"
OPEN = {"csp_reports"}  # browsers send these by themselves, without a token; nothing is changed by them
DONE = "+rae"  # what a POST comes to for whoever may send it


def browser(walker: Walker) -> Client:
    """The same session in a browser whose requests are checked as in production."""
    client = Client(enforce_csrf_checks=True)
    if walker.session:
        client.cookies[settings.SESSION_COOKIE_NAME] = walker.session
    return client


@pytest.mark.parametrize("how", ["without a token", "from another site"])
def test_every_post_is_refused(world, how):
    """Sent by the first who could send it, with what makes it come far. Three quarters of all addresses take none."""
    sent, wrong = 0, {}
    for role in ROLES:
        walker = Walker(world.people.get(role))
        client = browser(walker)
        headers = {}
        if how == "from another site":
            client.cookies[settings.CSRF_COOKIE_NAME] = token = "a" * 32
            headers = {"X-CSRFToken": token, "Origin": EVIL}
        for one in every_address():
            if one.name in OPEN:
                continue
            first = next((who for who in ROLES if matrix()[one.name][who][1] in DONE), None)
            if first != role:
                continue
            body, url = world.bodies.get(one.name), one.url(world)
            before = written()
            with undone():
                if isinstance(body, str):
                    reply = client.post(url, body, content_type="application/json", headers=headers)
                else:
                    reply = client.post(url, body or {}, headers=headers)
            sent += 1
            if reply.status_code != 403 or written() != before:
                wrong[one.name] = role, reply.status_code
    assert wrong == {}
    assert sent > 90


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({}, True),
        ({"Origin": "http://testserver"}, True),
        ({"Origin": EVIL}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://testserver.evil.example"}, False),
        ({"X-CSRFToken": "b" * 32}, False),
        ({"X-CSRFToken": ""}, False),
    ],
)
def test_an_answer_is_saved_from_our_own_page_only(world, headers, taken):
    sitting = world.things["running"]
    walker = Walker(world.people["member"])
    client = browser(walker)
    client.cookies[settings.CSRF_COOKIE_NAME] = token = "a" * 32
    url = reverse("sitting_changes", args=[sitting.pk])
    with undone():
        reply = client.post(
            url, world.bodies["sitting_changes"], content_type="application/json",
            headers={"X-CSRFToken": token, **headers},
        )  # fmt: skip
    assert (reply.status_code == 200) is taken
    assert taken or reply.status_code == 403


def test_a_form_of_another_site_cannot_pass_for_json(world):
    """A form can send text/plain that reads as JSON, without asking first; it is no JSON here, whatever its token."""
    sitting = world.things["running"]
    walker = Walker(world.people["member"])
    with undone():
        walker.send("GET", reverse("exam_list"))
        body = json.loads(world.bodies["sitting_changes"])
        reply = walker.client.post(
            reverse("sitting_changes", args=[sitting.pk]), json.dumps(body), content_type="text/plain"
        )
    assert reply.status_code == 415
