"""What a member does with an assignment: begin it. Window, time, grace and releases are copied onto the sitting."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.models import Accommodation, User
from cohorts.models import Arrangement, Assignment, Attempt, Membership, Release
from exams.models import Sitting
from exams.services import sittings
from exams.services.sittings import CannotBegin, Conditions, Terms

NO_EXTRA_TIME = (Decimal("1.00"), 0)


@dataclass(frozen=True, slots=True)
class Offer:
    """What an assignment is to one member: the times and the number of attempts that hold for them."""

    opens_at: dt.datetime
    start_by: dt.datetime
    end_by: dt.datetime
    attempts: int
    terms: Terms

    @property
    def latest_start(self) -> dt.datetime:
        """The last moment to begin with the whole time; it may lie before the opening, then nobody can have it."""
        return min(self.start_by, self.end_by - self.terms.total)

    def cut(self, start: dt.datetime) -> dt.timedelta:
        """What the end of the window takes away of the time of somebody who begins at `start`; never negative."""
        return max(start + self.terms.total - self.end_by, dt.timedelta(0))


def offer_to(
    assignment: Assignment,
    *,
    membership: Membership | None,
    arrangement: Arrangement | None,
    accommodation: Accommodation | None,
) -> Offer:
    """The first of arrangement, cohort and staff's accommodation that names extra time decides; a person's own word
    about extra time does not count here. What the assignment gives everybody comes on top. No statement."""
    named = next(
        (
            (one.multiplier, one.extra_minutes)
            for one in (arrangement, membership)
            if one is not None and one.multiplier is not None and one.extra_minutes is not None
        ),
        None,
    )
    granted = accommodation is not None and accommodation.granted_at is not None
    if named is None and granted and accommodation is not None:
        named = (accommodation.multiplier, accommodation.extra_minutes)
    multiplier, extra_minutes = named or NO_EXTRA_TIME
    return Offer(
        opens_at=assignment.opens_at,
        start_by=(arrangement and arrangement.start_by) or assignment.start_by,
        end_by=(arrangement and arrangement.end_by) or assignment.end_by,
        attempts=assignment.attempts + (arrangement.more_attempts if arrangement else 0),
        terms=Terms(assignment.cohort.exam.minutes, multiplier, extra_minutes + assignment.extra_minutes),
    )


def offer_of(assignment: Assignment, user: User) -> Offer:
    """What the assignment is to this person. Three statements."""
    return offer_to(
        assignment,
        membership=Membership.objects.filter(cohort=assignment.cohort_id, user=user).first(),
        arrangement=Arrangement.objects.filter(assignment=assignment, user=user).first(),
        accommodation=Accommodation.objects.filter(user=user).first(),
    )


@transaction.atomic
def begin(*, assignment: Assignment, user: User) -> Sitting:
    """Start the clock of the next attempt, or return the one in progress. Raises CannotBegin with one sentence.

    Nothing is solved here: personal forms were made beforehand. `assignment` comes with its cohort and its exam.
    """
    # Held, so that two clicks, or two instructors and a click, take turns: attempts are counted under this lock.
    # Only this row: ordered by cohort it would be the cohort's as well, and everybody would wait for everybody.
    rows = Membership.objects.select_for_update(of=("self",), no_key=True).present().order_by()
    membership = rows.filter(cohort=assignment.cohort_id, user=user).first()
    if membership is None:
        raise CannotBegin("You are not a member of this cohort.")
    assignment = _as_it_stands(assignment)
    exam, now = assignment.cohort.exam, timezone.now()
    sittings.settle(user=user, now=now)
    attempts = Attempt.objects.filter(assignment=assignment, user=user).select_related("sitting").order_by("number")
    earlier = list(attempts)
    running = next((one for one in earlier if one.sitting.state == Sitting.State.IN_PROGRESS), None)
    if running:
        return running.sitting
    if assignment.cancelled_at or assignment.cohort.archived_at:
        raise CannotBegin("This assignment was cancelled.")
    offer = offer_of(assignment, user)
    if now < offer.opens_at:
        raise CannotBegin(f"This assignment opens on {timezone.localtime(offer.opens_at):%-d %B %Y at %H:%M}.")
    if now > offer.start_by or now >= offer.end_by:
        raise CannotBegin(f"This had to be begun by {timezone.localtime(offer.start_by):%-d %B %Y, %H:%M}.")
    if sum(one.void_at is None for one in earlier) >= offer.attempts:
        raise CannotBegin("You have used every attempt at this assignment.")
    sitting = sittings.begin_assigned(
        user=user, exam=exam, conditions=conditions_of(assignment, offer), form=assignment.form
    )
    Attempt.objects.create(
        assignment=assignment, user=user, sitting=sitting, number=earlier[-1].number + 1 if earlier else 1
    )
    return sitting


def _as_it_stands(assignment: Assignment) -> Assignment:
    """The assignment, kept as it is until the end of the transaction: times that are being changed are waited for, so
    that no sitting takes over the old ones. Many may begin at once. One statement."""
    rows = Assignment.objects.raw("SELECT * FROM cohorts_assignment WHERE id = %s FOR SHARE", [assignment.pk])
    found = next(iter(rows), None)
    if found is None:
        raise CannotBegin("This assignment was cancelled.")
    found.cohort = assignment.cohort
    return found


def conditions_of(assignment: Assignment, offer: Offer) -> Conditions:
    """What is copied onto a sitting."""
    results_at, results_held = _release(assignment.results, assignment.results_at, offer)
    review_at, review_held = _release(assignment.review, assignment.review_at, offer)
    return Conditions(
        terms=offer.terms,
        window_ends_at=offer.end_by,
        grace_seconds=assignment.grace_seconds,
        results_at=results_at,
        results_held=results_held,
        review_at=review_at,
        review_held=review_held,
    )


def _release(rule: str, at: dt.datetime | None, offer: Offer) -> tuple[dt.datetime | None, bool]:
    """(from when, held until an instructor acts)."""
    if rule == Release.AT_END:
        return offer.end_by, False
    return (at, False) if rule == Release.AT else (None, rule == Release.HELD)
