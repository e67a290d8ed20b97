"""Who is signed in: the person and, in the same statement, whether the header leads them to the bank."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import Permission
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from accounts.roles import PERMISSIONS, Role


class Backend(AuthenticationBackend):
    """allauth's, for people of a session with `is_author`: what `access.has_role` says, superusers aside.

    It only decides what is offered. Asking for the permission on every page would cost candidates two statements
    each; pages themselves go by `access.author_required`.
    """

    def get_user(self, user_id: int) -> User | None:
        theirs = Q(group__user=OuterRef("pk")) | Q(user=OuterRef("pk"))
        writes = Permission.objects.filter(
            theirs, codename=PERMISSIONS[Role.AUTHOR], content_type__app_label="accounts"
        )
        user = User.objects.annotate(is_author=Exists(writes)).filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
