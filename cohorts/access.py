"""Who may enter a cohort: its instructors. Everybody else is told that it does not exist."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from accounts.access import instructor_required
from accounts.models import User
from cohorts.models import Assignment, Cohort, Instructor

P = ParamSpec("P")


def teacher(request: HttpRequest) -> User:
    """The signed-in person; use behind one of the decorators."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def cohort_page(
    view: Callable[Concatenate[HttpRequest, Cohort, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """For pages of one cohort: the view gets the cohort in place of `cohort_id`, with its exam. One statement."""

    @instructor_required
    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, cohort_id: uuid.UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        mine = Cohort.objects.taught_by(teacher(request)).select_related("exam")
        cohort = mine.filter(pk=cohort_id).first()
        if cohort is None:
            raise Http404
        return view(request, cohort, *args, **kwargs)

    return guarded


def is_owner(*, cohort: Cohort, user: User) -> bool:
    return Instructor.objects.filter(cohort=cohort, user=user, owner=True).exists()


def assignment_of(cohort: Cohort, assignment_id: uuid.UUID) -> Assignment:
    """An assignment of this cohort; Http404 for any other. One statement."""
    found = Assignment.objects.filter(cohort=cohort, pk=assignment_id).first()
    if found is None:
        raise Http404
    found.cohort = cohort
    return found
