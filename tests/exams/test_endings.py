"""End exam by the candidate or by a window's clock, what a pause refuses, and where the candidate is."""

from __future__ import annotations

import datetime as dt
import json

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exams.models import Answer, Claim, Event, KeptChange, Pad, Sitting
from exams.services import clock
from exams.services.changes import Outcome, Refused
from tests.exams.windows import end, events, save, seat_of_kind, stored, take_over, token
from tests.factories import UserFactory, change, close

SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def seat(sitting):
    return seat_of_kind(sitting, "multiple_choice")


# ---- when a window's clock has run out -----------------------------------------------------------------------------


def test_a_window_whose_clock_runs_ahead_does_not_end_the_exam(sitting, seat):
    with time_machine.travel(sitting.deadline - 90 * SECOND, tick=False):
        receipt = end(sitting, 1, change(seat, [token(sitting, seat)]), expired=True)
    assert (receipt.state, receipt.remaining) == ("in_progress", 90 * SECOND)
    assert receipt.outcomes == {1: Outcome.APPLIED}
    sitting.refresh_from_db()
    assert (sitting.state, sitting.end_sequence) == ("in_progress", None)


def test_a_window_that_has_not_heard_of_granted_time_goes_on(sitting, seat):
    clock.grant(sitting_id=sitting.pk, minutes=5, by=UserFactory())
    with time_machine.travel(sitting.deadline, tick=False):
        receipt = end(sitting, 0, expired=True)
    assert (receipt.state, receipt.remaining) == ("in_progress", 300 * SECOND)


@pytest.mark.parametrize("offset", [0, 1])
def test_a_window_whose_clock_is_right_ends_the_exam_as_of_the_deadline(sitting, seat, offset):
    with time_machine.travel(sitting.deadline + offset * SECOND, tick=False):
        receipt = end(sitting, 1, change(seat, [token(sitting, seat)]), expired=True)
    assert receipt.state == Sitting.State.CLOSED
    sitting.refresh_from_db()
    assert (sitting.ended_at, sitting.end_reason) == (sitting.deadline, "deadline")
    assert stored(sitting, seat).late


def test_the_reply_to_an_early_end_says_how_much_is_left(signed_in, sitting):
    body = json.dumps({"claim": 1, "sequence": 0, "expired": True, "left": 0})
    with time_machine.travel(sitting.deadline - 30 * SECOND, tick=False):
        answer = signed_in.post(reverse("sitting_end", args=[sitting.pk]), body, content_type="application/json")
    assert (answer.json()["state"], answer.json()["remaining"]) == ("in_progress", 30_000)


def test_the_timeline_has_the_time_left_by_the_windows_word(sitting):
    end(sitting, 0, left_ms=12_345)
    ended = Event.objects.get(sitting=sitting, kind="ended")
    assert (ended.by, ended.left_ms) == ("candidate", 12_345)


def test_running_out_is_told_as_the_clocks(sitting):
    with time_machine.travel(sitting.deadline + SECOND, tick=False):
        end(sitting, 0, expired=True)
    ended = Event.objects.get(sitting=sitting, kind="ended")
    assert (ended.by, ended.at) == ("clock", sitting.deadline)


# ---- paused --------------------------------------------------------------------------------------------------------


@pytest.fixture
def paused(sitting):
    clock.pause(sitting_id=sitting.pk, by=UserFactory())
    return sitting


def snapshot(sitting: Sitting) -> list[object]:
    below = [list(model.objects.filter(sitting=sitting).values()) for model in (Answer, Pad, KeptChange, Event, Claim)]
    return [list(Sitting.objects.filter(pk=sitting.pk).values()), *below]


@pytest.mark.parametrize("later", [0, 86_400])
def test_while_paused_nothing_is_saved(paused, seat, later):
    before = snapshot(paused)
    with time_machine.travel(paused.deadline + later * SECOND, tick=False), pytest.raises(Refused) as refused:
        save(paused, change(seat, [token(paused, seat)]), at_seat=seat, offline=[(9, 8)])
    assert (refused.value.code, refused.value.state) == (423, "in_progress")
    assert snapshot(paused) == before


@pytest.mark.parametrize("expired", [False, True])
def test_while_paused_the_exam_cannot_be_ended(paused, expired):
    before = snapshot(paused)
    with pytest.raises(Refused) as refused:
        end(paused, 0, expired=expired)
    assert refused.value.code == 423
    assert snapshot(paused) == before


def test_what_arrived_before_the_pause_is_acknowledged_again(sitting, seat):
    made = change(seat, [token(sitting, seat)])
    save(sitting, made)
    clock.pause(sitting_id=sitting.pk, by=UserFactory())
    receipt = save(sitting, made)
    assert (receipt.outcomes, receipt.paused) == ({1: Outcome.DUPLICATE}, True)


def test_what_waited_out_the_pause_counts(paused, seat):
    clock.resume(sitting_id=paused.pk, by=UserFactory())
    assert save(paused, change(seat, [token(paused, seat)])).outcomes == {1: Outcome.APPLIED}


def test_a_paused_window_is_told_so(signed_in, paused, seat):
    body = {"claim": 1, "changes": [{"sequence": 1, "seat": seat, "base": 0, "left": 9}]}
    answer = signed_in.post(
        reverse("sitting_changes", args=[paused.pk]), json.dumps(body), content_type="application/json"
    )
    assert (answer.status_code, answer.json()["error"]) == (
        423, "The exam is paused; nothing can be answered until it goes on.",
    )  # fmt: skip


# ---- where the candidate is, and when there was no connection ------------------------------------------------------


def place(sitting: Sitting) -> int:
    sitting.refresh_from_db(fields=["last_seat"])
    return sitting.last_seat


def test_the_question_on_the_screen_is_the_place(sitting, seat):
    save(sitting, change(seat, []), at_seat=40)
    assert place(sitting) == 40


def test_without_one_it_is_the_question_changed_last(sitting):
    save(sitting, change(9, [], sequence=2), change(5, [], sequence=1))
    assert place(sitting) == 9


def test_a_place_that_the_form_does_not_have_is_none(sitting):
    save(sitting, change(9, []), at_seat=900)
    assert place(sitting) == 9


def test_an_older_window_does_not_move_the_candidate(sitting):
    take_over(sitting)
    save(sitting, change(9, []))
    save(sitting, change(5, []), claim=1, at_seat=5)
    assert place(sitting) == 9


def test_what_comes_after_closing_moves_nobody(sitting):
    save(sitting, change(9, []))
    close(sitting, sequence=1)
    save(sitting, change(5, [], sequence=2), at_seat=5)
    assert place(sitting) == 9


def offline(sitting: Sitting) -> list[tuple[int | None, ...]]:
    told = Event.objects.filter(sitting=sitting, kind="offline").order_by("number")
    return [(event.claim, event.left_ms, event.until_ms) for event in told]


def test_spans_without_a_connection_are_told(sitting):
    save(sitting, change(1, []), offline=[(900_000, 840_000), (700_000, 690_000)])
    assert offline(sitting) == [(1, 900_000, 840_000), (1, 700_000, 690_000)]
    assert events(sitting) == ["begun", "offline", "offline", "saved"]


def test_a_repeated_packet_does_not_tell_them_again(sitting):
    for _ in range(2):
        save(sitting, change(1, []), offline=[(900_000, 840_000)])
    assert len(offline(sitting)) == 1


def test_end_tells_them_without_any_change(sitting):
    end(sitting, 1, offline=[(900_000, 840_000)])  # the first change is still on its way
    end(sitting, 1, offline=[(900_000, 840_000)])
    assert events(sitting) == ["begun", "offline", "ended"]


# ---- cost ----------------------------------------------------------------------------------------------------------


def statements(sitting: Sitting, *changes: object, **more: object) -> int:
    with CaptureQueriesContext(connection) as queries:
        save(sitting, *changes, **more)  # type: ignore[arg-type]
    ran = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert all(sitting.pk.hex in sql.replace("-", "") for sql in ran)  # each stays inside the sitting's key
    return len(ran)


def test_a_save_that_settles_takes_three_statements(sitting, seat):
    take_over(sitting)
    save(sitting, change(seat, [token(sitting, seat, 1)]))
    save(sitting, change(seat, [token(sitting, seat, 0)]), claim=1)
    everything = [
        change(seat, [token(sitting, seat)], sequence=2, struck=[token(sitting, seat, 2)], marks=[1, 2],
               scenario_marks=[3, 4], settles=[(1, 1)]),
        change(0, [], sequence=3, text="note"),
    ]  # fmt: skip
    assert statements(sitting, *everything, at_seat=7, offline=[(9, 8)]) == 3
    sitting.refresh_from_db()
    assert sitting.open_conflicts == 0


def test_a_repeated_save_takes_one(sitting, seat):
    save(sitting, change(seat, []))
    assert statements(sitting, change(seat, [])) == 1


def test_keeping_a_conflict_costs_one_more(sitting, seat):
    take_over(sitting)
    save(sitting, change(seat, [token(sitting, seat, 1)]))
    assert statements(sitting, change(seat, [token(sitting, seat, 0)]), claim=1) == 3


def test_keeping_what_is_late_is_done_under_the_lock(sitting, seat):
    close(sitting)
    assert statements(sitting, change(seat, [token(sitting, seat)])) == 5
