"""What candidates see of their assignments, and beginning them."""

from __future__ import annotations

import datetime as dt
import re
import threading
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.services import set_accommodation
from cohorts.models import Arrangement, Attempt, Membership, Release
from cohorts.services import assigning, attending
from exams.models import Sitting
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_assignment, an_attempt, an_instructor
from tests.cohorts.test_assigning import plan_of
from tests.factories import UserFactory, begin, sat
from tests.scoring.test_views_results import text_of

pytestmark = pytest.mark.django_db
MINE = "/assignments/"


@pytest.fixture
def cohort(exam, user):
    cohort = a_cohort(exam)
    a_member(cohort, user)
    return cohort


def page_of(assignment) -> str:
    return reverse("my_assignment", args=[assignment.pk])


def states(client) -> list[tuple[str, str]]:
    """(title, state) of every card on the page of assignments, in order."""
    return [(one.assignment.title, one.state) for one in client.get(MINE).context["assigned"]]


# ---- who sees what -----------------------------------------------------------------------------------------------


def test_nobody_else_sees_an_assignment(client, exam, cohort):
    assignment = an_assignment(cohort)
    assert client.get(page_of(assignment)).status_code == 302
    for person in (UserFactory(), an_instructor(), cohort.instructors.get().user, a_member(a_cohort(exam))):
        client.force_login(person)
        assert client.get(page_of(assignment)).status_code == 404
        assert client.post(page_of(assignment)).status_code == 404
        assert states(client) == []
    assert not Sitting.objects.exists()


def test_what_needs_somebody_first_stands_first(signed_in, user, cohort):
    now = timezone.now()
    an_assignment(cohort, title="Missed", opens_at=now - 9 * HOUR, start_by=now - 8 * HOUR, end_by=now - HOUR)
    an_attempt(an_assignment(cohort, title="Done"), user)
    an_assignment(cohort, title="Later", opens_at=now + 2 * HOUR)
    an_assignment(cohort, title="Sooner", opens_at=now + HOUR)
    an_assignment(cohort, title="Open")
    an_assignment(cohort, title="Urgent", start_by=now + HOUR)
    an_assignment(cohort, title="Off", cancelled_at=now)
    attending.begin(assignment=an_assignment(cohort, title="Running"), user=user)
    assert states(signed_in) == [
        ("Running", "running"), ("Urgent", "open"), ("Open", "open"), ("Sooner", "upcoming"), ("Later", "upcoming"),
        ("Done", "finished"), ("Missed", "missed"), ("Off", "cancelled"),
    ]  # fmt: skip


def test_who_left_keeps_what_they_have_sat_and_nothing_else(signed_in, user, cohort):
    done = an_assignment(cohort, title="Done", attempts=2)
    an_attempt(done, user)
    an_assignment(cohort, title="Open")
    Membership.objects.filter(user=user).update(left_at=timezone.now())
    assert states(signed_in) == [("Done", "finished")]
    assert "Not now" not in text_of(signed_in.get(page_of(done)))


def test_who_joins_later_is_given_what_was_assigned_before(client, exam):
    cohort = a_cohort(exam)
    assignment = an_assignment(cohort)
    late = a_member(cohort)
    client.force_login(late)
    assert states(client) == [("Mock exam", "open")]
    reply = client.post(page_of(assignment))
    assert reply.url == reverse("sitting", args=[Sitting.objects.get(user=late).pk])


def test_times_are_shown_in_the_candidates_own_zone_on_both_sides_of_the_change_of_clocks(client, exam, cohort):
    person = a_member(cohort, UserFactory(time_zone="America/New_York"))
    assignment = an_assignment(
        cohort, opens_at=dt.datetime(2026, 11, 1, 5, 30, tzinfo=dt.UTC),
        start_by=dt.datetime(2026, 11, 1, 6, 30, tzinfo=dt.UTC), end_by=dt.datetime(2026, 11, 1, 14, 0, tzinfo=dt.UTC),
    )  # fmt: skip
    with time_machine.travel(dt.datetime(2026, 10, 31, tzinfo=dt.UTC), tick=False):
        client.force_login(person)
        text = text_of(client.get(page_of(assignment)))
    # 5:30 and 6:30 UTC are both half past one in New York; the day the clocks go back ends at nine.
    assert text.count("Sunday, 1 November 2026, 01:30") == 3
    assert "Sunday, 1 November 2026, 09:00, when the clock stops" in text
    assert "America/New_York" in text


def test_the_page_says_how_much_time_they_have_and_what_the_window_takes(signed_in, user, cohort):
    set_accommodation(user=user, multiplier=Decimal("1.50"), extra_minutes=0, granted_by=an_instructor())
    now = timezone.now()
    assignment = an_assignment(cohort, end_by=now + 3 * HOUR, start_by=now + 2 * HOUR)
    text = text_of(signed_in.get(page_of(assignment)))
    assert "3 h 15 min" in text
    assert re.search(r"the window ends 1[56] min earlier", text)
    Arrangement.objects.create(assignment=assignment, user=user, end_by=now + 9 * HOUR, changed_at=now)
    assert "earlier" not in text_of(signed_in.get(page_of(assignment)))


@pytest.mark.parametrize(
    ("rule", "said"),
    [(Release.AT_ONCE, "See your result"), (Release.AT_END, "Your result can be seen from"),
     (Release.HELD, "as soon as an instructor releases it")],
)  # fmt: skip
def test_the_result_is_linked_once_it_may_be_seen(signed_in, user, cohort, rule, said):
    assignment = an_assignment(cohort, results=rule)
    sitting = an_attempt(assignment, user).sitting
    for address in (MINE, page_of(assignment)):
        page = signed_in.get(address)
        assert said in text_of(page)
        linked = reverse("result", args=[sitting.pk]) in page.content.decode()
        assert linked == (rule == Release.AT_ONCE)


def test_a_void_attempt_is_said_and_gives_another(signed_in, user, cohort):
    assignment = an_assignment(cohort)
    attempt = an_attempt(assignment, user)
    assert states(signed_in) == [("Mock exam", "finished")]
    Attempt.objects.filter(pk=attempt.pk).update(void_at=timezone.now())
    text = text_of(signed_in.get(page_of(assignment)))
    assert "Attempt 1 was declared void." in text
    assert "Begin exam" in text


# ---- begin -------------------------------------------------------------------------------------------------------


def test_begin_leads_to_the_exam_and_back_to_it(signed_in, user, cohort):
    assignment = an_assignment(cohort)
    assert "Begin exam" in text_of(signed_in.get(page_of(assignment)))
    sitting_page = signed_in.post(page_of(assignment)).url
    assert sitting_page == reverse("sitting", args=[Sitting.objects.get().pk])
    assert signed_in.post(page_of(assignment)).url == sitting_page
    page = signed_in.get(page_of(assignment))
    assert "Continue the exam" in text_of(page)
    assert sitting_page in page.content.decode()


def test_what_cannot_be_begun_says_why(signed_in, user, exam, cohort):
    now = timezone.now()
    early = an_assignment(cohort, opens_at=now + HOUR)
    assert "This assignment opens on" in text_of(signed_in.post(page_of(early), follow=True))
    begin(user, exam)
    assignment = an_assignment(cohort)
    text = text_of(signed_in.get(page_of(assignment)))
    assert "Another sitting of MLA-C01 is in progress." in text
    assert "Not now" not in text
    assert "End it or give it up first" in text_of(signed_in.post(page_of(assignment), follow=True))
    assert Attempt.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_begin_one_attempt(exam):
    cohort = a_cohort(exam)
    person, assignment = a_member(cohort), an_assignment(cohort, attempts=3)
    begun = _together(*[lambda: attending.begin(assignment=assignment, user=person).pk] * 3)
    assert len(set(begun)) == 1
    assert Attempt.objects.get().sitting_id == begun[0]


@pytest.mark.django_db(transaction=True)
def test_who_begins_while_the_end_is_moved_has_the_new_one(exam):
    """Whoever comes first: either the sitting takes over the new end, or its window is moved with the others."""
    cohort = a_cohort(exam)
    teacher = cohort.instructors.get().user
    for _ in range(4):
        person, assignment = a_member(cohort), an_assignment(cohort)
        plan = plan_of(assignment, end_by=assignment.end_by + HOUR)
        begun, _changed = _together(
            lambda: attending.begin(assignment=assignment, user=person).pk,  # noqa: B023
            lambda: assigning.change(assignment_id=assignment.pk, plan=plan, by=teacher, now=timezone.now()),  # noqa: B023
        )
        assert Sitting.objects.get(pk=begun).window_ends_at == plan.end_by


def _together(*acts):
    results: list[object] = [None] * len(acts)
    gate = threading.Barrier(len(acts))

    def run(place, act):
        try:
            gate.wait(10)
            results[place] = act()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


# ---- the list of exams, statements -------------------------------------------------------------------------------


def test_the_exams_begin_with_what_is_assigned_if_anything_is(signed_in, user, exam, cohort):
    assert "Assigned to you" not in text_of(signed_in.get("/exams/"))
    an_assignment(cohort)
    text = text_of(signed_in.get("/exams/"))
    assert re.search(r"Assigned to you .*Open Autumn class , MLA-C01 Mock exam .*All exams", text)


def test_what_is_long_over_or_cancelled_is_only_on_the_page_of_assignments(signed_in, user, cohort):
    now, day = timezone.now(), 24 * HOUR
    for title, end in (("Old", now - 8 * day), ("Fresh", now - 6 * day)):
        an_assignment(cohort, title=title, opens_at=end - 2 * HOUR, start_by=end - HOUR, end_by=end)
    an_assignment(cohort, title="Off", cancelled_at=now)
    assert [one.assignment.title for one in signed_in.get("/exams/").context["assigned"]] == ["Fresh"]
    assert len(states(signed_in)) == 3


@pytest.mark.parametrize("many", [1, 5])
@pytest.mark.parametrize(("address", "statements"), [("/exams/", 13), (MINE, 8)])
def test_pages_take_a_constant_number_of_statements(
    signed_in, user, exam, cohort, many, address, statements, django_assert_num_queries
):
    sat(user, exam)
    for _ in range(many):
        an_attempt(an_assignment(cohort, attempts=2), user)
    with django_assert_num_queries(statements):
        assert len(signed_in.get(address).context["assigned"]) == many


def test_one_assignment_takes_a_constant_number_of_statements(signed_in, user, cohort, django_assert_num_queries):
    assignment = an_assignment(cohort, attempts=5)
    for _ in range(2):
        an_attempt(assignment, user)
        with django_assert_num_queries(11):
            signed_in.get(page_of(assignment))
