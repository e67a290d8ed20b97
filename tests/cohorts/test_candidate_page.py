"""One candidate's page and sittings for instructors: assigned sittings of this cohort, and nothing else."""

from __future__ import annotations

import datetime as dt
import html
import re
import zoneinfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from accounts.services import grant_role
from cohorts.models import Attempt, Instructor, Membership
from cohorts.services import attending
from exams.models import Answer, Sitting
from exams.services import clock, saving
from exams.services.changes import PAD, Change
from tests.cohorts.factories import a_cohort, a_member, an_assignment, an_attempt, an_instructor, over
from tests.factories import UserFactory, answer, change, close, key_of, sat

pytestmark = pytest.mark.django_db


def text_of(page) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())


@pytest.fixture
def owner():
    return an_instructor(time_zone="Asia/Tokyo")


@pytest.fixture
def cohort(exam, owner):
    return a_cohort(exam, owner)


@pytest.fixture
def member(cohort):
    return a_member(cohort, UserFactory(display_name="Elif Aydın"))


@pytest.fixture
def teaching(client, owner):
    client.force_login(owner)
    return client


def address(name, attempt, *more):
    where = [attempt.assignment.cohort_id, attempt.user_id]
    return reverse(name, args=where if name == "cohort_candidate" else [*where, attempt.sitting_id, *more])


def pages(attempt):
    return [
        address("cohort_candidate", attempt),
        address("candidate_sitting", attempt),
        address("candidate_timeline", attempt),
        address("candidate_question", attempt, 1),
    ]


# ---- who may read it ------------------------------------------------------------------------------------------


def test_only_instructors_of_the_cohort_read_it(client, cohort, member, owner):
    attempt = over(an_attempt(an_assignment(cohort, review="at_once"), member))
    colleague, author = an_instructor(), UserFactory()
    Instructor.objects.create(cohort=cohort, user=colleague, added_at=timezone.now())
    grant_role(user=author, role=Role.AUTHOR)
    for person, status in (
        (owner, 200), (colleague, 200), (an_instructor(), 404), (member, 404), (UserFactory(), 404), (author, 404),
    ):  # fmt: skip
        client.force_login(person)
        assert {client.get(page).status_code for page in pages(attempt)} == {status}
    client.logout()
    for page in pages(attempt):
        assert client.get(page).url == f"{reverse('account_login')}?next={page}"
        assert client.post(page).status_code in (302, 405)


def test_another_cohorts_sittings_are_not_found_under_this_one(teaching, cohort, member, exam, owner):
    other = a_cohort(exam, owner, name="Evening class")
    a_member(other, member)
    attempt = an_attempt(an_assignment(other), member)
    for page in pages(attempt)[1:]:
        assert teaching.get(page.replace(str(other.pk), str(cohort.pk))).status_code == 404
    assert "Nothing of what was assigned here" in text_of(teaching.get(address("cohort_candidate", attempt).replace(
        str(other.pk), str(cohort.pk))))  # fmt: skip
    colleague = a_member(cohort)
    mixed = reverse("candidate_sitting", args=[other.pk, colleague.pk, attempt.sitting_id])
    assert teaching.get(mixed).status_code == 404
    stranger = reverse("cohort_candidate", args=[cohort.pk, UserFactory().pk])
    assert teaching.get(stranger).status_code == 404


def test_private_practice_stays_private(teaching, cohort, member, exam):
    practice = sat(member, exam, right=50)
    attempt = an_attempt(an_assignment(cohort), member, right=20)
    page = teaching.get(address("cohort_candidate", attempt))
    assert str(practice.sitting_id) not in page.content.decode()
    assert len(page.context["candidate"].tries) == 1
    hidden = reverse("candidate_sitting", args=[cohort.pk, member.pk, practice.sitting_id])
    assert teaching.get(hidden).status_code == 404


def test_who_has_left_is_still_read_about(teaching, cohort, member):
    attempt = an_attempt(an_assignment(cohort), member)
    Membership.objects.update(left_at=timezone.now())
    assert "Left on" in text_of(teaching.get(address("cohort_candidate", attempt)))
    assert teaching.get(address("candidate_sitting", attempt)).status_code == 200


# ---- what it says ---------------------------------------------------------------------------------------------


def test_it_shows_attempts_progress_domains_and_tasks(teaching, cohort, member):
    assignment = an_assignment(cohort, attempts=3, results="held", review="held")
    first, second = an_attempt(assignment, member, right=15), an_attempt(assignment, member, right=45)
    page = teaching.get(address("cohort_candidate", first))
    text, found = text_of(page), page.context["candidate"]
    assert [one.attempt for one in found.tries] == [second, first]
    assert "Elif Aydın" in text
    assert "45 of 50" in text  # an instructor reads results that candidates may not read yet
    assert "Progress" in text
    assert "Domains over time" in text
    assert "Tasks to study" in text
    assert "style=" not in page.content.decode()


def test_a_void_attempt_is_shown_and_counts_for_nothing(teaching, cohort, member):
    assignment = an_assignment(cohort, attempts=2)
    good, bad = an_attempt(assignment, member, right=30), an_attempt(assignment, member, right=50)
    Attempt.objects.filter(pk=bad.pk).update(void_at=timezone.now(), void_reason="Fire alarm")
    page = teaching.get(address("cohort_candidate", good))
    assert page.context["candidate"].report.sitting == good.sitting
    assert "Void" in text_of(page)
    assert "Fire alarm" in text_of(page)


def test_before_anything_was_begun(teaching, cohort, member):
    page = teaching.get(reverse("cohort_candidate", args=[cohort.pk, member.pk]))
    assert "Nothing of what was assigned here has been begun yet." in text_of(page)


def test_a_running_sitting_has_no_answers_yet_and_one_that_ran_out_does(teaching, cohort, member):
    sitting = attending.begin(assignment=an_assignment(cohort), user=member)
    attempt = Attempt.objects.get(sitting=sitting)
    answer(sitting, right=30)
    for page in pages(attempt)[:3]:
        text = text_of(teaching.get(page))
        assert "n progress" in text
        assert "Correct" not in text
    assert teaching.get(pages(attempt)[3]).status_code == 404
    past = timezone.now() - dt.timedelta(hours=5)
    Sitting.objects.filter(pk=sitting.pk).update(started_at=past, deadline=past + dt.timedelta(hours=2))
    assert "30 of 50" in text_of(teaching.get(address("cohort_candidate", attempt)))


def test_answers_seat_by_seat(teaching, cohort, member):
    attempt = over(an_attempt(an_assignment(cohort, review="at_once"), member, right=10))
    Answer.objects.filter(sitting=attempt.sitting, seat=2).update(flagged=True, late=True, spent_ms=61_000)
    Answer.objects.filter(sitting=attempt.sitting, seat=3).delete()
    page = teaching.get(address("candidate_sitting", attempt))
    rows = page.context["answers"].rows
    assert [row.mark.seat for row in rows] == list(range(1, len(rows) + 1))
    right = next(row for row in rows if row.mark.correct and row.mark.seat > 3)
    assert right.response == right.key != "No answer"
    assert rows[2].response == "No answer"
    assert (rows[1].flagged, rows[1].late) == (True, True)
    only = teaching.get(address("candidate_sitting", attempt), {"show": "flagged"})
    assert [row.mark.seat for row in only.context["answers"].rows] == [2]


def test_text_and_key_are_shut_while_somebody_may_still_sit_them(teaching, cohort, member, exam):
    attempt = over(an_attempt(an_assignment(cohort, review="at_once"), member))
    other = a_member(cohort)
    seat = attempt.sitting.form.seats.select_related("revision").get(number=1)
    listing, question = address("candidate_sitting", attempt), address("candidate_question", attempt, 1)
    assert seat.revision.stem_html in teaching.get(question).content.decode()
    fixed = an_assignment(cohort, form_rule="fixed", form=attempt.sitting.form, title="Again")
    attending.begin(assignment=fixed, user=other)
    shut = teaching.get(listing)
    assert not any(row.shown or row.key or row.stem for row in shut.context["answers"].rows)
    assert "are not shown yet" in text_of(shut)
    closed = teaching.get(question)
    assert closed.status_code == 409
    assert seat.revision.stem_html not in closed.content.decode()
    assert teaching.get(address("candidate_question", attempt, 99)).status_code == 404


def test_every_kind_of_question_has_its_page(teaching, cohort, member):
    attempt = over(an_attempt(an_assignment(cohort, review="at_once"), member, right=25))
    for kind in ("multiple_choice", "multiple_response", "ordering", "matching"):
        seat = attempt.sitting.form.seats.filter(kind=kind)[0]
        page = teaching.get(address("candidate_question", attempt, seat.number))
        assert "The answer By Elif Aydın" in text_of(page)
        assert "You" not in text_of(page).split("The answer By")[0].split("Question")[0]


def test_the_timeline_names_staff_and_keeps_the_note_pad_to_the_candidate(teaching, cohort, member, owner):
    sitting = attending.begin(assignment=an_assignment(cohort), user=member)
    seat = sitting.form.seats.get(number=1)
    clock.grant(sitting_id=sitting.pk, minutes=7, by=owner)
    secret = Change(2, PAD, 0, left_ms=3_600_000, text="my secret")
    saving.save(
        sitting_id=sitting.pk, user_id=member.pk, claim=sitting.claim, changes=[change(1, key_of(seat)), secret]
    )
    close(sitting, sequence=2)
    late = Change(3, PAD, 0, left_ms=3_600_000, text="my late secret")
    saving.save(sitting_id=sitting.pk, user_id=member.pk, claim=sitting.claim, changes=[late])
    page = teaching.get(address("candidate_timeline", Attempt.objects.get(sitting=sitting)))
    text = text_of(page)
    assert f"7 extra minutes granted by {owner.email}" in text
    assert "The candidate worked on question 1" in text
    assert "Mock exam, attempt 1 Not passed" in text
    assert "The candidate’s own; not shown" in text
    assert "secret" not in page.content.decode()
    assert f"{timezone.localtime(sitting.started_at, zoneinfo.ZoneInfo('Asia/Tokyo')):%H:%M}" in text


# ---- what it costs --------------------------------------------------------------------------------------------


def test_the_pages_take_a_constant_number_of_statements(teaching, cohort, member):
    costs = []
    for attempts in (1, 3):
        assignment = an_assignment(cohort, attempts=3, review="at_once")
        for number in range(attempts):
            attempt = an_attempt(assignment, member, right=20 + number)
        over(attempt)
        found = []
        for page in pages(attempt):
            with CaptureQueriesContext(connection) as queries:
                assert teaching.get(page).status_code == 200
            found.append(len(queries))
        costs.append(found)
    assert costs[0] == costs[1]
    assert max(costs[0]) <= 22
