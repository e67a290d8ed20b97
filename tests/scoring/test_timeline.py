"""What the timeline tells of a sitting."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone

from exams.models import Sitting
from exams.services import clock, notices
from exams.services.changes import PAD, Change
from scoring import services as scoring
from scoring.reports.timeline import timeline_of
from scoring.reports.wording import TO_STAFF, lasting, questions
from tests.factories import UserFactory, change, key_of, wrong_of
from tests.scoring.course import LIMIT, START, Course, blank, pad, response

# ---- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seats", "words"),
    [
        ([4], "question 4"),
        ([4, 7], "questions 4 and 7"),
        ([1, 2, 3, 7, 8], "questions 1 to 3, 7 and 8"),
        ([PAD], "the note pad"),
        ([PAD, 4], "question 4 and the note pad"),
    ],
)
def test_questions_in_words(seats, words):
    assert questions(seats) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (90, "90 seconds"), (360, "6 minutes"), (3600, "1 hour"), (3960, "1 hour 6 minutes")],
)
def test_spans_in_words(seconds, words):
    assert lasting(dt.timedelta(seconds=seconds)) == words


# ---- what happened --------------------------------------------------------------------------------------------------


def test_a_plain_sitting_from_begin_to_close(course):
    course.at(1).save(blank(4, 1), blank(7, 2)).at(2).save(pad("note", 3)).at(5).end(3)
    assert course.told() == [
        "Begun",
        "You worked on questions 4 and 7",
        "You wrote on the note pad",
        "Ended by you",
        "Closed",
    ]
    saved = course.entry("You worked")
    assert (saved.note, saved.at, saved.into) == ("Saved: changes 1 to 2", START + dt.timedelta(minutes=1), 1)
    assert course.entry("Ended").note == "With 00:01:00 left."


def test_time_running_out_is_told_as_of_the_deadline(course):
    course.at(129).save(blank(1, 1)).at(130, 30).claim().at(140).settle()
    told = course.told()
    assert told.index("Ended by the clock") < told.index("Opened in another window")
    facts = course.tell().facts
    assert (facts.ended_by, facts.used, facts.given) == ("the clock", LIMIT, LIMIT)


def test_the_first_window_is_not_another_one(course):
    course.claim().at(1).save(blank(1, 1)).at(2).claim().at(3).save(blank(2, 1)).end(1)
    assert [what for what in course.told() if what.startswith("Opened")] == [
        "Opened in a window",
        "Opened in another window",
    ]
    assert course.tell().facts.windows == 2
    assert course.entry("You worked on question 2").note == "Saved: change 1 of window 2"


def test_being_offline_is_the_devices_word(course):
    left = 7_000_000
    course.at(1).claim().save(blank(1, 1), offline=[(left, left - 360_000), (left - 400_000, left - 460_000)])
    course.save(blank(2, 1), claim=1, offline=[(left - 60_000, left - 420_000)]).end(1)
    assert "Offline for 6 minutes (by your device's word)" in course.told()
    assert course.entry("Offline for 60 seconds").note == "From 01:50:00 left to 01:49:00 left."
    facts = course.tell().facts
    assert (facts.offline, facts.offline_spans) == (dt.timedelta(milliseconds=460_000), 1)


def test_what_staff_did_to_the_clock(course):
    staff = UserFactory(email="anna@example.com")
    course.at(10)
    clock.grant(sitting_id=course.sitting.pk, minutes=5, by=staff)
    clock.pause(sitting_id=course.sitting.pk, by=staff)
    course.at(13)
    clock.resume(sitting_id=course.sitting.pk, by=staff)
    course.at(20).save(blank(1, 1)).end(1)
    assert course.told()[1:4] == ["5 extra minutes granted by staff", "Paused by staff", "Went on after 3 minutes"]
    assert course.entry("You worked").into == 17  # of the exam's own minutes
    facts = course.tell().facts
    assert (facts.used, facts.given) == (dt.timedelta(minutes=17), LIMIT + dt.timedelta(minutes=5))
    assert facts.paused == dt.timedelta(minutes=3)


def test_staff_are_told_who_it_was(course):
    clock.grant(sitting_id=course.sitting.pk, minutes=1, by=UserFactory(email="anna@example.com"))
    course.save(blank(1, 1)).end(1)
    course.sitting.refresh_from_db()
    told = [entry.what for entry in timeline_of(course.sitting, voice=TO_STAFF).entries]
    assert told[1:] == [
        "1 extra minute granted by anna@example.com",
        "The candidate worked on question 1",
        "Ended by the candidate",
        "Closed",
    ]


def test_what_staff_said_and_did_is_told(course):
    staff = UserFactory(email="anna@example.com")
    pk = course.sitting.pk
    course.at(5)
    notices.send(sitting_ids=[pk], text="Room 2 is open", by=staff, now=timezone.now())
    course.at(10).save(blank(1, 1)).at(30)
    clock.finish(sitting_id=pk, by=staff)
    course.end(1)
    Sitting.objects.filter(pk=pk).update(assigned=True, results_held=True)
    course.at(90)
    scoring.reopen(sitting_id=pk, deadline=START + dt.timedelta(minutes=150), by=staff, now=timezone.now())
    course.claim().at(100).save(blank(2, 1)).end(1)
    clock.void(sitting_id=pk, by=staff, reason="It was the wrong exam")
    found = course.tell()
    assert [(entry.what, entry.note) for entry in found.entries if "staff" in entry.what] == [
        ("Message from staff", "Room 2 is open"),
        ("Ended by staff", ""),
        ("Reopened by staff", "The exam went on, for at most 1 hour more."),
        ("Declared void by staff", "It was the wrong exam"),
    ]
    assert course.entry("You worked on question 2").into == 40  # the hour between is no time of the exam
    assert (found.facts.used, found.facts.paused) == (dt.timedelta(minutes=40), dt.timedelta(hours=1))
    assert found.facts.windows == 2


def test_a_closed_exam_says_when_a_new_day_began(course):
    timezone.activate(dt.timezone(dt.timedelta(hours=14)))  # midnight there is an hour after the start
    try:
        course.at(50).save(blank(1, 1)).at(70).save(blank(2, 2)).end(2)
        assert [entry.what for entry in course.tell().entries if entry.new_day] == ["You worked on question 2"]
    finally:
        timezone.deactivate()


# ---- late, and what does not count ----------------------------------------------------------------------------------


def test_late_answers_count_and_later_ones_do_not(course):
    given = response(course, 1)
    course.at(130, 30).save(change(1, given, left_ms=5_000), blank(2, 2, left_ms=-10))
    course.at(140).settle().save(change(3, response(course, 3), sequence=3, left_ms=9_000))
    told = course.tell()
    assert [entry.what for entry in told.entries if "rrived" in entry.what] == [
        "Arrived after the end, counts: question 1",
        "Arrived too late, does not count: question 2",
        "Arrived too late, does not count: question 3",
    ]
    assert [change.why for change in told.uncounted] == [
        "It was made when time was up, by your device's word. The same stands, so nothing is lost.",
        "It came after the exam had closed.",
    ]
    assert (told.facts.late, told.facts.uncounted) == (1, 2)
    assert course.entry("Arrived after the end").into is None


def test_what_was_made_after_end_exam_does_not_count(course):
    given = response(course, 2)
    course.at(3).end(1).at(3, 5).save(change(2, given, sequence=2), blank(1, 1))
    (uncounted,) = course.tell().uncounted
    assert uncounted.seat == 2
    assert uncounted.why == "It was made after the exam had been ended."


def conflict(course: Course, number: int = 1) -> Course:
    """An older window answers a question that a newer one has answered since."""
    seat = course.sitting.form.seats.get(number=number)
    course.save(blank(number, 1)).at(1).claim().at(2).save(change(number, key_of(seat), base=1))
    return course.at(3).save(change(number, wrong_of(seat), sequence=2, base=1), claim=1)


def test_an_open_conflict_is_told_and_does_not_count(course):
    conflict(course).at(4).end(1)
    assert "Met a newer answer of another window: question 1" in course.told()
    (uncounted,) = course.tell().uncounted
    assert uncounted.why == "A newer one of another window stands, and nothing was chosen before the end."
    assert uncounted.at == START + dt.timedelta(minutes=3)


def test_a_settled_conflict_says_when_and_whether_anything_is_lost(course):
    conflict(course)
    chosen = wrong_of(course.sitting.form.seats.get(number=1))
    course.at(4).save(Change(2, 1, 2, chosen, left_ms=1_000_000, settles=[(1, 2)])).end(2)
    assert "Conflict settled for question 1" in course.told()
    assert course.tell().uncounted[0].why == (
        "A newer one of another window stood; you chose what stands at 09:04:00. The same stands, so nothing is lost."
    )


KINDS = {
    "multiple_choice": r"[A-D]",
    "multiple_response": r"[A-F](, [A-F])* and [A-F]",
    "ordering": r"[A-H](, then [A-H])+",
    "matching": r"1 with [A-H](, \d with [A-H])+",
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_offered_is_in_the_letters_of_the_seat(course, kind):
    seat = course.sitting.form.seats.filter(kind=kind)[0]
    given = wrong_of(seat)
    course.at(1).end().at(2).save(change(seat.number, given, flagged=True))
    (uncounted,) = course.tell().uncounted
    assert re.fullmatch(KINDS[kind] + ", flagged", uncounted.offered)
    assert re.findall(r"[A-H]", uncounted.offered) == [seat.letters()[token] for token in given]


def test_an_emptied_answer_and_the_note_pad_have_words_too(course):
    course.save(change(1, response(course, 1))).at(1).end(1).at(2)
    course.save(blank(1, 2), pad("too late", 3))
    empty, note = course.tell().uncounted
    assert (empty.offered, empty.is_pad) == ("No answer", False)
    assert (note.text, note.is_pad) == ("too late", True)


# ---- folding, gaps, quiet spans -------------------------------------------------------------------------------------


def test_saves_in_a_row_share_one_entry(course):
    for number in range(1, 6):
        course.at(number).save(blank(number, number))
    course.at(6).claim().at(7).save(blank(6, 1)).at(8).save(blank(7, 2)).end(2)
    assert course.told()[1:] == [
        "5 saves in 4 minutes",
        "Opened in another window",
        "You worked on question 6",
        "You worked on question 7",
        "Ended by you",
        "Closed",
    ]
    folded = course.entry("5 saves")
    assert (folded.note, len(folded.saves), folded.until) == ("Questions 1 to 5", 5, START + dt.timedelta(minutes=5))


def test_a_gap_that_was_filled_says_when(course):
    course.at(1).save(blank(1, 1)).at(2).save(blank(4, 4)).at(3, 7).save(blank(2, 2), blank(3, 3)).end(4)
    gap = course.entry("Changes 2 to 3")
    assert gap.what == "Changes 2 to 3 had not arrived yet; they came at 09:03:07"
    assert gap.at == START + dt.timedelta(minutes=2)


def test_a_hole_inside_a_packet_is_found_too(course):
    course.at(1).save(blank(1, 1), blank(3, 3)).at(2).save(blank(2, 2)).end(3)
    assert course.entry("Change 2").what == "Change 2 had not arrived yet; it came at 09:02:00"


def test_a_gap_that_was_never_filled_says_so(course):
    course.at(1).save(blank(1, 1)).at(2).save(blank(4, 4)).at(3).end(6).at(9).settle()
    told = course.told()
    assert "Changes 2 to 3 never came" in told
    assert told.index("Changes 5 to 6 never came") == told.index("Ended by you") + 1


def test_nothing_is_missing_where_a_packet_held_both_kinds(course):
    given = response(course, 1)
    course.at(130, 30).save(
        change(1, given, sequence=1, left_ms=5_000), blank(2, 2, left_ms=-1), blank(3, 3, left_ms=5_000)
    )
    course.at(140).settle()
    assert not [entry for entry in course.tell().entries if entry.kind == "gap"]


def test_each_window_numbers_its_own_changes(course):
    course.at(1).save(blank(1, 1), blank(2, 2)).claim().at(2).save(blank(3, 1)).end(1)
    assert not [entry for entry in course.tell().entries if entry.kind == "gap"]


def test_long_silence_is_a_quiet_span(course):
    course.at(10).save(blank(1, 1)).at(22).save(blank(2, 2)).at(32).end(2)
    quiet = course.entry("Quiet for 12 minutes")
    assert (quiet.at, quiet.until) == (START + dt.timedelta(minutes=10), START + dt.timedelta(minutes=22))
    assert len([entry for entry in course.tell().entries if entry.kind == "quiet"]) == 1


def test_a_pause_and_the_grace_are_not_quiet_spans(course):
    staff = UserFactory()
    clock.pause(sitting_id=course.sitting.pk, by=staff)
    course.at(60)
    clock.resume(sitting_id=course.sitting.pk, by=staff)
    course.at(61).end(1).at(75).settle().save(blank(1, 1))
    assert not [entry for entry in course.tell().entries if entry.kind == "quiet"]
