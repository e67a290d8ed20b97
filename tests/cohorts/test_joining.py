"""Coming into a cohort by its code: who may, in which ways it is typed, and what a closed one says."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from cohorts.models import Cohort, Invitation, LogEntry, Membership
from cohorts.models.people import CODE_ALPHABET
from cohorts.services import joining
from tests.accounts.factories import PASSWORD
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_instructor
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return an_instructor(display_name="Olga Owner", email="olga@example.org")


@pytest.fixture
def cohort(exam, owner):
    return a_cohort(exam, owner)


def address(cohort):
    return reverse("join_code", args=[cohort.join_code])


def an_invitation(cohort, email="ann@example.org", **fields):
    now = timezone.now()
    return Invitation.objects.create(
        cohort=cohort, email=email, **{"invited_at": now, "expires_at": now + 24 * HOUR, **fields}
    )


def members(cohort):
    return [one.user for one in Membership.objects.present().filter(cohort=cohort).select_related("user")]


# ---- the page ------------------------------------------------------------------------------------------------


def test_the_page_says_what_one_joins_and_a_post_joins(signed_in, user, cohort):
    text = signed_in.get(address(cohort)).content.decode()
    for told in (cohort.name, cohort.exam.name, "Olga Owner", user.email, "stays private"):
        assert told in text
    assert "olga@example.org" not in text
    assert not members(cohort)
    assert signed_in.post(address(cohort)).url == reverse("my_cohorts")
    assert members(cohort) == [user]
    assert cohort.name in signed_in.get(reverse("my_cohorts")).content.decode()


def test_joining_twice_changes_nothing_and_says_so(signed_in, user, cohort):
    signed_in.post(address(cohort))
    joined = Membership.objects.get().joined_at
    assert "member of this cohort already" in signed_in.get(address(cohort)).content.decode()
    assert "already" in signed_in.post(address(cohort), follow=True).content.decode()
    assert Membership.objects.get().joined_at == joined


@pytest.mark.parametrize(
    "typed", ["{0}", " {0} ", "{1}-{2}", "{1} {2}", "{1}–{2}", "{3}", "{1}\u00a0{2}", "{1}.{2}", "  {1} -\t{2}\n"]
)
def test_a_code_may_be_typed_in_many_ways(signed_in, cohort, typed):
    code = cohort.join_code
    written = typed.format(code, code[:5], code[5:], code.lower())
    response = signed_in.get(reverse("join"), {"code": written})
    assert response.url == address(cohort)
    assert cohort.name in signed_in.get(reverse("join_code", args=[written])).content.decode()


@pytest.mark.parametrize("typed", ["", "  ", "--", "a/b"])
def test_what_is_no_code_is_asked_for_again(client, typed):
    response = client.get(reverse("join"), {"code": typed})
    assert response.status_code in (302, 422)
    if response.status_code == 422:
        assert "Type the code" in response.content.decode()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"joining_open": False}, "is closed"),
        ({"join_until": timezone.now() - HOUR}, "let people in until"),
        ({"archived_at": timezone.now()}, "is over"),
    ],
)
def test_a_code_that_is_not_open_says_why_and_names_nothing(signed_in, cohort, fields, sentence):
    Cohort.objects.filter(pk=cohort.pk).update(**fields)
    for response in (signed_in.get(address(cohort)), signed_in.post(address(cohort))):
        text = response.content.decode()
        assert response.status_code == 404
        assert sentence in text
        for secret in (cohort.name, cohort.exam.code, "Olga"):
            assert secret not in text
    assert not members(cohort)


def test_an_unknown_code_is_not_found(signed_in):
    for code in ("ABCDEFGHJK", "x", "ж" * 40, "%00", "a" * 500):
        response = signed_in.get(f"/join/{code}/")
        assert response.status_code == 404
        assert "No cohort has this code" in response.content.decode()


def test_somebody_who_is_not_signed_in_learns_nothing_and_comes_back(client, cohort, django_assert_num_queries):
    with django_assert_num_queries(0):
        known = client.get(address(cohort)).content.decode()
    assert cohort.name not in known
    assert f"{reverse('account_login')}?next={address(cohort)}" in known
    assert f"{reverse('account_signup')}?next={address(cohort)}" in known
    unknown = reverse("join_code", args=["ABCDEFGHJK"])
    assert client.get(unknown).content.decode() == known.replace(address(cohort), unknown)
    assert client.post(address(cohort)).status_code == 200
    person = UserFactory()
    response = client.post(
        f"{reverse('account_login')}?next={address(cohort)}",
        {"login": person.email, "password": PASSWORD, "next": address(cohort)},
    )
    assert response.url == address(cohort)


def test_who_signs_up_for_it_comes_back_after_confirming_the_address(client, cohort):
    client.post(
        reverse("account_signup"),
        {
            "display_name": "Ann",
            "email": "ann@example.org",
            "password1": "correct horse battery",
            "next": address(cohort),
        },
    )
    link = next(word for word in mail.outbox[0].body.split() if word.startswith("http"))
    assert client.post(link).url == address(cohort)
    assert cohort.name in client.get(address(cohort)).content.decode()


def test_codes_are_not_guessed_at_leisure(signed_in, cohort):
    for number in range(5):
        assert signed_in.get(f"/join/ABCDEFGHJ{CODE_ALPHABET[number]}/").status_code == 404
    assert signed_in.get("/join/ABCDEFGHJK/").status_code == 429
    assert signed_in.post(address(cohort)).status_code == 429
    assert not members(cohort)


def test_a_right_code_never_counts(signed_in, cohort):
    for _ in range(8):
        assert signed_in.get(address(cohort)).status_code == 200


def test_an_instructor_of_it_does_not_join(client, owner, cohort):
    client.force_login(owner)
    assert "You teach this cohort" in client.post(address(cohort), follow=True).content.decode()
    assert not members(cohort)


def test_who_left_may_come_back_with_the_extra_time_they_had(signed_in, user, cohort):
    a_member(cohort, user, multiplier=2, extra_minutes=10)
    signed_in.post(reverse("leave_cohort", args=[cohort.pk]))
    assert not members(cohort)
    signed_in.post(address(cohort))
    assert members(cohort) == [user]
    assert Membership.objects.get().multiplier == 2


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_member(exam, user):
    cohort = a_cohort(exam)

    def click(_):
        try:
            return joining.join(code=cohort.join_code, user=user, now=timezone.now()).member
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(click, range(4))) == [False, True, True, True]


# ---- invitations ---------------------------------------------------------------------------------------------


def test_an_invitation_lets_its_person_in_even_when_the_code_is_closed(signed_in, user, cohort):
    Cohort.objects.update(joining_open=False)
    invitation = an_invitation(cohort, user.email)
    text = signed_in.get(reverse("join_code", args=[invitation.code])).content.decode()
    assert "was sent to" not in text
    signed_in.post(reverse("join_code", args=[invitation.code]))
    invitation.refresh_from_db()
    assert (members(cohort), invitation.accepted_by) == ([user], user)


def test_an_invitation_for_another_address_says_so_and_lets_one_person_in(client, user, cohort):
    invitation = an_invitation(cohort, "private.person@example.org")
    link = reverse("join_code", args=[invitation.code])
    client.force_login(user)
    text = client.get(link).content.decode()
    assert "p…@example.org" in text
    assert "private.person" not in text
    client.post(link)
    invitation.refresh_from_db()
    assert invitation.accepted_by == user
    client.force_login(UserFactory())
    response = client.post(link)
    assert response.status_code == 404
    assert "has been used" in response.content.decode()
    assert members(cohort) == [user]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"expires_at": timezone.now() - HOUR}, "expired on"),
        ({"cohort__archived_at": timezone.now()}, "is over"),
    ],
)
def test_an_invitation_that_no_longer_holds_says_why(signed_in, cohort, change, sentence):
    invitation = an_invitation(cohort, **{name: value for name, value in change.items() if "__" not in name})
    if "cohort__archived_at" in change:
        Cohort.objects.update(archived_at=change["cohort__archived_at"])
    response = signed_in.post(reverse("join_code", args=[invitation.code]))
    assert response.status_code == 404
    assert sentence in response.content.decode()
    assert not members(cohort)


def test_joining_by_the_code_uses_ones_own_invitation_up(signed_in, user, cohort):
    an_invitation(cohort, user.email)
    signed_in.post(address(cohort))
    assert Invitation.objects.get().accepted_by == user


# ---- one's own cohorts ---------------------------------------------------------------------------------------


def test_a_member_leaves_an_archived_cohort_too_and_only_once(signed_in, user, cohort):
    a_member(cohort, user)
    Cohort.objects.update(archived_at=timezone.now())
    leave = reverse("leave_cohort", args=[cohort.pk])
    assert "You have left" in signed_in.post(leave, follow=True).content.decode()
    assert "not a member" in signed_in.post(leave, follow=True).content.decode()
    assert signed_in.get(leave).status_code == 405
    assert not LogEntry.objects.exists()


def test_own_cohorts_cost_the_same_for_one_and_for_many(signed_in, user, exam, django_assert_num_queries):
    a_member(a_cohort(exam), user)
    with django_assert_num_queries(4):
        signed_in.get(reverse("my_cohorts"))
    for _ in range(5):
        a_member(a_cohort(exam), user)
    with django_assert_num_queries(4):
        signed_in.get(reverse("my_cohorts"))


def test_times_of_a_closed_code_are_in_the_readers_zone(signed_in, user, cohort):
    user.time_zone = "Asia/Tokyo"
    user.save()
    Cohort.objects.update(join_until=dt.datetime(2026, 1, 1, 20, tzinfo=dt.UTC))
    assert "2 January 2026, 05:00" in signed_in.get(address(cohort)).content.decode()
