"""The exam without scripts, from the server's side: what a form shows, and what it saves."""

from __future__ import annotations

import zoneinfo
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exams import paper, plain
from exams.models import Answer, Claim, Sitting
from exams.services import saving, sittings
from tests.factories import change, key_of, wrong_of
from tests.plainform import PlainForm, address, elsewhere, said, seat_of, stored

KINDS = ["multiple_choice", "multiple_response", "ordering", "matching"]


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
    paper.blank(sitting.form)  # each process reads a form once
    with django_assert_num_queries(4):
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
