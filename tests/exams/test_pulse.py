"""The question that a supervised page asks every few seconds: one statement, and nothing given away."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from exams.models import Presence, Sitting
from exams.protocol import pulse_token
from exams.services import clock, notices, presence
from tests.exams.windows import save, seat_of_kind, token
from tests.factories import UserFactory, assigned, begin, change, close, stranger_id

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


def test_it_tells_how_many_messages_there_are_and_not_what_they_say(client, sitting):
    notices.send(sitting_ids=[sitting.pk], text="Fire drill at noon", by=UserFactory(), now=timezone.now())
    reply = client.get(address(sitting))
    assert reply.json()["notices"] == 1
    assert b"Fire" not in reply.content


@pytest.mark.parametrize("ask", ["sitting_status", "sitting_claim"])
def test_the_page_is_told_what_they_say(signed_in, sitting, ask):
    def told():
        return signed_in.post(reverse(ask, args=[sitting.pk]), content_type="application/json").json()

    assert "messages" not in told()
    now = timezone.now()
    for text in ("One", "Two"):
        notices.send(sitting_ids=[sitting.pk], text=text, by=UserFactory(), now=now)
    assert told()["messages"] == [[1, now.isoformat(), "One"], [2, now.isoformat(), "Two"]]


def test_the_page_without_scripts_shows_them(signed_in, sitting):
    notices.send(sitting_ids=[sitting.pk], text="Room <B> is open", by=UserFactory(), now=timezone.now())
    page = signed_in.get(reverse("sitting", args=[sitting.pk])).content.decode()
    assert "Room &lt;B&gt; is open" in page


# ---- who was heard of ----------------------------------------------------------------------------------------------


def seen(sitting: Sitting, since: dt.datetime) -> float | None:
    """Seconds after `since` at which the page was last heard of."""
    mark = Presence.objects.filter(sitting=sitting).first()
    return (mark.seen_at - since).total_seconds() if mark else None


def ask(client: Client, sitting: Sitting, after: float) -> None:
    with time_machine.travel(sitting.started_at + after * SECOND, tick=False):
        assert client.get(address(sitting)).status_code == 200


def test_a_page_that_asks_is_heard_of_and_written_down_every_ten_seconds(client, sitting, django_assert_num_queries):
    begun = sitting.started_at
    assert seen(sitting, begun) is None
    for after, marked in ((1, 1), (10.9, 1), (11, 11), (12, 11), (60, 60)):
        with django_assert_num_queries(1):
            ask(client, sitting, after)
        assert seen(sitting, begun) == marked


def test_a_wrong_token_or_a_closed_sitting_leaves_no_mark(client, sitting):
    client.get(address(sitting, "x"))
    close(sitting)
    client.get(address(sitting))
    assert seen(sitting, sitting.started_at) is None


def test_an_assigned_sitting_is_heard_of_when_it_begins_and_when_it_saves(exam, client):
    sitting = assigned(UserFactory(), exam)
    begun = sitting.started_at
    assert seen(sitting, begun) == 0
    for number, (after, marked) in enumerate(((9, 0), (30, 30)), 1):
        with time_machine.travel(begun + after * SECOND, tick=False):
            save(sitting, change(1, [], sequence=number, base=number - 1))
        assert seen(sitting, begun) == marked


@pytest.mark.django_db(transaction=True)
def test_it_never_waits_for_who_saves_answers_nor_they_for_it(exam):
    """Both hold what they write until they commit."""
    sitting = assigned(UserFactory(), exam)
    later = sitting.started_at + 30 * SECOND
    answers: list[object] = []

    def ask() -> None:
        answers.append(presence.hear(sitting_id=sitting.pk, now=later))
        connection.close()

    with transaction.atomic():
        Sitting.objects.select_for_update().get(pk=sitting.pk)
        asking = threading.Thread(target=ask)
        asking.start()
        asking.join(10)
        assert answers == [sitting]
    assert seen(sitting, sitting.started_at) == 30


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


def test_a_page_that_is_open_while_the_key_is_exchanged_gets_a_new_token(client, sitting, settings):
    old = address(sitting)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-key" * 6, [settings.SECRET_KEY]
    answer = client.get(old)
    assert answer.status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get(old).status_code == 404
    assert client.get(address(sitting, answer.json()["pulse"])).status_code == 200


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
