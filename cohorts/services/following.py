"""What was copied onto sittings when they began follows their assignment: windows that get longer, and releases."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import NamedTuple

from accounts.models import Accommodation, User
from cohorts.models import Arrangement, Assignment, Membership
from cohorts.services.attending import Offer, conditions_of, offer_to
from exams.models import Sitting
from exams.models.sittings import SittingQuerySet
from exams.services import clock, release


class Rule(NamedTuple):
    """What is copied onto a sitting about its releases."""

    results_at: dt.datetime | None
    results_held: bool
    review_at: dt.datetime | None
    review_held: bool


def offers(assignment: Assignment, users: Collection[int]) -> Mapping[int, Offer]:
    """What the assignment is to each of these people, by their ids. Three statements."""
    memberships = {one.user_id: one for one in Membership.objects.filter(cohort=assignment.cohort_id, user__in=users)}
    arrangements = {one.user_id: one for one in Arrangement.objects.filter(assignment=assignment, user__in=users)}
    accommodations = {one.user_id: one for one in Accommodation.objects.filter(user__in=users)}
    return {
        user: offer_to(
            assignment,
            membership=memberships.get(user),
            arrangement=arrangements.get(user),
            accommodation=accommodations.get(user),
        )
        for user in users
    }


def windows(*, assignment: Assignment, by: User, user: int | None = None) -> int:
    """Let the windows of running sittings end as late as the assignment says now; returns how many were moved.

    None is made shorter: a window that staff have extended for one person stays extended. Call inside a transaction.
    """
    running = list(_sittings(assignment, user).filter(state=Sitting.State.IN_PROGRESS))
    offered = offers(assignment, {sitting.user_id for sitting in running})
    moved = 0
    for sitting in running:
        end = offered[sitting.user_id].end_by
        if sitting.window_ends_at is None or end <= sitting.window_ends_at:
            continue
        with suppress(clock.CannotChange):  # it has ended meanwhile, and stays so
            clock.move_window(sitting_id=sitting.pk, ends_at=end, by=by)
            moved += 1
    return moved


def releases(*, assignment: Assignment, user: int | None = None) -> int:
    """Copy the rules of release anew onto every sitting of the assignment whose copy differs; returns how many."""
    found = list(_sittings(assignment, user))
    offered = offers(assignment, {sitting.user_id for sitting in found})
    groups: dict[Rule, list[uuid.UUID]] = defaultdict(list)
    for sitting in found:
        meant = conditions_of(assignment, offered[sitting.user_id])
        rule = Rule(meant.results_at, meant.results_held, meant.review_at, meant.review_held)
        if rule != Rule(sitting.results_at, sitting.results_held, sitting.review_at, sitting.review_held):
            groups[rule].append(sitting.pk)
    for rule, chosen in groups.items():
        release.set_release(sitting_ids=chosen, **rule._asdict())
    return sum(len(chosen) for chosen in groups.values())


def _sittings(assignment: Assignment, user: int | None) -> SittingQuerySet:
    found = Sitting.objects.filter(attempt__assignment=assignment).order_by("pk")
    return found if user is None else found.filter(user=user)
