"""The live board: what it says of everybody, who may see it, and what it costs."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import services as accounts
from accounts.roles import PERMISSIONS, Role
from cohorts.models import Absence, Arrangement, Attempt, Instructor, Membership
from cohorts.reports.board import Standing, board_of, chosen_by_default, in_words
from cohorts.services import attending
from exams.models import Presence, Sitting
from exams.services import clock, saving
from tests import factories
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_assignment, an_attempt, an_instructor
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def teacher(db):
    return an_instructor()


@pytest.fixture
def cohort(exam, teacher):
    return a_cohort(exam, teacher)


@pytest.fixture
def assignment(cohort):
    return an_assignment(cohort)


@pytest.fixture
def taught(client, teacher):
    client.force_login(teacher)
    return client


def began(assignment, **fields):
    """A member who sits the assignment now; `fields` are put on the sitting."""
    person = a_member(assignment.cohort)
    sitting = attending.begin(assignment=assignment, user=person)
    if fields:
        Sitting.objects.filter(pk=sitting.pk).update(**fields)
    return person


def told(assignment, person, now=None):
    board = board_of(assignment, now=now or timezone.now())
    return next(one for one in board.people if one.user_id == person.pk)


def address(assignment, **query):
    return reverse("cohort_board", args=[assignment.cohort_id]), {"assignment": assignment.pk, **query}


def now_of(assignment):
    return reverse("cohort_board_now", args=[assignment.cohort_id, assignment.pk])


def test_who_has_not_started(assignment):
    person = a_member(assignment.cohort)
    assert (told(assignment, person).standing, told(assignment, person).label) == (Standing.WAITING, "Not started")
    assert told(assignment, person, now=assignment.start_by + MINUTE).label == "Did not start"
    Arrangement.objects.create(
        assignment=assignment, user=person, start_by=assignment.start_by + HOUR, changed_at=timezone.now()
    )
    assert told(assignment, person, now=assignment.start_by + MINUTE).label == "Not started"


def test_who_is_sitting(assignment):
    person = began(assignment)
    Presence.objects.all().delete()
    sitting = Sitting.objects.get(user=person)
    seats = list(sitting.form.seats.exclude(kind="multiple_choice")[:1]) + list(sitting.form.seats.filter(slots=1)[:2])
    changes = [factories.change(seat.number, factories.key_of(seat), sequence=n) for n, seat in enumerate(seats, 1)]
    changes[0] = factories.change(seats[0].number, factories.key_of(seats[0])[:1], sequence=1)  # not complete
    saving.save(sitting_id=sitting.pk, user_id=person.pk, claim=1, changes=changes)
    now = timezone.now()
    one = told(assignment, person, now)
    assert (one.standing, one.label, one.answered) == (Standing.RUNNING, "In progress", 2)
    assert one.sitting.saved_at is not None
    assert one.left_over == in_words(sitting.deadline - now)
    assert one.connection == "Never heard of"


@pytest.mark.parametrize(
    ("seconds", "words"), [(44, "Connected"), (46, "Silent for 46 s"), (130, "Silent for 2 min 10 s")]
)
def test_whether_the_page_was_heard_of(assignment, seconds, words):
    person, now = began(assignment), timezone.now()
    Presence.objects.update_or_create(
        sitting=Sitting.objects.get(user=person), defaults={"seen_at": now - dt.timedelta(seconds=seconds)}
    )
    assert told(assignment, person, now).connection == words


def test_a_paused_clock_stands_still(assignment, teacher):
    person = began(assignment)
    clock.pause(sitting_id=Sitting.objects.get(user=person).pk, by=teacher)
    later = told(assignment, person, now=timezone.now() + 7 * HOUR)
    assert (later.label, later.standing, later.over) == ("Paused", Standing.RUNNING, False)


def test_how_it_ended(assignment, teacher):
    alone, ended, out = an_attempt(assignment, a_member(assignment.cohort)).user, began(assignment), began(assignment)
    clock.finish(sitting_id=Sitting.objects.get(user=ended).pk, by=teacher)
    later = Sitting.objects.get(user=out).deadline
    found = [told(assignment, person, later) for person in (alone, ended, out)]
    assert [one.how for one in found] == ["Ended themselves", "Ended by staff", "Time ran out"]
    assert {one.standing for one in found} == {Standing.FINISHED}
    assert told(assignment, out, later - MINUTE).standing == Standing.RUNNING


def test_what_ran_out_is_over_although_nobody_noticed_and_nothing_is_written(assignment, taught):
    past = timezone.now() - 3 * HOUR
    person = began(assignment, started_at=past, deadline=past + HOUR)
    before = Sitting.objects.values().get(user=person)
    page = taught.get(now_of(assignment)).content.decode()
    assert "Time ran out" in page
    assert told(assignment, person).ended_at == past + HOUR
    assert Sitting.objects.values().get(user=person) == before


def test_who_was_cut_off_by_the_window(exam, teacher):
    cohort = a_cohort(exam, teacher)
    end = timezone.now() + HOUR
    assignment = an_assignment(cohort, start_by=end, end_by=end)
    person = began(assignment)
    one = told(assignment, person, end)
    assert (one.standing, one.how, one.lost) == (Standing.CUT, "Time ran out", exam.minutes - 60)
    assert told(assignment, person).standing == Standing.RUNNING
    Sitting.objects.filter(user=person).update(reopened_at=timezone.now())
    assert told(assignment, person, end).standing == Standing.FINISHED


def test_who_is_away(assignment):
    person = a_member(assignment.cohort)
    Arrangement.objects.create(assignment=assignment, user=person, absence=Absence.ABSENT, changed_at=timezone.now())
    assert (told(assignment, person).standing, told(assignment, person).label) == (Standing.AWAY, "Absent")
    attending.begin(assignment=assignment, user=person)
    assert told(assignment, person).standing == Standing.RUNNING  # what is seen counts more than what was said
    Attempt.objects.update(void_at=timezone.now())
    assert (told(assignment, person).standing, told(assignment, person).voided) == (Standing.AWAY, True)


def test_the_newest_attempt_stands_for_the_person(assignment):
    person = an_attempt(assignment, a_member(assignment.cohort)).user
    Attempt.objects.update(void_at=timezone.now())
    assert told(assignment, person).label == "Not started"
    attending.begin(assignment=assignment, user=person)
    one = told(assignment, person)
    assert (one.standing, one.number, one.answered) == (Standing.RUNNING, 2, 0)


def test_who_left_stays_if_they_sat_and_nobody_else_is_there(assignment, exam):
    sat, gone, other = began(assignment), a_member(assignment.cohort), a_member(a_cohort(exam))
    Membership.objects.filter(user__in=(sat, gone)).update(left_at=timezone.now())
    factories.begin(other, exam)
    board = board_of(assignment, now=timezone.now())
    assert [(one.user_id, one.left) for one in board.people] == [(sat.pk, True)]


def test_private_practice_stays_private(assignment, exam):
    person = a_member(assignment.cohort)
    factories.begin(person, exam)
    assert told(assignment, person).sitting is None


def test_it_lists_one_state_and_counts_all(assignment, taught):
    began(assignment)
    waiting = a_member(assignment.cohort)
    answer = taught.get(*address(assignment, state="waiting"))
    page = answer.content.decode()
    assert answer.context["board"].counts == {"running": 1, "waiting": 1}
    assert [one.user_id for one in answer.context["board"].shown] == [waiting.pk]
    assert "Not started: 1 of 2" in page
    assert page.count('name="who"') == 1
    assert len(taught.get(*address(assignment, state="nonsense")).context["board"].shown) == 2


def test_the_refresh_is_what_the_page_shows(assignment, taught):
    person = began(assignment)
    page, part = taught.get(*address(assignment)), taught.get(now_of(assignment))
    assert part.status_code == 200
    for answer in (page, part):
        assert f'id="p{person.pk}"' in answer.content.decode()
    assert 'hx-trigger="every 5s"' in page.content.decode()
    assert "hx-trigger" not in taught.get(*address(assignment, still=1)).content.decode()


def test_it_stops_when_nothing_can_change(assignment, taught):
    person = an_attempt(assignment, a_member(assignment.cohort)).user
    assert taught.get(now_of(assignment)).status_code == 286
    page = taught.get(*address(assignment)).content.decode()
    assert "hx-trigger" not in page
    assert "nothing changes by itself" in page
    Attempt.objects.filter(user=person).update(void_at=timezone.now())
    assert taught.get(now_of(assignment)).status_code == 200  # another may be begun


def test_who_is_signed_out_is_told_and_asked_no_more(assignment, client):
    answer = client.get(now_of(assignment))
    assert answer.status_code == 286
    assert "You are signed out" in answer.content.decode()
    assert str(assignment) not in answer.content.decode()


@pytest.mark.parametrize("people", [5, 50])
def test_a_refresh_is_four_statements(people, assignment, taught, django_assert_num_queries):
    for _ in range(people):
        began(assignment)
    with django_assert_num_queries(4):
        answer = taught.get(now_of(assignment))
    assert answer.content.decode().count('name="who"') == people


@pytest.mark.parametrize("people", [5, 50])
def test_the_page_costs_as_much_for_many(people, assignment, taught, django_assert_num_queries):
    for _ in range(people // 5):
        an_assignment(assignment.cohort)
    for _ in range(people):
        a_member(assignment.cohort)
    with django_assert_num_queries(7):
        answer = taught.get(*address(assignment))
    assert answer.content.decode().count('name="who"') == people


def test_without_anything_assigned_it_says_so(cohort, taught):
    assert "Nothing is assigned yet" in taught.get(reverse("cohort_board", args=[cohort.pk])).content.decode()


def test_it_shows_what_is_going_on(cohort, taught):
    now = timezone.now()
    past = an_assignment(cohort, opens_at=now - 9 * HOUR, start_by=now - 8 * HOUR, end_by=now - 7 * HOUR)
    assert chosen_by_default([past], now) == past
    ahead = an_assignment(cohort, opens_at=now + HOUR)
    assert chosen_by_default([past, ahead], now) == ahead
    going_on = an_assignment(cohort)
    cancelled = an_assignment(cohort, opens_at=now - MINUTE, cancelled_at=now)
    assert chosen_by_default([past, ahead, going_on, cancelled], now) == going_on
    assert taught.get(reverse("cohort_board", args=[cohort.pk])).context["assignment"] == going_on
    assert chosen_by_default([], now) is None


@pytest.mark.parametrize("wanted", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_assignment_is_not_found(cohort, taught, wanted):
    assert taught.get(reverse("cohort_board", args=[cohort.pk]), {"assignment": wanted}).status_code == 404


def test_an_archived_cohort_can_be_looked_at_only(assignment, taught):
    began(assignment)
    assignment.cohort.archived_at = timezone.now()
    assignment.cohort.save()
    page = taught.get(*address(assignment)).content.decode()
    assert "In progress" in page
    assert "<button" not in page.partition("board-live")[2].partition("<footer")[0]


@pytest.mark.parametrize(
    ("who", "status"),
    [("owner", 200), ("co-instructor", 200), ("other instructor", 404), ("member", 404), ("stranger", 404),
     ("author", 404), ("former instructor", 404), ("signed out", 302)],
)  # fmt: skip
def test_who_may_see_it(who, status, assignment, teacher):
    client, cohort, person = Client(), assignment.cohort, UserFactory()
    a_cohort(cohort.exam, an_instructor())
    if who == "owner":
        person = teacher
    elif who in ("co-instructor", "former instructor"):
        accounts.grant_role(user=person, role=Role.INSTRUCTOR)
        Instructor.objects.create(cohort=cohort, user=person, added_at=timezone.now())
        if who == "former instructor":
            person.groups.clear()
            person.user_permissions.clear()
    elif who == "other instructor":
        accounts.grant_role(user=person, role=Role.INSTRUCTOR)
        a_cohort(cohort.exam, person)
    elif who == "member":
        a_member(cohort, person)
    elif who == "author":
        person.user_permissions.add(Permission.objects.get(codename=PERMISSIONS[Role.AUTHOR]))
    if who != "signed out":
        client.force_login(person)
    assert client.get(*address(assignment)).status_code == status
    assert client.get(now_of(assignment)).status_code == (286 if who == "signed out" else status)
    act = reverse("cohort_board_act", args=[cohort.pk, "pause"])
    allowed = client.post(act, {"assignment": assignment.pk}).status_code
    assert allowed == (302 if status == 200 else status)


def test_another_cohorts_assignment_is_not_shown_under_this_one(assignment, taught, exam):
    other = an_assignment(a_cohort(exam))
    assert taught.get(reverse("cohort_board_now", args=[assignment.cohort_id, other.pk])).status_code == 404
