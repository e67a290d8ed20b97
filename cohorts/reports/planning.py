"""What an assignment would be to each member, before it is saved: whose time the window cuts, who has seen what."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from accounts.models import Accommodation, User
from cohorts.models import Arrangement, Assignment, Cohort, FormRule, Membership, Release
from cohorts.services import preparing
from cohorts.services.assigning import Plan
from cohorts.services.attending import Offer, offer_to
from exams.models import Form
from exams.services import bank
from exams.services.pool import TOO_MANY_SEEN

SHOWN = 100  # members in each list of the preview; the counts are of all


@dataclass(frozen=True, slots=True)
class FormChoice:
    """A form of the pool, and how many members have seen questions of it."""

    form: Form
    seen_by: int
    members: int

    @property
    def label(self) -> str:
        if not self.members:
            return self.form.code
        if not self.seen_by:
            return f"{self.form.code}: no member has seen a question of it"
        return f"{self.form.code}: {self.seen_by} of {self.members} members have seen questions of it"


@dataclass(frozen=True, slots=True)
class Row:
    """One member. `cut` is what the window takes from whoever begins at the last start; `seen` counts questions that
    they would see again, None where there is no form."""

    user: User
    offer: Offer
    cut: dt.timedelta
    seen: int | None

    @property
    def never_whole(self) -> bool:
        """Whether even beginning at the opening does not give the whole time."""
        return self.offer.latest_start < self.offer.opens_at

    @property
    def cut_at_opening(self) -> dt.timedelta:
        return self.offer.cut(self.offer.opens_at)


@dataclass(frozen=True)
class Preview:
    """What holds for somebody without extra time, and each member for whom something is to be known."""

    plan: Plan
    common: Offer
    rows: list[Row]
    ready: bool  # whether the pool holds a form

    @property
    def common_cut(self) -> dt.timedelta:
        return self.common.cut(self.common.start_by)

    @cached_property
    def cut(self) -> list[Row]:
        """Those whom the window cuts short, most first."""
        return sorted((row for row in self.rows if row.cut), key=lambda row: (-row.cut, row.user.get_full_name()))

    @cached_property
    def seen(self) -> list[Row]:
        """Those who would see questions again, most first."""
        found = [row for row in self.rows if row.seen]
        return sorted(found, key=lambda row: (-(row.seen or 0), row.user.get_full_name()))

    @property
    def shown_cut(self) -> list[Row]:
        return self.cut[:SHOWN]

    @property
    def more_cut(self) -> int:
        return len(self.cut) - len(self.shown_cut)

    @property
    def shown_seen(self) -> list[Row]:
        return self.seen[:SHOWN]

    @property
    def more_seen(self) -> int:
        return len(self.seen) - len(self.shown_seen)

    @property
    def never_whole(self) -> int:
        return sum(row.never_whole for row in self.rows)

    @property
    def prepared(self) -> bool:
        """Whether forms of their own would be made for those who would see much again."""
        return self.plan.form_rule == FormRule.UNSEEN

    @property
    def too_many(self) -> int:
        return TOO_MANY_SEEN

    @property
    def keys_early(self) -> bool:
        """Whether keys are shown to some while others may still begin."""
        plan = self.plan
        at_once = Release.AT_ONCE in (plan.review,) and plan.results == Release.AT_ONCE
        return at_once or (plan.review == Release.AT and plan.review_at is not None and plan.review_at < plan.end_by)

    @property
    def needs_confirming(self) -> bool:
        return bool(self.common_cut or self.cut)

    @property
    def digest(self) -> str:
        """Names exactly this preview: who confirms it has seen these people and times, not others."""
        said = [f"{row.user.pk}:{row.cut}" for row in self.cut]
        times = [self.plan.opens_at, self.plan.start_by, self.plan.end_by, self.plan.extra_minutes]
        return hashlib.sha256("|".join([*map(str, times), *said]).encode()).hexdigest()[:20]


def form_choices(cohort: Cohort) -> list[FormChoice]:
    """Every form of the pool. Five statements."""
    members = set(Membership.objects.present().filter(cohort=cohort).values_list("user_id", flat=True))
    seen_by = Counter(form for _, form in bank.seen_on_forms(exam=cohort.exam, users=members))
    pool = Form.objects.pool().filter(exam=cohort.exam).order_by("number")
    return [FormChoice(form, seen_by[form.pk], len(members)) for form in pool]


def preview(*, cohort: Cohort, plan: Plan, assignment: Assignment | None = None) -> Preview:
    """The plan, worked out for every member. A constant number of statements, whatever the number of members."""
    planned = plan.apply_to(Assignment(cohort=cohort))
    members = list(Membership.objects.present().filter(cohort=cohort).select_related("user"))
    users = [one.user_id for one in members]
    arrangements = {
        one.user_id: one for one in Arrangement.objects.filter(assignment=assignment.pk if assignment else None)
    }
    accommodations = {one.user_id: one for one in Accommodation.objects.filter(user__in=users)}
    seen: dict[int, int | None]
    if plan.form_rule == FormRule.FIXED:
        again = bank.seen_on_forms(exam=cohort.exam, users=users)
        seen = {one: again.get((one, plan.form.pk), 0) if plan.form else None for one in users}
    else:
        fewest = preparing.fewest_seen(exam=cohort.exam, users=users)
        seen = {one: fewest.get(one) for one in users}
    rows = []
    for membership in members:
        offer = offer_to(
            planned,
            membership=membership,
            arrangement=arrangements.get(membership.user_id),
            accommodation=accommodations.get(membership.user_id),
        )
        rows.append(Row(membership.user, offer, offer.cut(offer.start_by), seen[membership.user_id]))
    return Preview(
        plan=plan,
        common=offer_to(planned, membership=None, arrangement=None, accommodation=None),
        rows=rows,
        ready=Form.objects.pool().filter(exam=cohort.exam).exists(),
    )
