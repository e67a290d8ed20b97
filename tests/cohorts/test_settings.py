"""A cohort's name, instructors, owner, archiving, code and log; and who may enter its pages at all."""

from __future__ import annotations

import datetime as dt
import re
from xml.etree import ElementTree

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from accounts.services import grant_role, revoke_role
from cohorts.models import Cohort, Instructor, Invitation, LogEntry, Membership
from cohorts.services import log
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_instructor
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client):
    person = an_instructor(display_name="Olga Owner")
    client.force_login(person)
    return person


@pytest.fixture
def cohort(exam, owner):
    return a_cohort(exam, owner)


def teach(cohort, person=None):
    person = person or an_instructor()
    Instructor.objects.create(cohort=cohort, user=person, added_at=timezone.now())
    return person


def act(client, page, cohort, /, *args, **given):
    return client.post(reverse(page, args=[cohort.pk, *args]), given, follow=True).content.decode()


def without_tokens(text):
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)


# ---- who may enter -------------------------------------------------------------------------------------------

GETS = ["cohort", "cohort_members", "cohort_joining", "cohort_screen", "cohort_qr", "cohort_invite", "cohort_settings",
        "cohort_log"]  # fmt: skip
POSTS = ["cohort_open", "cohort_close", "cohort_renew_code", "cohort_resend_stuck", "cohort_invite",
         "cohort_invite_confirm", "cohort_rename", "cohort_archive", "cohort_restore",
         "cohort_instructor_add"]  # fmt: skip
OF_PERSON = ["cohort_member", "cohort_member_remove", "cohort_instructor_remove", "cohort_hand_over"]
OF_INVITATION = ["cohort_resend", "cohort_withdraw"]


@pytest.mark.parametrize("who", ["other instructor", "former instructor", "member", "stranger", "author", "signed out"])
def test_nobody_but_its_instructors_enters(client, exam, who):
    cohort = a_cohort(exam)
    person, member, now = UserFactory(), a_member(cohort), timezone.now()
    invitation = Invitation.objects.create(cohort=cohort, email="x@example.org", invited_at=now, expires_at=now + HOUR)
    if who == "other instructor":
        a_cohort(exam, person)
        grant_role(user=person, role=Role.INSTRUCTOR)
    elif who == "former instructor":
        teach(cohort, person)
    elif who == "member":
        a_member(cohort, person)
    elif who == "author":
        grant_role(user=person, role=Role.AUTHOR)
    if who != "signed out":
        client.force_login(person)
    requests = [("get", reverse(name, args=[cohort.pk])) for name in GETS]
    requests += [("post", reverse(name, args=[cohort.pk])) for name in POSTS]
    requests += [("post", reverse(name, args=[cohort.pk, member.pk])) for name in OF_PERSON]
    requests += [("post", reverse(name, args=[cohort.pk, invitation.pk])) for name in OF_INVITATION]
    for method, address in requests:
        response = getattr(client, method)(address)
        if who == "signed out":
            assert response.url.startswith(reverse("account_login")), address
        else:
            assert response.status_code == 404, address
    assert Cohort.objects.get(pk=cohort.pk).join_code == cohort.join_code
    assert Membership.objects.present().filter(user=member).exists()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("co", [False, True])
def test_owner_and_co_instructor_read_every_page(client, cohort, co):
    if co:
        client.force_login(teach(cohort))
    member = a_member(cohort)
    for name in GETS[1:]:
        assert client.get(reverse(name, args=[cohort.pk])).status_code == 200, name
    assert client.get(reverse("cohort_member", args=[cohort.pk, member.pk])).status_code == 200
    for name in POSTS[:4]:
        assert client.get(reverse(name, args=[cohort.pk])).status_code == 405


def test_who_loses_the_role_loses_the_cohort(client, cohort, owner):
    revoke_role(user=owner, role=Role.INSTRUCTOR)
    assert client.get(reverse("cohort_members", args=[cohort.pk])).status_code == 404


# ---- name and instructors ------------------------------------------------------------------------------------


def test_renaming(client, cohort):
    assert "The name is saved" in act(client, "cohort_rename", cohort, name="  Winter\tclass ")
    assert Cohort.objects.get().name == "Winter class"
    assert "Autumn class" in LogEntry.objects.get().what
    response = client.post(reverse("cohort_rename", args=[cohort.pk]), {"name": " "})
    assert response.status_code == 422
    assert Cohort.objects.get().name == "Winter class"


def test_an_instructor_is_added_by_address(client, cohort):
    other = an_instructor(email="other@example.org")
    act(client, "cohort_instructor_add", cohort, email="Other@Example.org ")
    assert Instructor.objects.get(user=other).owner is False
    assert LogEntry.objects.get().about == other.email
    assert "teaches this cohort already" in act(client, "cohort_instructor_add", cohort, email="other@example.org")


def test_who_cannot_be_an_instructor_is_told_alike_with_and_without_an_account(client, cohort):
    UserFactory(email="known@example.org")
    known = act(client, "cohort_instructor_add", cohort, email="known@example.org")
    unknown = act(client, "cohort_instructor_add", cohort, email="stranger@example.org")
    assert "Nobody with this address holds the instructor role" in known
    assert without_tokens(known.replace("known@", "stranger@")) == without_tokens(unknown)
    assert Instructor.objects.count() == 1


def test_nobody_is_instructor_and_member(client, cohort):
    a_member(cohort, an_instructor(email="both@example.org"))
    assert "nobody can be both" in act(client, "cohort_instructor_add", cohort, email="both@example.org")


def test_instructors_leave_and_are_removed_but_the_owner_is_not(client, cohort, owner):
    first, second = teach(cohort), teach(cohort)
    act(client, "cohort_instructor_remove", cohort, first.pk)
    assert "cannot be removed" in act(client, "cohort_instructor_remove", cohort, owner.pk)
    client.force_login(second)
    assert "cannot be removed" in act(client, "cohort_instructor_remove", cohort, owner.pk)
    assert "No longer" in act(client, "cohort_instructor_remove", cohort, second.pk).replace("no longer", "No longer")
    assert [one.user for one in Instructor.objects.all()] == [owner]
    assert client.get(reverse("cohort_members", args=[cohort.pk])).status_code == 404


def test_only_the_owner_hands_over_and_archives(client, cohort, owner):
    other = teach(cohort)
    client.force_login(other)
    for name, args in (("cohort_hand_over", [other.pk]), ("cohort_archive", [])):
        assert "Only Olga Owner, who owns this cohort" in act(client, name, cohort, *args)
    client.force_login(owner)
    act(client, "cohort_hand_over", cohort, other.pk)
    assert Instructor.objects.get(owner=True).user == other
    assert Instructor.objects.filter(user=owner, owner=False).exists()
    assert "who owns this cohort" in act(client, "cohort_archive", cohort)
    client.force_login(other)
    act(client, "cohort_archive", cohort)
    assert Cohort.objects.get().archived_at


def test_it_is_handed_to_instructors_only(client, cohort, owner):
    assert "does not teach the cohort" in act(client, "cohort_hand_over", cohort, a_member(cohort).pk)
    assert Instructor.objects.get(owner=True).user == owner


def test_when_the_owners_account_is_gone_another_takes_over(client, cohort, owner):
    other = teach(cohort)
    client.force_login(other)
    owner.delete()
    act(client, "cohort_hand_over", cohort, other.pk)
    assert Instructor.objects.get().owner


# ---- archive -------------------------------------------------------------------------------------------------


def test_an_archived_cohort_is_read_only_until_it_is_restored(client, cohort):
    other = teach(cohort)
    act(client, "cohort_archive", cohort)
    for name, args, given in (
        ("cohort_rename", [], {"name": "X"}),
        ("cohort_instructor_add", [], {"email": an_instructor().email}),
        ("cohort_instructor_remove", [other.pk], {}),
        ("cohort_hand_over", [other.pk], {}),
        ("cohort_open", [], {"until": ""}),
        ("cohort_close", [], {}),
        ("cohort_renew_code", [], {}),
        ("cohort_archive", [], {}),
    ):
        assert "is archived" in act(client, name, cohort, *args, **given), name
    fresh = Cohort.objects.get()
    assert (fresh.name, fresh.join_code, fresh.joining_open) == ("Autumn class", cohort.join_code, True)
    assert Instructor.objects.filter(cohort=cohort).count() == 2
    for name in GETS[1:]:
        text = client.get(reverse(name, args=[cohort.pk])).content.decode()
        assert name in ("cohort_screen", "cohort_qr") or "Archived on" in text
    act(client, "cohort_restore", cohort)
    assert Cohort.objects.get().archived_at is None
    assert [entry.what for entry in LogEntry.objects.all()] == ["Restored the cohort.", "Archived the cohort."]


# ---- code ----------------------------------------------------------------------------------------------------


def test_joining_is_opened_until_a_time_in_the_instructors_zone_and_closed(client, cohort, owner):
    owner.time_zone = "Asia/Tokyo"
    owner.save()
    act(client, "cohort_open", cohort, until="2126-05-03T14:00")
    assert Cohort.objects.get().join_until == dt.datetime(2126, 5, 3, 5, tzinfo=dt.UTC)
    assert "2126-05-03T14:00" in client.get(reverse("cohort_joining", args=[cohort.pk])).content.decode()
    act(client, "cohort_close", cohort)
    assert not Cohort.objects.get().joining_open
    act(client, "cohort_open", cohort, until="")
    assert Cohort.objects.get().takes_members(timezone.now())


@pytest.mark.parametrize(
    "until", ["2020-01-01T10:00", "0001-01-01T00:00", "tomorrow", "2126-13-01T00:00", "9999-12-31T23:59"]
)
def test_a_bad_end_of_joining_is_one_sentence(client, cohort, owner, until):
    owner.time_zone = "America/New_York"
    owner.save()
    response = client.post(reverse("cohort_open", args=[cohort.pk]), {"until": until})
    assert response.status_code == 422
    assert len(response.context["until_form"].errors["until"]) == 1
    assert Cohort.objects.get().join_until is None


def test_a_new_code_replaces_the_old_one(client, cohort):
    act(client, "cohort_renew_code", cohort)
    client.force_login(UserFactory())
    assert client.get(reverse("join_code", args=[cohort.join_code])).status_code == 404
    assert client.get(reverse("join_code", args=[Cohort.objects.get().join_code])).status_code == 200


def test_the_screen_shows_code_link_and_picture(client, cohort):
    text = client.get(reverse("cohort_screen", args=[cohort.pk])).content.decode()
    assert f"{cohort.join_code[:5]}-{cohort.join_code[5:]}" in text
    assert "http://testserver/join/" in text
    assert reverse("cohort_qr", args=[cohort.pk]) in text
    Cohort.objects.update(joining_open=False)
    assert cohort.join_code[:5] not in client.get(reverse("cohort_screen", args=[cohort.pk])).content.decode()


def test_the_picture_is_an_svg_of_squares(client, cohort):
    response = client.get(reverse("cohort_qr", args=[cohort.pk]))
    assert response["Content-Type"] == "image/svg+xml"
    picture = ElementTree.fromstring(response.content)
    size = int(picture.attrib["viewBox"].split()[2])
    assert (size - 8 - 17) % 4 == 0  # a QR code has 17 + 4 × version modules and four of quiet around it
    # The module that is dark in every code, in row 4 × version + 9 and column 8: rows and columns are not exchanged.
    assert f"M12 {size - 12}h1v1h-1z" in response.content.decode()
    assert "style" not in response.content.decode()


# ---- log -----------------------------------------------------------------------------------------------------


def test_the_log_is_paged_and_costs_the_same_for_few_and_many(client, cohort, owner, django_assert_num_queries):
    page = reverse("cohort_log", args=[cohort.pk])
    log.write(cohort=cohort, by=owner, what="Did something.", at=timezone.now())
    with django_assert_num_queries(7):
        client.get(page)
    for number in range(110):
        log.write(cohort=cohort, by=owner, what=f"Did {number}.", at=timezone.now())
    with django_assert_num_queries(7):
        response = client.get(page)
    assert len(response.context["page"]) == 100
    assert response.context["page"][0].what == "Did 109."


def test_settings_cost_the_same_for_one_instructor_and_many(client, cohort, django_assert_num_queries):
    page = reverse("cohort_settings", args=[cohort.pk])
    with django_assert_num_queries(6):
        client.get(page)
    for _ in range(5):
        teach(cohort)
    with django_assert_num_queries(6):
        client.get(page)
