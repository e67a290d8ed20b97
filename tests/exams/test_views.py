"""What the sitting's addresses answer, to its owner, to strangers, and to bad input."""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.services import set_accommodation
from exams import paper
from exams.models import Answer, Form, Sitting
from exams.services import saving
from tests.factories import UserFactory, begin, change, close, key_of, sat, stranger_id


def post(client: Client, name: str, sitting_id: object, body: object) -> Any:
    raw = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(reverse(name, args=[sitting_id]), raw, content_type="application/json")


def message(sitting: Sitting, **changed: object) -> dict[str, Any]:
    seat = sitting.form.seats.filter(kind="multiple_choice")[0]
    change = {
        "sequence": 1, "seat": seat.number, "base": 0, "response": [seat.tokens[0]], "flagged": False,
        "spent": 5, "left": 1000,
    }  # fmt: skip
    return {"claim": sitting.claim, "changes": [change | changed]}


# ---- instructions -------------------------------------------------------------------------------------------


def test_instructions_do_not_start_the_clock(signed_in, exam):
    page = signed_in.get(reverse("exam_begin", args=[exam.code]))
    assert "Begin exam" in page.content.decode()
    assert not Sitting.objects.exists()


def test_begin_leads_to_the_sitting(signed_in, user, exam):
    page = signed_in.post(reverse("exam_begin", args=[exam.code]))
    assert page.url == reverse("sitting", args=[user.sittings.get().pk])


def test_instructions_name_the_persons_own_time(signed_in, user, exam):
    set_accommodation(user=user, multiplier=Decimal("1.50"), extra_minutes=30)
    assert "3 h 45 min" in signed_in.get(reverse("exam_begin", args=[exam.code])).content.decode()


@pytest.mark.parametrize("code", ["XYZ", "a%00b", "..%2f", "%F0%9F%98%80"])
def test_an_unknown_exam_is_not_found(signed_in, exam, code):
    assert signed_in.get(f"/exams/{code}/begin/").status_code == 404


def test_a_running_exam_is_offered_to_continue(signed_in, sitting):
    page = signed_in.get(reverse("exam_begin", args=["MLA-C01"])).content.decode()
    assert reverse("sitting", args=[sitting.pk]) in page
    assert "Begin exam</button>" not in page


def test_beginning_without_a_form_says_so(signed_in, exam):
    Form.objects.update(state=Form.State.RETIRED)
    page = signed_in.post(reverse("exam_begin", args=[exam.code]), follow=True)
    assert "No form of MLA-C01 is ready yet" in page.content.decode()


def test_a_personal_form_is_prepared_by_htmx(signed_in, user, exam):
    for form in Form.objects.pool():
        sat(user, exam, form=form)
    page = signed_in.get(reverse("exam_begin", args=[exam.code])).content.decode()
    assert reverse("exam_prepare", args=[exam.code]) in page
    answer = signed_in.post(reverse("exam_prepare", args=[exam.code])).content.decode()
    assert "fewer questions that you have seen" in answer
    assert Form.objects.pending_for(user.pk).count() == 1


# ---- the page ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answered", [0, 40])
def test_the_page_takes_a_constant_number_of_statements(signed_in, sitting, answered, django_assert_num_queries):
    Answer.objects.bulk_create(
        Answer(sitting=sitting, seat=seat, claim=1, sequence=seat, saved_at=sitting.started_at)
        for seat in range(1, answered + 1)
    )
    paper.forget_forms()
    with django_assert_num_queries(8):
        first = signed_in.get(reverse("sitting", args=[sitting.pk])).content.decode()
    with django_assert_num_queries(4):  # session, person, sitting, answers: the form is known by now
        page = signed_in.get(reverse("sitting", args=[sitting.pk])).content.decode()
    assert first.count('class="question"') == page.count('class="question"') == 65


def test_the_page_shows_what_is_stored(signed_in, sitting):
    sent = message(sitting, flagged=True)
    post(signed_in, "sitting_changes", sitting.pk, sent)
    page = signed_in.get(reverse("sitting", args=[sitting.pk])).content.decode()
    assert f'value="{sent["changes"][0]["response"][0]}" checked' in page
    assert "answered flagged" in page


@pytest.mark.parametrize(("offset", "status"), [(-1, 200), (0, 302), (1, 302)])
def test_the_page_comes_until_the_grace_is_over(signed_in, sitting, offset, status):
    """After the deadline it hands in what waits on the device, and then leads to the result."""
    over = sitting.deadline + dt.timedelta(seconds=sitting.grace_seconds)
    with time_machine.travel(over + dt.timedelta(seconds=offset), tick=False):
        assert signed_in.get(reverse("sitting", args=[sitting.pk])).status_code == status


def test_a_closed_sitting_leads_to_its_result(signed_in, sitting):
    close(sitting)
    page = signed_in.get(reverse("sitting", args=[sitting.pk]))
    assert page.url == reverse("result", args=[sitting.pk])


# ---- strangers --------------------------------------------------------------------------------------------------

CALLS = ["sitting_claim", "sitting_changes", "sitting_status"]


@pytest.mark.parametrize("name", CALLS)
def test_strangers_get_404(client, sitting, name):
    client.force_login(UserFactory())
    assert post(client, name, sitting.pk, message(sitting)).status_code == 404
    assert not Answer.objects.exists()


@pytest.mark.parametrize("name", ["sitting", "sitting_abandon"])
def test_strangers_find_no_page(client, sitting, name):
    client.force_login(UserFactory())
    url = reverse(name, args=[sitting.pk])
    assert (client.get if name == "sitting" else client.post)(url).status_code == 404


@pytest.mark.parametrize("name", CALLS)
def test_whoever_is_signed_out_gets_401_json(client, sitting, name):
    answer = post(client, name, sitting.pk, message(sitting))
    assert (answer.status_code, answer.json()["error"]) == (401, "You are signed out; sign in again in a new tab.")


@pytest.mark.parametrize("name", ["sitting", "sitting_abandon"])
def test_whoever_is_signed_out_is_asked_to_sign_in(client, sitting, name):
    url = reverse(name, args=[sitting.pk])
    answer = (client.get if name == "sitting" else client.post)(url)
    assert answer.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("name", [*CALLS, "sitting_end"])
def test_a_sitting_that_does_not_exist_is_404(signed_in, name):
    body = {"claim": 1, "sequence": 0} if name == "sitting_end" else {"claim": 1, "changes": []}
    answer = post(signed_in, name, stranger_id(), body)
    assert answer.status_code in (400, 404)


@pytest.mark.parametrize("name", CALLS)
def test_only_post_is_taken(signed_in, sitting, name):
    assert signed_in.get(reverse(name, args=[sitting.pk])).status_code == 405


def test_saving_without_a_csrf_token_is_refused(user, sitting):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert post(client, "sitting_changes", sitting.pk, message(sitting)).status_code == 403
    assert not Answer.objects.exists()


# ---- saving ------------------------------------------------------------------------------------------------------


def test_an_acknowledgement_names_claim_and_sequence(signed_in, sitting):
    answer = post(signed_in, "sitting_changes", sitting.pk, message(sitting)).json()
    assert answer["claim"] == 1
    assert answer["acknowledged"] == {"1": "applied"}
    assert answer["state"] == "in_progress"


def test_a_save_costs_four_statements(signed_in, sitting, django_assert_num_queries):
    sent = message(sitting)
    with django_assert_num_queries(4):  # session, person, look, write
        post(signed_in, "sitting_changes", sitting.pk, sent)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"seat": 66}, 422),
        ({"seat": 0}, 400),
        ({"seat": "1"}, 400),
        ({"response": ["nope!"]}, 400),
        ({"response": ["zzzzz"]}, 422),
        ({"response": "abcde"}, 400),
        ({"response": ["a"] * 11}, 400),
        ({"sequence": 0}, 400),
        ({"sequence": 2**60}, 400),
        ({"flagged": "yes"}, 400),
        ({"spent": -1}, 400),
        ({"extra": 1}, 400),
    ],
)
def test_bad_changes_are_refused_with_one_sentence(signed_in, sitting, changed, status):
    answer = post(signed_in, "sitting_changes", sitting.pk, message(sitting, **changed))
    assert answer.status_code == status
    assert answer.json()["error"].endswith(".")
    assert not Answer.objects.exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (" ", 400),
        ("{", 400),
        ("[]", 400),
        ('{"claim": 1}', 400),
        ('{"claim": 1, "changes": []}', 400),
        ('{"claim": true, "changes": []}', 400),
        (b"\xff\xfe", 400),
        ("[" * 30_000, 400),
        ('{"claim": 1, "changes": [' + " " * 70_000 + "]}", 413),
        ('{"claim": 1, "changes": [' + " " * 1_500_000 + "]}", 413),
    ],
)
def test_malformed_and_huge_bodies_are_refused(signed_in, sitting, body, status):
    answer = post(signed_in, "sitting_changes", sitting.pk, body)
    assert (answer.status_code, "error" in answer.json()) == (status, True)


def test_two_changes_with_one_number_are_refused(signed_in, sitting):
    sent = message(sitting)
    sent["changes"] *= 2
    assert post(signed_in, "sitting_changes", sitting.pk, sent).status_code == 400


def test_another_content_type_is_refused(signed_in, sitting):
    answer = signed_in.post(reverse("sitting_changes", args=[sitting.pk]), {"claim": 1})
    assert answer.status_code == 415


def test_an_answer_after_the_end_is_acknowledged_as_late(signed_in, sitting):
    """It is kept, so the window need not keep it any longer; it is in no answer."""
    close(sitting)
    answer = post(signed_in, "sitting_changes", sitting.pk, message(sitting))
    assert (answer.status_code, answer.json()["acknowledged"], answer.json()["state"]) == (200, {"1": "late"}, "closed")
    assert not Answer.objects.exists()


def test_claiming_returns_what_is_stored(signed_in, sitting):
    sent = message(sitting)
    post(signed_in, "sitting_changes", sitting.pk, sent)
    answer = post(signed_in, "sitting_claim", sitting.pk, {}).json()
    seat = sent["changes"][0]
    assert answer["claim"] == 2
    assert answer["at"] == seat["seat"]
    assert answer["answers"] == {str(seat["seat"]): [1, seat["response"], False, 5, [], [], []]}
    assert (answer["pad"], answer["kept"], answer["conflicts"]) == ([0, ""], [], 0)


def test_status_tells_the_time_left(signed_in, sitting):
    with time_machine.travel(sitting.deadline - dt.timedelta(seconds=90), tick=False):
        answer = post(signed_in, "sitting_status", sitting.pk, {}).json()
    assert (answer["remaining"], answer["state"]) == (90_000, "in_progress")


def test_abandoning_asks_nothing_more_and_gives_no_result(signed_in, sitting):
    page = signed_in.post(reverse("sitting_abandon", args=[sitting.pk]), follow=True)
    assert "it has no result" in page.content.decode()


# ---- nothing leaks -----------------------------------------------------------------------------------------------


def test_nothing_sent_before_closing_gives_anything_away(signed_in, sitting):
    """Everything the page and its calls send, searched for keys, rationales, ids, tasks and scored marks."""
    page = signed_in.get(reverse("sitting", args=[sitting.pk])).content.decode()
    sent = page + post(signed_in, "sitting_changes", sitting.pk, message(sitting)).content.decode()
    sent += post(signed_in, "sitting_claim", sitting.pk, {}).content.decode()
    sent += post(signed_in, "sitting_status", sitting.pk, {}).content.decode()
    for seat in sitting.form.seats.select_related("revision__question", "task"):
        assert seat.revision.question.public_id not in sent
        assert seat.task.title not in sent
        for option in seat.revision.options.all():
            assert option.rationale_html not in sent
        for prompt in seat.revision.prompts.all():
            assert prompt.rationale_html not in sent
    marks = " ".join(re.findall(r"<[^>]+>", sent)).lower()
    for word in ("scored", "pretest", "rationale", "correct", "key=", "difficulty", "anchor", "task"):
        assert word not in marks


def test_options_are_sent_in_the_seats_order_under_its_tokens(signed_in, sitting):
    page = signed_in.get(reverse("sitting", args=[sitting.pk])).content.decode()
    for seat in sitting.form.seats.filter(kind="multiple_choice"):
        places = [page.index(f'value="{token}"') for token in seat.tokens]
        assert places == sorted(places)
        assert len(key_of(seat)) == 1


def test_nothing_of_one_candidate_stays_on_the_page_of_the_next(client, exam, user):
    """Questions that nobody has touched are kept as HTML for everybody on the form."""
    form = exam.forms.get(reference=True)
    mine, theirs = begin(user, exam, form), begin(UserFactory(), exam, form)
    seats = list(form.seats.filter(kind="multiple_choice").order_by("number"))[1:3]
    packet = [change(seat.number, [seat.tokens[0]], sequence=place) for place, seat in enumerate(seats, 1)]
    pages = {}
    for sitting in (theirs, mine):
        client.force_login(sitting.user)
        pages[sitting.pk, "before"] = client.get(reverse("sitting", args=[sitting.pk])).content.decode()
        if sitting == theirs:
            saving.save(sitting_id=sitting.pk, user_id=sitting.user_id, claim=1, changes=packet)
            pages[sitting.pk, "after"] = client.get(reverse("sitting", args=[sitting.pk])).content.decode()
    for seat in seats:
        chosen = f'value="{seat.tokens[0]}" checked'
        assert chosen in pages[theirs.pk, "after"]
        assert chosen not in pages[theirs.pk, "before"]
        assert chosen not in pages[mine.pk, "before"]
        assert f'value="{seat.tokens[0]}"' in pages[mine.pk, "before"]


def test_two_forms_never_share_what_stands_at_a_seat(client, exam, user):
    pages = []
    for form in exam.forms.order_by("number")[:2]:
        sitting = begin(UserFactory(), exam, form)
        client.force_login(sitting.user)
        page = client.get(reverse("sitting", args=[sitting.pk])).content.decode()
        tokens = {token for seat in form.seats.all() for token in seat.tokens}
        assert all(f'"{token}"' in page for token in tokens)
        pages.append(page)
    assert len(pages) == 2
