"""Who may enter the staff rooms."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from accounts.models import User
from accounts.roles import PERMISSIONS, Role

log = logging.getLogger(__name__)
View = TypeVar("View", bound=Callable[..., HttpResponse])


def has_role(user: User | AnonymousUser, role: Role) -> bool:
    """Whether this person holds the role; an active superuser holds every role."""
    return user.has_perm(f"accounts.{PERMISSIONS[role]}")


def holders(role: Role) -> QuerySet[User]:
    """Active people who hold the role, by a group, by themselves or as superusers, in the order of their names."""
    own, group = (f"{where}__codename" for where in ("user_permissions", "groups__permissions"))
    named = Q(**{own: PERMISSIONS[role]}) | Q(**{group: PERMISSIONS[role]}) | Q(is_superuser=True)
    return User.objects.filter(named, is_active=True).distinct().order_by("display_name", "email")


def require_role(user: User | AnonymousUser, role: Role) -> None:
    """Raise Http404 unless this person holds the role: a stranger does not learn what is there."""
    if not has_role(user, role):
        log.warning("Person %s is no %s and was turned away", user.pk, role.value)
        raise Http404


def author_required(view: View) -> View:
    """For authors only: 404 for everybody else; who is not signed in is asked to, and comes back."""
    return _role_required(view, Role.AUTHOR)


def instructor_required(view: View) -> View:
    """For instructors only: 404 for everybody else; who is not signed in is asked to, and comes back."""
    return _role_required(view, Role.INSTRUCTOR)


def _role_required(view: View, role: Role) -> View:
    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        require_role(request.user, role)
        return view(request, *args, **kwargs)

    return cast(View, guarded)
