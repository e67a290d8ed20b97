"""The question that a supervised page asks every few seconds: one statement, and nothing given away."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from exams.models import Sitting
from exams.protocol import pulse_token
from exams.services import clock
from tests.exams.windows import save, seat_of_kind, token
from tests.factories import UserFactory, begin, change, close, stranger_id

SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def sitting(user, exam):
    """Supervised, because staff have been at its clock."""
    sitting = begin(user, exam)
    clock.grant(sitting_id=sitting.pk, minutes=1, by=UserFactory())
    sitting.refresh_from_db()
    return sitting


def address(sitting: Sitting, token: str | None = None) -> str:
    return reverse("sitting_pulse", args=[sitting.pk, token or pulse_token(sitting.pk)])


@pytest.mark.parametrize("visitor", ["client", "signed_in"])
def test_it_takes_one_statement_whoever_asks(request, visitor, sitting, django_assert_num_queries):
    client = request.getfixturevalue(visitor)
    with django_assert_num_queries(1):
        assert client.get(address(sitting)).status_code == 200


def test_it_says_how_the_sitting_stands(client, sitting):
    with time_machine.travel(sitting.deadline - 90 * SECOND, tick=False):
        answer = client.get(address(sitting)).json()
    assert answer == {
        "state": "in_progress", "remaining": 90_000, "newest_claim": 1, "conflicts": 0, "paused": False,
        "pulse": pulse_token(sitting.pk),
    }  # fmt: skip


def test_it_tells_of_a_pause(client, sitting):
    clock.pause(sitting_id=sitting.pk, by=UserFactory())
    left = [client.get(address(sitting)).json() for _ in range(2)]
    assert left[0] == left[1]
    assert left[0]["paused"]


def test_it_tells_of_granted_time(client, sitting):
    with time_machine.travel(sitting.deadline - 10 * SECOND, tick=False):
        clock.grant(sitting_id=sitting.pk, minutes=5, by=UserFactory())
        assert client.get(address(sitting)).json()["remaining"] == 310_000


def test_it_changes_nothing_when_time_is_up(client, sitting, django_assert_num_queries):
    with time_machine.travel(sitting.deadline + SECOND, tick=False), django_assert_num_queries(1):
        answer = client.get(address(sitting)).json()
    assert (answer["state"], answer["remaining"]) == ("in_progress", 0)


def test_it_still_answers_when_the_sitting_is_closed(client, sitting):
    close(sitting)
    answer = client.get(address(sitting)).json()
    assert (answer["state"], answer["remaining"]) == ("closed", 0)


def test_it_says_nothing_of_the_answers(client, sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    save(sitting, change(seat, [token(sitting, seat)]), change(0, [], sequence=2, text="my notes"))
    told = client.get(address(sitting)).content.decode()
    assert token(sitting, seat) not in told
    assert "my notes" not in told


def test_it_is_never_cached(client, sitting):
    assert "no-store" in client.get(address(sitting))["Cache-Control"]


@pytest.mark.parametrize("wrong", ["x", "ü", "0" * 43, "another"])
def test_a_wrong_token_is_404_in_json(client, user, sitting, wrong, django_assert_num_queries):
    wrong = pulse_token(stranger_id()) if wrong == "another" else wrong
    with django_assert_num_queries(0):
        answer = client.get(address(sitting, wrong))
    assert (answer.status_code, answer.json()) == (404, {"error": "There is no such sitting."})
    assert "no-store" in answer["Cache-Control"]


def test_a_sitting_that_is_gone_is_404_in_json(client, sitting):
    where = address(sitting)
    sitting.delete()
    answer = client.get(where)
    assert (answer.status_code, answer.json()) == (404, {"error": "There is no such sitting."})


def test_only_reading_is_taken(client, sitting):
    assert client.post(address(sitting)).status_code == 405


def test_only_a_supervised_page_is_told_where_to_ask(signed_in, user, sitting, exam):
    def told(client: Client) -> bool:
        return (
            "pulse" in client.post(reverse("sitting_status", args=[sitting.pk]), content_type="application/json").json()
        )

    assert told(signed_in)
    Sitting.objects.filter(pk=sitting.pk).update(supervised=False)
    assert not told(signed_in)
