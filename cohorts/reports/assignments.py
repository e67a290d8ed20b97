"""A cohort's assignments, and one of them with its people, for instructors."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, Max, OuterRef, Q

from accounts.models import Accommodation, User
from cohorts.models import Arrangement, Assignment, Attempt, Cohort, FormRule, LogEntry, Membership
from cohorts.services import assigning, preparing
from cohorts.services.attending import Offer, offer_to
from exams.models import Sitting

PEOPLE = 50  # on one page
LATEST = 10  # log entries on an assignment's page
IN_PROGRESS = Sitting.State.IN_PROGRESS

# The states in the order of the list, with their headings.
GROUPS = {"open": "Open", "upcoming": "Upcoming", "over": "Over", "cancelled": "Cancelled"}


@dataclass(frozen=True, slots=True)
class Line:
    """An assignment in the list: people who have begun and finished, of how many."""

    assignment: Assignment
    state: str
    begun: int
    finished: int
    members: int
    last_end: dt.datetime

    @property
    def tag(self) -> str:
        return GROUPS[self.state]


def state_of(assignment: Assignment, *, last_end: dt.datetime, now: dt.datetime) -> str:
    """ "cancelled", "upcoming", "open" until the last clock stops, "over"."""
    if assignment.cancelled_at:
        return "cancelled"
    if now < assignment.opens_at:
        return "upcoming"
    return "open" if now < last_end else "over"


def lines_of(cohort: Cohort, *, now: dt.datetime) -> list[tuple[str, list[Line]]]:
    """The assignments by their state: (heading, lines), those that are going on first. Four statements."""
    members = Membership.objects.present().filter(cohort=cohort).count()
    counts = {
        row["assignment"]: (row["begun"], row["finished"])
        for row in Attempt.objects.counting()
        .filter(assignment__cohort=cohort)
        .order_by()
        .values("assignment")
        .annotate(
            begun=Count("user", distinct=True),
            finished=Count("user", distinct=True, filter=~Q(sitting__state=IN_PROGRESS)),
        )
    }
    ends = dict(
        Arrangement.objects.filter(assignment__cohort=cohort, end_by__isnull=False)
        .order_by()
        .values_list("assignment")
        .annotate(last=Max("end_by"))
    )
    groups: dict[str, list[Line]] = defaultdict(list)
    for assignment in Assignment.objects.filter(cohort=cohort).select_related("form"):
        last_end = max(assignment.end_by, ends.get(assignment.pk, assignment.end_by))
        state = state_of(assignment, last_end=last_end, now=now)
        begun, finished = counts.get(assignment.pk, (0, 0))
        groups[state].append(Line(assignment, state, begun, finished, members, last_end))
    groups["upcoming"].sort(key=lambda line: line.assignment.opens_at)
    return [(heading, groups[state]) for state, heading in GROUPS.items() if groups[state]]


@dataclass(frozen=True, slots=True)
class Person:
    """A member in an assignment, or somebody who left and has sat it."""

    membership: Membership
    arrangement: Arrangement | None
    offer: Offer
    usual: Offer  # what would hold without the arrangement
    attempts: list[Attempt]

    @property
    def user(self) -> User:
        return self.membership.user

    @property
    def used(self) -> int:
        return sum(one.void_at is None for one in self.attempts)

    @property
    def state(self) -> str:
        last = next((one for one in reversed(self.attempts) if one.void_at is None), None)
        if last is None:
            return "Not begun"
        return "In progress" if last.sitting.state == IN_PROGRESS else "Finished"

    @property
    def last_start_cut(self) -> dt.timedelta:
        """What the window takes from them if they begin at their last start."""
        return self.offer.cut(self.offer.start_by)


@dataclass(frozen=True, slots=True)
class Detail:
    """One assignment's page."""

    assignment: Assignment
    state: str
    people: Page[Membership]
    rows: list[Person]
    members: int
    begun: int
    running: int
    finished: int
    arranged: int
    forms: preparing.Standing | None
    results_wait: bool
    review_waits: bool
    log: list[LogEntry]
    may_begin: bool

    @property
    def tag(self) -> str:
        return GROUPS[self.state]

    @property
    def editable(self) -> bool:
        return self.state != "cancelled" and self.assignment.cohort.archived_at is None


def detail_of(assignment: Assignment, *, now: dt.datetime, page: str) -> Detail:
    """The page of an assignment, a page of its people on it: whoever has an arrangement first. A constant number of
    statements."""
    of_this = {"assignment": assignment, "user": OuterRef("user")}
    arranged = Arrangement.objects.filter(**of_this)
    people = (
        Membership.objects.filter(cohort=assignment.cohort_id)
        .filter(Q(left_at=None) | Exists(Attempt.objects.filter(**of_this)))
        .annotate(special=Exists(arranged))
        .select_related("user")
        .order_by("-special", "user__display_name", "user__email")
    )
    chosen = Paginator(people, PEOPLE).get_page(page)
    counts = Attempt.objects.counting().filter(assignment=assignment).aggregate(
        begun=Count("user", distinct=True),
        running=Count("user", distinct=True, filter=Q(sitting__state=IN_PROGRESS)),
        finished=Count("user", distinct=True, filter=~Q(sitting__state=IN_PROGRESS)),
    )  # fmt: skip
    special = Arrangement.objects.filter(assignment=assignment).aggregate(count=Count("pk"), last=Max("end_by"))
    last_end = max(assignment.end_by, special["last"] or assignment.end_by)
    state = state_of(assignment, last_end=last_end, now=now)
    wants_forms = assignment.form_rule == FormRule.UNSEEN and state in ("open", "upcoming")
    return Detail(
        assignment=assignment,
        state=state,
        people=chosen,
        rows=_rows(assignment, list(chosen.object_list)),
        members=Membership.objects.present().filter(cohort=assignment.cohort_id).count(),
        begun=counts["begun"],
        running=counts["running"],
        finished=counts["finished"],
        arranged=special["count"],
        forms=preparing.standing_of(assignment) if wants_forms else None,
        results_wait=assigning.is_waiting(assignment, "results", now),
        review_waits=assigning.is_waiting(assignment, "review", now),
        log=list(LogEntry.objects.filter(assignment=assignment)[:LATEST]),
        may_begin=state in ("open", "upcoming"),
    )


def _rows(assignment: Assignment, members: list[Membership]) -> list[Person]:
    """Three statements."""
    users = [one.user_id for one in members]
    arrangements = {one.user_id: one for one in Arrangement.objects.filter(assignment=assignment, user__in=users)}
    accommodations = {one.user_id: one for one in Accommodation.objects.filter(user__in=users)}
    attempts: dict[int, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.filter(assignment=assignment, user__in=users).select_related("sitting"):
        attempts[attempt.user_id].append(attempt)
    rows = []
    for one in members:
        arrangement, accommodation = arrangements.get(one.user_id), accommodations.get(one.user_id)
        offer, usual = (
            offer_to(assignment, membership=one, arrangement=arranged, accommodation=accommodation)
            for arranged in (arrangement, None)
        )
        rows.append(Person(one, arrangement, offer, usual, attempts[one.user_id]))
    return rows


def person_of(assignment: Assignment, user_id: int) -> Person | None:
    """One present member in the assignment. Four statements."""
    found = Membership.objects.present().filter(cohort=assignment.cohort_id, user=user_id).select_related("user")
    rows = _rows(assignment, list(found))
    return rows[0] if rows else None
