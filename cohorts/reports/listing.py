"""The cohorts of an instructor, with what is going on in them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import User
from cohorts.models import Assignment, Cohort, Membership

PAGE = 50


@dataclass(frozen=True, slots=True)
class Listing:
    cohorts: Page[Cohort]  # each with `members` and `open_assignments`
    archived: bool
    active_count: int
    archived_count: int


def cohorts_of(user: User, *, archived: bool, page: str, now: dt.datetime) -> Listing:
    """Active or archived cohorts that this person teaches, the newest first. Three statements."""
    mine = Cohort.objects.taught_by(user)
    shown = mine.filter(archived_at__isnull=not archived).select_related("exam")
    counts = mine.aggregate(
        active=Count("pk", filter=Q(archived_at=None)), archived=Count("pk", filter=Q(archived_at__isnull=False))
    )
    members = Membership.objects.present().filter(cohort=OuterRef("pk"))
    may_begin = Assignment.objects.filter(
        cohort=OuterRef("pk"), cancelled_at=None, opens_at__lte=now, start_by__gte=now
    )
    shown = shown.annotate(members=_count(members), open_assignments=_count(may_begin))
    return Listing(Paginator(shown, PAGE).get_page(page), archived, counts["active"], counts["archived"])


def _count(rows: QuerySet[Membership] | QuerySet[Assignment]) -> Coalesce:
    """How many rows belong to a cohort, in the statement that reads the cohorts."""
    counted = rows.order_by().values(of=F("cohort")).annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)
