"""Who calibrates, each reason that leaves a sitting out, and which answers of the others count."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exams.models import Answer, Form, ScoreTable, Seat, Sitting
from exams.services import simulation, sittings
from questions.models import Exam, Standing
from scoring.calibration import data as gathering
from scoring.calibration.data import Data, gather
from scoring.calibration.eligibility import Reason, Screening, screen
from scoring.calibration.running import score_waiting
from scoring.models import Result, SeatResult
from tests.factories import begin, key_of, wrong_of
from tests.scoring.candidates import blank, closed, earlier


def screened(exam: Exam, **options) -> Screening:
    now = timezone.now()
    score_waiting(exam=exam, now=now)
    return screen(exam=exam, until=now, **options)


def gathered(exam: Exam) -> Data:
    return gather(exam=exam, screening=screened(exam))


def ids(found: Screening) -> list[uuid.UUID]:
    return [first.sitting for first in found.firsts]


def test_a_serious_first_sitting_calibrates(exam):
    sitting = closed(exam)
    found = screened(exam)
    assert ids(found) == [sitting.pk]
    assert found.left_out == {}
    assert found.firsts[0].result == Result.objects.get(sitting=sitting).pk


@pytest.mark.parametrize(
    ("reason", "fields"),
    [
        (Reason.LIMIT, {"limit_minutes": 60}),
        (Reason.EXTRA, {"multiplier": "1.25"}),
        (Reason.EXTRA, {"extra_minutes": 30}),
        (Reason.GRANTED, {"granted_minutes": 5}),
        (Reason.PAUSED, {"paused_seconds": 1}),
        (Reason.STAFF, {"end_reason": "staff"}),
        (Reason.SIMULATED, {"simulated": True}),
        (Reason.VOID, {"void": True}),
        (Reason.REOPENED, {"reopened_at": dt.datetime(2026, 5, 4, 9, tzinfo=dt.UTC), "paused_seconds": 60}),
    ],
)
def test_other_conditions_are_left_out(exam, reason, fields):
    closed(exam, **fields)
    found = screened(exam)
    assert found.firsts == []
    assert found.left_out == {reason: 1}


@pytest.mark.parametrize(("short", "reason"), [(1, Reason.LIMIT), (0, None)])
def test_a_window_that_cuts_the_limit_is_another_limit(exam, short, reason):
    sitting = closed(exam)
    ends = sitting.started_at + dt.timedelta(minutes=exam.minutes - short)
    Sitting.objects.filter(pk=sitting.pk).update(window_ends_at=ends)
    assert screened(exam).left_out == ({reason: 1} if reason else {})


def test_simulated_sittings_count_where_they_are_asked_for(exam):
    real, simulated = closed(exam), closed(exam, simulated=True)
    assert set(ids(screened(exam, include_simulated=True))) == {real.pk, simulated.pk}


def test_only_the_first_sitting_counts(exam, user):
    first, second = earlier(closed(exam, user), 3), closed(exam, user)
    found = screened(exam)
    assert ids(found) == [first.pk]
    assert found.left_out == {Reason.LATER: 1}
    assert second.pk not in ids(found)


def test_the_second_does_not_take_the_place_of_a_first_that_does_not_count(exam, user):
    earlier(closed(exam, user, extra_minutes=30), 3)
    closed(exam, user)
    assert screened(exam).left_out == {Reason.EXTRA: 1, Reason.LATER: 1}


def test_one_that_was_given_up_is_no_first_sitting(exam, user):
    given_up = begin(user, exam)
    sittings.abandon(sitting_id=given_up.pk, user_id=user.pk)
    sitting = closed(exam, user)
    assert ids(screened(exam)) == [sitting.pk]


def test_simulated_sittings_are_nobodys_first(exam, user):
    earlier(closed(exam, user, simulated=True), 3)
    sitting = closed(exam, user)
    assert ids(screened(exam)) == [sitting.pk]


def test_a_sitting_in_progress_is_not_considered(exam, user):
    begin(user, exam)
    found = screened(exam)
    assert (found.firsts, found.left_out) == ([], {})


@pytest.mark.parametrize(("missed", "eligible"), [(6, True), (7, False)])
def test_nine_tenths_of_the_seats_must_be_visited(exam, missed, eligible):
    """65 seats: 59 visited are 90.8 %, 58 are 89.2 %."""
    sitting = closed(exam)
    blank(sitting, *range(66 - missed, 66), visited=False)
    assert screened(exam).left_out == ({} if eligible else {Reason.VISITED: 1})


def test_looking_is_visiting(exam):
    sitting = closed(exam)
    blank(sitting, *range(50, 66))
    assert ids(screened(exam)) == [sitting.pk]


@pytest.mark.parametrize(("fast", "eligible"), [(6, True), (7, False)])
def test_fewer_than_a_tenth_of_the_answers_may_be_given_in_no_time(exam, fast, eligible):
    sitting = closed(exam)
    Answer.objects.filter(sitting=sitting, seat__lte=fast).update(spent_ms=4_999)
    Answer.objects.filter(sitting=sitting, seat__gt=50).update(spent_ms=5_000)
    assert screened(exam).left_out == ({} if eligible else {Reason.FAST: 1})


def test_the_tenth_is_of_the_answers_not_of_the_seats(exam):
    sitting = closed(exam)
    blank(sitting, *range(31, 66))
    Answer.objects.filter(sitting=sitting, seat__lte=3).update(spent_ms=100)
    assert screened(exam).left_out == {Reason.FAST: 1}


def test_who_answered_nothing_is_left_out(exam):
    blank(closed(exam), *range(1, 66))
    assert screened(exam).left_out == {Reason.NOTHING: 1}


def test_without_scripts_nobody_knows_how_fast(exam):
    sitting = closed(exam)
    Answer.objects.filter(sitting=sitting).update(spent_ms=0)
    assert screened(exam).left_out == {Reason.UNTIMED: 1}


@pytest.mark.parametrize(
    ("end_reason", "spent_ms", "overtaken"),
    [("deadline", 165_000, True), ("candidate", 165_000, False), ("deadline", 60_000, False)],
)
def test_whose_time_ran_out_at_work_is_remembered(exam, end_reason, spent_ms, overtaken):
    """50 questions in 165 seconds each are more than 80 % of the limit; in one minute each they are not."""
    sitting = closed(exam, end_reason=end_reason)
    blank(sitting, *range(51, 66), visited=False)
    Answer.objects.filter(sitting=sitting).update(spent_ms=spent_ms)
    found = screened(exam)
    assert found.left_out == {Reason.VISITED: 1}
    assert [first.sitting for first in found.overtaken] == ([sitting.pk] if overtaken else [])
    sheet = next(sheet for sheet in gather(exam=exam, screening=found).sheets if sheet.form == sitting.form)
    assert sheet.persons == 0
    assert sheet.overtaken.sum(axis=2).tolist() == ([[50], [50]] if overtaken else [[], []])


def test_what_cannot_be_scored_is_told_and_left_out(exam, caplog):
    broken = closed(exam, form=Form.objects.get(exam=exam, reference=False))
    sound = closed(exam, form=Form.objects.get(exam=exam, reference=True))
    ScoreTable.objects.filter(form=broken.form).update(discriminations=[])
    found = screened(exam)
    assert ids(found) == [sound.pk]
    assert found.left_out == {Reason.UNSCORED: 1}
    assert f"Sitting {broken.pk} cannot be scored" in caplog.text


def test_another_exams_sittings_are_not_looked_at(exam):
    closed(exam)
    other = Exam.objects.create(
        code="XYZ", name="Other", level="", status="", as_of=dt.date(2026, 1, 1), minutes=170, questions=65, scored=50,
        pass_mark=700,
    )  # fmt: skip
    assert screened(other).firsts == []


def test_only_what_closed_in_between_is_judged(exam, user):
    old, new = earlier(closed(exam), 5), earlier(closed(exam), 2)
    now = timezone.now()
    score_waiting(exam=exam, now=now)
    assert ids(screen(exam=exam, until=now, since=now - dt.timedelta(days=3))) == [new.pk]
    assert ids(screen(exam=exam, until=now - dt.timedelta(days=3))) == [old.pk]


# ---- answers -------------------------------------------------------------------------------------------------------


def given(data: Data, sitting: Sitting) -> dict[int, float]:
    """Revision -> right or wrong, as the calibration sees one person."""
    person = [first.sitting for first in data.persons].index(sitting.pk)
    here = data.responses.person == person
    pairs = zip(data.responses.item[here].tolist(), data.responses.right[here].tolist(), strict=True)
    return {data.columns[item]: right for item, right in pairs}


def revision_at(sitting: Sitting, number: int) -> int:
    return Seat.objects.get(form=sitting.form, number=number).revision_id


def test_answers_are_right_or_wrong_as_they_were_scored(exam):
    sitting = closed(exam, right=17)
    found = given(gathered(exam), sitting)
    seats = {seat.number: seat.revision_id for seat in sitting.form.seats.all()}
    scored = SeatResult.objects.filter(result__sitting=sitting).values_list("seat", "correct")
    assert found == {seats[number]: float(correct) for number, correct in scored}
    assert sum(found.values()) == 17


def test_omitted_is_wrong_and_not_reached_is_missing(exam):
    sitting = closed(exam, right=50)
    blank(sitting, 10)
    blank(sitting, 20, 63, 64, 65, visited=False)
    data = gathered(exam)
    found = given(data, sitting)
    assert found[revision_at(sitting, 10)] == 0
    assert found[revision_at(sitting, 20)] == 0  # skipped, for later ones were visited
    assert not {revision_at(sitting, number) for number in (63, 64, 65)} & set(found)
    assert len(found) == 62
    assert data.left_out == {gathering.NOT_REACHED: 3}
    assert data.sheets[0].raw.sum() + data.sheets[1].raw.sum() == Result.objects.get(sitting=sitting).raw


def test_an_unfinished_response_is_wrong_and_no_choice(exam):
    form = Form.objects.get(exam=exam, reference=True)
    sitting = closed(exam, form=form)
    seat = form.seats.filter(kind="multiple_response")[0]
    Answer.objects.filter(sitting=sitting, seat=seat.number).update(response=list(key_of(seat)[:1]))
    data = gathered(exam)
    assert given(data, sitting)[seat.revision_id] == 0
    sheet = next(sheet for sheet in data.sheets if sheet.form == form)
    assert sheet.given[0, seat.number - 1] == -1
    assert not sheet.answered[0, seat.number - 1]


def test_what_was_seen_before_is_missing(exam, user):
    form = Form.objects.get(exam=exam, reference=True)
    given_up = begin(user, exam, form)
    sittings.abandon(sitting_id=given_up.pk, user_id=user.pk)
    other = Form.objects.get(exam=exam, reference=False)
    sitting = closed(exam, user, form=other)
    shared = {*form.seats.values_list("revision_id", flat=True)} & {*other.seats.values_list("revision_id", flat=True)}
    assert shared
    data = gathered(exam)
    assert not shared & set(given(data, sitting))
    assert data.left_out == {gathering.SEEN_BEFORE: len(shared)}


def test_removed_seats_are_missing_for_everybody(exam):
    form = Form.objects.get(exam=exam, reference=True)
    first, second = closed(exam, form=form), closed(exam, form=form)
    seat = form.seats.filter(scored=True)[0]
    screened(exam)
    ScoreTable.objects.filter(form=form).update(removed=[seat.number])
    data = gathered(exam)
    assert seat.revision_id not in {*given(data, first), *given(data, second)}
    assert data.left_out == {gathering.REMOVED: 2}
    sheet = next(sheet for sheet in data.sheets if sheet.form == form)
    assert sheet.counts.sum() == 49


def test_a_revision_is_one_column_scored_or_not(exam):
    one, two = Form.objects.pool()
    both = {*one.seats.filter(scored=True).values_list("revision_id", flat=True)} & {
        *two.seats.filter(scored=False).values_list("revision_id", flat=True)
    }
    assert both
    first, second = closed(exam, form=one), closed(exam, form=two)
    data = gathered(exam)
    assert both <= set(given(data, first)) & set(given(data, second))
    assert len(set(data.columns)) == len(data.columns)


def test_every_published_question_is_a_column(exam):
    assert gathered(exam).columns == sorted(Standing.objects.filter(exam=exam).values_list("revision_id", flat=True))


def test_responses_are_told_in_option_numbers(exam):
    form = Form.objects.get(exam=exam, reference=True)
    closed(exam, form=form, right=50)
    data = gathered(exam)
    sheet = next(sheet for sheet in data.sheets if sheet.form == form)
    for seat in form.seats.all():
        column = data.columns.index(seat.revision_id)
        response = data.responses_of[column][sheet.given[0, seat.number - 1]]
        tokens = key_of(seat) if seat.scored else wrong_of(seat)
        numbers = [seat.options[seat.tokens.index(token)] for token in tokens]
        assert list(response) == (sorted(numbers) if seat.kind == "multiple_response" else numbers)
        assert (response in data.keys[column]) == seat.scored


def test_a_corrected_key_is_the_key(exam):
    form = Form.objects.get(exam=exam, reference=True)
    seat = form.seats.filter(kind="multiple_choice")[0]
    before = gathered(exam)
    column = before.columns.index(seat.revision_id)
    own = before.keys[column]
    other = (own[0][0] % 4) + 1
    ScoreTable.objects.filter(form=form).update(keys={str(seat.number): [[other], [own[0][0]]]})
    assert gathered(exam).keys[column] == [(other,), own[0]]


# ---- the digest ----------------------------------------------------------------------------------------------------


def test_the_digest_is_of_the_answers(exam):
    first, _ = closed(exam), closed(exam)
    one = gathered(exam).digest
    assert gathered(exam).digest == one
    seat = SeatResult.objects.filter(result__sitting=first)[0]
    SeatResult.objects.filter(pk=seat.pk).update(correct=not seat.correct)
    other = gathered(exam).digest
    assert other != one
    assert len(one) == 64
    closed(exam)
    assert gathered(exam).digest not in (one, other)


def test_forms_that_nobody_sat_do_not_change_the_digest(exam):
    sitting = closed(exam, form=Form.objects.get(exam=exam, reference=True))
    one = gathered(exam)
    Form.objects.exclude(pk=sitting.form_id).update(state=Form.State.RETIRED)
    other = gathered(exam)
    assert len(other.sheets) < len(one.sheets)
    assert other.digest == one.digest


# ---- constant queries ----------------------------------------------------------------------------------------------


def test_reading_costs_the_same_however_many(exam):
    costs = []
    for candidates in (5, 60):
        made = simulation.simulate(exam=exam, candidates=candidates, mean=0, sd=1, seed=3, now=timezone.now())
        score_waiting(exam=exam, now=timezone.now())
        with CaptureQueriesContext(connection) as queries:
            found = screen(exam=exam, until=timezone.now(), include_simulated=True)
            data = gather(exam=exam, screening=found)
        assert len(data.persons) >= len(made.sitting_ids) - 5
        costs.append(len(queries))
    assert costs[0] == costs[1]
    assert costs[0] <= 16
