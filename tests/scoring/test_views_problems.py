"""Reporting a problem beside a question: to whoever sat it, after closing, and to nobody else."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.core.cache import cache
from django.urls import reverse

from accounts import services as accounts
from accounts.roles import Role
from exams.models import Form
from exams.services import sittings
from scoring.models import ProblemReport
from tests.factories import UserFactory, begin, close, load_exam, sat
from tests.scoring.reported import ANSWER, TEXT, report, settle
from tests.scoring.test_views_results import ended, text_of

NAMES = ("result_report", "result_report_change", "result_report_take_back")
FIELDS = {"category": "several", "text": TEXT}


@pytest.fixture(autouse=True)
def limits(db):
    cache.clear()


@pytest.fixture
def mine(user, exam):
    return sat(user, exam, form=Form.objects.get(exam=exam, reference=True)).sitting


def address(name, sitting, seat=1, pk=1):
    plain = name in ("result_report", "result_question")
    return reverse(name, args=[sitting.pk, seat] if plain else [sitting.pk, seat, pk])


# ---- who may -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("role", [None, Role.AUTHOR, Role.INSTRUCTOR])
@pytest.mark.parametrize("method", ["get", "post"])
def test_strangers_are_told_that_it_does_not_exist(signed_in, user, exam, name, role, method):
    reported = report(sat(UserFactory(), exam).sitting)
    if role:
        accounts.grant_role(user=user, role=role)
    answer = getattr(signed_in, method)(address(name, reported.sitting, pk=reported.pk), FIELDS)
    assert answer.status_code == (405 if method == "get" and name.endswith("take_back") else 404)
    reported.refresh_from_db()
    assert (reported.category, ProblemReport.objects.count()) == ("key", 1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_people_who_are_not_signed_in_are_asked_to(client, mine, name, method):
    page = address(name, mine, pk=report(mine).pk)
    assert getattr(client, method)(page, FIELDS).url.startswith(reverse("account_login"))
    assert ProblemReport.objects.get().category == "key"


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_report_of_another_question_or_person_is_not_found(signed_in, exam, mine, name):
    theirs, other = report(sat(UserFactory(), exam, form=mine.form).sitting), report(mine, 2)
    for pk in (theirs.pk, other.pk, 10**9, 10**30):
        assert signed_in.post(address(name, mine, 1, pk), FIELDS).status_code == 404
    assert ProblemReport.objects.filter(text=TEXT, category="key").count() == 2


@pytest.mark.parametrize("state", ["in_progress", "ended", "abandoned"])
def test_nothing_is_reported_before_closing(signed_in, user, exam, state):
    sitting = begin(user, exam)
    if state == "ended":
        ended(sitting)
    if state == "abandoned":
        sittings.abandon(sitting_id=sitting.pk, user_id=user.pk)
    assert signed_in.post(address("result_report", sitting), FIELDS).status_code == 404
    assert not ProblemReport.objects.exists()


def test_the_exam_screen_offers_no_reports(signed_in, user, exam):
    assert "Report a problem" not in text_of(signed_in.get(reverse("sitting", args=[begin(user, exam).pk])))


def test_nothing_is_reported_while_the_same_questions_are_sat(signed_in, user, exam, mine):
    reported = settle(report(mine))
    begin(user, exam, mine.form)
    assert signed_in.post(address("result_report", mine, 2), FIELDS).status_code == 409
    page = signed_in.get(address("result_question", mine))
    assert page.status_code == 409
    assert ANSWER not in text_of(page)
    reported.refresh_from_db()
    assert reported.read_at is None
    assert "Your report was answered" in (progress := text_of(signed_in.get(reverse("progress"))))
    assert ANSWER not in progress


def test_nothing_is_reported_while_another_exam_is_sat(signed_in, user, mine):
    begin(user, load_exam("MLS-C01", forms=1))
    page = signed_in.post(address("result_report", mine), FIELDS)
    assert page.status_code == 409
    assert "You are sitting an exam." in text_of(page)
    assert TEXT in page.content.decode()  # what was typed is not lost
    assert not ProblemReport.objects.exists()


@pytest.mark.parametrize("seat", [0, 66, 10**12])
def test_a_number_that_the_form_lacks_is_not_found(signed_in, mine, seat):
    assert signed_in.post(address("result_report", mine, seat), FIELDS).status_code == 404


# ---- reporting ---------------------------------------------------------------------------------------------------


def test_a_report_is_sent_and_shown(signed_in, mine):
    page = signed_in.post(address("result_report", mine, 3), FIELDS | {"show": "incorrect"}, follow=True)
    assert page.redirect_chain == [(f"{address('result_question', mine, 3)}?show=incorrect", 302)]
    assert (
        f"Open More than one answer is right Reported on {ProblemReport.objects.get().made_at:%-d %B %Y} {TEXT}"
        in text_of(page)
    )
    assert "Change or take back your report" in text_of(page)
    assert text_of(signed_in.get(address("result_question", mine, 4))).count("Report a problem") == 1


def test_an_address_is_not_taken_over_from_the_form(signed_in, mine):
    page = signed_in.post(address("result_report", mine, 3), FIELDS | {"show": "//evil.example"})
    assert page.url == address("result_question", mine, 3)


def test_whoever_signs_in_again_comes_back_to_the_question(signed_in, mine):
    assert signed_in.get(address("result_report", mine, 3)).url == address("result_question", mine, 3)


@pytest.mark.parametrize(("fields", "said"), [
    ({"category": ""}, "Choose what kind of problem it is."),
    ({"category": "nonsense"}, "Choose what kind of problem it is."),
    ({"text": ""}, "Say in at least 10 characters what is wrong."),
    ({"text": "too short"}, "Say in at least 10 characters what is wrong."),
    ({"text": "x" * 2_001}, "Say in at most 2,000 characters what is wrong. These are 2,001."),
])  # fmt: skip
def test_what_is_refused_is_explained_beside_the_field(signed_in, mine, fields, said):
    page = signed_in.post(address("result_report", mine), FIELDS | fields)
    assert page.status_code == 422
    assert said in text_of(page)
    assert '<details class="more" open>' in page.content.decode()
    assert not ProblemReport.objects.exists()


def test_a_second_report_is_refused(signed_in, mine):
    report(mine)
    page = signed_in.post(address("result_report", mine), FIELDS)
    assert page.status_code == 409
    assert "You have an open report on this question already." in text_of(page)


def test_an_open_report_is_changed(signed_in, mine):
    reported = report(mine)
    body = signed_in.get(address("result_question", mine)).content.decode()
    assert f'{address("result_report_change", mine, 1, reported.pk)}#report"' in body
    page = signed_in.post(address("result_report_change", mine, 1, reported.pk), FIELDS, follow=True)
    assert "Your report was changed." in text_of(page)
    reported.refresh_from_db()
    assert (reported.category, reported.version) == ("several", 2)


def test_an_open_report_is_taken_back(signed_in, mine):
    page = signed_in.post(address("result_report_take_back", mine, 1, report(mine).pk), follow=True)
    assert "Your report was taken back." in text_of(page)
    assert not ProblemReport.objects.exists()


def test_a_closed_report_is_neither_changed_nor_taken_back(signed_in, mine):
    reported = settle(report(mine))
    page = signed_in.post(address("result_report_change", mine, 1, reported.pk), FIELDS)
    assert page.status_code == 409
    assert "dealt with meanwhile" in text_of(page)
    page = signed_in.post(address("result_report_take_back", mine, 1, reported.pk), follow=True)
    assert "dealt with meanwhile" in text_of(page)
    assert ProblemReport.objects.get().category == "key"


def test_a_report_is_shown_in_every_sitting_of_the_form(signed_in, user, exam, mine):
    reported = report(mine)
    again = close(begin(user, exam, mine.form))
    page = signed_in.get(address("result_question", again))
    assert "after your sitting of" in text_of(page)
    signed_in.post(address("result_report_change", again, 1, reported.pk), FIELDS)
    reported.refresh_from_db()
    assert reported.category == "several"


def test_too_many_reports_are_refused_for_a_while(signed_in, settings, mine):
    settings.RATE_LIMIT_ACCOUNT = "2/5m"
    for seat in (1, 2):
        assert signed_in.post(address("result_report", mine, seat), FIELDS).status_code == 302
    page = signed_in.post(address("result_report", mine, 3), FIELDS)
    assert page.status_code == 429
    assert 0 < int(page["Retry-After"]) <= 300
    assert "You have reported much in a short time." in text_of(page)
    assert TEXT in page.content.decode()
    assert ProblemReport.objects.count() == 2


def test_mistakes_use_up_no_attempts(signed_in, settings, mine):
    settings.RATE_LIMIT_ACCOUNT = "1/5m"
    for _ in range(3):
        assert signed_in.post(address("result_report", mine), FIELDS | {"text": "short"}).status_code == 422
    assert signed_in.post(address("result_report", mine), FIELDS).status_code == 302


def test_a_hostile_text_is_only_text(signed_in, mine):
    hostile = "<script>alert(1)</script> {{ user }} {% url 'x' %} \"' onload=x\n" + "W" * 600
    settle(report(mine, text=hostile), text=hostile)
    body = signed_in.get(address("result_question", mine)).content.decode()
    assert "<script>alert" not in body
    assert body.count("&lt;script&gt;alert(1)&lt;/script&gt; {{ user }} {% url &#x27;x&#x27; %}") == 2


# ---- the answer --------------------------------------------------------------------------------------------------


def test_an_answer_stands_beside_the_question_and_on_the_progress_page(signed_in, mine, author):
    with time_machine.travel(dt.datetime(2027, 3, 1, 9, tzinfo=dt.UTC), tick=False):
        settle(report(mine, 5), by=author)
    page = signed_in.get(reverse("progress"))
    assert (
        f"Your report was answered on 1 March 2027. It was about question 5 of MLA-C01, {mine.form.code} . The answer"
        in text_of(page)
    )
    assert f'{address("result_question", mine, 5)}#report"' in page.content.decode()
    page = text_of(signed_in.get(address("result_question", mine, 5)))
    assert f"{TEXT} Answer of 1 March 2027 {ANSWER}" in page
    assert author.get_full_name() not in page
    assert "Your report was answered" not in text_of(signed_in.get(reverse("progress")))  # it was read


def test_a_reason_to_dismiss_stays_among_authors(signed_in, mine):
    settle(report(mine), "dismiss", text="This one reports every question.")
    page = text_of(signed_in.get(address("result_question", mine)))
    assert "Read and closed without an answer on" in page
    assert "reports every question" not in page
    assert "Report a problem" in page
    assert "Your report" not in text_of(signed_in.get(reverse("progress")))


def test_many_answers_do_not_fill_the_progress_page(signed_in, mine):
    for seat in range(1, 8):
        settle(report(mine, seat))
    page = text_of(signed_in.get(reverse("progress")))
    assert page.count("Your report was answered") == 5
    assert "2 more of your reports were answered." in page


def test_answers_are_told_to_nobody_else(signed_in, exam, mine):
    settle(report(sat(UserFactory(), exam, form=mine.form).sitting))
    assert "Your report" not in text_of(signed_in.get(reverse("progress")))
    assert TEXT not in text_of(signed_in.get(address("result_question", mine)))


@pytest.mark.parametrize("count", [1, 4])
def test_pages_take_a_constant_number_of_statements(signed_in, mine, count, django_assert_num_queries):
    seat = mine.form.seats.filter(revision__scenario_revision__isnull=True)[0].number
    for _ in range(count):
        settle(report(mine, seat))
    with django_assert_num_queries(6):
        assert text_of(signed_in.get(reverse("progress"))).count("Your report was") == count
    with django_assert_num_queries(16):  # one of them marks the answers as read
        signed_in.get(address("result_question", mine, seat))
    with django_assert_num_queries(15):
        assert text_of(signed_in.get(address("result_question", mine, seat))).count(ANSWER) == count
