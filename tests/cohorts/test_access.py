"""Every address below /cohorts/, whoever wrote it: sign-in for strangers, 404 for whoever does not teach the cohort."""

from __future__ import annotations

import uuid

import pytest
from django.urls import URLPattern, reverse
from django.urls.converters import IntConverter, SlugConverter, UUIDConverter
from django.utils import timezone

from accounts.roles import Role
from accounts.services import grant_role
from cohorts.models import Instructor, LogEntry
from cohorts.urls import COHORT, urlpatterns
from tests.cohorts.factories import a_cohort, a_member, an_assignment, an_attempt, an_instructor
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

PATTERNS = {str(one.name): one for one in urlpatterns if isinstance(one, URLPattern)}
NAMES = sorted(name for name, one in PATTERNS.items() if str(one.pattern).startswith(COHORT))
SLUGS = {"act": "grant", "what": "scores", "suffix": "csv"}
NOBODYS = {"invitation_id": 1, "revision_id": 1, "number": 1}


@pytest.fixture
def attempt(exam):
    cohort = a_cohort(exam)
    return an_attempt(an_assignment(cohort), a_member(cohort))


def address(name, attempt):
    """Of things that exist, wherever it names any."""
    given = {
        "cohort_id": attempt.assignment.cohort_id, "assignment_id": attempt.assignment_id, "user_id": attempt.user_id,
        "sitting_id": attempt.sitting_id, **SLUGS, **NOBODYS,
    }  # fmt: skip
    converters = PATTERNS[name].pattern.converters
    assert {type(one) for one in converters.values()} <= {IntConverter, SlugConverter, UUIDConverter}
    return reverse(name, kwargs={key: given[key] for key in converters})


def an_author():
    person = UserFactory()
    grant_role(user=person, role=Role.AUTHOR)
    return person


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "who", ["signed out", "stranger", "author", "other instructor", "member", "instructor no more"]
)
def test_only_who_teaches_a_cohort_learns_that_it_exists(client, attempt, who, method):
    person = {
        "stranger": UserFactory, "author": an_author, "other instructor": an_instructor, "member": lambda: attempt.user,
        "instructor no more": UserFactory,
    }.get(who, UserFactory)()  # fmt: skip
    if who == "instructor no more":
        Instructor.objects.create(cohort=attempt.assignment.cohort, user=person, added_at=timezone.now())
    if who == "other instructor":
        a_cohort(attempt.assignment.cohort.exam, person)
    if who != "signed out":
        client.force_login(person)
    for name in NAMES:
        where = address(name, attempt)
        reply = getattr(client, method)(where)
        if name == "cohort_board_now" and (who == "signed out" or method == "post"):
            assert reply.status_code == (405 if method == "post" else 286)  # which tells the board to ask no more
        elif who == "signed out":
            assert (reply.status_code, reply.url) == (302, f"{reverse('account_login')}?next={where}")
        else:
            assert reply.status_code == 404, where
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("owner", [True, False])
def test_whoever_teaches_it_reaches_every_page(client, attempt, owner):
    cohort = attempt.assignment.cohort
    teacher = Instructor.objects.get(cohort=cohort).user if owner else an_instructor()
    if not owner:
        Instructor.objects.create(cohort=cohort, user=teacher, added_at=timezone.now())
    client.force_login(teacher)
    found = {name: client.get(address(name, attempt)).status_code for name in NAMES}
    missing = {name for name, status in found.items() if status == 404}
    assert missing <= {"cohort_item", "form_preview", "cohort_teach_chart", "candidate_question"}, missing
    assert {status for status in found.values() if status != 404} <= {200, 286, 302, 405, 409}
    assert sum(status == 200 for status in found.values()) > 25


def test_what_is_somebody_elses_is_not_found_by_candidates(client, attempt):
    client.force_login(UserFactory())
    for key in (attempt.assignment_id, uuid.uuid4()):
        for method in (client.get, client.post):
            assert method(reverse("my_assignment", args=[key])).status_code == 404
    client.post(reverse("leave_cohort", args=[attempt.assignment.cohort_id]))
    assert attempt.assignment.cohort.memberships.present().count() == 1


def test_there_are_addresses():
    assert len(NAMES) > 40
