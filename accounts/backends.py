"""Who is signed in: the person and, in the same statement, whether the header leads them to the bank or to cohorts."""

from __future__ import annotations

from functools import cache
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from accounts.prepared import prepared
from accounts.roles import PERMISSIONS

SOMEBODY = -1  # no person's number
COLUMNS = [field.attname for field in User._meta.concrete_fields]


class Backend(AuthenticationBackend):
    """allauth's, for people of a session with `is_author` and `is_instructor`: as `access.has_role`, superusers aside.

    It only decides what is offered. Asking for the permission on every page would cost candidates two statements
    each; pages themselves go by `access.author_required`.
    """

    def get_user(self, user_id: int) -> User | None:
        sql, parameters = statement()
        with prepared() as cursor:
            cursor.execute(sql, [user_id if value == SOMEBODY else value for value in parameters])
            row = cursor.fetchone()
        if row is None:
            return None
        columns = len(COLUMNS)
        user = User.from_db(connection.alias, COLUMNS, row[:columns])
        for role, holds in zip(PERMISSIONS, row[columns:], strict=True):
            setattr(user, f"is_{role.value}", holds)
        return user if self.user_can_authenticate(user) else None


@cache
def statement() -> tuple[str, tuple[Any, ...]]:
    """The query and its parameters, SOMEBODY standing for the person: the person's columns in the order of the model,
    then the roles. Every request asks it, and putting it together takes longer than everything else about a session."""
    theirs = Q(group__user=OuterRef("pk")) | Q(user=OuterRef("pk"))
    may = Permission.objects.filter(theirs, content_type__app_label="accounts")
    roles = {f"is_{role.value}": Exists(may.filter(codename=name)) for role, name in PERMISSIONS.items()}
    return User.objects.annotate(**roles).filter(pk=SOMEBODY).query.sql_with_params()
