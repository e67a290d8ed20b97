"""What candidates see of their cohorts."""

from __future__ import annotations

from django.db.models import Prefetch

from accounts.models import User
from cohorts.models import Cohort, Instructor, Membership


def teachers_of(cohort: Cohort) -> list[str]:
    """Names, the owner's first. One statement."""
    found = Instructor.objects.filter(cohort=cohort).select_related("user")
    return [one.user.get_full_name() for one in found]


def cohorts_of(user: User) -> list[Membership]:
    """The memberships of somebody, the newest first, with cohort, exam and instructors. Two statements."""
    found = Membership.objects.present().filter(user=user).select_related("cohort__exam")
    teachers = Prefetch("cohort__instructors", queryset=Instructor.objects.select_related("user"))
    return list(found.prefetch_related(teachers).order_by("-joined_at"))


def masked(email: str) -> str:
    """Enough of an address for its owner to know it: j…@example.org."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}…@{domain}"
