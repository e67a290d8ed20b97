"""What the pages show, before any page shows it."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone

from exams.models import Answer, EndReason, Form, Sitting
from exams.services import saving
from questions.models import Exam, Reference
from scoring.models import DomainResult, SeatResult
from scoring.reports import charts, overview, progress, review, score
from scoring.reports.score import Report
from tests.factories import UserFactory, begin, change, close, key_of, sat, wrong_of

SCALE = charts.Scale(100, 1000, 720)


def report_on(result) -> Report:
    return score.report_of(result.sitting, result, now=timezone.now())


# ---- the scale ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "place"), [(100, "0.00%"), (550, "50.00%"), (720, "68.89%"), (1000, "100.00%")])
def test_places_on_the_scale_are_shares_of_its_length(value, place):
    assert SCALE.place(value) == place


def test_labels_on_the_axis_keep_clear_of_the_score():
    assert [tick.label for tick in SCALE.ticks(beside=[748])] == ["100", "300", "500", "1,000"]
    assert [tick.label for tick in SCALE.ticks(beside=[1000])] == ["100", "300", "500", "700"]


def test_labels_at_the_ends_stay_inside_the_chart():
    assert [SCALE.label(score).anchor for score in (100, 500, 1000)] == ["start", "middle", "end"]


def test_the_curve_is_cut_at_the_pass_mark():
    centres = [100 + 5 * (place + 0.5) for place in range(180)]
    curve = charts.curve(SCALE, centres, [1.0] * 180)
    assert _reach(curve.below) == (0, 620)
    assert _reach(curve.above) == (620, 900)


def test_a_curve_far_from_the_pass_mark_has_one_side():
    centres = [100 + 5 * (place + 0.5) for place in range(180)]
    curve = charts.curve(SCALE, centres, [1.0 if centre < 400 else 0.0 for centre in centres])
    assert curve.below
    assert curve.above == ""


def _reach(path: str) -> tuple[float, float]:
    places = [float(x) for x in re.findall(r"[ML]([\d.]+)", path)]
    return min(places), max(places)


def test_bars_of_the_time_chart_are_as_long_as_the_time():
    chart = charts.time_chart([(1, 60_000, "fill", "correct"), (2, 120_000, "wrong", "incorrect")], 120_000)
    assert [bar.height for bar in chart.bars] == ["75.0", "150.0"]
    assert chart.even.label == "2:00"
    assert [line.label for line in chart.lines] == ["0:00", "1:00"]


def test_a_long_time_keeps_the_axis_short():
    chart = charts.time_chart([(1, 41 * 60_000, "fill", "correct")], 120_000)
    assert [line.label for line in chart.lines] == ["9:00", "18:00", "27:00", "36:00", "45:00"]


# ---- the score report -------------------------------------------------------------------------------------------


def test_domains_and_tasks_add_up_to_the_raw_score(user, exam):
    report = report_on(sat(user, exam, right=33))
    assert sum(line.result.correct for line in report.domains) == 33
    assert sum(group.correct for group in report.groups) == 33
    assert sum(line.scored for group in report.groups for line in group.tasks) == 50
    assert [group.domain.number for group in report.groups] == [1, 2, 3, 4]


def test_each_task_counts_its_scored_questions_only(user, exam):
    result = sat(user, exam, right=33)
    scored = SeatResult.objects.filter(result=result, scored=True)
    for group in report_on(result).groups:
        for line in group.tasks:
            assert line.scored == scored.filter(task=line.task).count()
            assert line.correct == scored.filter(task=line.task, correct=True).count()
            assert sum(line.marks) == line.correct


def test_study_begins_with_what_costs_most(user, exam):
    study = report_on(sat(user, exam, right=25)).study
    costs = [len(item.line.missed) * item.line.task.domain.weight for item in study]
    assert len(study) == score.STUDY_TASKS
    assert costs == sorted(costs, reverse=True)


def test_study_leads_to_the_pages_of_missed_questions(user, exam):
    result = sat(user, exam, right=25)
    for item in report_on(result).study:
        revisions = result.sitting.form.seats.filter(number__in=item.line.missed).values("revision")
        pages = set(Reference.objects.filter(revision__in=revisions).values_list("url", flat=True))
        assert item.references
        assert {reference.url for reference in item.references} <= pages


def test_nothing_to_study_after_a_full_score(user, exam):
    assert report_on(sat(user, exam, right=50)).study == []


def test_a_task_much_slower_than_usual_is_called_slow(user, exam):
    result = sat(user, exam, right=0)
    task = SeatResult.objects.filter(result=result, scored=True, task__code="1.1")[0].task
    SeatResult.objects.filter(result=result, task=task).update(spent_ms=90_000)
    report = report_on(result)
    lines = {line.task: line for group in report.groups for line in group.tasks}
    assert lines[task].median_ms == 90_000
    assert {item.line.task: item.slow for item in report.study}.get(task, True)


@pytest.mark.parametrize(("low", "high", "undecided"), [(700, 719, False), (700, 720, True), (720, 760, False)])
def test_undecided_means_that_the_range_holds_both_outcomes(user, exam, low, high, undecided):
    result = sat(user, exam, right=35)
    result.likely_low, result.likely_high = low, high
    assert report_on(result).undecided == undecided


def test_time_used_leaves_out_pauses(user, exam):
    result = sat(user, exam)
    sitting = result.sitting
    sitting.ended_at = sitting.started_at + dt.timedelta(minutes=100)
    sitting.paused_seconds = 600
    assert report_on(result).used == dt.timedelta(minutes=90)


@pytest.mark.parametrize(("reason", "ran_out"), [(EndReason.DEADLINE, True), (EndReason.CANDIDATE, False)])
def test_the_report_knows_how_the_sitting_ended(user, exam, reason, ran_out):
    result = sat(user, exam)
    result.sitting.end_reason = reason
    assert report_on(result).ran_out == ran_out


def test_late_answers_are_counted(user, exam):
    result = sat(user, exam)
    Answer.objects.filter(sitting=result.sitting, seat__in=(3, 4)).update(late=True)
    assert report_on(result).late == 2


def test_without_any_time_there_is_no_chart(user, exam):
    sitting = close(begin(user, exam))
    report = report_on(score.result_of(sitting, now=timezone.now()))
    assert report.times is None
    assert report.answered == 0


def test_a_closed_sitting_is_scored_by_whoever_looks_first(user, exam):
    sitting = close(begin(user, exam))
    first = score.result_of(sitting, now=timezone.now())
    assert score.result_of(sitting, now=timezone.now()) == first


@pytest.mark.parametrize("right", [0, 25])
def test_a_report_takes_a_constant_number_of_statements(user, exam, right, django_assert_num_queries):
    sitting = Sitting.objects.select_related("exam").get(pk=sat(user, exam, right=right).sitting_id)
    result = score.result_of(sitting, now=timezone.now())
    with django_assert_num_queries(7):
        assert score.report_of(sitting, result, now=timezone.now()).result.raw == right


# ---- while some of the questions are sat again -----------------------------------------------------------------


def test_questions_on_a_running_exam_are_withheld(user, exam):
    form = Form.objects.pool()[0]
    result = sat(user, exam, right=20, form=form)
    running = begin(user, exam, form=form)
    assert review.withheld(result.sitting, now=timezone.now())
    report = report_on(result)
    assert (report.study, report.times, report.withheld) == ([], None, True)
    assert not review.withheld(result.sitting, now=running.deadline + dt.timedelta(hours=1))


def test_somebody_elses_running_exam_withholds_nothing(user, exam):
    result = sat(user, exam)
    begin(UserFactory(), exam, form=result.sitting.form)
    assert not review.withheld(result.sitting, now=timezone.now())


# ---- questions after the exam -----------------------------------------------------------------------------------


@pytest.fixture
def mixed(user, exam):
    """Seat 1 right, 2 wrong and flagged, 3 unfinished or empty, everything else not answered."""
    sitting = begin(user, exam)
    first, second = sitting.form.seats.order_by("number")[:2]
    changes = [
        change(first.number, key_of(first), sequence=1),
        change(second.number, wrong_of(second), sequence=2, flagged=True),
    ]
    saving.save(sitting_id=sitting.pk, user_id=user.pk, claim=1, changes=changes)
    return score.result_of(close(sitting, sequence=2), now=timezone.now())


@pytest.mark.parametrize(
    ("show", "count"), [("all", 65), ("incorrect", 64), ("unanswered", 63), ("flagged", 1), ("unscored", 15)]
)
def test_filters_show_what_they_count(mixed, show, count):
    listing = review.listing_of(mixed.sitting, mixed, show=show)
    counts = {filter_.name: filter_.count for filter_ in listing.filters}
    assert len(listing.rows) == counts[show] == count


def test_an_unknown_filter_shows_everything(mixed):
    assert review.listing_of(mixed.sitting, mixed, show="<x>").show == "all"


def test_neighbours_stay_inside_the_filter(mixed):
    listing = review.listing_of(mixed.sitting, mixed, show="unscored")
    numbers = listing.numbers
    assert listing.before(numbers[1]) == numbers[0]
    assert listing.after(numbers[1]) == numbers[2]
    assert listing.after(numbers[-1]) is None
    assert listing.next_incorrect(1) == 2


def test_review_puts_key_and_answer_side_by_side(mixed):
    wrong = review.review_of(mixed.sitting, mixed, 2)
    assert wrong is not None
    assert not all(place.agrees for place in wrong.places)
    right = review.review_of(mixed.sitting, mixed, 1)
    assert right is not None
    assert all(place.agrees for place in right.places)


def test_review_shows_every_option_once_in_the_order_of_the_seat(mixed):
    reviewed = review.review_of(mixed.sitting, mixed, 1)
    assert reviewed is not None
    assert [choice.option.number for choice in reviewed.choices] == reviewed.seat.options
    assert [choice.letter for choice in reviewed.choices] == list("ABCDEFGH")[: len(reviewed.choices)]


def test_there_is_no_review_of_a_seat_that_the_form_lacks(mixed):
    assert review.review_of(mixed.sitting, mixed, 66) is None


def test_a_case_study_names_the_seats_that_share_it(user, exam):
    result = score.result_of(close(begin(user, exam)), now=timezone.now())
    shared = result.sitting.form.seats.filter(revision__scenario_revision__isnull=False)
    numbers = sorted(shared.values_list("number", flat=True))
    reviewed = review.review_of(result.sitting, result, numbers[0])
    assert reviewed is not None
    assert reviewed.scenario is not None
    assert (reviewed.scenario.first, reviewed.scenario.last) == (numbers[0], numbers[-1])


# ---- exams and progress ----------------------------------------------------------------------------------------


def test_exams_that_can_be_sat_come_first(user, exam):
    _other_exam("AAA-1")
    cards = overview.cards(user=user, now=timezone.now())
    assert [(card.exam.code, card.ready) for card in cards] == [("MLA-C01", True), ("AAA-1", False)]


def test_a_form_made_for_somebody_else_is_not_ready_for_me(user, exam):
    Form.objects.update(state=Form.State.RETIRED)
    Form.objects.filter(number=1).update(state=Form.State.PENDING, owner=UserFactory())
    assert not overview.cards(user=user, now=timezone.now())[0].ready


def test_a_card_shows_the_time_left(user, exam):
    sitting = begin(user, exam)
    card = overview.cards(user=user, now=sitting.deadline - dt.timedelta(minutes=5))[0]
    assert card.running == sitting
    assert card.left == dt.timedelta(minutes=5)


def test_a_sitting_that_ran_out_is_no_longer_running(user, exam):
    sitting = begin(user, exam)
    card = overview.cards(user=user, now=sitting.deadline)[0]
    assert card.running is None
    assert card.last is not None
    assert card.last.awaits_result


def test_a_card_shows_the_last_result(user, exam):
    sat(user, exam, right=20)
    last = sat(user, exam, right=40)
    card = overview.cards(user=user, now=timezone.now())[0]
    assert card.last is not None
    assert card.last.result == last


def test_somebody_elses_results_stay_theirs(user, exam):
    sat(UserFactory(), exam)
    assert overview.cards(user=user, now=timezone.now())[0].last is None
    assert progress.progress_of(user, now=timezone.now()) == []


def test_an_exam_no_longer_offered_stays_visible_to_those_who_sat_it(user, exam):
    sat(user, exam)
    Exam.objects.update(offered=False)
    assert overview.visible_to(user).get() == exam
    assert not overview.visible_to(UserFactory()).exists()


def test_long_lists_of_sittings_are_cut(user, exam, monkeypatch):
    monkeypatch.setattr(overview, "LATEST", 2)
    for _ in range(3):
        close(begin(user, exam))
    detail = overview.detail(exam=exam, user=user, now=timezone.now())
    assert len(detail.past) == 2
    assert detail.more


def test_progress_lists_the_newest_result_first(user, exam):
    first, second = sat(user, exam, right=20), sat(user, exam, right=30)
    item = progress.progress_of(user, now=timezone.now())[0]
    assert item.results == [second, first]
    assert item.compared == [first, second]
    assert [len(history.cells) for history in item.domains] == [2, 2, 2, 2]


def test_a_repeat_on_known_questions_cannot_be_compared(user, exam):
    form = Form.objects.pool()[0]
    sat(user, exam, form=form)
    assert not progress.progress_of(user, now=timezone.now())[0].repeats
    sat(user, exam, form=form)
    item = progress.progress_of(user, now=timezone.now())[0]
    assert item.repeats
    assert [point.again for point in item.points] == [True, False]


@pytest.mark.parametrize(("correct", "band"), [(0, 1), (3, 2), (4, 3), (5, 4), (6, 5), (7, 6), (10, 7)])
def test_bands_measure_the_distance_from_the_borderline_candidate(correct, band):
    row = DomainResult(correct=correct, scored=10, expected=5.0)  # standard error 1.58
    assert progress.band(row) == band


def _other_exam(code: str) -> Exam:
    exam = Exam.objects.get(code="MLA-C01")
    exam.pk, exam.code = None, code
    exam.save(force_insert=True)
    return exam


def test_sittings_in_progress_have_no_result_in_the_list(user, exam):
    begin(user, exam)
    assert overview.detail(exam=exam, user=user, now=timezone.now()).past == []
    assert Sitting.objects.in_progress().count() == 1
