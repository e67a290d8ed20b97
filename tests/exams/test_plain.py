"""The exam without scripts, from the server's side: what a form shows, what it saves, and what it leaves alone."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from dataclasses import replace
from typing import Any

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from exams import plain
from exams.models import Answer, Claim, KeptChange, Sitting
from exams.services import saving, sittings
from tests.factories import UserFactory, begin, change, close, key_of, stranger_id, wrong_of
from tests.plainform import PlainForm

KINDS = ["multiple_choice", "multiple_response", "ordering", "matching"]
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def sitting(user, exam):
    return begin(user, exam)


@pytest.fixture
def load(signed_in, sitting):
    """The page as it is now, as a form to fill in."""
    return lambda: PlainForm(signed_in.get(address(sitting)).content.decode())


@pytest.fixture
def send(signed_in, sitting):
    """Press a button and do not follow."""

    def press(form: PlainForm, name: str = "save", value: str = "") -> Any:
        return signed_in.post(address(sitting), form.press(name, value))

    return press


def address(sitting: Sitting, name: str = "sitting") -> str:
    return reverse(name, args=[sitting.pk])


def seat_of(sitting: Sitting, kind: str, place: int = 0) -> Any:
    return sitting.form.seats.filter(kind=kind).order_by("number")[place]


def stored(sitting: Sitting, seat: Any) -> Answer:
    return Answer.objects.get(sitting=sitting, seat=seat.number)


def said(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def elsewhere(sitting: Sitting, seat: Any, response: Any, **more: Any) -> None:
    """Another window, with scripts, takes the sitting and answers."""
    number = sittings.claim(sitting_id=sitting.pk, user_id=sitting.user_id).claim
    made = change(seat.number, response, **more)
    saving.save(sitting_id=sitting.pk, user_id=sitting.user_id, claim=number, changes=[made])


# ---- the page --------------------------------------------------------------------------------------------------


def test_every_question_has_its_controls(sitting, load):
    form = load()
    for seat in sitting.form.seats.all():
        assert form.data[f"v{seat.number}"] == ["0"]
        assert form.options[f"f{seat.number}"] == ["on"]
        assert ("save", str(seat.number)) in form.buttons
        if seat.kind == "matching":
            assert all(form.options[f"q{seat.number}-{place}"] == ["", *seat.tokens] for place in (1, seat.slots))
        elif seat.kind == "ordering":
            assert all(("move", f"{seat.number}:in:{token}") in form.buttons for token in seat.tokens)
        else:
            assert form.options[f"q{seat.number}"] == seat.tokens


def test_the_page_names_the_end_in_the_persons_zone(signed_in, user, sitting):
    user.time_zone = "Asia/Tokyo"
    user.save()
    page = signed_in.get(address(sitting)).content.decode()
    ends = sitting.deadline.astimezone(zoneinfo.ZoneInfo("Asia/Tokyo"))
    assert f"The exam ends at {ends:%H:%M:%S}</b> (Asia/Tokyo)" in page
    assert "This page cannot count down" in page


@pytest.mark.parametrize("answered", [1, 60])
def test_the_page_takes_a_constant_number_of_statements(signed_in, sitting, answered, django_assert_num_queries):
    for seat in sitting.form.seats.order_by("number")[:answered]:
        answer = Answer(sitting=sitting, seat=seat.number, claim=1, sequence=seat.number, response=list(key_of(seat)))
        answer.saved_at = sitting.started_at
        answer.save(force_insert=True)
    with django_assert_num_queries(8):
        signed_in.get(address(sitting))


def count_queries(send: Any, form: PlainForm) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert send(form).status_code == 303
    return len(queries)


def test_saving_takes_a_constant_number_of_statements(sitting, load, send):
    seats = list(sitting.form.seats.order_by("number"))
    send(load().give(seats[0], key_of(seats[0])))
    counts = []
    for some in (seats[1:2], seats[2:50]):
        form = load()
        for seat in some:
            form.give(seat, key_of(seat))
        counts.append(count_queries(send, form))
    assert counts[0] == counts[1]


# ---- saving ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_is_saved_and_shown_again(sitting, load, send, kind):
    seat = seat_of(sitting, kind)
    answer = send(load().give(seat, key_of(seat)), "save", str(seat.number))
    assert (answer.status_code, answer.url) == (303, f"{address(sitting)}#q{seat.number}")
    assert said(answer)[0].startswith("Saved ")
    in_order = sorted(key_of(seat), key=seat.tokens.index) if kind == "multiple_response" else list(key_of(seat))
    assert stored(sitting, seat).response == in_order
    shown = load()
    names = (
        [f"q{seat.number}-{place + 1}" for place in range(seat.slots)] if kind == "matching" else [f"q{seat.number}"]
    )
    assert [token for name in names for token in shown.data[name]] == in_order


def test_the_whole_form_is_saved_by_any_button(sitting, load, send):
    form = load()
    for seat in sitting.form.seats.all():
        form.give(seat, key_of(seat))
    send(form, "save", "3")
    assert Answer.objects.filter(sitting=sitting).count() == 65


def test_a_flag_is_saved_without_an_answer(sitting, load, send):
    form = load()
    form.data["f7"] = ["on"]
    send(form)
    answer = Answer.objects.get(sitting=sitting)
    assert (answer.seat, answer.flagged, answer.response) == (7, True, [])
    assert load().data["f7"] == ["on"]


def test_unticking_takes_answer_and_flag_back(sitting, load, send):
    seat = seat_of(sitting, "multiple_response")
    form = load().give(seat, key_of(seat))
    form.data[f"f{seat.number}"] = ["on"]
    send(form)
    form = load().give(seat, ())
    del form.data[f"f{seat.number}"]
    send(form)
    assert (stored(sitting, seat).response, stored(sitting, seat).flagged) == ([], False)


def test_a_single_choice_can_be_cleared(sitting, load, send):
    seat, other = seat_of(sitting, "multiple_choice"), seat_of(sitting, "multiple_choice", 1)
    send(load().give(seat, key_of(seat)))
    answer = send(load().give(other, key_of(other)), "clear", str(seat.number))
    assert answer.url.endswith(f"#q{seat.number}")
    assert stored(sitting, seat).response == []
    assert stored(sitting, other).response == list(key_of(other))


def test_saving_goes_back_to_what_was_changed_last(sitting, load, send):
    seat = seat_of(sitting, "matching")
    assert send(load().give(seat, key_of(seat))).url.endswith(f"#q{seat.number}")
    sitting.refresh_from_db()
    assert sitting.last_seat == seat.number
    assert send(load()).url.endswith(f"#q{seat.number}")


def test_a_form_without_changes_saves_nothing_and_says_so(sitting, load, send):
    answer = send(load(), "save", "5")
    assert (answer.status_code, said(answer)) == (303, ["Nothing new to save"])
    assert not Answer.objects.exists()
    sitting.refresh_from_db()
    assert sitting.claim == 1


def test_only_what_changed_gets_a_new_version(sitting, load, send):
    seat, other = seat_of(sitting, "multiple_choice"), seat_of(sitting, "ordering")
    send(load().give(seat, key_of(seat)))
    send(load().give(other, key_of(other)))
    assert (stored(sitting, seat).version, stored(sitting, other).version) == (1, 1)


def test_saving_takes_the_exam_from_a_window_with_scripts(sitting, load, send):
    seat = seat_of(sitting, "multiple_choice")
    send(load().give(seat, key_of(seat)))
    sitting.refresh_from_db()
    assert sitting.claim == 2


def test_forms_that_follow_each_other_share_one_claim(sitting, load, send):
    for place in range(3):
        seat = seat_of(sitting, "multiple_choice", place)
        send(load().give(seat, key_of(seat)))
    sitting.refresh_from_db()
    assert sitting.claim == 2
    elsewhere(sitting, seat, wrong_of(seat))
    send(load().give(seat, key_of(seat)))
    sitting.refresh_from_db()
    assert sitting.claim == 4
    assert stored(sitting, seat).response == list(key_of(seat))


def test_there_is_always_a_way_to_save_and_to_end(signed_in, sitting, load, send):
    Sitting.objects.update(claim=sittings.MOST_CLAIMS)
    Claim.objects.update(number=sittings.MOST_CLAIMS)
    for place in range(2):
        seat = seat_of(sitting, "multiple_choice", place)
        send(load().give(seat, key_of(seat)))
    assert Answer.objects.count() == 2
    plain.end(sitting_id=sitting.pk, user_id=sitting.user_id)
    sitting.refresh_from_db()
    assert sitting.state == "closed"


def test_what_only_scripts_can_set_stays(sitting, load, send):
    seat = seat_of(sitting, "multiple_choice")
    made = change(seat.number, seat.tokens[:1], spent_ms=5_000)
    made = replace(made, struck=[seat.tokens[3]], marks=[2, 9], scenario_marks=[1, 4])
    saving.save(sitting_id=sitting.pk, user_id=sitting.user_id, claim=1, changes=[made])
    send(load().give(seat, seat.tokens[1:2]))
    answer = stored(sitting, seat)
    assert answer.response == seat.tokens[1:2]
    assert (answer.struck, answer.marks, answer.scenario_marks) == ([seat.tokens[3]], [2, 9], [1, 4])
    assert answer.spent_ms == 5_000


def test_save_and_review_leads_to_the_review(sitting, load, send):
    seat = seat_of(sitting, "matching")
    answer = send(load().give(seat, key_of(seat)), "then", "review")
    assert (answer.status_code, answer.url) == (303, address(sitting, "sitting_finish"))
    assert Answer.objects.count() == 1


# ---- moving steps ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "place", "order"),
    [
        ("up", 1, [1, 0, 2]), ("up", 0, [0, 1, 2]), ("down", 1, [0, 2, 1]), ("down", 2, [0, 1, 2]),
        ("out", 1, [0, 2]), ("in", 1, [0, 1, 2]),
    ],
)  # fmt: skip
def test_a_step_moves(sitting, load, send, direction, place, order):
    seat = next(seat for seat in sitting.form.seats.filter(kind="ordering") if len(seat.tokens) > 3)
    send(load().give(seat, seat.tokens[:3]))
    form = load()
    token = seat.tokens[place]
    form.buttons.append(("move", f"{seat.number}:{direction}:{token}"))
    answer = send(form, "move", f"{seat.number}:{direction}:{token}")
    assert answer.status_code == 303
    assert stored(sitting, seat).response == [seat.tokens[place] for place in order]


def test_steps_are_added_one_after_the_other_until_the_order_is_complete(sitting, load, send):
    seat = seat_of(sitting, "ordering")
    spots = [
        send(load(), "move", f"{seat.number}:in:{token}").url.partition("#")[2] for token in seat.tokens[: seat.slots]
    ]
    assert stored(sitting, seat).response == seat.tokens[: seat.slots]
    assert set(spots[:-1]) == {f"left-{seat.number}"}
    assert spots[-1] == f"step-{seat.number}-{chr(ord('A') + seat.slots - 1)}"


def test_a_complete_order_takes_no_more(sitting, load, send):
    seat = next(seat for seat in sitting.form.seats.filter(kind="ordering") if len(seat.tokens) > seat.slots)
    send(load().give(seat, seat.tokens[: seat.slots]))
    assert send(load(), "move", f"{seat.number}:in:{seat.tokens[seat.slots]}").status_code == 303
    assert stored(sitting, seat).response == seat.tokens[: seat.slots]


def test_a_move_saves_everything_else_too(sitting, load, send):
    seat, other = seat_of(sitting, "ordering"), seat_of(sitting, "matching")
    send(load().give(other, key_of(other)), "move", f"{seat.number}:in:{seat.tokens[1]}")
    assert stored(sitting, seat).response == [seat.tokens[1]]
    assert stored(sitting, other).response == list(key_of(other))


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
    assert page.count('role="alert"') == 3  # the scripts' two templates, and ours
    assert "so nothing was saved" in page
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
