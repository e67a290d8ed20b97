"""The members of a cohort: listed, given extra time, removed, and seen by nobody else."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import SIMULATED_DOMAIN
from accounts.services import set_accommodation
from cohorts.models import Cohort, Invitation, LogEntry, Membership
from cohorts.services import attending
from exams.models import Sitting
from exams.services.sittings import CannotBegin
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_assignment, an_instructor
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client):
    person = an_instructor()
    client.force_login(person)
    return person


@pytest.fixture
def cohort(exam, owner):
    return a_cohort(exam, owner)


def named(client, cohort, query=""):
    page = client.get(reverse("cohort_members", args=[cohort.pk]) + query).context["page"]
    return [one.user.display_name for one in page]


def test_members_are_listed_by_name_and_those_who_left_apart(client, cohort):
    for name in ("Zoe", "Ann"):
        a_member(cohort, UserFactory(display_name=name))
    a_member(cohort, UserFactory(display_name="Gone"), left_at=timezone.now())
    a_member(a_cohort(cohort.exam), UserFactory(display_name="Elsewhere"))
    assert named(client, cohort) == ["Ann", "Zoe"]
    assert named(client, cohort, "?show=left") == ["Gone"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ann", ["Ann Lee", "Joanna"]),
        ("LEE ann", ["Ann Lee"]),
        ("@example.net", ["Joanna"]),
        ("%", []),
        ("\0", ["Ann Lee", "Joanna"]),
    ],
)
def test_members_are_found_by_name_and_address(client, cohort, query, found):
    a_member(cohort, UserFactory(display_name="Ann Lee"))
    a_member(cohort, UserFactory(display_name="Joanna", email="jo@example.net"))
    page = client.get(reverse("cohort_members", args=[cohort.pk]), {"q": query})
    assert [one.user.display_name for one in page.context["page"]] == found


def test_the_list_is_paged_and_costs_the_same_for_one_and_for_many(client, cohort, django_assert_num_queries):
    page = reverse("cohort_members", args=[cohort.pk])
    a_member(cohort)
    with django_assert_num_queries(8):
        client.get(page)
    people = UserFactory.create_batch(150)
    Membership.objects.bulk_create(
        Membership(cohort=cohort, user=person, joined_at=timezone.now(), multiplier=2, extra_minutes=5)
        for person in people
    )
    with django_assert_num_queries(8):
        response = client.get(page)
    assert len(response.context["page"]) == 100
    assert len(client.get(page, {"page": "2"}).context["page"]) == 51
    assert client.get(page, {"page": "nonsense"}).status_code == 200


def test_simulated_people_are_marked(client, cohort):
    a_member(cohort, UserFactory(email=f"x1@{SIMULATED_DOMAIN}", is_active=False))
    assert "Simulated</span>" in client.get(reverse("cohort_members", args=[cohort.pk])).content.decode()


# ---- extra time ----------------------------------------------------------------------------------------------


def test_extra_time_is_set_and_taken_back(client, cohort):
    person = a_member(cohort)
    page = reverse("cohort_member", args=[cohort.pk, person.pk])
    client.post(page, {"multiplier": "1.50", "extra_minutes": "10"})
    assert "×1.5, 10 min" in client.get(reverse("cohort_members", args=[cohort.pk])).content.decode()
    terms = attending.offer_of(an_assignment(cohort), person).terms
    assert (terms.multiplier, terms.extra_minutes) == (Decimal("1.50"), 10)
    client.post(page, {"multiplier": "", "extra_minutes": ""})
    membership = Membership.objects.get()
    assert (membership.multiplier, membership.extra_minutes) == (None, None)
    assert [(entry.about, entry.by != "") for entry in LogEntry.objects.all()] == [(person.email, True)] * 2


def test_the_page_says_what_staff_have_granted_and_never_ones_own_word(client, cohort, owner):
    person = a_member(cohort)
    page = reverse("cohort_member", args=[cohort.pk, person.pk])
    set_accommodation(user=person, multiplier=Decimal("2.00"), extra_minutes=0)
    assert "double time" not in client.get(page).content.decode()
    set_accommodation(user=person, multiplier=Decimal("1.25"), extra_minutes=7, granted_by=owner)
    text = client.get(page).content.decode()
    assert "25 % extra time" in text
    assert "7 minutes" in text


@pytest.mark.parametrize(
    "given",
    [
        {"multiplier": "3.00", "extra_minutes": "0"},
        {"multiplier": "", "extra_minutes": "5"},
        {"multiplier": "1.50", "extra_minutes": "241"},
        {"multiplier": "1.50", "extra_minutes": "-1"},
        {"multiplier": "1.50", "extra_minutes": "ten"},
    ],
)
def test_bad_extra_time_is_one_sentence(client, cohort, given):
    person = a_member(cohort)
    response = client.post(reverse("cohort_member", args=[cohort.pk, person.pk]), given)
    assert response.status_code == 422
    assert sum(len(errors) for errors in response.context["form"].errors.values()) == 1
    assert Membership.objects.get().multiplier is None


def test_extra_time_of_somebody_who_has_left_or_is_elsewhere_cannot_be_set(client, cohort, exam):
    gone = a_member(cohort, left_at=timezone.now())
    given = {"multiplier": "1.50", "extra_minutes": "0"}
    response = client.post(reverse("cohort_member", args=[cohort.pk, gone.pk]), given)
    assert "not a member" in response.content.decode()
    for stranger in (a_member(a_cohort(exam)), UserFactory()):
        assert client.post(reverse("cohort_member", args=[cohort.pk, stranger.pk]), given).status_code == 404
    assert not Membership.objects.exclude(multiplier=None).exists()


# ---- removal -------------------------------------------------------------------------------------------------


def test_a_removed_member_keeps_the_sitting_that_runs_and_begins_no_other(client, cohort):
    person, assignment = a_member(cohort), an_assignment(cohort)
    sitting = attending.begin(assignment=assignment, user=person)
    client.post(reverse("cohort_member_remove", args=[cohort.pk, person.pk]))
    sitting.refresh_from_db()
    assert sitting.state == Sitting.State.IN_PROGRESS
    with pytest.raises(CannotBegin):
        attending.begin(assignment=assignment, user=person)
    assert Membership.objects.get().left_at
    assert LogEntry.objects.get().about == person.email
    again = client.post(reverse("cohort_member_remove", args=[cohort.pk, person.pk]), follow=True)
    assert "not a member" in again.content.decode()


def test_removing_somebody_may_change_the_code_and_withdraws_their_invitation(client, cohort):
    now = timezone.now()
    person, code = a_member(cohort), cohort.join_code
    Invitation.objects.create(cohort=cohort, email=person.email, invited_at=now, expires_at=now + HOUR)
    client.post(reverse("cohort_member_remove", args=[cohort.pk, person.pk]), {"recode": "1"})
    cohort.refresh_from_db()
    assert cohort.join_code != code
    assert not Invitation.objects.exists()
    other = a_member(cohort)
    code = cohort.join_code
    client.post(reverse("cohort_member_remove", args=[cohort.pk, other.pk]))
    cohort.refresh_from_db()
    assert cohort.join_code == code


def test_in_an_archived_cohort_nothing_changes(client, cohort):
    person = a_member(cohort)
    Cohort.objects.update(archived_at=timezone.now())
    given = {"multiplier": "1.50", "extra_minutes": "0"}
    assert "is archived" in client.post(reverse("cohort_member", args=[cohort.pk, person.pk]), given).content.decode()
    response = client.post(reverse("cohort_member_remove", args=[cohort.pk, person.pk]), follow=True)
    assert "is archived" in response.content.decode()
    assert Membership.objects.present().filter(multiplier=None).count() == 1
    assert not LogEntry.objects.exists()
