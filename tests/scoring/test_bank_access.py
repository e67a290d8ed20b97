"""Every address below /bank/, whoever wrote it: sign-in for strangers, 404 for whoever is no author."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse
from django.urls.converters import IntConverter, SlugConverter, UUIDConverter

from accounts import services as accounts
from accounts.roles import Role
from questions.ids import RESERVED
from questions.models import Audit, Question
from scoring.bank.urls import PublicIdConverter, urlpatterns
from tests.questions.studio import an_author

pytestmark = pytest.mark.django_db

VALUES = {IntConverter: 1, SlugConverter: "MLA-C01", UUIDConverter: uuid.UUID(int=1)}
NAMES = sorted({str(pattern.name) for pattern in urlpatterns})


def address(name: str, public_id: str) -> str:
    """The address, of an exam and a question that exist wherever it names any."""
    (pattern, *_) = [one for one in urlpatterns if one.name == name]
    given = {}
    for key, converter in pattern.pattern.converters.items():
        given[key] = public_id if type(converter) is PublicIdConverter else VALUES[type(converter)]
    given |= {"chart": "information"} if "chart" in given else {}
    return reverse(name, kwargs=given | pattern.default_args)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("role", ["nobody", None, Role.INSTRUCTOR])
def test_nobody_but_authors_learns_that_an_address_exists(client, user, exam, method, role):
    if isinstance(role, Role):
        accounts.grant_role(user=user, role=role)
    if role != "nobody":
        client.force_login(user)
    public_id = Question.objects.filter(placements__exam=exam).values_list("public_id", flat=True)[0]
    before = Audit.objects.count()
    for name in NAMES:
        where = address(name, public_id)
        reply = getattr(client, method)(where)
        if reply.status_code == 401:  # whose session ended while they wrote gets the text back, and nothing else
            assert (role, method, name) == ("nobody", "post", "studio_edit")
        elif role == "nobody":
            assert reply.status_code == 302, where
            assert reply.url == f"{reverse('account_login')}?next={where}"
        else:
            assert reply.status_code == 404, where
    assert Audit.objects.count() == before


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_address_with_a_nul_is_not_found(client, exam, method):
    client.force_login(an_author())
    named = [address(name, "NUL").replace("NUL", "a%00b") for name in NAMES]
    odd = [one for one in named if "%00" in one]
    assert len(odd) > 20
    for where in (*odd, f"{reverse('bank_exam_new')}?from=%00"):
        assert getattr(client, method)(where, {"act": "begin"} if method == "post" else None).status_code == 404, where


def test_no_question_can_have_the_name_of_a_page():
    routes = [str(one.pattern).split("/") for one in urlpatterns]
    fixed = {route[1] for route in routes if route[0] == "questions" and route[1]}
    assert {one for one in fixed if not one.startswith("<")} == RESERVED


def test_there_are_addresses():
    assert len(NAMES) > 60
