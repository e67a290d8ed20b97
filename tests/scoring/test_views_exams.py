"""Exams on offer, one exam, own progress, the page for strangers, and pages for what went wrong."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.contrib.staticfiles import finders
from django.template.loader import get_template
from django.test import Client
from django.urls import reverse

from accounts.models import User
from exams.models import Form, Sitting
from exams.services import sittings
from questions.models import Domain, Exam, Task
from scoring.models import Result
from tests.accounts.factories import SuperuserFactory
from tests.factories import begin, close, sat
from tests.scoring.test_views_results import text_of

EXAMS = "/exams/"
MLA = "/exams/MLA-C01/"
PROGRESS = "/progress/"


@pytest.mark.parametrize("page", [EXAMS, MLA, PROGRESS])
def test_people_who_are_not_signed_in_are_asked_to(client, exam, page):
    assert client.get(page).url == f"{reverse('account_login')}?next={page}"


# ---- the list -------------------------------------------------------------------------------------------------


def test_the_list_states_the_facts(signed_in, exam):
    page = text_of(signed_in.get(EXAMS))
    assert "MLA-C01 Ready to begin" in page
    assert "65 questions 130 minutes Pass mark 720" in page
    assert exam.status in page


def test_an_exam_without_a_form_is_not_ready(signed_in, exam):
    Form.objects.update(state=Form.State.RETIRED)
    assert "MLA-C01 Not ready yet" in text_of(signed_in.get(EXAMS))


def test_exams_that_are_not_offered_are_not_listed(signed_in, exam):
    Exam.objects.update(offered=False)
    assert "No exams yet" in text_of(signed_in.get(EXAMS))


def test_a_running_sitting_can_be_continued(signed_in, user, exam):
    sitting = begin(user, exam)
    page = signed_in.get(EXAMS)
    assert "Continue" in text_of(page)
    assert "2 h 10 min left" in text_of(page)
    assert reverse("sitting", args=[sitting.pk]) in page.content.decode()


def test_the_last_result_is_shown(signed_in, user, exam):
    result = sat(user, exam, right=45)
    assert f"{result.scaled} , score report of MLA-C01 Pass" in text_of(signed_in.get(EXAMS))


def test_a_result_not_made_yet_can_be_asked_for(signed_in, user, exam):
    close(begin(user, exam))
    assert "See your result" in text_of(signed_in.get(EXAMS))


@pytest.mark.parametrize("exams", [1, 4])
def test_the_list_takes_a_constant_number_of_statements(signed_in, user, exam, exams, django_assert_num_queries):
    sat(user, exam)
    for number in range(1, exams):
        _copy(exam, f"X-{number}")
    begin(user, exam)
    with django_assert_num_queries(11):
        page = signed_in.get(EXAMS)
    assert page.content.decode().count('class="exam-card"') == exams


def _copy(exam: Exam, code: str) -> Exam:
    return Exam.objects.create(
        code=code, name=code, level=exam.level, status=exam.status, as_of=exam.as_of, minutes=exam.minutes,
        questions=exam.questions, scored=exam.scored, pass_mark=exam.pass_mark,
    )  # fmt: skip


# ---- one exam --------------------------------------------------------------------------------------------------


def test_an_exams_page_shows_its_outline(signed_in, exam):
    page = text_of(signed_in.get(MLA))
    for task in Task.objects.filter(exam=exam):
        assert str(task) in page
    assert "Multiple choice 44 to 46" in page
    assert "In a case study 2" in page
    assert "You have not sat this exam yet." in page
    assert "Read the instructions" in page


@pytest.mark.parametrize("code", ["XYZ", "mla-c01", "a%20b"])
def test_an_unknown_exam_is_not_found(signed_in, exam, code):
    assert signed_in.get(f"/exams/{code}/").status_code == 404


def test_an_exam_not_offered_is_not_found_by_strangers_to_it(signed_in, exam):
    Exam.objects.update(offered=False)
    assert signed_in.get(MLA).status_code == 404


def test_who_sat_an_exam_keeps_its_page(signed_in, user, exam):
    sat(user, exam)
    Exam.objects.update(offered=False)
    page = text_of(signed_in.get(MLA))
    assert "no longer offered" in page
    assert "Read the instructions" not in page


def test_own_sittings_are_listed_with_their_results(signed_in, user, exam):
    result = sat(user, exam, right=12)
    given_up = begin(user, exam)
    sittings.abandon(sitting_id=given_up.pk, user_id=user.pk)
    page = text_of(signed_in.get(MLA))
    assert f"{result.scaled} Not passed" in page
    assert "Given up" in page


def test_giving_up_is_asked_for_and_done(signed_in, user, exam):
    sitting = begin(user, exam)
    assert "A sitting that you give up has no result," in text_of(signed_in.get(MLA))
    page = signed_in.post(reverse("sitting_abandon", args=[sitting.pk]), follow=True)
    assert "You gave up this sitting of MLA-C01" in text_of(page)
    assert "Give up this sitting" not in text_of(page)


def test_time_left_is_the_servers(signed_in, user, exam):
    sitting = begin(user, exam)
    with time_machine.travel(sitting.deadline - dt.timedelta(minutes=7), tick=False):
        assert "7 min left" in text_of(signed_in.get(MLA))


@pytest.mark.parametrize("past", [1, 4])
def test_an_exams_page_takes_a_constant_number_of_statements(signed_in, user, exam, past, django_assert_num_queries):
    for _ in range(past):
        close(begin(user, exam))
    with django_assert_num_queries(12):
        page = signed_in.get(MLA)
    assert text_of(page).count("Result follows") == past


# ---- progress -----------------------------------------------------------------------------------------------------


def test_progress_without_a_result_leads_to_the_exams(signed_in, exam):
    assert "No results yet" in text_of(signed_in.get(PROGRESS))


def test_progress_shows_every_result(signed_in, user, exam):
    first, second = sat(user, exam, right=20), sat(user, exam, right=40)
    page = text_of(signed_in.get(PROGRESS))
    for result in (first, second):
        assert f"{result.sitting.form.code} {result.scaled}" in page
        assert f"{result.likely_low}–{result.likely_high}" in page
    for domain in Domain.objects.filter(exam=exam):
        assert str(domain) in page


def test_progress_says_that_repeats_cannot_be_compared(signed_in, user, exam):
    form = Form.objects.pool()[0]
    sat(user, exam, form=form)
    assert "cannot be compared" not in text_of(signed_in.get(PROGRESS))
    sat(user, exam, form=form)
    page = text_of(signed_in.get(PROGRESS))
    assert "Some of these scores cannot be compared." in page
    assert "not given 50 of 50" in page


@pytest.mark.parametrize("results", [1, 3])
def test_progress_takes_a_constant_number_of_statements(signed_in, user, exam, results, django_assert_num_queries):
    for _ in range(results):
        sat(user, exam)
    with django_assert_num_queries(6):
        page = signed_in.get(PROGRESS)
    assert text_of(page).count("Provisional") == results


# ---- the page for strangers -----------------------------------------------------------------------------------------


def test_strangers_learn_what_this_is(client, exam):
    page = text_of(client.get("/"))
    assert "Create an account" in page
    assert exam.name in page
    assert "It is not the publisher’s score." in page


def test_the_home_page_takes_one_statement(client, exam, django_assert_num_queries):
    with django_assert_num_queries(1):
        client.get("/")


def test_people_who_are_signed_in_go_on_to_their_exams(signed_in):
    assert signed_in.get("/").url == EXAMS


# ---- what went wrong --------------------------------------------------------------------------------------------


def test_a_missing_page_has_our_look(client, db):
    page = client.get("/nope/")
    assert page.status_code == 404
    assert "There is nothing at this address" in text_of(page)


def test_a_stale_form_is_explained(user, exam):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    page = strict.post(reverse("sitting_abandon", args=[begin(user, exam).pk]))
    assert page.status_code == 403
    assert "This form is too old" in text_of(page)
    assert Sitting.objects.get().state == "in_progress"


def test_the_page_for_our_own_mistakes_needs_nothing():
    page = get_template("500.html").render()
    assert "Something went wrong on our side" in page
    for path in ("css/tokens.css", "css/base.css", "js/theme.js"):
        assert f"/static/{path}" in page
        assert finders.find(path)


# ---- the admin ------------------------------------------------------------------------------------------------------


@pytest.fixture
def staff(client, db):
    client.force_login(SuperuserFactory())
    return client


def test_results_are_listed_in_the_admin(staff, user, exam):
    result = sat(user, exam)
    page = text_of(staff.get(reverse("admin:scoring_result_changelist")))
    assert f"{user.email} MLA-C01" in page
    assert str(result.scaled) in page


def test_nobody_changes_a_result_by_hand(staff, user, exam):
    result = sat(user, exam)
    change = reverse("admin:scoring_result_change", args=[result.pk])
    assert staff.get(change).status_code == 200
    assert staff.post(change, {"scaled": 1000}).status_code == 403
    assert staff.post(reverse("admin:scoring_result_delete", args=[result.pk]), {"post": "yes"}).status_code == 403
    assert staff.get(reverse("admin:scoring_result_add")).status_code == 403
    result.refresh_from_db()
    assert Result.objects.get().scaled == result.scaled


def test_results_stay_without_the_person(staff, user, exam):
    sat(user, exam)
    staff.post(reverse("admin:accounts_user_delete", args=[user.pk]), {"post": "yes"})
    assert Result.objects.exclude(sitting__user=user.pk).count() == Result.objects.count() == 1
    assert not User.objects.filter(pk=user.pk).exists()
