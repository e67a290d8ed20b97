"""Who a session belongs to, and whether the header leads them to the bank."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission

from accounts import services
from accounts.access import has_role
from accounts.backends import Backend
from accounts.models import User
from accounts.roles import PERMISSIONS, Role
from tests.accounts.factories import UserFactory


def of_session(user: User) -> Any:
    found = Backend().get_user(user.pk)
    assert found == user
    return found


@pytest.mark.parametrize("role", [*Role, None])
def test_an_author_is_one_whichever_way_the_page_asks(db, role, django_assert_num_queries):
    user = UserFactory()
    if role:
        services.grant_role(user=user, role=role)
    with django_assert_num_queries(1):
        found = of_session(user)
    assert found.is_author is has_role(user, Role.AUTHOR) is (role == Role.AUTHOR)


def test_a_permission_of_ones_own_counts(db):
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename=PERMISSIONS[Role.AUTHOR]))
    assert of_session(user).is_author


def test_nobody_has_the_session_of_somebody_gone_or_switched_off(db):
    assert Backend().get_user(0) is None
    assert Backend().get_user(UserFactory(is_active=False).pk) is None
