from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Permission
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from accounts import access, services
from accounts.models import User
from accounts.roles import PERMISSIONS, Role
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


@pytest.mark.parametrize("role", Role)
def test_holders_are_those_who_have_the_role(db, role):
    people = [UserFactory() for _ in range(5)] + [SuperuserFactory(), SuperuserFactory(is_active=False)]
    services.grant_role(user=people[1], role=role)
    services.grant_role(user=people[2], role=role)
    services.grant_role(user=people[2], role=Role.AUTHOR)  # two reasons, named once
    (other,) = set(Role) - {role}
    services.grant_role(user=people[3], role=other)
    permission = Permission.objects.get(codename=PERMISSIONS[role])
    people[2].user_permissions.add(permission)
    people[4].user_permissions.add(permission)
    found = list(access.holders(role))
    fresh = User.objects.filter(pk__in=[person.pk for person in people])
    assert sorted(person.pk for person in found) == sorted(
        person.pk for person in fresh if access.has_role(person, role)
    )
