"""Forms of questions that a member has not seen, made before they begin: Begin itself never solves anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Count, Q

from accounts.models import User
from cohorts.models import Arrangement, Assignment, Attempt, FormRule, Membership
from exams.models import Form, Sitting
from exams.services import bank, pool
from operations import services as operations
from operations.away import unless_away
from questions.models import Exam

BATCH = 10  # forms in one run; each takes up to two seconds
TRIED_FOR = 3_600  # seconds for which "the bank has nothing better" is believed


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the forms of an assignment are: people by their ids. `ready` have a form that shows them little again or
    one made for them, `waiting` are in turn, for `best_there_is` the bank has nothing better than the pool."""

    ready: frozenset[int]
    waiting: tuple[int, ...]
    best_there_is: frozenset[int]

    @property
    def total(self) -> int:
        return len(self.ready) + len(self.waiting) + len(self.best_there_is)


def fewest_seen(*, exam: Exam, users: Collection[int]) -> dict[int, int]:
    """Person -> questions that the best form would show them again; nobody when there is no form. Four statements."""
    forms = Form.objects.filter(exam=exam).filter(Q(state=Form.State.POOL) | Q(state=Form.State.PENDING))
    everybodys: list[int] = []
    own: dict[int, int] = {}
    for pk, state, owner in forms.values_list("pk", "state", "owner_id"):
        if state == Form.State.POOL:
            everybodys.append(pk)
        elif owner is not None:
            own[owner] = pk
    seen = bank.seen_on_forms(exam=exam, users=users)
    best = {}
    for user in users:
        offered = [*everybodys, *([own[user]] if user in own else [])]
        if offered:
            best[user] = min(seen.get((user, form), 0) for form in offered)
    return best


def standing_of(assignment: Assignment) -> Standing:
    """Where preparing stands for those who may still begin. A constant number of statements."""
    members = list(
        Membership.objects.present()
        .filter(cohort=assignment.cohort_id, user__is_active=True)
        .order_by("joined_at", "pk")
        .values_list("user_id", flat=True)
    )
    more = dict(
        Arrangement.objects.filter(assignment=assignment, more_attempts__gt=0).values_list("user_id", "more_attempts")
    )
    used = dict(
        Attempt.objects.counting().filter(assignment=assignment).order_by().values_list("user_id")
        .annotate(count=Count("pk"))
    )  # fmt: skip
    exam = assignment.cohort.exam
    sitting = set(Sitting.objects.in_progress().filter(exam=exam, user__in=members).values_list("user_id", flat=True))
    open_to = [
        one for one in members if one not in sitting and used.get(one, 0) < assignment.attempts + more.get(one, 0)
    ]
    own = set(
        Form.objects.filter(exam=exam, state=Form.State.PENDING, owner__in=open_to).values_list("owner_id", flat=True)
    )
    fewest = fewest_seen(exam=exam, users=open_to)
    wanting = [one for one in open_to if one not in own and fewest.get(one, 0) > pool.TOO_MANY_SEEN]
    tried: dict[str, bool] = unless_away(lambda: cache.get_many([_mark(exam, one) for one in wanting]), {})
    nothing_better = {one for one in wanting if _mark(exam, one) in tried}
    return Standing(
        ready=frozenset(open_to) - set(wanting),
        waiting=tuple(one for one in wanting if one not in nothing_better),
        best_there_is=frozenset(nothing_better),
    )


def prepare(*, now: dt.datetime, most: int = BATCH) -> int:
    """Make personal forms for members who would otherwise see too much again; returns how many were made.

    Whoever is looked after is marked first, so that any number of processes share the work; the mark is only a hint
    and may be lost. Later joiners are found like everybody else.
    """
    assignments = (
        Assignment.objects.filter(
            Q(start_by__gt=now) | Q(arrangements__start_by__gt=now),
            form_rule=FormRule.UNSEEN,
            cancelled_at=None,
            cohort__archived_at=None,
        )
        .distinct()
        .select_related("cohort__exam")
        .order_by("opens_at", "pk")
    )
    looked_after = made = 0
    for assignment in assignments:
        exam = assignment.cohort.exam
        for user in User.objects.in_bulk(standing_of(assignment).waiting[:most]).values():
            if looked_after >= most:
                return made
            if not cache.add(_mark(exam, user.pk), True, timeout=TRIED_FOR):
                continue
            looked_after += 1
            with operations.contained(task="cohorts.tasks.prepare_form", arguments=[exam.pk, user.pk]):
                made += prepare_one(exam=exam, user=user)
    return made


def prepare_one(*, exam: Exam, user: User) -> bool:
    """Make a form for one person; returns whether the bank had a better one than the pool."""
    if pool.prepare_personal_form(user=user, exam=exam) is None:
        return False
    cache.delete(_mark(exam, user.pk))  # the next attempt may want another one
    return True


def _mark(exam: Exam, user: int) -> str:
    return f"form-tried:{exam.pk}:{user}"
