"""The list of cohorts, a new one, and the header's way to them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from accounts.services import grant_role
from cohorts.models import Cohort, Instructor, LogEntry, Membership
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_assignment, an_attempt, an_instructor

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client):
    person = an_instructor(display_name="Olga Owner")
    client.force_login(person)
    return person


def test_without_cohorts_the_list_says_what_to_do(client, owner):
    text = client.get(reverse("cohorts")).content.decode()
    assert "No cohorts yet" in text
    assert reverse("cohort_new") in text


def test_the_list_counts_present_members_and_assignments_that_may_be_begun(client, owner, exam):
    cohort, now = a_cohort(exam, owner, members=3), timezone.now()
    Membership.objects.filter(pk__in=Membership.objects.all()[:1]).update(left_at=now)
    an_assignment(cohort)
    an_assignment(cohort, opens_at=now + HOUR)
    an_assignment(cohort, cancelled_at=now)
    an_assignment(cohort, opens_at=now - 3 * HOUR, start_by=now - HOUR)
    a_cohort(exam, name="Not theirs")
    page = client.get(reverse("cohorts"))
    (shown,) = page.context["page"]
    assert (shown, shown.members, shown.open_assignments) == (cohort, 2, 1)


def test_archived_cohorts_are_listed_apart(client, owner, exam):
    a_cohort(exam, owner, name="Running")
    over = a_cohort(exam, owner, name="Over")
    Cohort.objects.filter(pk=over.pk).update(archived_at=timezone.now())
    assert [one.name for one in client.get(reverse("cohorts")).context["page"]] == ["Running"]
    assert [one.name for one in client.get(reverse("cohorts") + "?show=archived").context["page"]] == ["Over"]


def test_the_list_costs_the_same_for_one_and_for_many(client, owner, exam, django_assert_num_queries):
    a_cohort(exam, owner, members=1)
    client.get(reverse("cohorts"))
    with django_assert_num_queries(7):  # session, person, two for the role, three for the list
        client.get(reverse("cohorts"))
    for _ in range(6):
        an_assignment(a_cohort(exam, owner, members=4))
    with django_assert_num_queries(7):
        client.get(reverse("cohorts"))


def test_a_new_cohort_belongs_to_who_made_it(client, owner, exam):
    response = client.post(reverse("cohort_new"), {"name": "  Autumn \n class ", "exam": exam.pk})
    cohort = Cohort.objects.get()
    assert response.url == reverse("cohort_members", args=[cohort.pk])
    assert (cohort.name, cohort.exam) == ("Autumn class", exam)
    assert Instructor.objects.get().owner
    assert LogEntry.objects.get().by == owner.email


@pytest.mark.parametrize(
    "given", [{"name": ""}, {"name": " \n "}, {"name": "x" * 101}, {"exam": "999999"}, {"exam": ""}]
)
def test_a_bad_new_cohort_is_not_made(client, owner, exam, given):
    response = client.post(reverse("cohort_new"), {"name": "Autumn", "exam": exam.pk, **given})
    assert response.status_code == 422
    assert response.context["form"].errors
    assert not Cohort.objects.exists()


def test_an_exam_that_is_not_offered_cannot_be_chosen(client, owner, exam):
    exam.offered = False
    exam.save()
    assert client.post(reverse("cohort_new"), {"name": "Autumn", "exam": exam.pk}).status_code == 422


def test_a_cohort_begins_with_its_members_until_something_was_sat(client, owner, exam):
    cohort = a_cohort(exam, owner)
    assert client.get(reverse("cohort", args=[cohort.pk])).url == reverse("cohort_members", args=[cohort.pk])
    an_attempt(an_assignment(cohort), a_member(cohort))
    assert client.get(reverse("cohort", args=[cohort.pk])).status_code == 302


@pytest.mark.parametrize("name", ["cohorts", "cohort_new"])
def test_only_instructors_have_cohorts(client, user, name):
    assert reverse("account_login") in client.get(reverse(name)).url
    client.force_login(user)
    assert client.get(reverse(name)).status_code == 404
    grant_role(user=user, role=Role.AUTHOR)
    assert client.get(reverse(name)).status_code == 404


def test_the_header_leads_instructors_to_cohorts(client, user):
    client.force_login(user)
    assert f'href="{reverse("cohorts")}"' not in client.get(reverse("progress")).content.decode()
    grant_role(user=user, role=Role.INSTRUCTOR)
    assert f'href="{reverse("cohorts")}"' in client.get(reverse("progress")).content.decode()
    assert f'href="{reverse("cohorts")}" aria-current="page"' in client.get(reverse("cohorts")).content.decode()


def test_the_day_is_that_of_the_instructors_zone(client, owner, exam):
    owner.time_zone = "Pacific/Auckland"
    owner.save()
    cohort = a_cohort(exam, owner)
    Cohort.objects.filter(pk=cohort.pk).update(created_at=dt.datetime(2026, 3, 1, 20, tzinfo=dt.UTC))
    assert "2 Mar 2026" in client.get(reverse("cohorts")).content.decode()
