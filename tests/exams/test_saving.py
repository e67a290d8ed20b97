"""The save path: what is acknowledged is stored, what is refused changes nothing, order is (claim, sequence)."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from exams.models import Answer, KeptChange, Sitting
from exams.services import saving
from exams.services.changes import Outcome, Refused
from questions.kinds import KINDS
from questions.models import Exam
from tests.exams.windows import end, kept, save, seat_of_kind, stored, take_over, token
from tests.factories import UserFactory, begin, change, key_of

SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def sitting(user: User, exam: Exam) -> Sitting:
    return begin(user, exam)


def test_a_change_is_stored_and_acknowledged(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    receipt = save(sitting, change(seat, [token(sitting, seat)], flagged=True))
    assert receipt.outcomes == {1: Outcome.APPLIED}
    assert receipt.versions == {seat: 1}
    answer = stored(sitting, seat)
    assert (answer.response, answer.flagged, answer.version) == ([token(sitting, seat)], True, 1)


def test_a_replay_is_acknowledged_and_changes_nothing(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    first = change(seat, [token(sitting, seat, 0)])
    save(sitting, first)
    save(sitting, change(seat, [token(sitting, seat, 1)], sequence=2))
    assert save(sitting, first).outcomes == {1: Outcome.DUPLICATE}
    assert stored(sitting, seat).response == [token(sitting, seat, 1)]


def test_an_older_change_that_arrives_late_does_not_win(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    save(sitting, change(seat, [token(sitting, seat, 1)], sequence=2))
    receipt = save(sitting, change(seat, [token(sitting, seat, 0)], sequence=1))
    assert receipt.outcomes == {1: Outcome.SUPERSEDED}
    assert stored(sitting, seat).response == [token(sitting, seat, 1)]


def test_of_two_changes_in_a_packet_the_later_one_wins(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    receipt = save(
        sitting,
        change(seat, [token(sitting, seat, 1)], sequence=2),
        change(seat, [token(sitting, seat, 0)], sequence=1),
    )
    assert receipt.outcomes == {1: Outcome.SUPERSEDED, 2: Outcome.APPLIED}
    assert stored(sitting, seat).response == [token(sitting, seat, 1)]


def test_an_answer_can_be_cleared(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    save(sitting, change(seat, [token(sitting, seat)]))
    save(sitting, change(seat, [], sequence=2))
    assert stored(sitting, seat).response == []


def test_an_older_window_applies_where_nothing_newer_stands(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    take_over(sitting)
    receipt = save(sitting, change(seat, [token(sitting, seat)]), claim=1)
    assert receipt.outcomes == {1: Outcome.APPLIED}
    assert receipt.claim == 2  # tells the older window that it is one


def test_an_older_window_does_not_overwrite_the_newer_one(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    take_over(sitting)
    save(sitting, change(seat, [token(sitting, seat, 1)]), claim=2)
    receipt = save(sitting, change(seat, [token(sitting, seat, 0)], sequence=7), claim=1)
    assert receipt.outcomes == {7: Outcome.CONFLICT}
    assert stored(sitting, seat).response == [token(sitting, seat, 1)]
    assert receipt.standing == {seat: ([token(sitting, seat, 1)], False)}  # so that the window shows what counts
    assert KeptChange.objects.get(sitting=sitting).response == [token(sitting, seat, 0)]


def test_a_replay_from_an_older_window_is_no_conflict(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    first = change(seat, [token(sitting, seat, 0)])
    save(sitting, first)
    take_over(sitting)
    save(sitting, change(seat, [token(sitting, seat, 1)]), claim=2)
    assert save(sitting, first, claim=1).outcomes == {1: Outcome.DUPLICATE}
    assert not KeptChange.objects.exists()


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (None, "This form has no question 66."),
        ("ordering", "The answer names an option that this question does not have."),
    ],
)
def test_what_cannot_be_is_refused_whole(sitting, kind, sentence):
    good = seat_of_kind(sitting, "multiple_choice")
    bad = seat_of_kind(sitting, kind) if kind else 66
    with pytest.raises(Refused) as refused:
        save(sitting, change(good, [token(sitting, good)]), change(bad, ["zzzzz"], sequence=2))
    assert (refused.value.code, refused.value.sentence, refused.value.sequences) == (422, sentence, [2])
    assert not Answer.objects.exists()


def test_two_answers_to_multiple_choice_are_refused(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    with pytest.raises(Refused, match="takes one option"):
        save(sitting, change(seat, [token(sitting, seat, 0), token(sitting, seat, 1)]))


def test_a_claim_never_handed_out_is_refused(sitting):
    with pytest.raises(Refused) as refused:
        save(sitting, change(1, []), claim=9)
    assert refused.value.code == 409


def test_strangers_are_told_that_there_is_nothing(sitting):
    with pytest.raises(Sitting.DoesNotExist):
        saving.save(sitting_id=sitting.pk, user_id=UserFactory().pk, claim=1, changes=[change(1, [])])


# ---- the end -------------------------------------------------------------------------------------------------


def test_end_with_everything_arrived_closes_at_once(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    save(sitting, change(seat, [token(sitting, seat)]))
    assert end(sitting, 2, change(seat, [], sequence=2)).state == Sitting.State.CLOSED
    sitting.refresh_from_db()
    assert sitting.end_reason == "candidate"


def test_end_waits_for_a_change_on_its_way(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    save(sitting, change(seat, [token(sitting, seat, 0)], sequence=1))
    assert end(sitting, 3, change(seat, [], sequence=3)).state == Sitting.State.ENDED
    receipt = save(sitting, change(seat_of_kind(sitting, "multiple_response"), [], sequence=2))
    assert receipt.state == Sitting.State.CLOSED


def test_after_end_an_answer_is_kept_and_does_not_count(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    end(sitting, 2, change(seat, [], sequence=2))  # the first change is still on its way
    assert save(sitting, change(seat, [token(sitting, seat)], sequence=3)).outcomes == {3: Outcome.LATE}
    assert stored(sitting, seat).response == []
    assert kept(sitting) == [(1, 3, "late", [token(sitting, seat)])]


def test_an_older_window_says_nothing_about_what_the_ending_one_has_sent(sitting):
    seat, other = sitting.form.seats.filter(kind="multiple_choice").values_list("number", flat=True)[:2]
    take_over(sitting)
    save(sitting, change(seat, [token(sitting, seat)]), claim=2)
    end(sitting, 2)
    receipt = save(sitting, change(other, []), change(seat, [], sequence=2), claim=1)
    assert receipt.state == Sitting.State.ENDED
    assert save(sitting, change(other, [token(sitting, other)], sequence=2), claim=2).state == Sitting.State.CLOSED
    assert stored(sitting, other).response == [token(sitting, other)]


def test_what_was_refused_need_not_arrive(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    with pytest.raises(Refused):
        save(sitting, change(seat, ["zzzzz"]))
    last = change(seat, [token(sitting, seat)], sequence=2)
    receipt = saving.end(
        sitting_id=sitting.pk, user_id=sitting.user_id, claim=1, sequence=2, changes=[last], dropped=[1]
    )
    assert receipt.state == Sitting.State.CLOSED


def test_ending_a_closed_exam_takes_no_new_answer(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    end(sitting, 1, change(seat, []))
    assert end(sitting, 1, change(seat, [])).outcomes == {1: Outcome.DUPLICATE}
    assert end(sitting, 2, change(seat, [token(sitting, seat)], sequence=2)).outcomes == {2: Outcome.LATE}
    assert stored(sitting, seat).response == []


def test_gaps_without_end_are_refused(sitting):
    for start in (1, 201, 401):
        save(sitting, *(change(1, [], sequence=number) for number in range(start, start + 200, 2)))
    with pytest.raises(Refused) as refused:
        save(sitting, change(1, [], sequence=999))
    assert refused.value.code == 429


def test_ending_twice_is_harmless(sitting):
    first = end(sitting, 0)
    assert (first.state, end(sitting, 0).state) == (Sitting.State.CLOSED, Sitting.State.CLOSED)


def test_an_older_window_cannot_end_the_exam(sitting):
    take_over(sitting)
    with pytest.raises(Refused, match="another window"):
        end(sitting, 0, claim=1)
    sitting.refresh_from_db()
    assert sitting.state == Sitting.State.IN_PROGRESS


@pytest.mark.parametrize(("offset", "state"), [(-1, "in_progress"), (0, "ended"), (1, "ended")])
def test_the_deadline_is_exact(sitting, offset, state):
    seat = seat_of_kind(sitting, "multiple_choice")
    with time_machine.travel(sitting.deadline + offset * SECOND, tick=False):
        assert save(sitting, change(seat, [token(sitting, seat)])).state == state
    sitting.refresh_from_db()
    assert (sitting.ended_at == sitting.deadline) == (state == "ended")
    assert stored(sitting, seat).late == (state == "ended")


@pytest.mark.parametrize(
    ("offset", "outcome"), [(-1, Outcome.APPLIED), (0, Outcome.LATE), (1, Outcome.LATE), (86_400, Outcome.LATE)]
)
def test_late_packets_count_within_the_grace_only(sitting, offset, outcome):
    seat = seat_of_kind(sitting, "multiple_choice")
    closes = sitting.deadline + sitting.grace_seconds * SECOND
    with time_machine.travel(closes + offset * SECOND, tick=False):
        assert save(sitting, change(seat, [token(sitting, seat)], left_ms=1)).outcomes == {1: outcome}
    assert Answer.objects.exists() == (outcome is Outcome.APPLIED)
    assert KeptChange.objects.exists() == (outcome is Outcome.LATE)


def test_what_was_made_after_the_deadline_does_not_count(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    with time_machine.travel(sitting.deadline + SECOND, tick=False):
        receipt = save(sitting, change(seat, [token(sitting, seat)], left_ms=0))
    assert receipt.outcomes == {1: Outcome.LATE}
    assert kept(sitting) == [(1, 1, "late", [token(sitting, seat)])]
    assert not Answer.objects.exists()


def test_of_one_packet_only_what_was_made_in_time_counts(sitting):
    """The later change is the late one; it does not stand in the way of the earlier."""
    seat = seat_of_kind(sitting, "multiple_choice")
    made = [change(seat, [token(sitting, seat, place)], sequence=place + 1, left_ms=1 - place) for place in (0, 1)]
    with time_machine.travel(sitting.deadline + SECOND, tick=False):
        assert save(sitting, *made).outcomes == {1: Outcome.APPLIED, 2: Outcome.LATE}
    assert stored(sitting, seat).response == [token(sitting, seat, 0)]


def test_a_late_change_is_kept_once_however_often_it_comes(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    end(sitting, 0)
    late = change(seat, [token(sitting, seat)])
    assert [save(sitting, late).outcomes[1] for _ in range(2)] == [Outcome.LATE, Outcome.DUPLICATE]
    assert KeptChange.objects.count() == 1


def test_a_lost_acknowledgement_can_be_repeated_after_the_end(sitting):
    seat = seat_of_kind(sitting, "multiple_choice")
    packet = change(seat, [token(sitting, seat)])
    save(sitting, packet)
    end(sitting, 1)
    assert save(sitting, packet).outcomes == {1: Outcome.DUPLICATE}


# ---- cost ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 40])
def test_a_save_takes_two_statements_however_many_changes(sitting, count):
    changes = [change(number, [], sequence=number) for number in range(1, count + 1)]
    with CaptureQueriesContext(connection) as queries:
        assert len(save(sitting, *changes).outcomes) == count
    statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(statements) == 2
    assert all(
        sitting.pk.hex in sql.replace("-", "") for sql in statements
    )  # every statement stays inside the sitting's key


def test_every_kind_of_answer_can_be_stored(sitting):
    seats = {seat.kind: seat for seat in sitting.form.seats.all()}
    changes = [change(seat.number, key_of(seat), sequence=place) for place, seat in enumerate(seats.values(), 1)]
    save(sitting, *changes)
    for seat in seats.values():
        assert KINDS[seat.kind].is_correct(stored(sitting, seat.number).response, key_of(seat))


def test_now_is_the_servers(sitting):
    before = timezone.now()
    receipt = save(sitting, change(1, []))
    assert before <= receipt.now <= timezone.now()
    assert receipt.remaining == sitting.deadline - receipt.now
