"""What candidates read of regrades, on every page that shows a result."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.urls import reverse

from exams.models import Form
from questions.models import Option
from scoring.models import Regrade
from tests.factories import UserFactory, sat
from tests.scoring.corrections import a_seat, act, current, old_key, passing, take_back, wrong_key
from tests.scoring.test_views_results import address, text_of

DAY = dt.datetime(2026, 6, 12, 9, 0, tzinfo=dt.UTC)


@pytest.fixture
def form(exam):
    return Form.objects.get(exam=exam, reference=True)


@pytest.fixture
def mine(user, exam, form):
    with time_machine.travel(DAY - dt.timedelta(days=1), tick=True):
        return sat(user, exam, form=form, right=50)


def regraded(seat, kind=Regrade.Act.KEY, **fields):
    with time_machine.travel(DAY, tick=False):
        return act(seat, kind, **fields)


def test_nothing_is_said_where_nothing_was_regraded(signed_in, mine):
    assert "regraded" not in text_of(signed_in.get(address("result", mine.sitting_id)))


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (Regrade.Act.KEY, "The key of one question was corrected."),
        (Regrade.Act.REMOVED, "One question was removed from scoring."),
    ],
)
def test_the_report_says_when_why_and_both_scores(signed_in, user, exam, form, kind, why):
    mine = sat(user, exam, form=form, right=40)
    regraded(a_seat(form), kind)
    now = current(mine)
    page = text_of(signed_in.get(address("result", mine.sitting_id)))
    assert f"This result was regraded on 12 June 2026. {why} The scaled score was {mine.scaled} before" in page
    assert f"and {now.scaled} after." in page
    assert f"Scaled score, 100–1,000 {now.scaled}" in page


def test_the_report_says_that_a_pass_was_lost(signed_in, user, exam, form):
    right = passing(exam, form).raw
    mine = sat(user, exam, form=form, right=right)
    regraded(a_seat(form))
    assert "and it was no longer a pass." in text_of(signed_in.get(address("result", mine.sitting_id)))


def test_the_report_says_that_nothing_moved(signed_in, mine, form):
    regraded(a_seat(form, scored=False))
    page = text_of(signed_in.get(address("result", mine.sitting_id)))
    assert "The key of one question was corrected. The scaled score stayed 1,000." in page


def test_the_report_says_that_it_was_taken_back(signed_in, mine, form):
    regrade = regraded(a_seat(form))
    with time_machine.travel(DAY + dt.timedelta(days=3), tick=False):
        take_back(regrade)
    page = text_of(signed_in.get(address("result", mine.sitting_id)))
    back = page.index("regraded on 15 June 2026. The corrected key of one question was taken back.")
    assert back < page.index("regraded on 12 June 2026. The key of one question was corrected.")


def test_reasons_are_for_authors_only(signed_in, mine, form):
    regrade = regraded(a_seat(form))
    for name in ("result", "result_questions", "result_question"):
        assert regrade.reason not in text_of(signed_in.get(address(name, mine.sitting_id, a_seat(form).number)))


def test_the_report_counts_without_the_removed_question(signed_in, mine, form):
    regraded(a_seat(form), Regrade.Act.REMOVED)
    page = text_of(signed_in.get(address("result", mine.sitting_id)))
    assert "Correct, scored questions 49 of 49 16 more did not count" in page


def test_a_regraded_report_takes_one_statement_more(signed_in, mine, form, django_assert_num_queries):
    regraded(a_seat(form))
    with django_assert_num_queries(12):
        signed_in.get(address("result", mine.sitting_id))


# ---- the review --------------------------------------------------------------------------------------------------


def test_a_removed_question_is_shown_as_removed(signed_in, mine, form):
    seat = a_seat(form)
    regraded(seat, Regrade.Act.REMOVED)
    page = text_of(signed_in.get(address("result_question", mine.sitting_id, seat.number)))
    assert "This question was removed from scoring on 12 June 2026. It counts for nobody" in page
    assert "tried out for later forms" not in page
    listing = text_of(signed_in.get(address("result_questions", mine.sitting_id), {"show": "unscored"}))
    assert "Unscored 16" in listing
    assert listing.count("Removed") == 1


def test_the_review_shows_the_corrected_key(signed_in, mine, form):
    seat = a_seat(form)
    regraded(seat)
    page = text_of(signed_in.get(address("result_question", mine.sitting_id, seat.number)))
    assert "The key of this question was corrected on 12 June 2026." in page
    assert "Your answer, incorrect" in page
    body = signed_in.get(address("result_question", mine.sitting_id, seat.number)).content.decode()
    right = Option.objects.get(revision=seat.revision, number=wrong_key(seat)[0]).html
    assert "Correct answer" in body[body.index(right) : body.index(right) + len(right) + 300]


@pytest.mark.parametrize("kind", ["multiple_choice", "multiple_response", "ordering", "matching"])
def test_whoever_gave_either_right_answer_is_right(signed_in, user, exam, form, kind):
    seat = a_seat(form, kind=kind)
    for right in (50, 0):
        result = sat(user, exam, form=form, right=right)
        if right:
            regraded(seat, keys=[old_key(seat), wrong_key(seat)], losing_reason="")
        page = text_of(signed_in.get(address("result_question", result.sitting_id, seat.number)))
        assert "Outcome Correct" in page
        assert ("Right as well" in page) == (kind != "multiple_choice")
        if kind == "multiple_choice":
            assert page.count("Correct answer") == 2


def test_a_corrected_key_takes_one_statement_more(signed_in, mine, form, django_assert_num_queries):
    seat = form.seats.filter(kind="multiple_choice", scored=True, revision__scenario_revision=None)[0]
    regraded(seat)
    with django_assert_num_queries(16):
        signed_in.get(address("result_question", mine.sitting_id, seat.number))


# ---- every other page --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["progress", "exam_list", "exam_detail"])
def test_lists_show_the_current_version_alone(signed_in, user, exam, form, page):
    mine = sat(user, exam, form=form, right=40)
    sat(UserFactory(), exam, form=form, right=20)
    regraded(a_seat(form))
    now = current(mine)
    assert now.scaled != mine.scaled
    shown = text_of(signed_in.get(reverse(page, args=[exam.code] if page == "exam_detail" else [])))
    assert f" {now.scaled} " in shown
    assert f" {mine.scaled} " not in shown
