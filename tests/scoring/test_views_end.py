"""End exam: ends, closes when everything has come, and scores, once."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from exams.models import Sitting
from scoring.models import Result
from tests.factories import UserFactory, answer, key_of, stranger_id


def end(client, sitting_id, body):
    raw = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(reverse("sitting_end", args=[sitting_id]), raw, content_type="application/json")


def test_end_closes_and_scores(signed_in, sitting):
    answer(sitting, right=38)
    reply = end(signed_in, sitting.pk, {"claim": 1, "sequence": 65})
    assert reply.status_code == 200
    assert reply.json()["state"] == "closed"
    assert reply.json()["result"] == reverse("result", args=[sitting.pk])
    assert Result.objects.get(sitting=sitting).raw == 38


def test_the_last_changes_come_with_the_end(signed_in, sitting):
    seat = sitting.form.seats.filter(scored=True)[0]
    change = {
        "sequence": 1, "seat": seat.number, "base": 0, "response": list(key_of(seat)), "flagged": False,
        "spent": 5, "left": 1000,
    }  # fmt: skip
    reply = end(signed_in, sitting.pk, {"claim": 1, "sequence": 1, "changes": [change]})
    assert reply.json()["acknowledged"] == {"1": "applied"}
    assert Result.objects.get(sitting=sitting).raw == 1


def test_the_result_waits_while_a_change_is_missing(signed_in, sitting):
    reply = end(signed_in, sitting.pk, {"claim": 1, "sequence": 3})
    assert reply.json()["state"] == "ended"
    assert not Result.objects.exists()


def test_a_replayed_end_is_harmless(signed_in, sitting):
    replies = [end(signed_in, sitting.pk, {"claim": 1, "sequence": 0}).json() for _ in range(2)]
    assert [reply["state"] for reply in replies] == ["closed", "closed"]
    assert Result.objects.filter(sitting=sitting).count() == 1


@pytest.mark.parametrize(
    "body", [" ", "{", "[]", {"claim": 1}, {"claim": 1, "sequence": -1}, {"claim": "1", "sequence": 0}]
)
def test_a_malformed_body_changes_nothing(signed_in, sitting, body):
    reply = end(signed_in, sitting.pk, body)
    assert reply.status_code == 400
    assert reply.json()["error"].startswith("The body is not a valid message")
    assert Sitting.objects.get().state == "in_progress"


def test_strangers_end_nothing(client, sitting):
    client.force_login(UserFactory())
    assert end(client, sitting.pk, {"claim": 1, "sequence": 0}).status_code == 404
    assert end(client, stranger_id(), {"claim": 1, "sequence": 0}).status_code == 404
    assert Sitting.objects.get().state == "in_progress"


def test_without_a_session_the_page_is_told(client, sitting):
    assert end(client, sitting.pk, {"claim": 1, "sequence": 0}).status_code == 401


def test_end_takes_a_post(signed_in, sitting):
    assert signed_in.get(reverse("sitting_end", args=[sitting.pk])).status_code == 405


def test_an_old_window_cannot_end(signed_in, sitting):
    Sitting.objects.update(claim=2)
    reply = end(signed_in, sitting.pk, {"claim": 1, "sequence": 0})
    assert reply.status_code == 409
    assert Sitting.objects.get().state == "in_progress"
