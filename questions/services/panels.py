"""Rounds of ratings of many questions at once: convene a panel, close its rounds, approve them. All of them or none."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction

from accounts.models import User
from questions.models import Audit, Exam, RatingRequest, Review, Revision
from questions.models.authoring import Act
from questions.services import ratings
from questions.services.base import Refused, keep_loader_out, locked_questions, require_author

WROTE = (Act.CREATE, Act.REVISE, Act.REBASE, Act.SAVE)


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

    Raises Refused, also when nobody at all could be asked.
    """
    require_author(by)
    if not revisions:
        raise Refused("Please choose at least one question.")
    if not judges:
        raise Refused("Please choose at least one judge.")
    _hold(revisions)
    asked = _asked(revisions, exam)
    done = Convened()
    for revision in revisions:
        free = [one for one in judges if one.pk not in asked[revision.pk]]
        able = [one for one in free if ratings.may_judge(revision=revision, person=one)]
        if not able:
            done.left_out.append(revision.question.public_id)
            continue
        try:
            done.turns += len(ratings.ask_judges(revision=revision, exam=exam, judges=able, by=by, due=due))
        except Refused as refused:
            raise _named(revision, refused) from refused
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


def knowing(revisions: Collection[Revision]) -> dict[int, set[int]]:
    """Ids of those who wrote or reviewed each revision and so are not asked, by its id. Two statements for all."""
    found: dict[int, set[int]] = defaultdict(set)
    if settings.SELF_REVIEW:
        return found
    for revision in revisions:
        found[revision.pk] |= {pk for pk in (revision.author_id, revision.reviewer_id) if pk is not None}
    wrote = Audit.objects.filter(revision__in=revisions, act__in=WROTE, who__isnull=False)
    reviewed = Review.objects.filter(revision__in=revisions, reviewer__isnull=False)
    for pk, who in (*wrote.values_list("revision", "who"), *reviewed.values_list("revision", "reviewer")):
        if pk is not None and who is not None:
            found[pk].add(who)
    return found


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
