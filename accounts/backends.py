"""Who is signed in: the person and, in the same statement, whether the header leads them to the bank or to cohorts."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import Permission
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from accounts.roles import PERMISSIONS


class Backend(AuthenticationBackend):
    """allauth's, for people of a session with `is_author` and `is_instructor`: as `access.has_role`, superusers aside.

    It only decides what is offered. Asking for the permission on every page would cost candidates two statements
    each; pages themselves go by `access.author_required`.
    """

    def get_user(self, user_id: int) -> User | None:
        theirs = Q(group__user=OuterRef("pk")) | Q(user=OuterRef("pk"))
        may = Permission.objects.filter(theirs, content_type__app_label="accounts")
        roles = {f"is_{role.value}": Exists(may.filter(codename=name)) for role, name in PERMISSIONS.items()}
        user = User.objects.annotate(**roles).filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
