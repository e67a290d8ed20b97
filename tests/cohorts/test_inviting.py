"""Inviting people: what the preview says, what is made, and what instructors do with invitations afterwards."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cohorts.models import Cohort, Invitation, LogEntry
from cohorts.services import inviting
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_instructor
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


def an_invitation(cohort, email, **fields):
    now = timezone.now()
    return Invitation.objects.create(
        cohort=cohort, email=email, **{"invited_at": now, "expires_at": now + 24 * HOUR, **fields}
    )


def preview(client, cohort, **given):
    if isinstance(given.get("file"), bytes):
        given["file"] = SimpleUploadedFile("people.csv", given["file"])
    return client.post(reverse("cohort_invite", args=[cohort.pk]), given)


def confirm(client, cohort, text):
    return client.post(reverse("cohort_invite_confirm", args=[cohort.pk]), {"text": text}, follow=True)


def test_the_preview_accounts_for_every_row_and_invites_nobody(client, cohort):
    a_member(cohort, UserFactory(email="member@example.org"))
    an_invitation(cohort, "waiting@example.org")
    an_invitation(cohort, "late@example.org", expires_at=timezone.now() - HOUR)
    an_invitation(cohort, "gone@example.org", accepted_at=timezone.now())
    lines = ["email", "new@example.org", "MEMBER@example.org", "waiting@example.org", "late@example.org",
             "gone@example.org", "New@example.org", "oops@"]  # fmt: skip
    response = preview(client, cohort, file="\n".join(lines).encode())
    plan = response.context["plan"]
    assert [row.email for row in plan.wanted] == ["new@example.org", "late@example.org", "gone@example.org"]
    left = (plan.members, plan.invited, plan.repeated, plan.malformed)
    assert [[row.number for row in rows] for rows in left] == [[3], [4], [7], [8]]
    assert "this is not an e-mail address" in response.content.decode().lower()
    assert Invitation.objects.count() == 3
    assert not LogEntry.objects.exists()


def test_confirming_makes_the_invitations_that_were_shown(client, cohort, owner, mailoutbox):
    late = an_invitation(cohort, "late@example.org", expires_at=timezone.now() - HOUR, tries=3, problem="x")
    shown = preview(client, cohort, text="New One <new@example.org>\nlate@example.org")
    response = confirm(client, cohort, shown.context["text"])
    assert "2 people are invited" in response.content.decode()
    fresh, renewed = Invitation.objects.get(email="new@example.org"), Invitation.objects.get(email="late@example.org")
    assert fresh.name == "New One"
    assert fresh.expires_at - fresh.invited_at == dt.timedelta(days=14)
    assert (renewed.pk, renewed.tries, renewed.problem) == (late.pk, 0, "")
    assert renewed.code != late.code
    assert LogEntry.objects.get().what == "Invited 2 people."
    assert not mailoutbox  # a task sends them


def test_who_became_a_member_since_the_preview_is_not_invited(client, cohort):
    text = preview(client, cohort, text="ann@example.org\nbo@example.org").context["text"]
    a_member(cohort, UserFactory(email="ann@example.org"))
    confirm(client, cohort, text)
    assert [one.email for one in Invitation.objects.all()] == ["bo@example.org"]
    again = confirm(client, cohort, text)
    assert again.status_code == 422
    assert "left to invite" in again.content.decode()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "Choose a file, or put addresses"),
        ({"file": b"email\nann@example.org", "text": "bo@example.org"}, "not both"),
        ({"file": b"name\nAnn\n"}, "No column holds e-mail addresses"),
        ({"file": b""}, "nothing in it"),
        ({"file": b"\0\1\2\3"}, "neither CSV nor"),
        ({"file": b"x" * 1_000_001}, "1,000,001 bytes"),
        ({"file": b"p@example.org\n" * 50_000}, "more than 5,000 rows"),
    ],
)
def test_a_bad_list_is_one_sentence(client, cohort, given, sentence):
    response = preview(client, cohort, **given)
    assert response.status_code == 422
    assert sentence in response.content.decode()


def test_5_000_addresses_take_seconds_and_a_constant_number_of_statements(client, cohort, settings):
    def statements(count):
        with CaptureQueriesContext(
            connection,
        ) as preview_queries:
            lines = "\n".join(f"p{count}-{number}@example.org,Name {number}" for number in range(count))
            shown = preview(client, cohort, file=f"email,name\n{lines}".encode())
        with CaptureQueriesContext(connection) as confirm_queries:
            client.post(reverse("cohort_invite_confirm", args=[cohort.pk]), {"text": shown.context["text"]})
        return len(preview_queries), len(confirm_queries)

    few = statements(3)
    began = time.monotonic()
    assert statements(5_000) == few
    assert time.monotonic() - began < 8
    assert Invitation.objects.count() == 5_003


def test_an_invitation_is_sent_again_with_a_new_code(client, cohort):
    now = timezone.now()
    old = an_invitation(cohort, "ann@example.org", sent_at=now, tries=1, expires_at=now + HOUR)
    client.post(reverse("cohort_resend", args=[cohort.pk, old.pk]))
    new = Invitation.objects.get()
    assert new.code != old.code
    assert (new.sent_at, new.tries) == (None, 0)
    assert new.expires_at > now + dt.timedelta(days=13)
    text = client.post(reverse("cohort_resend", args=[cohort.pk, old.pk]), follow=True).content.decode()
    assert "on its way" in text
    assert Invitation.objects.get().code == new.code


def test_what_expired_or_failed_is_sent_again_at_once(client, cohort, django_assert_num_queries, owner):
    now = timezone.now()
    late = an_invitation(cohort, "late@example.org", sent_at=now, expires_at=now - HOUR)
    failed = an_invitation(cohort, "failed@example.org", tries=5, problem="The mail server did not answer.")
    fine = an_invitation(cohort, "sent@example.org", sent_at=now)
    done = an_invitation(cohort, "done@example.org", accepted_at=now, expires_at=now - HOUR)
    elsewhere = an_invitation(a_cohort(cohort.exam), "late@example.org", expires_at=now - HOUR)
    client.post(reverse("cohort_resend_stuck", args=[cohort.pk]))
    codes = {one.pk: one.code for one in Invitation.objects.filter(tries=0)}
    assert codes[late.pk] != late.code
    assert codes[failed.pk] != failed.code
    assert [codes[one.pk] for one in (fine, done, elsewhere)] == [fine.code, done.code, elsewhere.code]
    assert set(Invitation.objects.filter(sent_at=None, cohort=cohort, accepted_at=None)) == {late, failed}
    again = client.post(reverse("cohort_resend_stuck", args=[cohort.pk]), follow=True)
    assert "No invitation has expired or failed" in again.content.decode()
    for number in range(50):
        an_invitation(cohort, f"p{number}@example.org", expires_at=now - HOUR)
    with django_assert_num_queries(6):  # the cohort, the invitations, their update in a savepoint, the log
        assert inviting.resend_stuck(cohort=cohort, by=owner, now=now) == 50


@pytest.mark.parametrize("act", ["cohort_resend", "cohort_withdraw"])
def test_an_accepted_invitation_stays_as_it_is(client, cohort, act):
    invitation = an_invitation(cohort, "ann@example.org", accepted_at=timezone.now(), sent_at=timezone.now())
    text = client.post(reverse(act, args=[cohort.pk, invitation.pk]), follow=True).content.decode()
    assert "has been accepted" in text
    assert Invitation.objects.get().code == invitation.code


def test_a_withdrawn_invitation_lets_nobody_in(client, cohort):
    invitation = an_invitation(cohort, "ann@example.org")
    client.post(reverse("cohort_withdraw", args=[cohort.pk, invitation.pk]))
    assert "was withdrawn" in client.post(
        reverse("cohort_withdraw", args=[cohort.pk, invitation.pk]), follow=True
    ).content.decode()  # fmt: skip
    assert LogEntry.objects.get().about == "ann@example.org"
    client.force_login(UserFactory())
    assert client.get(reverse("join_code", args=[invitation.code])).status_code == 404


def test_an_invitation_of_another_cohort_is_out_of_reach(client, cohort, exam):
    other = an_invitation(a_cohort(exam), "ann@example.org", sent_at=timezone.now())
    for act in ("cohort_resend", "cohort_withdraw"):
        client.post(reverse(act, args=[cohort.pk, other.pk]))
    assert Invitation.objects.get().code == other.code


def test_nothing_is_sent_or_invited_in_an_archived_cohort(client, cohort):
    invitation = an_invitation(cohort, "ann@example.org", sent_at=timezone.now())
    Cohort.objects.update(archived_at=timezone.now())
    assert "is archived" in confirm(client, cohort, "email\nbo@example.org").content.decode()
    for act in ("cohort_resend", "cohort_withdraw"):
        text = client.post(reverse(act, args=[cohort.pk, invitation.pk]), follow=True).content.decode()
        assert "is archived" in text
    assert Invitation.objects.get().code == invitation.code


def test_the_list_of_invitations_says_what_became_of_each(client, cohort, user):
    now = timezone.now()
    an_invitation(cohort, "queued@example.org")
    an_invitation(cohort, "tried@example.org", tries=1, problem="The mail server did not answer.")
    an_invitation(cohort, "failed@example.org", tries=5, problem="The mail server refused the address.")
    an_invitation(cohort, "sent@example.org", sent_at=now)
    an_invitation(cohort, "late@example.org", sent_at=now, expires_at=now - HOUR)
    an_invitation(cohort, "done@example.org", accepted_at=now, accepted_by=user)
    page = client.get(reverse("cohort_joining", args=[cohort.pk]))
    assert {one.email.partition("@")[0]: one.state for one in page.context["page"]} == {
        "queued": "queued", "tried": "queued", "failed": "failed", "sent": "sent", "late": "expired",
        "done": "accepted",
    }  # fmt: skip
    assert f"by {user.email}, another address" in page.content.decode()
    failed = client.get(reverse("cohort_joining", args=[cohort.pk]) + "?state=failed")
    assert [one.email for one in failed.context["page"]] == ["failed@example.org"]


def test_the_list_of_invitations_costs_the_same_for_few_and_many(client, cohort, owner, django_assert_num_queries):
    page = reverse("cohort_joining", args=[cohort.pk])
    inviting.plan(cohort=cohort, rows=[], now=timezone.now())
    an_invitation(cohort, "one@example.org")
    with django_assert_num_queries(8):  # session, person, two for the role, the cohort, three for the list
        client.get(page)
    for number in range(30):
        an_invitation(cohort, f"p{number}@example.org", accepted_at=timezone.now(), accepted_by=UserFactory())
    with django_assert_num_queries(8):
        client.get(page)
