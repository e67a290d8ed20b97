"""The score report and the review: to the owner, after closing, and to nobody else before."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from exams.models import Answer, Form, Sitting
from exams.services import saving, sittings
from questions.models import Option, Prompt
from scoring.models import Result, SeatResult
from tests.factories import UserFactory, answer, begin, change, close, sat, stranger_id, wrong_of

PAGES = ("result", "result_questions", "result_question")


def address(name: str, sitting_id: object, number: int = 1) -> str:
    return reverse(name, args=[sitting_id, number] if name == "result_question" else [sitting_id])


def text_of(response) -> str:
    """What a reader sees, blanks collapsed."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def ended(sitting: Sitting) -> Sitting:
    """Ended by the deadline a second ago; late packets still have their time."""
    now = timezone.now()
    Sitting.objects.filter(pk=sitting.pk).update(
        started_at=now - dt.timedelta(hours=3), deadline=now - dt.timedelta(seconds=1)
    )
    return sitting


# ---- who may look ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_strangers_are_told_that_it_does_not_exist(signed_in, exam, name):
    theirs = sat(UserFactory(), exam)
    assert signed_in.get(address(name, theirs.sitting_id)).status_code == 404
    assert signed_in.get(address(name, stranger_id())).status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_people_who_are_not_signed_in_are_asked_to(client, user, exam, name):
    page = address(name, sat(user, exam).sitting_id)
    assert client.get(page).url == f"{reverse('account_login')}?next={page}"


@pytest.mark.parametrize("name", PAGES)
def test_results_are_only_read(signed_in, user, exam, name):
    assert signed_in.post(address(name, sat(user, exam).sitting_id)).status_code == 405


# ---- before closing -------------------------------------------------------------------------------------------


def test_a_running_sitting_leads_back_to_the_exam(signed_in, user, exam):
    sitting = begin(user, exam)
    assert signed_in.get(address("result", sitting.pk)).url == reverse("sitting", args=[sitting.pk])
    assert not Result.objects.exists()


@pytest.mark.parametrize("name", ["result_questions", "result_question"])
@pytest.mark.parametrize("state", ["in_progress", "ended", "abandoned"])
def test_no_question_is_reviewed_before_closing(signed_in, user, exam, name, state):
    sitting = begin(user, exam)
    if state == "ended":
        ended(sitting)
    if state == "abandoned":
        sittings.abandon(sitting_id=sitting.pk, user_id=user.pk)
    assert signed_in.get(address(name, sitting.pk)).status_code == 404


def test_the_result_waits_for_late_packets(signed_in, user, exam):
    page = signed_in.get(address("result", ended(begin(user, exam)).pk))
    assert "Your answers are in" in text_of(page)
    assert re.search(r"at most 1(19|20|18) seconds", text_of(page))
    assert 'hx-trigger="every 3s"' in page.content.decode()
    assert not Result.objects.exists()


def test_the_waiting_page_gives_nothing_away(signed_in, user, exam):
    sitting = begin(user, exam)
    answer(sitting, right=50)
    body = signed_in.get(address("result", ended(sitting).pk)).content.decode()
    for rationale in Option.objects.filter(revision__seats__form=sitting.form).values_list("rationale", flat=True):
        assert rationale not in body
    assert "mla-" not in body.lower().replace("mla-c01", "")


def test_polling_gets_the_waiting_part_only(signed_in, user, exam):
    sitting = ended(begin(user, exam))
    body = signed_in.get(address("result", sitting.pk), headers={"HX-Request": "true"}).content.decode()
    assert body.lstrip().startswith('<section class="card stack" id="waiting"')
    assert "<html" not in body


def test_polling_reloads_the_page_once_the_result_is_there(signed_in, user, exam):
    result = sat(user, exam)
    page = signed_in.get(address("result", result.sitting_id), headers={"HX-Request": "true"})
    assert page.headers["HX-Refresh"] == "true"
    assert page.content == b""


@pytest.mark.parametrize(("seconds", "words"), [(-1, "Your answers are in"), (0, "Score report"), (1, "Score report")])
def test_the_report_opens_with_the_end_of_the_grace(signed_in, user, exam, seconds, words):
    sitting = begin(user, exam)
    closes = sitting.deadline + dt.timedelta(seconds=sitting.grace_seconds)
    signed_in.session.set_expiry(dt.timedelta(days=1))
    with time_machine.travel(closes + dt.timedelta(seconds=seconds), tick=False):
        assert words in text_of(signed_in.get(address("result", sitting.pk)))


def test_a_sitting_given_up_has_no_result(signed_in, user, exam):
    sitting = begin(user, exam)
    sittings.abandon(sitting_id=sitting.pk, user_id=user.pk)
    page = signed_in.get(address("result", sitting.pk))
    assert "You gave up this sitting" in text_of(page)
    assert not Result.objects.exists()


def test_old_keys_stay_shut_while_the_same_questions_are_sat_again(signed_in, user, exam):
    form = Form.objects.pool()[0]
    old = sat(user, exam, right=20, form=form)
    begin(user, exam, form=form)
    for name in ("result_questions", "result_question"):
        page = signed_in.get(address(name, old.sitting_id))
        assert page.status_code == 409
        assert "The review opens again after your exam" in text_of(page)
    report = signed_in.get(address("result", old.sitting_id))
    assert str(old.scaled) in text_of(report)
    assert "/questions/" not in report.content.decode()
    assert "docs.aws.amazon.com" not in report.content.decode()
    assert not re.search(r"question \d+", text_of(report), flags=re.IGNORECASE)


# ---- the report -------------------------------------------------------------------------------------------------


def test_the_report_states_the_result(signed_in, user, exam):
    result = sat(user, exam, right=42)
    page = text_of(signed_in.get(address("result", result.sitting_id)))
    assert f"Scaled score, 100–1,000 {result.scaled} Pass Provisional (judged difficulty)" in page
    assert f"Pass mark 720 at least {result.table.minimum_passing_raw} of 50 on this form" in page
    assert "Correct, scored questions 42 of 50 15 more did not count" in page
    assert f"Likely range {result.likely_low}–{result.likely_high}" in page.replace("1,000 holds", "1000 holds")
    assert "Chance of passing" in page
    assert "the mapping from correct answers to the 100–1,000 scale is ours" in page
    assert "The total alone decides" in page


def test_a_failed_exam_says_so_in_words(signed_in, user, exam):
    result = sat(user, exam, right=10)
    page = text_of(signed_in.get(address("result", result.sitting_id)))
    assert f"{result.scaled} Not passed" in page
    assert "Chance of passing under 5 %" in page
    assert "Needs improvement" in page


def test_the_report_says_where_difficulty_comes_from_only_while_it_is_judged(signed_in, user, exam):
    result = sat(user, exam)
    Result.objects.update(provisional=False)
    assert "Provisional" not in text_of(signed_in.get(address("result", result.sitting_id)))


def test_questions_seen_before_take_the_chance_away(signed_in, user, exam):
    form = Form.objects.pool()[0]
    sat(user, exam, form=form)
    again = sat(user, exam, form=form)
    page = text_of(signed_in.get(address("result", again.sitting_id)))
    assert "Chance of passing Not given 50 scored questions were not new to you" in page
    assert "You had met 50 of the 50 scored questions before" in page


def test_the_report_tells_how_the_sitting_ended(signed_in, user, exam):
    sitting = begin(user, exam)
    answer(sitting, right=1)
    Answer.objects.filter(seat=2).update(late=True)
    with time_machine.travel(sitting.deadline + dt.timedelta(minutes=10), tick=False):
        page = text_of(signed_in.get(address("result", sitting.pk)))
    assert "Time ran out after 130 of 130 minutes with 65 of 65 questions answered" in page
    assert "1 late answer was given in time but arrived after the end; it counts." in page


def test_times_are_in_the_persons_own_zone(signed_in, user, exam):
    user.time_zone = "Asia/Tokyo"
    user.save()
    result = sat(user, exam)
    Sitting.objects.update(started_at=dt.datetime(2026, 3, 1, 20, 30, tzinfo=dt.UTC))
    page = text_of(signed_in.get(address("result", result.sitting_id)))
    assert "2 March 2026, 05:30" in page
    assert "JST" in page


def test_charts_have_words_and_tables_beside_them(signed_in, user, exam):
    result = sat(user, exam)
    body = signed_in.get(address("result", result.sitting_id)).content.decode()
    assert f"your score {result.scaled:,}, pass mark 720, likely range" in body
    assert "Half of the questions took less than 1 second" in body
    assert "Show as a table" in body
    assert "style=" not in body


@pytest.mark.parametrize("right", [0, 30])
def test_the_report_takes_a_constant_number_of_statements(signed_in, user, exam, right, django_assert_num_queries):
    result = sat(user, exam, right=right)
    with django_assert_num_queries(11):
        assert f"{right} of 50" in text_of(signed_in.get(address("result", result.sitting_id)))


# ---- the list of questions --------------------------------------------------------------------------------------


def test_the_list_counts_and_filters(signed_in, user, exam):
    result = sat(user, exam, right=40)
    page = signed_in.get(address("result_questions", result.sitting_id), {"show": "unscored"})
    assert "All 65 Incorrect 25 Unanswered 0 Flagged 0 Unscored 15" in text_of(page)
    assert page.content.decode().count('<th scope="row">') == 15


def test_an_empty_filter_says_so(signed_in, user, exam):
    result = sat(user, exam)
    page = signed_in.get(address("result_questions", result.sitting_id), {"show": "unanswered"})
    assert "You answered every question." in text_of(page)


@pytest.mark.parametrize("show", ["all", "incorrect"])
def test_the_list_takes_a_constant_number_of_statements(signed_in, user, exam, show, django_assert_num_queries):
    result = sat(user, exam, right=45)
    with django_assert_num_queries(8):
        page = signed_in.get(address("result_questions", result.sitting_id), {"show": show})
    assert page.content.decode().count('<th scope="row">') == (65 if show == "all" else 20)


# ---- one question -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["multiple_choice", "multiple_response", "ordering", "matching"])
def test_a_review_shows_key_and_rationales(signed_in, user, exam, kind):
    result = sat(user, exam, right=0)
    seat = result.sitting.form.seats.filter(kind=kind).select_related("revision__question", "task")[0]
    body = signed_in.get(address("result_question", result.sitting_id, seat.number)).content.decode()
    for option in Option.objects.filter(revision=seat.revision):
        assert option.html in body
        assert option.rationale_html in body
    for prompt in Prompt.objects.filter(revision=seat.revision):
        assert prompt.html in body
        assert prompt.rationale_html in body
    for reference in seat.revision.references.all():
        assert html.escape(reference.url) in body
    assert f"{seat.revision.question.public_id}, r{seat.revision.number}" in body
    assert html.escape(seat.task.title) in body


WORDS = {
    "multiple_choice": ("Correct answer Your answer", "Your answer, incorrect"),
    "multiple_response": ("Part of the answer You chose it", "You left it out"),
    "ordering": ("Your order, which is right", "The right order"),
    "matching": ("Yours The same", "Incorrect"),
}


@pytest.mark.parametrize("kind", WORDS)
@pytest.mark.parametrize("right", [True, False])
def test_a_review_tells_right_from_wrong(signed_in, user, exam, kind, right):
    result = sat(user, exam, right=50 if right else 0)
    numbers = result.sitting.form.seats.filter(kind=kind).values_list("number", flat=True)
    seats = SeatResult.objects.filter(result=result, correct=right, seat__in=list(numbers))
    page = text_of(signed_in.get(address("result_question", result.sitting_id, seats[0].seat)))
    assert WORDS[kind][0 if right else 1] in page


def test_an_unanswered_question_counts_as_wrong(signed_in, user, exam):
    sitting = close(begin(user, exam))
    page = text_of(signed_in.get(address("result_question", sitting.pk, 1)))
    assert "You did not answer this question, so it counts as wrong." in page


def test_an_unfinished_question_is_told_from_an_empty_one(signed_in, user, exam):
    sitting = begin(user, exam)
    seat = sitting.form.seats.filter(kind="ordering")[0]
    saving.save(sitting_id=sitting.pk, user_id=user.pk, claim=1, changes=[change(seat.number, [seat.tokens[0]])])
    close(sitting, sequence=1)
    page = text_of(signed_in.get(address("result_question", sitting.pk, seat.number)))
    assert "You left this question unfinished, so it counts as wrong." in page


def test_a_case_study_shows_its_scenario(signed_in, user, exam):
    sitting = close(begin(user, exam))
    seat = sitting.form.seats.filter(revision__scenario_revision__isnull=False)[0]
    scenario = seat.revision.scenario_revision
    assert scenario is not None
    body = signed_in.get(address("result_question", sitting.pk, seat.number)).content.decode()
    assert scenario.html in body
    assert html.escape(scenario.title) in body


def test_moves_stay_inside_the_filter(signed_in, user, exam):
    result = sat(user, exam, right=50)
    unscored = list(
        SeatResult.objects.filter(result=result, scored=False).order_by("seat").values_list("seat", flat=True)
    )
    page = signed_in.get(address("result_question", result.sitting_id, unscored[1]), {"show": "unscored"})
    for number in (unscored[0], unscored[2]):
        assert f"{address('result_question', result.sitting_id, number)}?show=unscored" in page.content.decode()


@pytest.mark.parametrize("number", [0, 66, 10**12])
def test_a_number_that_the_form_lacks_is_not_found(signed_in, user, exam, number):
    result = sat(user, exam)
    assert signed_in.get(address("result_question", result.sitting_id, number)).status_code == 404


@pytest.mark.parametrize("kind", ["multiple_choice", "matching"])
def test_a_review_takes_a_constant_number_of_statements(signed_in, user, exam, kind, django_assert_num_queries):
    result = sat(user, exam)
    seat = result.sitting.form.seats.filter(kind=kind, revision__scenario_revision__isnull=True)[0]
    with django_assert_num_queries(15):
        page = signed_in.get(address("result_question", result.sitting_id, seat.number))
    assert f"Question {seat.number} of 65" in text_of(page)


def test_a_wrong_answer_is_marked_as_mine(signed_in, user, exam):
    sitting = begin(user, exam)
    seat = sitting.form.seats.filter(kind="multiple_choice")[0]
    given = wrong_of(seat)
    saving.save(sitting_id=sitting.pk, user_id=user.pk, claim=1, changes=[change(seat.number, given)])
    close(sitting, sequence=1)
    page = text_of(signed_in.get(address("result_question", sitting.pk, seat.number)))
    letter = seat.letters()[given[0]]
    option = Option.objects.get(revision=seat.revision, number=seat.options[seat.tokens.index(given[0])])
    words = html.unescape(re.sub(r"<[^>]+>", "", option.html))
    assert f"{letter} {' '.join(words.split())} Your answer, incorrect" in page
