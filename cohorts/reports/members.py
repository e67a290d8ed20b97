"""The members of a cohort, page by page."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q

from accounts.models import Accommodation
from cohorts.models import Attempt, Cohort, Membership

PAGE = 100


@dataclass(frozen=True, slots=True)
class Members:
    page: Page[Membership]  # with their users
    left: bool  # whether these have left
    query: str
    present_count: int
    left_count: int


def members_of(cohort: Cohort, *, left: bool, query: str, page: str) -> Members:
    """Present members or those who have left, by name; `query` is a part of a name or an address. Three statements."""
    all_of_them = Membership.objects.filter(cohort=cohort)
    counts = all_of_them.aggregate(
        present=Count("pk", filter=Q(left_at=None)), left=Count("pk", filter=Q(left_at__isnull=False))
    )
    query = " ".join(query.replace("\0", "").split())[:100]
    shown = all_of_them.filter(left_at__isnull=not left).select_related("user")
    for word in query.split():
        shown = shown.filter(Q(user__display_name__icontains=word) | Q(user__email__icontains=word))
    # An empty name is shown as the first part of the address, and is sorted after the others.
    shown = shown.order_by("user__display_name", "user__email")
    return Members(Paginator(shown, PAGE).get_page(page), left, query, counts["present"], counts["left"])


@dataclass(frozen=True, slots=True)
class Member:
    membership: Membership  # with its user
    granted: Accommodation | None  # by staff, for every sitting
    attempts: int  # of this cohort's assignments


def member(cohort: Cohort, user_id: int) -> Member | None:
    """One who is in the cohort or was. Three statements."""
    found = Membership.objects.filter(cohort=cohort, user=user_id).select_related("user").first()
    if found is None:
        return None
    granted = Accommodation.objects.filter(user=user_id, granted_at__isnull=False).first()
    attempts = Attempt.objects.filter(assignment__cohort=cohort, user=user_id).count()
    return Member(found, granted, attempts)
