"""Options struck out, highlighted text and the note pad: saved, given back to the next window, and checked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from exams.models import Answer, Pad, Sitting
from exams.services.changes import Outcome, Refused
from tests.exams.windows import save, seat_of_kind, stored, take_over, token
from tests.factories import change

FULL = [place for number in range(40) for place in (10_000 + 20 * number, 10_010 + 20 * number)]


@pytest.fixture
def seat(sitting):
    return seat_of_kind(sitting, "multiple_choice")


def post(client: Client, name: str, sitting: Sitting, body: dict[str, Any]) -> Any:
    return client.post(reverse(name, args=[sitting.pk]), json.dumps(body), content_type="application/json")


def send(client: Client, sitting: Sitting, **changed: object) -> Any:
    """One change over the wire."""
    made = {"sequence": 1, "seat": 1, "base": 0, "left": 1000} | changed
    return post(client, "sitting_changes", sitting, {"claim": sitting.claim, "changes": [made]})


def test_options_struck_out_are_stored_in_the_seats_order(sitting, seat):
    tokens = sitting.form.seats.get(number=seat).tokens
    save(sitting, change(seat, [], struck=[tokens[2], tokens[0], tokens[2]]))
    assert stored(sitting, seat).struck == [tokens[0], tokens[2]]


def test_an_option_that_the_question_does_not_have_cannot_be_struck_out(sitting, seat):
    with pytest.raises(Refused) as refused:
        save(sitting, change(seat, [], sequence=4, struck=["zzzzz"]))
    assert (refused.value.code, refused.value.sequences) == (422, [4])
    assert not Answer.objects.exists()


def test_highlights_are_stored(sitting, seat):
    save(sitting, change(seat, [], marks=[0, 4, 9, 12], scenario_marks=[3, 5]))
    answer = stored(sitting, seat)
    assert (answer.marks, answer.scenario_marks) == ([0, 4, 9, 12], [3, 5])


def test_tools_can_be_cleared(sitting, seat):
    save(sitting, change(seat, [], struck=[token(sitting, seat)], marks=[0, 4]))
    save(sitting, change(seat, [], sequence=2))
    answer = stored(sitting, seat)
    assert (answer.struck, answer.marks) == ([], [])


def test_tools_are_no_answer(sitting, seat):
    save(sitting, change(seat, [token(sitting, seat)]))
    save(sitting, change(seat, [token(sitting, seat)], sequence=2, struck=[token(sitting, seat, 1)], flagged=True))
    answer = stored(sitting, seat)
    assert (answer.version, answer.answered_version) == (2, 1)


def test_the_next_window_gets_all_of_it(signed_in, sitting, seat):
    option, other = token(sitting, seat, 0), token(sitting, seat, 1)
    send(signed_in, sitting, seat=seat, response=[option], struck=[other], marks=[1, 2], scenario=[3, 4], spent=7)
    send(signed_in, sitting, sequence=2, seat=0, text="Ask for the F1 score.")
    claim = post(signed_in, "sitting_claim", sitting, {}).json()
    assert claim["answers"] == {str(seat): [1, [option], False, 7, [other], [1, 2], [3, 4]]}
    assert claim["pad"] == [1, "Ask for the F1 score."]


# ---- the note pad ------------------------------------------------------------------------------------------------


def pad(sitting: Sitting) -> tuple[str, int]:
    found = Pad.objects.get(sitting=sitting)
    return found.text, found.version


def test_the_pad_is_stored_in_the_order_of_its_changes(sitting):
    save(sitting, change(0, [], sequence=2, text="second"))
    assert save(sitting, change(0, [], sequence=1, text="first")).outcomes == {1: Outcome.SUPERSEDED}
    assert pad(sitting) == ("second", 1)


def test_the_pad_and_an_answer_come_in_one_packet(sitting, seat):
    receipt = save(sitting, change(0, [], text="note"), change(seat, [token(sitting, seat)], sequence=2))
    assert receipt.versions == {0: 1, seat: 1}
    assert pad(sitting) == ("note", 1)


def test_an_older_windows_notes_do_not_replace_newer_ones(sitting):
    take_over(sitting)
    save(sitting, change(0, [], text="newer"))
    assert save(sitting, change(0, [], text="older"), claim=1).outcomes == {1: Outcome.CONFLICT}
    assert pad(sitting) == ("newer", 1)
    assert sitting.kept_changes.get().text == "older"


def test_writing_on_the_pad_is_no_place_in_the_exam(sitting, seat):
    save(sitting, change(seat, []))
    save(sitting, change(0, [], sequence=2, text="note"))
    sitting.refresh_from_db()
    assert sitting.last_seat == seat


# ---- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [
        {"marks": [1]},
        {"marks": [5, 4]},
        {"marks": [4, 4]},
        {"marks": [1, 3, 3, 5]},
        {"marks": [-1, 4]},
        {"marks": [0, 50_001]},
        {"marks": [0.5, 4]},
        {"marks": [*FULL, 20_000, 20_001]},
        {"scenario": [1]},
        {"scenario": [*FULL, 20_000, 20_001]},
        {"struck": ["nope!"]},
        {"struck": ["abcde"] * 11},
        {"text": "on a question"},
        {"seat": 0, "text": "x" * 3_001},
        {"seat": 0, "text": "ü" * 1_501},
        {"seat": 0, "text": "a\0b"},
        {"seat": 0, "text": "\ud800"},
        {"seat": 0, "text": 1},
        {"seat": 0, "response": ["abcde"]},
        {"seat": 0, "flagged": True},
        {"seat": 0, "struck": ["abcde"]},
        {"seat": 0, "marks": [0, 1]},
        {"seat": 0, "scenario": [0, 1]},
        {"seat": -1},
        {"settles": [1]},
        {"settles": [[1, 2, 3]]},
        {"settles": [[0, 1]]},
        {"settles": [[1, 1]] * 21},
    ],
)
def test_what_makes_no_sense_is_refused_whole(signed_in, sitting, changed):
    answer = send(signed_in, sitting, **changed)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("The body is not a valid message: ")
    assert not Answer.objects.exists()
    assert not Pad.objects.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"marks": FULL, "scenario": FULL},
        {"marks": [0, 1, 49_999, 50_000]},
        {"seat": 0, "text": "x" * 3_000},
        {"seat": 0, "text": "ü" * 1_500},
        {"seat": 0, "text": ""},
    ],
)
def test_what_is_just_within_the_limits_is_taken(signed_in, sitting, changed):
    assert send(signed_in, sitting, **changed).json()["acknowledged"] == {"1": "applied"}


# ---- size --------------------------------------------------------------------------------------------------------

LARGEST = 2**31 - 1


def fullest(sitting: Sitting) -> dict[str, Any]:
    """The longest save of one question that the protocol allows a browser to send in earnest."""
    seat = max(sitting.form.seats.all(), key=lambda seat: len(seat.tokens))
    return {
        "claim": sitting.claim,
        "at": seat.number,
        "offline": [[LARGEST - 1, LARGEST - 2]] * 20,
        "changes": [
            {
                "sequence": 999_999, "seat": seat.number, "base": LARGEST, "response": [], "flagged": True,
                "struck": list(seat.tokens), "marks": FULL, "scenario": FULL, "spent": LARGEST, "left": LARGEST,
                "settles": [[LARGEST, 999_999]] * 20,
            }
        ],
    }  # fmt: skip


def compact(body: dict[str, Any]) -> bytes:
    """As a browser writes it."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def sizes(client: Client, sitting: Sitting, body: dict[str, Any]) -> tuple[int, int]:
    sent = compact(body)
    answer = client.post(reverse("sitting_changes", args=[sitting.pk]), sent, content_type="application/json")
    assert answer.status_code == 200
    return len(sent), len(answer.content)


def test_one_answer_takes_at_most_a_kilobyte_each_way(signed_in, sitting):
    Sitting.objects.filter(pk=sitting.pk).update(supervised=True, events=1)
    made = fullest(sitting)["changes"][0] | {"marks": [], "scenario": [], "settles": []}
    seat = max(sitting.form.seats.all(), key=lambda seat: len(seat.tokens) * (seat.kind in ("ordering", "matching")))
    made |= {"seat": seat.number, "response": list(seat.tokens)[: seat.slots], "struck": list(seat.tokens)}
    sent, answered = sizes(signed_in, sitting, {"claim": 1, "at": seat.number, "offline": [], "changes": [made]})
    assert sent <= 1_000
    assert answered <= 1_000


def test_a_conflict_is_answered_in_a_kilobyte(signed_in, sitting, seat):
    take_over(sitting)
    save(sitting, change(seat, [token(sitting, seat, 1)]))
    sitting.claim = 1
    answer = send(signed_in, sitting, seat=seat, response=[token(sitting, seat)])
    assert answer.json()["acknowledged"] == {"1": "conflict"}
    assert len(answer.content) <= 1_000


def test_the_fullest_highlights_take_at_most_four_kilobytes(signed_in, sitting):
    sent, answered = sizes(signed_in, sitting, fullest(sitting))
    assert 2_000 < sent <= 4_000
    assert answered <= 1_000


def test_the_fullest_pad_takes_at_most_four_kilobytes(signed_in, sitting):
    made = {"sequence": 999_999, "seat": 0, "base": LARGEST, "text": "ü" * 1_500, "left": LARGEST}
    sent, answered = sizes(signed_in, sitting, {"claim": 1, "at": 65, "offline": [], "changes": [made]})
    assert 3_000 < sent <= 4_000
    assert answered <= 1_000
