"""Review and end without scripts: the list of questions, and End exam."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from exams import paper
from exams.models import Answer, Sitting
from exams.services import saving, sittings
from scoring.models import Result
from tests.factories import UserFactory, answer, change, close, key_of, stranger_id

SECOND = dt.timedelta(seconds=1)


def address(sitting: Sitting, name: str = "sitting_finish") -> str:
    return reverse(name, args=[sitting.pk])


def test_the_review_lists_every_question_and_what_is_open(signed_in, sitting):
    seats = list(sitting.form.seats.filter(kind="multiple_choice").order_by("number")[:2])
    changes = [change(seat.number, key_of(seat), sequence=place) for place, seat in enumerate(seats, 1)]
    changes.append(change(65, [], sequence=3, flagged=True))
    saving.save(sitting_id=sitting.pk, user_id=sitting.user_id, claim=1, changes=changes)
    page = signed_in.get(address(sitting)).content.decode()
    assert "2 of 65 answered, 1 flagged" in page
    assert "63 of 65 questions are unanswered." in page
    back = address(sitting, "sitting")
    assert all(f'href="{back}#q{number}"' in page for number in range(1, 66))
    assert page.count('data-state="answered"') == 2
    assert page.count('data-state="unanswered flagged"') == 1


def test_the_review_says_that_everything_is_answered(signed_in, sitting):
    answer(sitting, right=10)
    page = signed_in.get(address(sitting)).content.decode()
    assert "All 65 questions are answered." in page


@pytest.mark.parametrize("answered", [1, 60])
def test_the_review_takes_a_constant_number_of_statements(signed_in, sitting, answered, django_assert_num_queries):
    Answer.objects.bulk_create(
        Answer(sitting=sitting, seat=seat, claim=1, sequence=seat, saved_at=sitting.started_at)
        for seat in range(1, answered + 1)
    )
    paper.blank(sitting.form)  # each process reads a form once
    with django_assert_num_queries(4):
        signed_in.get(address(sitting))


def test_end_exam_closes_and_scores(signed_in, sitting):
    answer(sitting, right=38)
    reply = signed_in.post(address(sitting))
    assert reply.url == address(sitting, "result")
    sitting.refresh_from_db()
    assert (sitting.state, sitting.end_reason) == ("closed", "candidate")
    assert Result.objects.get(sitting=sitting).raw == 38


def test_end_exam_takes_the_exam_from_another_window(signed_in, sitting):
    sittings.claim(sitting_id=sitting.pk, user_id=sitting.user_id)
    signed_in.post(address(sitting))
    sitting.refresh_from_db()
    assert (sitting.state, sitting.claim) == ("closed", 3)


def test_end_exam_twice_is_harmless(signed_in, sitting):
    urls = [signed_in.post(address(sitting)).url for _ in range(2)]
    assert urls == [address(sitting, "result")] * 2
    assert Result.objects.filter(sitting=sitting).count() == 1


def test_a_closed_sitting_leads_to_its_result(signed_in, sitting):
    close(sitting)
    assert signed_in.get(address(sitting)).url == address(sitting, "result")


def test_after_the_deadline_it_has_ended_as_of_that(signed_in, sitting):
    with time_machine.travel(sitting.deadline + 5 * SECOND, tick=False):
        reply = signed_in.post(address(sitting))
    assert reply.url == address(sitting, "result")
    sentence = f"Time ran out at {sitting.deadline:%H:%M:%S}; what was saved before counts."
    assert [str(message) for message in get_messages(reply.wsgi_request)] == [sentence]
    sitting.refresh_from_db()
    assert (sitting.state, sitting.end_reason, sitting.ended_at) == ("ended", "deadline", sitting.deadline)


def test_a_paused_exam_cannot_be_ended(signed_in, sitting):
    Sitting.objects.update(paused_at=timezone.now())
    reply = signed_in.post(address(sitting), follow=True)
    assert "The exam is paused" in reply.content.decode()
    sitting.refresh_from_db()
    assert sitting.state == "in_progress"


def test_strangers_find_nothing(client, sitting):
    client.force_login(UserFactory())
    for url in (address(sitting), reverse("sitting_finish", args=[stranger_id()])):
        assert client.get(url).status_code == 404
        assert client.post(url).status_code == 404
    sitting.refresh_from_db()
    assert sitting.state == "in_progress"


def test_whoever_is_signed_out_is_asked_to_sign_in(client, sitting):
    assert client.post(address(sitting)).url.startswith(reverse("account_login"))


def test_without_a_csrf_token_nothing_ends(user, sitting):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.post(address(sitting)).status_code == 403
    sitting.refresh_from_db()
    assert sitting.state == "in_progress"


def test_the_review_gives_nothing_away(signed_in, sitting):
    page = signed_in.get(address(sitting)).content.decode()
    for seat in sitting.form.seats.select_related("revision__question", "task"):
        assert seat.revision.question.public_id not in page
        assert seat.task.title not in page
