"""Give a cohort an exam to sit, change the conditions, call it off, and release what came of it."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, fields
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from cohorts.models import Assignment, Attempt, Cohort, FormRule, Release
from cohorts.services import following, log, reminding
from cohorts.services.times import said, spell
from exams.models import Form, Sitting
from exams.services.sittings import Terms

# Who fills in the page takes a while: an opening "now" may lie a little back.
JUST_NOW = dt.timedelta(hours=1)
# What stays once somebody has begun, so that all sit under the same conditions; and what is said of it.
FIXED_ONCE_BEGUN = {
    "form_rule": "the form",
    "form": "the form",
    "opens_at": "the opening",
    "extra_minutes": "the extra minutes for all",
    "grace_seconds": "the grace",
}
ARCHIVED = "This cohort is archived: nothing in it can be changed until its owner restores it."
CANCELLED = "This assignment was cancelled."


class CannotAssign(Exception):
    """Nothing was changed. `problems` are (name of the field or "", one sentence); the message is the first one."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__(problems[0][1])
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Plan:
    """What an assignment says; times in UTC."""

    title: str
    form_rule: str
    form: Form | None
    opens_at: dt.datetime
    start_by: dt.datetime
    end_by: dt.datetime
    attempts: int
    extra_minutes: int
    grace_seconds: int
    results: str
    results_at: dt.datetime | None
    review: str
    review_at: dt.datetime | None

    def apply_to(self, assignment: Assignment) -> Assignment:
        for one in fields(self):
            setattr(assignment, one.name, getattr(self, one.name))
        return assignment


def problems_of(
    plan: Plan, *, cohort: Cohort, now: dt.datetime, before: Assignment | None = None, begun: bool = False
) -> list[tuple[str, str]]:
    """Why it cannot be assigned like this: (field, sentence). `before` is what it was. No statement."""
    found = []
    if plan.opens_at >= plan.start_by:
        found.append(("start_by", "The last start must be later than the opening."))
    if plan.end_by < plan.start_by:
        found.append(("end_by", "The end must not be earlier than the last start."))
    unmoved = {
        name for name in ("opens_at", "start_by", "end_by") if before and getattr(before, name) == _at(plan, name)
    }
    if not begun and "opens_at" not in unmoved and plan.opens_at < now - JUST_NOW:
        found.append(("opens_at", "The opening is in the past; to open it at once, give the present time."))
    if "start_by" not in unmoved and plan.start_by <= now:
        found.append(("start_by", "The last start is in the past."))
    if "end_by" not in unmoved and plan.end_by <= now:
        found.append(("end_by", "The end is in the past."))
    needed = Terms(cohort.exam.minutes, Decimal(1), plan.extra_minutes).total
    window = plan.end_by - plan.opens_at
    if dt.timedelta(0) < window < needed and not {"opens_at", "end_by"} <= unmoved:
        short = f"The window of {spell(window)} is shorter than the exam’s {spell(needed)}"
        found.append(("end_by", f"{short}: nobody could have the whole time, not even when beginning as it opens."))
    if plan.form_rule == FormRule.FIXED and not begun:
        if plan.form is None:
            found.append(("form", "Choose the form that everybody is to sit."))
        elif plan.form.state != Form.State.POOL or plan.form.exam_id != cohort.exam_id:
            found.append(("form", f"{plan.form.code} is no longer in use; choose another form."))
    for rule, at in ((plan.results, "results_at"), (plan.review, "review_at")):
        if rule == Release.AT and _at(plan, at) is None:
            found.append((at, "Give the time of the release."))
    if plan.results_at and plan.review_at and plan.review_at < plan.results_at:
        found.append(("review_at", "The review cannot be released earlier than the results."))
    if before and begun:
        found += _begun_problems(plan, before)
    return found


def _begun_problems(plan: Plan, before: Assignment) -> list[tuple[str, str]]:
    """What may no longer change once somebody has begun."""
    found = [
        (name, f"People have begun, so {what} cannot be changed any more.")
        for name, what in FIXED_ONCE_BEGUN.items()
        if getattr(before, name) != getattr(plan, name)
    ]
    for name, what in (("start_by", "The last start"), ("end_by", "The end")):
        if getattr(plan, name) < getattr(before, name):
            found.append((name, f"People have begun: {what.lower()} can only be moved to a later time."))
    if plan.attempts < before.attempts:
        found.append(("attempts", "People have begun, so there can be more attempts but not fewer."))
    return found


def _at(plan: Plan, name: str) -> dt.datetime | None:
    found: dt.datetime | None = getattr(plan, name)
    return found


@transaction.atomic
def create(*, cohort: Cohort, plan: Plan, by: User, now: dt.datetime) -> Assignment:
    """Assign the cohort's exam. Its members hear of it by mail. Raises CannotAssign."""
    _refuse_archived(cohort)
    if problems := problems_of(plan, cohort=cohort, now=now):
        raise CannotAssign(*problems)
    assignment = plan.apply_to(Assignment(cohort=cohort, created_at=now))
    assignment.save(force_insert=True)
    log.write(
        cohort=cohort, assignment=assignment, by=by, at=now,
        what=f"Assigned “{plan.title}”: opens {said(plan.opens_at)}, start by {said(plan.start_by)}, "
        f"end by {said(plan.end_by)}.",
    )  # fmt: skip
    reminding.tell_assigned(assignment=assignment, now=now)
    return assignment


@transaction.atomic
def change(*, assignment_id: uuid.UUID, plan: Plan, by: User, now: dt.datetime) -> Assignment:
    """Change what may still be changed. The windows of running sittings follow, and what was copied onto sittings
    about releases. Raises CannotAssign."""
    assignment = held(assignment_id)
    was = Assignment.objects.get(pk=assignment_id)
    begun = Attempt.objects.filter(assignment=assignment).exists()
    problems = problems_of(plan, cohort=assignment.cohort, now=now, before=was, begun=begun)
    problems += _taken_back(plan, was, now)
    if problems:
        raise CannotAssign(*problems)
    plan.apply_to(assignment)
    words = _differences(was, assignment)
    if not words:
        return assignment
    assignment.save()
    log.write(cohort=assignment.cohort, assignment=assignment, by=by, at=now, what=f"Changed {', '.join(words)}.")
    if begun:
        following.windows(assignment=assignment, by=by)
        following.releases(assignment=assignment)
    if any(getattr(was, name) != getattr(assignment, name) for name in ("opens_at", "start_by", "end_by")):
        reminding.tell_changed(assignment=assignment, now=now)
    return assignment


def _taken_back(plan: Plan, was: Assignment, now: dt.datetime) -> list[tuple[str, str]]:
    """What candidates have seen cannot be hidden again: (field, sentence). One statement."""
    changed = [
        name
        for name in ("results", "review")
        if (getattr(plan, name), _at(plan, f"{name}_at")) != (getattr(was, name), getattr(was, f"{name}_at"))
    ]
    if not changed:
        return []
    closed = Sitting.objects.closed().filter(attempt__assignment=was)
    shown = {"results": Sitting.shows_result, "review": Sitting.shows_review}
    rows = list(closed)
    return [
        (name, f"Candidates see the {name} already, so the release stays as it is.")
        for name in changed
        if any(shown[name](sitting, now) for sitting in rows)
    ]


def _differences(was: Assignment, now: Assignment) -> list[str]:
    """What changed, in words for the log."""
    words = {
        "title": "the title", "form_rule": "the form", "form_id": "the form", "opens_at": "the opening",
        "start_by": "the last start", "end_by": "the end", "attempts": "the attempts",
        "extra_minutes": "the extra minutes", "grace_seconds": "the grace", "results": "the release of results",
        "results_at": "the release of results", "review": "the release of the review",
        "review_at": "the release of the review",
    }  # fmt: skip
    found: dict[str, None] = {}
    for name, word in words.items():
        old, new = getattr(was, name), getattr(now, name)
        if old != new:
            times = isinstance(old, dt.datetime) and isinstance(new, dt.datetime)
            found[f"{word} from {said(old)} to {said(new)}" if times else word] = None
    return list(found)


@transaction.atomic
def cancel(*, assignment_id: uuid.UUID, by: User, now: dt.datetime) -> Assignment:
    """Call it off: nobody begins any more, who is sitting goes on. Raises CannotAssign."""
    assignment = held(assignment_id)
    assignment.cancelled_at = now
    assignment.save(update_fields=["cancelled_at"])
    log.write(
        cohort=assignment.cohort, assignment=assignment, by=by, at=now, what=f"Cancelled “{assignment.title}”."
    )  # fmt: skip
    reminding.tell_changed(assignment=assignment, now=now)
    return assignment


@transaction.atomic
def release(*, assignment_id: uuid.UUID, what: str, by: User, now: dt.datetime) -> Assignment:
    """Release "results" or "review" now, earlier than planned. Raises CannotAssign.

    The review never comes before the results. A cancelled assignment can still release what was sat.
    """
    assignment = held(assignment_id, cancelled=True)
    if not is_waiting(assignment, what, now):
        raise CannotAssign(("", f"The {what} {'are' if what == 'results' else 'is'} released already."))
    if what == "review" and is_waiting(assignment, "results", now):
        raise CannotAssign(("", "The results come first: release them, and then the review."))
    setattr(assignment, what, Release.AT)
    setattr(assignment, f"{what}_at", now)
    assignment.save(update_fields=[what, f"{what}_at"])
    log.write(cohort=assignment.cohort, assignment=assignment, by=by, at=now, what=f"Released the {what}.")
    following.releases(assignment=assignment)
    return assignment


def is_waiting(assignment: Assignment, what: str, now: dt.datetime) -> bool:
    """Whether "results" or "review" wait for a time or for an instructor. No statement."""
    rule, at = getattr(assignment, what), getattr(assignment, f"{what}_at")
    due = assignment.end_by if rule == Release.AT_END else at
    return rule == Release.HELD or (due is not None and due > now)


def held(assignment_id: uuid.UUID, *, cancelled: bool = False) -> Assignment:
    """The assignment as it stands, with its cohort and exam, locked: beginning waits for us. Raises CannotAssign."""
    rows = Assignment.objects.select_for_update(of=("self",), no_key=True).select_related("cohort__exam")
    found = rows.get(pk=assignment_id)
    _refuse_archived(found.cohort)
    if found.cancelled_at and not cancelled:
        raise CannotAssign(("", CANCELLED))
    return found


def _refuse_archived(cohort: Cohort) -> None:
    if Cohort.objects.filter(pk=cohort.pk).values_list("archived_at", flat=True)[0]:
        raise CannotAssign(("", ARCHIVED))
