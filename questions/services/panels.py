"""Rounds of ratings of many questions at once: convene a panel, close its rounds, approve them. All of them or none."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from accounts.access import has_role
from accounts.models import User
from accounts.roles import Role
from questions.models import Exam, RatingRequest, Revision
from questions.services import ratings
from questions.services.base import Refused, keep_loader_out, locked_questions, require_author
from questions.services.knowing import knowing


@dataclass(slots=True)
class Convened:
    """How many turns were asked for of how many questions, and the public ids of those that nobody was left for."""

    turns: int = 0
    questions: int = 0
    left_out: list[str] = field(default_factory=list)


@transaction.atomic
def convene(
    *, revisions: Sequence[Revision], exam: Exam, judges: Sequence[User], by: User, due: dt.date | None = None
) -> Convened:
    """Ask each of these judges for a rating of each of these questions, where they may judge and were not asked yet.

    The statements grow with the questions, not with the judges. Raises Refused, also when nobody at all could be asked.
    """
    require_author(by)
    if not revisions:
        raise Refused("Please choose at least one question.")
    if not judges:
        raise Refused("Please choose at least one judge.")
    _hold(revisions)
    asked, known = _asked(revisions, exam), knowing(revisions)
    authors = [one for one in judges if has_role(one, Role.AUTHOR)]
    done = Convened()
    for revision in revisions:
        able = [one for one in authors if one.pk not in asked[revision.pk] | known[revision.pk]]
        if not able:
            done.left_out.append(revision.question.public_id)
            continue
        try:
            made = ratings.ask_judges(
                revision=revision, exam=exam, judges=able, by=by, due=due, known=known[revision.pk]
            )
        except Refused as refused:
            raise _named(revision, refused) from refused
        done.turns += len(made)
        done.questions += 1
    if not done.questions:
        raise Refused("Nobody could be asked: these judges have been asked already, or they know the keys.")
    return done


@transaction.atomic
def close_rounds(*, revisions: Sequence[Revision], exam: Exam, by: User) -> int:
    """Close the open round of each; returns how many. Raises Refused."""
    require_author(by)
    _hold(revisions)
    for revision in revisions:
        try:
            ratings.close_round(revision=revision, exam=exam, by=by)
        except Refused as refused:
            raise _named(revision, refused) from refused
    return len(revisions)


@transaction.atomic
def approve_rounds(*, rounds: Sequence[tuple[Revision, int]], exam: Exam, by: User) -> int:
    """Let these closed rounds count; returns how many. Raises Refused."""
    require_author(by)
    _hold([revision for revision, _ in rounds])
    for revision, number in sorted(rounds, key=lambda one: (one[0].pk, one[1])):
        try:
            ratings.approve_round(revision=revision, exam=exam, number=number, by=by)
        except Refused as refused:
            raise _named(revision, refused) from refused
    return len(rounds)


def _hold(revisions: Sequence[Revision]) -> None:
    """Every lock before the first verb, in one order, so that two who do this at once do not wait for each other."""
    keep_loader_out()
    locked_questions(one.question_id for one in revisions)


def _asked(revisions: Sequence[Revision], exam: Exam) -> dict[int, set[int | None]]:
    found: dict[int, set[int | None]] = defaultdict(set)
    turns = RatingRequest.objects.filter(revision__in=revisions, exam=exam, closed_at__isnull=True)
    for pk, judge in turns.values_list("revision", "judge"):
        found[pk].add(judge)
    return found


def _named(revision: Revision, refused: Refused) -> Refused:
    return Refused(f"{revision.question.public_id}: {refused}")
