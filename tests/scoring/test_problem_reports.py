"""What may be reported, changed, taken back and answered, by whom and when."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts import services as accounts
from exams.models import Form, Seat, Sitting
from exams.services import sittings
from scoring import problem_reports
from scoring.models import ProblemReport
from scoring.problem_reports import CannotReport
from tests.factories import UserFactory, begin, close, load_exam, stranger_id
from tests.scoring.reported import ANSWER, TEXT, report, settle


@pytest.fixture
def closed(user, exam):
    return close(begin(user, exam, Form.objects.get(exam=exam, reference=True)))


def change(reported, **fields):
    values: dict[str, Any] = {"category": "unclear", "text": "The stem has two readings.", "now": timezone.now()}
    return problem_reports.change(report_id=reported.pk, user_id=reported.sitting.user_id, **values | fields)


def take_back(reported, user_id=None):
    problem_reports.take_back(
        report_id=reported.pk, user_id=user_id or reported.sitting.user_id, now=timezone.now()
    )  # fmt: skip


# ---- reporting ---------------------------------------------------------------------------------------------------


def test_a_report_keeps_what_was_seen(closed):
    reported = report(closed, 7)
    assert reported.revision_id == closed.form.seats.get(number=7).revision_id
    assert (reported.state, reported.category, reported.text, reported.version) == ("open", "key", TEXT, 1)
    assert str(reported) == f"Report {reported.pk}"


@pytest.mark.parametrize("category", ["", "nonsense", "KEY"])
def test_an_unknown_category_is_refused(closed, category):
    with pytest.raises(CannotReport, match="what kind of problem"):
        report(closed, category=category)
    assert not ProblemReport.objects.exists()


@pytest.mark.parametrize("text", ["", "too short", " " * 40, "-" * 40, "\0" * 40, "short" + "\u202e" * 20])
def test_a_text_that_says_too_little_is_refused(closed, text):
    with pytest.raises(CannotReport, match="at least 10 characters"):
        report(closed, text=text)


def test_a_text_has_a_most_that_line_ends_do_not_use_up(closed):
    lines = "word\r\n" * 399 + "x"
    assert len(lines) > 2_000
    assert report(closed, text=lines + "y" * 4).text.endswith("xyyyy")
    with pytest.raises(CannotReport, match=r"at most 2,000 characters what is wrong. These are 2,001."):
        report(closed, 2, text="x" * 2_001)


def test_what_misleads_the_eye_is_left_out(closed):
    said = report(
        closed, text="Option\x1b[2J A\u202e is\r\nright\t\u2066 <b>now</b>\0 – and \U0001f469\u200d\U0001f4bb"
    ).text
    assert said == "Option[2J A is\nright\t <b>now</b> – and \U0001f469\u200d\U0001f4bb"


def test_there_is_one_open_report_for_each_question(closed):
    report(closed, 1)
    report(closed, 2)
    with pytest.raises(CannotReport, match="open report on this question already"):
        report(closed, 1)
    assert ProblemReport.objects.count() == 2


def test_that_holds_over_all_sittings_of_the_same_form(user, exam, closed):
    first = report(closed)
    again = close(begin(user, exam, closed.form))
    with pytest.raises(CannotReport, match="already"):
        report(again)
    settle(first)
    assert report(again).sitting_id == again.pk


@pytest.mark.django_db(transaction=True)
def test_that_holds_for_two_clicks_at_the_same_moment(user, exam):
    form = Form.objects.get(exam=exam, reference=True)
    sat = [close(begin(user, exam, form)) for _ in range(2)]
    together = Barrier(2)

    def click(sitting):
        try:
            together.wait(10)
            return report(sitting).sitting_id
        except CannotReport:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        sent = list(threads.map(click, sat))
    assert sent.count(None) == 1
    assert ProblemReport.objects.count() == 1


def test_the_database_holds_it_too(closed):
    reported = report(closed)
    reported.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        reported.save(force_insert=True)


@pytest.mark.parametrize(
    "fields", [{"state": "answered"}, {"answer": "but open"}, {"answered_at": dt.datetime.now(dt.UTC)}]
)
def test_a_state_and_its_answer_go_together(closed, fields):
    reported = report(closed)
    with pytest.raises(IntegrityError), transaction.atomic():
        ProblemReport.objects.filter(pk=reported.pk).update(**fields)


def test_others_may_report_the_same(exam, closed):
    report(closed)
    report(close(begin(UserFactory(), exam, closed.form)))
    assert ProblemReport.objects.open().count() == 2


def test_after_an_answer_it_can_be_reported_again(closed):
    for verb in ("answer", "dismiss"):
        settle(report(closed), verb)
    assert report(closed).is_open


@pytest.mark.parametrize("number", [0, 66, 10**12])
def test_a_number_that_the_form_lacks_is_not_there(closed, number):
    with pytest.raises(Seat.DoesNotExist):
        report(closed, number)


def test_a_strangers_sitting_is_not_there(closed):
    fields: dict[str, Any] = {"seat": 1, "category": "key", "text": TEXT, "now": timezone.now()}
    for sitting_id, user in ((closed.pk, UserFactory()), (stranger_id(), closed.user)):
        with pytest.raises(Sitting.DoesNotExist):
            problem_reports.send(sitting_id=sitting_id, user_id=user.pk, **fields)


# ---- never during a sitting --------------------------------------------------------------------------------------


def test_nothing_is_reported_of_a_running_sitting(sitting):
    with pytest.raises(CannotReport, match="You are sitting an exam"):
        report(sitting)


def test_nor_of_one_that_waits_for_late_answers(sitting):
    with time_machine.travel(sitting.deadline + dt.timedelta(seconds=1), tick=False):
        with pytest.raises(CannotReport):
            report(sitting)
        sitting.refresh_from_db()
    with time_machine.travel(sitting.deadline + dt.timedelta(minutes=10), tick=False):
        assert report(sitting).is_open  # nobody had noticed that it is closed


def test_nor_of_one_that_was_given_up(sitting):
    sittings.abandon(sitting_id=sitting.pk, user_id=sitting.user_id)
    with pytest.raises(Sitting.DoesNotExist):
        report(sitting)


def test_nothing_is_changed_while_another_exam_runs(user, closed):
    reported = report(closed)
    begin(user, load_exam("MLS-C01", forms=1))
    for act in (lambda: report(closed, 2), lambda: change(reported), lambda: take_back(reported)):
        with pytest.raises(CannotReport, match="when it is over"):
            act()
    reported.refresh_from_db()
    assert reported.text == TEXT


# ---- changing and taking back ------------------------------------------------------------------------------------


def test_an_open_report_can_be_changed(closed):
    changed = change(report(closed))
    changed.refresh_from_db()
    assert (changed.category, changed.text, changed.version) == ("unclear", "The stem has two readings.", 2)
    assert changed.changed_at > changed.made_at


def test_the_same_words_are_no_change(closed):
    reported = report(closed)
    assert change(reported, category="key", text=f" {TEXT}\r\n").version == 1


def test_an_open_report_can_be_taken_back(closed):
    take_back(report(closed))
    assert not ProblemReport.objects.exists()


@pytest.mark.parametrize("verb", ["answer", "dismiss"])
def test_a_closed_report_stays_as_it_is(closed, verb):
    reported = settle(report(closed), verb)
    for act in (change, take_back):
        with pytest.raises(CannotReport, match="dealt with meanwhile"):
            act(reported)
    reported.refresh_from_db()
    assert reported.text == TEXT


def test_strangers_change_nothing(closed):
    reported, stranger = report(closed), UserFactory()
    with pytest.raises(ProblemReport.DoesNotExist):
        take_back(reported, stranger.pk)
    with pytest.raises(ProblemReport.DoesNotExist):
        problem_reports.change(
            report_id=reported.pk, user_id=stranger.pk, category="key", text="x" * 20, now=timezone.now()
        )


# ---- authors -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("verb", "state"), [("answer", "answered"), ("dismiss", "dismissed")])
def test_an_author_closes_it(closed, author, verb, state):
    reported = settle(report(closed), verb, by=author, text=f" {ANSWER}\r\nBye ")
    reported.refresh_from_db()
    assert (reported.state, reported.answer, reported.answered_by) == (state, f"{ANSWER}\nBye", author)
    assert reported.answered_at is not None


@pytest.mark.parametrize("verb", ["answer", "dismiss"])
def test_an_author_says_something(closed, verb):
    reported = report(closed)
    for text in ("", "No.", "x" * 2_001):
        with pytest.raises(CannotReport, match=r"at (least|most)"):
            settle(reported, verb, text=text)
    reported.refresh_from_db()
    assert reported.is_open


def test_the_second_author_comes_too_late(closed):
    reported = report(closed)
    settle(reported)
    with pytest.raises(CannotReport, match="dealt with meanwhile"):
        settle(reported, "dismiss")
    assert ProblemReport.objects.get().answer == ANSWER


def test_an_author_answers_what_they_read(closed):
    reported = report(closed)
    change(reported)
    with pytest.raises(CannotReport, match="Read it again"):
        settle(reported, version=1)
    assert settle(reported, version=2).state == "answered"


def test_what_was_taken_back_cannot_be_answered(closed):
    reported = report(closed)
    take_back(reported)
    with pytest.raises(ProblemReport.DoesNotExist):
        settle(ProblemReport(pk=10**6))


def test_only_answers_are_marked_as_read_and_once(closed):
    now = timezone.now()
    answered, dismissed = settle(report(closed, 1)), settle(report(closed, 2), "dismiss")
    problem_reports.mark_read(reports=[answered, dismissed, report(closed, 3)], now=now)
    problem_reports.mark_read(reports=[answered], now=now + dt.timedelta(days=1))
    assert dict(ProblemReport.objects.values_list("seat", "read_at")) == {1: now, 2: None, 3: None}


# ---- privacy -----------------------------------------------------------------------------------------------------


def test_reports_go_with_their_person(user, exam, closed):
    report(closed)
    settle(report(closed, 2))
    kept = report(close(begin(UserFactory(), exam, closed.form)))
    accounts.delete_account(user=user)
    assert list(ProblemReport.objects.all()) == [kept]


def test_answers_outlive_their_author(closed, author):
    reported = settle(report(closed), by=author)
    accounts.delete_account(user=author)
    reported.refresh_from_db()
    assert (reported.answer, reported.answered_by) == (ANSWER, None)
