"""What was assigned to a candidate, in their own terms: times, the time they have, attempts left, how it stands."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Q

from accounts.models import Accommodation, User
from cohorts.models import Arrangement, Assignment, Attempt, Membership, Release
from cohorts.services.attending import Offer, offer_to
from exams.models import Sitting
from exams.services import sittings

# How long what is over stays on top of the exams; all of it is on the page of assignments.
STILL_SHOWN = dt.timedelta(days=7)
ORDER = ("running", "open", "upcoming", "finished", "missed", "cancelled")


@dataclass(frozen=True, slots=True)
class Mine:
    """An assignment as one candidate has it. `state` is one of ORDER; "open" means that they may begin now."""

    assignment: Assignment
    offer: Offer
    attempts: list[Attempt]
    state: str
    now: dt.datetime

    @property
    def running(self) -> Sitting | None:
        return next((one.sitting for one in self.attempts if one.sitting.state == Sitting.State.IN_PROGRESS), None)

    @property
    def last(self) -> Attempt | None:
        """The last attempt that is over; one that was declared void counts for nothing, but is named."""
        return next(
            (one for one in reversed(self.attempts) if one.sitting.state != Sitting.State.IN_PROGRESS), None
        )  # fmt: skip

    @property
    def left(self) -> int:
        """Attempts that remain."""
        return max(self.offer.attempts - sum(one.void_at is None for one in self.attempts), 0)

    @property
    def time_left(self) -> dt.timedelta:
        return self.running.remaining(self.now) if self.running else dt.timedelta(0)

    @property
    def opens_in(self) -> dt.timedelta:
        return max(self.offer.opens_at - self.now, dt.timedelta(0))

    @property
    def cut_now(self) -> dt.timedelta:
        """What the end of the window takes from whoever begins now; before the opening, at the opening."""
        return self.offer.cut(max(self.now, self.offer.opens_at))

    @property
    def shows_result(self) -> bool:
        return self.last is not None and self.last.void_at is None and self.last.sitting.shows_result(self.now)

    @property
    def result_at(self) -> dt.datetime | None:
        """When the result can be seen; None while an instructor holds it."""
        sitting = self.last.sitting if self.last else None
        return None if sitting is None or sitting.results_held else sitting.results_at

    @property
    def results_said(self) -> str:
        """When results are shown, before there are any: a word for the template."""
        return self._said(self.assignment.results)

    @property
    def review_said(self) -> str:
        return self._said(self.assignment.review)

    @staticmethod
    def _said(rule: str) -> str:
        return Release(rule).name.lower()


def assigned_to(user: User, *, now: dt.datetime, recent: bool = False) -> list[Mine]:
    """Everything assigned to this person in cohorts that they have not left, and what they have sat elsewhere; what
    needs them soonest first. `recent` leaves out what is long over or cancelled. Five statements.

    The caller has settled the person's sittings.
    """
    found = [_mine(*row, now=now) for row in _rows(user)]
    shown = [one for one in found if one.state != "cancelled" or one.attempts or not recent]
    if recent:
        shown = [one for one in shown if _is_recent(one)]
    return sorted(shown, key=_rank)


def one_assigned(user: User, assignment_id: uuid.UUID, *, now: dt.datetime) -> Mine | None:
    """One assignment as this person has it, if it is theirs. Five statements, and two that settle their sittings."""
    sittings.settle(now=now, user=user)
    return next((_mine(*row, now=now) for row in _rows(user, assignment_id)), None)


def _rows(user: User, only: uuid.UUID | None = None) -> list[tuple[Assignment, bool, Offer, list[Attempt]]]:
    """(assignment, whether they are a member of its cohort, what it is to them, their attempts). Five statements."""
    memberships = {one.cohort_id: one for one in Membership.objects.present().filter(user=user)}
    attempts: dict[uuid.UUID, list[Attempt]] = defaultdict(list)
    rows = Attempt.objects.filter(user=user).select_related("sitting")
    for attempt in rows if only is None else rows.filter(assignment=only):
        attempts[attempt.assignment_id].append(attempt)
    theirs = Q(pk__in=list(attempts))
    for membership in memberships.values():
        # What was over before they joined was never theirs, so they have not missed it.
        theirs |= Q(cohort=membership.cohort_id, end_by__gt=membership.joined_at)
    found = Assignment.objects.filter(theirs).select_related("cohort__exam")
    chosen = list(found if only is None else found.filter(pk=only))
    arrangements = {
        one.assignment_id: one for one in Arrangement.objects.filter(user=user, assignment__in=chosen)
    }  # fmt: skip
    accommodation = Accommodation.objects.filter(user=user).first()
    return [
        (
            one,
            one.cohort_id in memberships,
            offer_to(
                one,
                membership=memberships.get(one.cohort_id),
                arrangement=arrangements.get(one.pk),
                accommodation=accommodation,
            ),
            attempts[one.pk],
        )
        for one in chosen
    ]


def _mine(assignment: Assignment, member: bool, offer: Offer, attempts: list[Attempt], *, now: dt.datetime) -> Mine:
    counting = [one for one in attempts if one.void_at is None]
    closed = bool(assignment.cancelled_at or assignment.cohort.archived_at) or not member
    over = now > offer.start_by or now >= offer.end_by
    if any(one.sitting.state == Sitting.State.IN_PROGRESS for one in attempts):
        state = "running"
    elif len(counting) < offer.attempts and not closed and not over:
        state = "open" if now >= offer.opens_at else "upcoming"
    elif counting:
        state = "finished"
    else:
        state = "cancelled" if closed else "missed"
    return Mine(assignment, offer, attempts, state, now)


def _is_recent(one: Mine) -> bool:
    return one.state in ("running", "open", "upcoming") or one.offer.end_by > one.now - STILL_SHOWN


def _rank(one: Mine) -> tuple[int, float, str]:
    """What needs them first: by state, then by the time that counts in it."""
    times = {"running": one.offer.end_by, "open": one.offer.start_by, "upcoming": one.offer.opens_at}
    at = times.get(one.state)
    return ORDER.index(one.state), at.timestamp() if at else -one.offer.end_by.timestamp(), one.assignment.title
