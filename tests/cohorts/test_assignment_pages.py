"""The pages about assignments for instructors: who may enter, what they show, what they refuse."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from accounts.services import grant_role, set_accommodation
from cohorts.models import Arrangement, Assignment, Instructor, LogEntry, Release
from cohorts.services import attending
from exams import paper
from exams.models import Form, Seat, Sitting
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_assignment, an_attempt, an_instructor
from tests.factories import UserFactory, key_of, sat
from tests.scoring.test_views_results import text_of

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def teacher(db):
    return an_instructor(time_zone="Europe/Berlin")


@pytest.fixture
def cohort(exam, teacher):
    return a_cohort(exam, teacher)


@pytest.fixture
def page(client, teacher):
    client.force_login(teacher)
    return client


def typed(moment: dt.datetime) -> str:
    return f"{moment.astimezone(BERLIN):%Y-%m-%dT%H:%M}"


def filled(now: dt.datetime, **fields) -> dict[str, object]:
    return {
        "title": "Mock exam", "form_rule": "pool", "form": "", "opens_at": typed(now + HOUR),
        "start_by": typed(now + 4 * HOUR), "end_by": typed(now + 8 * HOUR), "attempts": 1, "extra_minutes": 0,
        "grace_minutes": 2, "results": "at_once", "results_at": "", "review": "at_end", "review_at": "", "act": "save",
    } | fields  # fmt: skip


def new(cohort) -> str:
    return reverse("assignment_new", args=[cohort.pk])


# ---- who may enter -----------------------------------------------------------------------------------------------


def addresses(cohort, assignment, member) -> list[tuple[str, str]]:
    of_cohort, of_assignment = [cohort.pk], [cohort.pk, assignment.pk]
    number = cohort.exam.forms.first().number
    return [
        ("get", reverse("cohort_assignments", args=of_cohort)),
        ("get", reverse("assignment_new", args=of_cohort)),
        ("get", reverse("assignment", args=of_assignment)),
        ("get", reverse("assignment_edit", args=of_assignment)),
        ("get", reverse("arrangement", args=[*of_assignment, member.pk])),
        ("get", reverse("form_preview", args=[cohort.pk, number])),
        ("post", reverse("assignment_release", args=of_assignment)),
        ("post", reverse("assignment_cancel", args=of_assignment)),
    ]


@pytest.mark.parametrize(
    ("who", "status"),
    [("owner", 200), ("co-instructor", 200), ("other instructor", 404), ("member", 404), ("stranger", 404),
     ("author", 404), ("signed out", 302)],
)  # fmt: skip
def test_nobody_but_the_cohorts_instructors_enters(exam, cohort, teacher, who, status):
    assignment, member = an_assignment(cohort, results=Release.HELD), a_member(cohort)
    second = an_instructor()
    Instructor.objects.create(cohort=cohort, user=second, added_at=timezone.now())
    person = {"owner": teacher, "co-instructor": second, "member": member}.get(who) or UserFactory()
    if who == "other instructor":
        grant_role(user=person, role=Role.INSTRUCTOR)
        a_cohort(exam, person)
    if who == "author":
        grant_role(user=person, role=Role.AUTHOR)
    client = Client()
    if who != "signed out":
        client.force_login(person)
    for method, address in addresses(cohort, assignment, member):
        reply = getattr(client, method)(address)
        assert reply.status_code == (302 if method == "post" and status == 200 else status), address
    assert Assignment.objects.get().cancelled_at is None  # the box was not ticked
    assert LogEntry.objects.exists() == (status == 200)


def test_an_assignment_or_a_person_of_another_cohort_is_not_found(page, exam, cohort, teacher):
    other = a_cohort(exam, teacher, name="Spring class")
    assignment, elsewhere = an_assignment(cohort), a_member(other)
    for address in (
        reverse("assignment", args=[other.pk, assignment.pk]),
        reverse("arrangement", args=[cohort.pk, assignment.pk, elsewhere.pk]),
        reverse("assignment", args=[cohort.pk, uuid.uuid4()]),
        reverse("form_preview", args=[cohort.pk, 999]),
    ):
        assert page.get(address).status_code == 404


# ---- the list and one assignment ---------------------------------------------------------------------------------


def test_the_list_says_what_is_open_upcoming_over_and_cancelled(page, exam, cohort):
    address = reverse("cohort_assignments", args=[cohort.pk])
    assert "Nothing assigned yet" in text_of(page.get(address))
    now, person = timezone.now(), a_member(cohort)
    an_attempt(an_assignment(cohort, title="Now"), person)
    an_assignment(cohort, title="Soon", opens_at=now + HOUR)
    an_assignment(cohort, title="Past", opens_at=now - 9 * HOUR, start_by=now - 8 * HOUR, end_by=now - HOUR)
    an_assignment(cohort, title="Off", cancelled_at=now)
    text = text_of(page.get(address))
    assert re.search(r"Open .*Now .* 1 of 1 1 .*Upcoming .*Soon .*Over .*Past .*Cancelled .*Off", text)


@pytest.mark.parametrize("many", [1, 4])
def test_the_list_takes_a_constant_number_of_statements(page, cohort, many, django_assert_num_queries):
    for _ in range(many):
        an_attempt(an_assignment(cohort), a_member(cohort))
    with django_assert_num_queries(9):
        page.get(reverse("cohort_assignments", args=[cohort.pk]))


@pytest.mark.parametrize("many", [1, 4])
def test_an_assignment_takes_a_constant_number_of_statements(page, cohort, many, django_assert_num_queries):
    assignment = an_assignment(cohort, form_rule="unseen")
    for _ in range(many):
        person = a_member(cohort)
        Arrangement.objects.create(assignment=assignment, user=person, more_attempts=1, changed_at=timezone.now())
        an_attempt(assignment, person)
    with django_assert_num_queries(25):
        text = text_of(page.get(reverse("assignment", args=[cohort.pk, assignment.pk])))
    assert text.count("1 of 2") == many


def test_the_page_shows_who_has_which_arrangement(page, cohort):
    assignment, person, gone = an_assignment(cohort), a_member(cohort), a_member(cohort)
    an_attempt(assignment, gone)
    gone.memberships.update(left_at=timezone.now())
    Arrangement.objects.create(
        assignment=assignment, user=person, multiplier=Decimal("1.50"), extra_minutes=5, note="Room 4",
        changed_at=timezone.now(),
    )  # fmt: skip
    text = text_of(page.get(reverse("assignment", args=[cohort.pk, assignment.pk])))
    assert "Room 4" in text
    assert "3 h 20 min" in text
    assert f"{gone.display_name} Left" in text
    assert f"{person.display_name} Not begun" in text


def test_results_are_released_and_assignments_cancelled_from_the_page(page, cohort):
    assignment = an_assignment(cohort, results=Release.HELD)
    sitting = an_attempt(assignment, a_member(cohort)).sitting
    act = [cohort.pk, assignment.pk]
    page.post(reverse("assignment_release", args=act), {"what": "results"})
    assert Sitting.objects.get(pk=sitting.pk).shows_result(timezone.now())
    assert "are released already" in text_of(
        page.post(reverse("assignment_release", args=act), {"what": "results"}, follow=True)
    )
    assert "Nobody can begin it" in text_of(
        page.post(reverse("assignment_cancel", args=act), {"sure": "yes"}, follow=True)
    )
    assert Assignment.objects.get().cancelled_at
    assert "was cancelled" in text_of(page.get(reverse("assignment_edit", args=act), follow=True))


# ---- the form ----------------------------------------------------------------------------------------------------


def test_what_is_typed_is_taken_in_the_instructors_zone(page, cohort):
    now = timezone.now().replace(second=0, microsecond=0)
    reply = page.post(new(cohort), filled(now))
    assignment = Assignment.objects.get()
    assert reply.url == reverse("assignment", args=[cohort.pk, assignment.pk])
    assert (assignment.opens_at, assignment.end_by) == (now + HOUR, now + 8 * HOUR)
    edit = page.get(reverse("assignment_edit", args=[cohort.pk, assignment.pk])).content.decode()
    assert f'value="{typed(now + HOUR)}"' in edit
    assert "Europe/Berlin" in edit


@pytest.mark.parametrize("clock", ["2026-10-25T02:30", "2027-03-28T02:30"])
def test_a_time_that_the_change_of_clocks_makes_doubtful_is_refused(page, cohort, clock):
    with time_machine.travel(dt.datetime(2026, 10, 1, tzinfo=dt.UTC), tick=False):
        reply = page.post(new(cohort), filled(timezone.now(), opens_at=clock))
    assert "comes twice or not at all" in text_of(reply)
    assert reply.status_code == 422


def test_a_window_over_the_change_of_clocks_is_as_long_as_it_is(page, cohort, teacher):
    """On the wall the window lasts 2 h 30 min; the hour from two to three does not exist that night."""
    with time_machine.travel(dt.datetime(2027, 3, 1, tzinfo=dt.UTC), tick=False):
        page.force_login(teacher)
        fields = filled(timezone.now(), opens_at="2027-03-28T01:00", start_by="2027-03-28T01:30")
        reply = page.post(new(cohort), fields | {"end_by": "2027-03-28T03:30"})
        assert "The window of 1 h 30 min is shorter than the exam’s 2 h 10 min" in text_of(reply)
        page.post(new(cohort), fields | {"end_by": "2027-03-28T05:00"})
    assert Assignment.objects.get().end_by == dt.datetime(2027, 3, 28, 3, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": " "}, "Give the assignment a title."),
        ({"opens_at": "soon"}, "Give a date and a time."),
        ({"end_by": ""}, "Give a date and a time."),
        ({"attempts": "11"}, "Give a number from 1 to 10."),
        ({"extra_minutes": "-1"}, "Give a number from 0 to 240."),
        ({"grace_minutes": "x"}, "Give a number from 0 to 60."),
        ({"form_rule": "fixed"}, "Choose the form that everybody is to sit."),
        ({"results": "at"}, "Give the time of the release."),
        ({"opens_at": "2020-01-01T10:00"}, "The opening is in the past"),
        ({"opens_at": "9999-12-31T23:59"}, "The last start must be later than the opening."),
    ],
)
def test_bad_input_is_answered_in_one_sentence(page, cohort, fields, sentence):
    reply = page.post(new(cohort), filled(timezone.now(), **fields))
    assert reply.status_code == 422
    assert text_of(reply).count(sentence) == 1
    assert not Assignment.objects.exists()


def test_who_is_cut_short_is_shown_and_saved_only_when_confirmed(page, cohort):
    """By whom exactly: a confirmation of other times counts for nothing."""
    slow, fast = a_member(cohort, UserFactory(display_name="Slow")), a_member(cohort, UserFactory(display_name="Fast"))
    set_accommodation(user=slow, multiplier=Decimal("2.00"), extra_minutes=0, granted_by=an_instructor())
    now = timezone.now()
    fields = filled(now, end_by=typed(now + 7 * HOUR))
    reply = page.post(new(cohort), fields)
    text = text_of(reply)
    assert "Not saved yet." in text
    assert "Cut short by the window: 1 of 2" in text
    assert re.search(r"Slow 4 h 20 min .* 1 h 20 min", text)
    assert fast.display_name not in text
    confirmed = {"confirmed": reply.context["preview"].digest}
    page.post(new(cohort), fields | confirmed | {"end_by": typed(now + 6 * HOUR)})
    assert not Assignment.objects.exists()
    page.post(new(cohort), fields | confirmed)
    assert Assignment.objects.exists()


def test_the_preview_saves_nothing(page, cohort):
    reply = page.post(new(cohort), filled(timezone.now(), act="preview"))
    assert "Nothing is saved yet" in text_of(reply)
    assert not Assignment.objects.exists()


def test_who_has_seen_questions_is_shown_for_each_form(page, exam, cohort):
    person = a_member(cohort)
    form = Form.objects.filter(exam=exam).order_by("pk")[0]
    sat(person, exam, form=form)
    a_member(cohort)
    text = text_of(page.get(new(cohort)))
    assert f"{form.code}: 1 of 2 members have seen questions of it" in text
    preview = text_of(page.post(new(cohort), filled(timezone.now(), act="preview", form_rule="fixed", form=form.pk)))
    assert f"No form of unseen questions: 1 of 2 Questions of {form.code}" in preview
    assert f"{person.display_name} 65" in preview


@pytest.mark.parametrize("members", [1, 5])
def test_the_preview_takes_a_constant_number_of_statements(page, cohort, members, django_assert_num_queries):
    for _ in range(members):
        a_member(cohort)
    fields = filled(timezone.now(), act="preview")
    with django_assert_num_queries(18):
        page.post(new(cohort), fields)


def test_once_begun_only_what_may_change_is_taken(page, cohort):
    assignment = an_assignment(cohort)
    sitting = attending.begin(assignment=assignment, user=a_member(cohort))
    edit = reverse("assignment_edit", args=[cohort.pk, assignment.pk])
    later = assignment.end_by + HOUR
    fields = filled(timezone.now(), extra_minutes=60, start_by=typed(assignment.start_by), end_by=typed(later))
    assert "disabled" in page.get(edit).content.decode()
    page.post(edit, fields)
    assignment.refresh_from_db()
    assert assignment.extra_minutes == 0
    assert (
        Sitting.objects.get(pk=sitting.pk).window_ends_at == assignment.end_by == later.replace(second=0, microsecond=0)
    )
    refused = page.post(edit, fields | {"end_by": typed(later - 2 * HOUR)})
    assert "the end can only be moved to a later time" in text_of(refused)


# ---- a form as candidates see it ---------------------------------------------------------------------------------


def test_the_preview_of_a_form_holds_its_questions_and_no_key(page, exam, cohort, django_assert_num_queries):
    form = exam.forms.first()
    paper.blank(form)  # each process reads a form once
    with django_assert_num_queries(6):
        body = page.get(reverse("form_preview", args=[cohort.pk, form.number])).content.decode()
    assert body.count('<section class="question"') == 65
    assert body.count("<fieldset disabled>") == 65
    seat = Seat.objects.filter(form=form, kind="multiple_choice").order_by("number")[0]
    assert f'value="{key_of(seat)[0]}"' in body
    assert "checked" not in body
    for word in ("rationale", "unscored", seat.revision.question.public_id):
        assert word not in body.lower()


def test_a_personal_form_of_somebody_is_not_shown(page, exam, cohort):
    form = exam.forms.last()
    form.state, form.owner = Form.State.PENDING, a_member(cohort)
    form.save()
    assert page.get(reverse("form_preview", args=[cohort.pk, form.number])).status_code == 404
