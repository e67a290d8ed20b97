"""Two windows: what merges, what the candidate has to choose between, and how the choice is made."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from exams.models import Event, KeptChange, Sitting
from exams.services.changes import Outcome
from tests.exams.windows import events, save, seat_of_kind, stored, take_over, token
from tests.factories import change


@pytest.fixture
def seat(sitting):
    return seat_of_kind(sitting, "multiple_choice")


@pytest.fixture
def torn(sitting, seat):
    """Window 2 has answered, and then window 1 delivered another answer to the same question."""
    take_over(sitting)
    save(sitting, change(seat, [token(sitting, seat, 1)]))
    assert save(sitting, change(seat, [token(sitting, seat, 0)]), claim=1).outcomes == {1: Outcome.CONFLICT}
    return sitting


def waiting(sitting: Sitting) -> int:
    sitting.refresh_from_db()
    return sitting.open_conflicts


def post(client: Client, name: str, sitting: Sitting, body: dict[str, Any]) -> Any:
    return client.post(reverse(name, args=[sitting.pk]), json.dumps(body), content_type="application/json").json()


# ---- what merges -------------------------------------------------------------------------------------------------


def test_a_mere_tool_of_the_newer_window_leaves_an_older_windows_answer(sitting, seat):
    """The newer window opened before that answer arrived, so it believes the question to be blank."""
    take_over(sitting)
    given = [token(sitting, seat, 0)]
    save(sitting, change(seat, given), claim=1)
    receipt = save(sitting, change(seat, [], flagged=True, touched=False))
    assert receipt.outcomes == {1: Outcome.APPLIED}
    assert receipt.standing == {seat: (given, True)}  # so that it shows what counts
    assert (stored(sitting, seat).response, stored(sitting, seat).flagged) == (given, True)
    assert save(sitting, change(seat, [], sequence=2, base=2, touched=False)).standing == {seat: (given, False)}
    assert stored(sitting, seat).response == given


def test_an_answer_given_on_top_of_one_that_is_on_its_way_is_no_conflict(sitting, seat):
    """The page was loaded again while the first was being sent, and then a third window took the exam."""
    claims = [take_over(sitting) for _ in range(3)]
    save(sitting, change(seat, [token(sitting, seat, 0)]), claim=claims[0])
    later = change(seat, [token(sitting, seat, 1)], after=(claims[0], 1))
    assert save(sitting, later, claim=claims[1]).outcomes == {1: Outcome.APPLIED}
    assert stored(sitting, seat).response == [token(sitting, seat, 1)]


@pytest.mark.parametrize("three", [False, True])
def test_two_answers_in_a_row_on_top_of_one_that_is_on_its_way_are_no_conflict(sitting, seat, three):
    """They come in one packet, and only the first of them says what it came after."""
    claims = [take_over(sitting) for _ in range(3)]
    save(sitting, change(seat, [token(sitting, seat, 0)]), claim=claims[0])
    first = change(seat, [token(sitting, seat, 1)], after=(claims[0], 1))
    second = change(seat, [token(sitting, seat, 2)], sequence=2)
    third = change(seat, [token(sitting, seat, 3)], sequence=3)
    receipt = save(sitting, *([first, second, third] if three else [first, third]), claim=claims[1])
    assert receipt.outcomes.pop(3) == Outcome.APPLIED
    assert set(receipt.outcomes.values()) == {Outcome.SUPERSEDED}
    assert stored(sitting, seat).response == [token(sitting, seat, 3)]
    assert waiting(sitting) == 0


def test_what_came_after_another_windows_change_does_not_replace_a_third_ones(sitting, seat):
    claims = [take_over(sitting) for _ in range(3)]
    save(sitting, change(seat, [token(sitting, seat, 0)]), claim=claims[0])
    save(sitting, change(seat, [token(sitting, seat, 2)]), claim=claims[2])
    later = change(seat, [token(sitting, seat, 1)], after=(claims[0], 1))
    assert save(sitting, later, claim=claims[1]).outcomes == {1: Outcome.CONFLICT}
    assert stored(sitting, seat).response == [token(sitting, seat, 2)]


def test_whoever_repeats_a_kept_change_hears_what_stands(torn, seat):
    """A window adopts what another of its browser has sent, so it believes that to be the answer."""
    again = save(torn, change(seat, [token(torn, seat, 0)]), claim=1)
    assert again.outcomes == {1: Outcome.DUPLICATE}
    assert again.standing == {seat: ([token(torn, seat, 1)], False)}


def test_an_answer_of_the_newer_window_wins_although_it_did_not_know_the_older_one(sitting, seat):
    take_over(sitting)
    save(sitting, change(seat, [token(sitting, seat, 0)]), claim=1)
    save(sitting, change(seat, [token(sitting, seat, 1)]))
    assert stored(sitting, seat).response == [token(sitting, seat, 1)]


def test_a_mere_tool_of_the_older_window_is_no_conflict(sitting, seat):
    take_over(sitting)
    save(sitting, change(seat, [token(sitting, seat, 1)]))
    assert save(sitting, change(seat, [], flagged=True, touched=False), claim=1).outcomes == {1: Outcome.SUPERSEDED}


@pytest.mark.parametrize("tool", ["flagged", "struck"])
@pytest.mark.parametrize("answered", [False, True])
def test_an_older_windows_answer_goes_in_beside_a_newer_mere_tool(sitting, seat, tool, answered):
    """Whether the question was blank when the older window lost its connection, or already answered."""
    before = [token(sitting, seat, 2)] if answered else []
    if answered:
        save(sitting, change(seat, before))
    take_over(sitting)
    used = {"flagged": True} if tool == "flagged" else {"struck": [token(sitting, seat, 3)]}
    save(sitting, change(seat, before, base=int(answered), **used))
    receipt = save(sitting, change(seat, [token(sitting, seat, 0)], sequence=2, base=int(answered)), claim=1)
    assert receipt.outcomes == {2: Outcome.APPLIED}
    answer = stored(sitting, seat)
    assert answer.response == [token(sitting, seat, 0)]
    assert (answer.flagged, answer.struck) == (used.get("flagged", False), used.get("struck", []))


def test_an_older_windows_answer_does_not_undo_newer_highlights(sitting, seat):
    take_over(sitting)
    save(sitting, change(seat, [], marks=[1, 2], scenario_marks=[3, 4]))
    save(sitting, change(seat, [token(sitting, seat)], marks=[8, 9], flagged=True), claim=1)
    answer = stored(sitting, seat)
    assert (answer.marks, answer.scenario_marks, answer.flagged) == ([1, 2], [3, 4], False)


def test_an_older_windows_answer_meets_a_newer_answer(torn, seat):
    assert stored(torn, seat).response == [token(torn, seat, 1)]
    assert KeptChange.objects.get(sitting=torn).response == [token(torn, seat, 0)]


def test_a_newer_answer_with_a_flag_on_top_is_still_an_answer(sitting, seat):
    take_over(sitting)
    save(sitting, change(seat, [token(sitting, seat, 1)]))
    save(sitting, change(seat, [token(sitting, seat, 1)], sequence=2, base=1, flagged=True))
    assert save(sitting, change(seat, [token(sitting, seat)]), claim=1).outcomes == {1: Outcome.CONFLICT}


def test_clearing_is_an_answer_too(sitting, seat):
    save(sitting, change(seat, [token(sitting, seat, 2)]))
    take_over(sitting)
    save(sitting, change(seat, [], base=1))
    assert save(sitting, change(seat, [token(sitting, seat)], sequence=2, base=1), claim=1).outcomes == {
        2: Outcome.CONFLICT
    }


def test_the_same_answer_in_both_windows_is_no_conflict(sitting, seat):
    take_over(sitting)
    save(sitting, change(seat, [token(sitting, seat)]))
    receipt = save(sitting, change(seat, [token(sitting, seat)]), claim=1)
    assert (receipt.outcomes, receipt.conflicts) == ({1: Outcome.SUPERSEDED}, 0)
    assert not KeptChange.objects.exists()


def test_a_change_overtaken_within_its_window_never_wins(sitting, seat):
    """Window 2 chose B, then A again; A arrived first, then window 1's answer, and only then B."""
    first, second, third = (token(sitting, seat, place) for place in range(3))
    save(sitting, change(seat, [first]))
    take_over(sitting)
    save(sitting, change(seat, [first], sequence=2, base=1))
    save(sitting, change(seat, [third], sequence=2, base=1), claim=1)
    assert save(sitting, change(seat, [second], sequence=1, base=1)).outcomes == {1: Outcome.CONFLICT}
    assert stored(sitting, seat).response == [third]


# ---- counted and shown -------------------------------------------------------------------------------------------


def test_conflicts_are_counted(torn, seat):
    assert waiting(torn) == 1
    assert save(torn, change(seat, [token(torn, seat, 2)], sequence=2), claim=1).conflicts == 2
    assert waiting(torn) == 2


@pytest.mark.parametrize("name", ["sitting_claim", "sitting_status"])
def test_a_window_is_told_what_there_is_to_choose(signed_in, torn, seat, name):
    answer = post(signed_in, name, torn, {})
    assert answer["conflicts"] == 1
    assert answer["kept"] == [{"claim": 1, "sequence": 1, "seat": seat, "response": [token(torn, seat, 0)], "text": ""}]


def test_a_reply_to_any_save_counts_what_waits(signed_in, torn, seat):
    body = {"claim": 2, "changes": [{"sequence": 2, "seat": 0, "base": 0, "text": "note", "left": 9}]}
    assert post(signed_in, "sitting_changes", torn, body)["conflicts"] == 1


def test_a_late_change_is_no_conflict(torn, seat):
    Sitting.objects.filter(pk=torn.pk).update(
        state="closed", ended_at=torn.deadline, end_reason="deadline", closes_at=torn.deadline, closed_at=torn.deadline
    )
    assert save(torn, change(seat, [token(torn, seat, 2)], sequence=9), claim=1).conflicts == 1


# ---- settled -----------------------------------------------------------------------------------------------------


def test_a_choice_settles_what_it_names(torn, seat):
    chosen = change(seat, [token(torn, seat, 0)], sequence=2, base=1, settles=[(1, 1)])
    assert save(torn, chosen).conflicts == 0
    assert waiting(torn) == 0
    assert stored(torn, seat).response == [token(torn, seat, 0)]
    assert KeptChange.objects.get(sitting=torn).settled_at is not None
    assert events(torn)[-2:] == ["saved", "settled"]
    assert Event.objects.get(sitting=torn, kind="settled").seats == [seat]


def test_a_settled_conflict_is_no_longer_shown(signed_in, torn, seat):
    save(torn, change(seat, [token(torn, seat, 1)], sequence=2, base=1, settles=[(1, 1)]))
    answer = post(signed_in, "sitting_status", torn, {})
    assert (answer["conflicts"], answer["kept"]) == (0, [])


def test_a_choice_settles_only_what_it_names(torn, seat):
    save(torn, change(seat, [token(torn, seat, 2)], sequence=2), claim=1)
    assert save(torn, change(seat, [token(torn, seat)], sequence=2, settles=[(1, 1)])).conflicts == 1


def test_settling_twice_counts_once(torn, seat):
    for sequence in (2, 3):
        save(torn, change(seat, [token(torn, seat)], sequence=sequence, settles=[(1, 1)]))
    assert waiting(torn) == 0
    assert events(torn).count("settled") == 1


def test_a_choice_holds_though_the_answer_is_changed_again_before_it_arrives(torn, seat):
    receipt = save(
        torn,
        change(seat, [token(torn, seat, 0)], sequence=2, settles=[(1, 1)]),
        change(seat, [token(torn, seat, 2)], sequence=3),
    )
    assert (receipt.outcomes[2], receipt.conflicts) == (Outcome.SUPERSEDED, 0)
    assert waiting(torn) == 0


def test_a_change_of_another_question_settles_nothing(torn, seat):
    save(torn, change(0, [], sequence=2, text="note", settles=[(1, 1)]))
    assert waiting(torn) == 1
    assert "settled" not in events(torn)


def test_a_change_that_is_itself_in_conflict_settles_nothing(torn, seat):
    take_over(torn)
    save(torn, change(seat, [token(torn, seat, 2)]))
    save(torn, change(seat, [token(torn, seat, 0)], sequence=2, settles=[(1, 1)], base=1), claim=2)
    assert waiting(torn) == 2


def test_naming_what_is_not_there_settles_nothing(torn, seat):
    receipt = save(torn, change(seat, [token(torn, seat)], sequence=2, settles=[(1, 2), (9, 9)]))
    assert (receipt.outcomes, receipt.conflicts) == ({2: Outcome.APPLIED}, 1)
    assert "settled" not in events(torn)
