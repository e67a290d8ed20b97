"""What a form without scripts must not do: overwrite, take what cannot be, serve strangers, outlast the exam."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from exams.models import Answer, KeptChange, Sitting
from tests.factories import UserFactory, close, key_of, stranger_id, wrong_of
from tests.plainform import PlainForm, address, elsewhere, said, seat_of, stored

KINDS = ["multiple_choice", "multiple_response", "ordering", "matching"]
SECOND = dt.timedelta(seconds=1)


# ---- answered elsewhere ----------------------------------------------------------------------------------------


def test_a_stale_page_does_not_overwrite_a_newer_answer(signed_in, sitting, load, send):
    seat = seat_of(sitting, "multiple_choice")
    form = load()
    elsewhere(sitting, seat, seat.tokens[:1])
    answer = send(form.give(seat, seat.tokens[1:2]), "save", str(seat.number))
    assert (answer.status_code, answer.url) == (303, f"{address(sitting)}#elsewhere")
    assert stored(sitting, seat).response == seat.tokens[:1]
    kept = KeptChange.objects.get()
    assert (kept.seat, kept.response, kept.reason) == (seat.number, seat.tokens[1:2], "conflict")
    page = signed_in.get(address(sitting)).content.decode()
    assert "Answered elsewhere, too" in page
    assert f"Question {seat.number}</legend>" in page
    assert PlainForm(page).options[f"c{seat.number}"] == ["keep", f"{kept.claim}-{kept.sequence}"]
    sitting.refresh_from_db()
    assert sitting.claim == kept.claim + 1  # the form's window is the newest, and no other one may go on unnoticed


def test_what_was_not_touched_on_a_stale_page_is_no_conflict(sitting, load, send):
    seats = [seat_of(sitting, "multiple_choice", place) for place in range(3)]
    form = load()
    for seat in seats[:2]:
        elsewhere(sitting, seat, seat.tokens[:1])
    answer = send(form.give(seats[2], seats[2].tokens[:1]))
    assert answer.url.endswith(f"#q{seats[2].number}")
    assert not KeptChange.objects.exists()
    assert [stored(sitting, seat).response for seat in seats] == [seat.tokens[:1] for seat in seats]


def test_without_the_base_every_difference_on_a_stale_page_is_offered(sitting, load, send):
    seat = seat_of(sitting, "multiple_choice")
    form = load()
    del form.data[f"b{seat.number}"]
    elsewhere(sitting, seat, seat.tokens[:1])
    send(form)
    assert KeptChange.objects.get().response == []
    assert stored(sitting, seat).response == seat.tokens[:1]


def test_the_same_answer_from_both_is_no_conflict(sitting, load, send):
    seat = seat_of(sitting, "multiple_choice")
    form = load()
    elsewhere(sitting, seat, seat.tokens[:1])
    send(form.give(seat, seat.tokens[:1]))
    assert not KeptChange.objects.exists()
    assert stored(sitting, seat).version == 1


def test_a_flag_set_elsewhere_makes_no_conflict_and_stays(sitting, load, send):
    seat = seat_of(sitting, "multiple_choice")
    send(load().give(seat, seat.tokens[:1]))
    form = load()
    elsewhere(sitting, seat, seat.tokens[:1], flagged=True)
    send(form.give(seat, seat.tokens[1:2]))
    assert not KeptChange.objects.exists()
    assert (stored(sitting, seat).response, stored(sitting, seat).flagged) == (seat.tokens[1:2], True)


def test_everything_else_on_a_stale_page_is_saved(sitting, load, send):
    seat, other = seat_of(sitting, "multiple_choice"), seat_of(sitting, "ordering")
    form = load()
    elsewhere(sitting, seat, seat.tokens[:1])
    form.data[f"f{seat.number}"] = ["on"]
    send(form.give(seat, seat.tokens[1:2]).give(other, key_of(other)), "then", "review")
    assert stored(sitting, other).response == list(key_of(other))
    assert (stored(sitting, seat).response, stored(sitting, seat).flagged) == (seat.tokens[:1], True)


@pytest.fixture
def offered(sitting, load, send):
    """A question with an answer that stands (its first option) and another one that was offered (its second)."""
    seat = seat_of(sitting, "multiple_choice")
    form = load()
    elsewhere(sitting, seat, seat.tokens[:1])
    send(form.give(seat, seat.tokens[1:2]))
    return seat


@pytest.mark.parametrize("choice", [0, 1])
def test_the_candidate_chooses(sitting, load, send, offered, choice):
    form = load()
    name = f"c{offered.number}"
    assert name not in form.data  # nothing is chosen for anybody
    form.data[name] = [form.options[name][choice]]
    assert send(form).url.endswith(f"#q{offered.number}")
    assert stored(sitting, offered).response == [offered.tokens[choice]]
    sitting.refresh_from_db()
    assert sitting.open_conflicts == 0
    assert name not in load().options


def test_an_offer_waits_until_a_choice_is_made(sitting, load, send, offered):
    other = seat_of(sitting, "matching")
    send(load().give(other, key_of(other)))
    assert f"c{offered.number}" in load().options


def test_giving_the_offered_answer_again_settles_it(sitting, load, send, offered):
    send(load().give(offered, offered.tokens[1:2]))
    sitting.refresh_from_db()
    assert sitting.open_conflicts == 0


def test_a_choice_on_a_stale_page_overwrites_nothing(sitting, load, send, offered):
    form = load()
    name = f"c{offered.number}"
    form.data[name] = [form.options[name][1]]
    elsewhere(sitting, offered, offered.tokens[2:3])
    send(form)
    assert stored(sitting, offered).response == offered.tokens[2:3]
    assert name in load().options


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_answer_is_offered_in_words(signed_in, sitting, load, send, kind):
    seat = seat_of(sitting, kind)
    form = load()
    elsewhere(sitting, seat, key_of(seat))
    send(form.give(seat, wrong_of(seat)))
    page = signed_in.get(address(sitting)).content.decode()
    assert "Take the other answer: " in page


# ---- what cannot be ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("q{choice}", ["zzzzz"]), ("q{choice}", ["{token}", "{token}"]), ("q{matching}-1", ["zzzzz"]),
        ("q{ordering}", ["zzzzz"]), ("q{response}", ["zzzzz"]), ("v1", ["x"]), ("v1", ["-1"]), ("v1", ["9" * 12]),
        ("v1", ["\u0661"]), ("save", ["66"]), ("save", ["x"]), ("clear", ["0"]), ("move", ["1:up"]),
        ("move", ["{ordering}:up:zzzzz"]), ("move", ["{choice}:up:{token}"]), ("move", ["999:in:aaaaa"]),
        ("c1", ["x"]), ("c1", ["1-"]),
    ],
)  # fmt: skip
def test_impossible_values_change_nothing(signed_in, sitting, load, name, values):
    seats = {
        "choice": seat_of(sitting, "multiple_choice").number, "response": seat_of(sitting, "multiple_response").number,
        "ordering": seat_of(sitting, "ordering").number, "matching": seat_of(sitting, "matching").number,
        "token": seat_of(sitting, "multiple_choice").tokens[0],
    }  # fmt: skip
    other = seat_of(sitting, "multiple_choice", 5)
    form = load().give(other, other.tokens[:1])
    form.data[name.format(**seats)] = [value.format(**seats) for value in values]
    answer = signed_in.post(address(sitting), form.data)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("so nothing was saved") == 1
    assert not Answer.objects.exists()
    assert PlainForm(page).data[f"q{other.number}"] == other.tokens[:1]  # what was given is not lost


def test_unknown_fields_are_not_looked_at(signed_in, sitting, load):
    seat = seat_of(sitting, "multiple_choice")
    data = load().give(seat, seat.tokens[:1]).data | {"q66": ["zzzzz"], "v66": ["x"], "user": ["1"], "then": ["fly"]}
    assert signed_in.post(address(sitting), data).status_code == 303
    assert Answer.objects.get().response == seat.tokens[:1]


def test_a_form_with_some_questions_says_nothing_about_the_others(signed_in, sitting, load, send):
    seat, other = seat_of(sitting, "multiple_choice"), seat_of(sitting, "multiple_choice", 1)
    send(load().give(seat, seat.tokens[:1]))
    signed_in.post(address(sitting), {f"v{other.number}": "0", f"q{other.number}": other.tokens[0]})
    assert stored(sitting, seat).response == seat.tokens[:1]
    assert stored(sitting, other).response == other.tokens[:1]


def test_one_tick_too_many_stays_to_be_corrected_and_the_rest_is_saved(sitting, load, send):
    seat, other = seat_of(sitting, "multiple_response"), seat_of(sitting, "matching")
    ticked = seat.tokens[: seat.slots + 1]
    answer = send(load().give(seat, ticked).give(other, key_of(other)), "then", "review")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f"Question {seat.number} asks for {seat.slots} options, but {seat.slots + 1} are ticked." in page
    assert Answer.objects.get().seat == other.number
    form = PlainForm(page)
    assert form.data[f"q{seat.number}"] == ticked
    send(form.give(seat, ticked[:-1]))
    assert stored(sitting, seat).response == ticked[:-1]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"v1=0&q1=" + b"a" * 70_000, "application/x-www-form-urlencoded", 413),
        (b'{"claim": 1}', "application/json", 415),
        (b"", "text/plain", 415),
    ],
)
def test_other_bodies_are_refused(signed_in, sitting, body, kind, status):
    answer = signed_in.generic("POST", address(sitting), body, content_type=kind)
    assert answer.status_code == status
    assert "so nothing was saved" in answer.content.decode()


# ---- who may ----------------------------------------------------------------------------------------------------


def test_without_a_csrf_token_nothing_is_saved(user, sitting):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.post(address(sitting), {"v1": "0", "f1": "on"}).status_code == 403
    assert not Answer.objects.exists()


def test_the_form_brings_its_csrf_token(user, sitting):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    form = PlainForm(client.get(address(sitting)).content.decode())
    form.data["f1"] = ["on"]
    assert client.post(address(sitting), form.data).status_code == 303
    assert Answer.objects.get().flagged


def test_strangers_get_404(client, sitting):
    client.force_login(UserFactory())
    assert client.post(address(sitting), {"v1": "0", "f1": "on"}).status_code == 404
    assert client.post(reverse("sitting", args=[stranger_id()])).status_code == 404
    assert not Answer.objects.exists()


def test_whoever_is_signed_out_is_asked_to_sign_in(client, sitting):
    assert client.post(address(sitting), {"v1": "0", "f1": "on"}).url.startswith(reverse("account_login"))


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_not_taken(signed_in, sitting, method):
    assert getattr(signed_in, method)(address(sitting)).status_code == 405


# ---- time -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offset", "counts"), [(-1, True), (0, True), (10, True), (11, False), (119, False), (120, False), (9_000, False)]
)
def test_a_form_counts_until_shortly_after_the_deadline(signed_in, sitting, load, offset, counts):
    seat = seat_of(sitting, "multiple_choice")
    form = load().give(seat, seat.tokens[:1])
    with time_machine.travel(sitting.deadline + offset * SECOND, tick=False):
        answer = signed_in.post(address(sitting), form.data)
    assert answer.status_code == 303
    assert Answer.objects.exists() == counts
    sitting.refresh_from_db()
    if offset < 0:
        return
    assert answer.url == address(sitting, "result")
    assert (sitting.ended_at, sitting.end_reason) == (sitting.deadline, "deadline")
    at = f"Time ran out at {sitting.deadline:%H:%M:%S}; "
    if counts:
        assert said(answer) == [at + "your last answers were still on their way and count."]
        assert stored(sitting, seat).late
    else:
        assert said(answer) == [at + "what was saved before counts."]
        assert not KeptChange.objects.exists()


def test_the_sentence_uses_the_persons_zone(signed_in, user, sitting, load):
    user.time_zone = "Asia/Tokyo"
    user.save()
    form = load()
    with time_machine.travel(sitting.deadline + 60 * SECOND, tick=False):
        answer = signed_in.post(address(sitting), form.data)
    ended = sitting.deadline.astimezone(zoneinfo.ZoneInfo("Asia/Tokyo"))
    assert said(answer) == [f"Time ran out at {ended:%H:%M:%S}; what was saved before counts."]


def test_after_the_end_nothing_is_taken(signed_in, sitting, load):
    seat = seat_of(sitting, "multiple_choice")
    form = load().give(seat, seat.tokens[:1])
    close(sitting)
    answer = signed_in.post(address(sitting), form.data)
    assert (answer.status_code, answer.url) == (303, address(sitting, "result"))
    assert said(answer)[0].startswith("The exam was ended at ")
    assert not Answer.objects.exists()


def test_between_deadline_and_grace_the_page_says_so(signed_in, sitting):
    with time_machine.travel(sitting.deadline + SECOND, tick=False):
        page = signed_in.get(address(sitting)).content.decode()
    assert "Time ran out at" in page
    assert "Save and review" not in page


def test_a_paused_exam_takes_nothing_and_loses_nothing(signed_in, sitting, load):
    seat = seat_of(sitting, "ordering")
    form = load().give(seat, seat.tokens[:2])
    form.data["f3"] = ["on"]
    Sitting.objects.update(paused_at=timezone.now())
    answer = signed_in.post(address(sitting), form.data)
    page = answer.content.decode()
    assert answer.status_code == 423
    assert "The exam is paused, so nothing was saved; what you gave here stays on this page." in page
    assert not Answer.objects.exists()
    again = PlainForm(page)
    assert (again.data[f"q{seat.number}"], again.data["f3"]) == (seat.tokens[:2], ["on"])
    Sitting.objects.update(paused_at=None)
    assert signed_in.post(address(sitting), again.data).status_code == 303
    assert stored(sitting, seat).response == seat.tokens[:2]


# ---- nothing leaks ----------------------------------------------------------------------------------------------


def test_a_conflict_page_gives_nothing_away(signed_in, sitting, load, send, offered):
    page = signed_in.get(address(sitting)).content.decode()
    for seat in sitting.form.seats.select_related("revision__question", "task"):
        assert seat.revision.question.public_id not in page
        assert seat.task.title not in page
        assert all(option.rationale_html not in page for option in seat.revision.options.all())
