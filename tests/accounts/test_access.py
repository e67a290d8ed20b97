from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from accounts import access, services
from accounts.roles import Role
from tests.accounts.factories import SuperuserFactory, UserFactory

GUARDS = {Role.AUTHOR: access.author_required, Role.INSTRUCTOR: access.instructor_required}


def enter(user, role):
    request = RequestFactory().get("/bank/")
    request.user = user
    return GUARDS[role](lambda request: HttpResponse("in"))(request)


@pytest.mark.parametrize("role", Role)
def test_only_the_role_enters(db, role):
    holder = UserFactory()
    services.grant_role(user=holder, role=role)
    assert enter(holder, role).content == b"in"
    (other,) = set(Role) - {role}
    with pytest.raises(Http404):
        enter(holder, other)


@pytest.mark.parametrize("role", Role)
def test_candidates_find_nothing(db, role):
    with pytest.raises(Http404):
        enter(UserFactory(), role)


def test_superusers_enter_everywhere(db):
    assert enter(SuperuserFactory(), Role.AUTHOR).content == b"in"


def test_switched_off_authors_find_nothing(db):
    author = UserFactory(is_active=False)
    services.grant_role(user=author, role=Role.AUTHOR)
    with pytest.raises(Http404):
        access.require_role(author, Role.AUTHOR)


def test_who_is_not_signed_in_is_asked_to(db):
    response = enter(AnonymousUser(), Role.AUTHOR)
    assert response.url == "/account/login/?next=/bank/"
