"""Judging: people who do not know the key answer a question, then rate it, none seeing what the others said.

A round is a set of turns (`RatingRequest`) of a published revision in an exam: asked for, answered, rated, closed,
approved. Only approved ratings count.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from accounts.access import has_role
from accounts.models import User
from accounts.roles import Role
from questions import checks
from questions.kinds import ImpossibleResponse
from questions.models import Exam, Placement, Rating, RatingRequest, Revision, Standing
from questions.models.authoring import Act
from questions.models.bank import RevisionState
from questions.models.measurement import Status
from questions.pack.wording import mean_rating
from questions.services.base import Refused, keep_loader_out, locked_question, locked_revision, record, require_author
from questions.services.knowing import knowing
from questions.writing import of_revision

METHOD = "panel"
MOST_JUDGES = 30


@dataclass(frozen=True, slots=True)
class Part:
    """An option or prompt without its part in the key, under its number."""

    number: int
    html: str


@dataclass(frozen=True, slots=True)
class Paper:
    """What a judge may see: neither key, nor rationales, nor anybody's rating. `slots`: entries of a full answer."""

    kind: str
    scenario_html: str
    stem_html: str
    options: tuple[Part, ...]
    prompts: tuple[Part, ...]
    slots: int


@transaction.atomic
def ask_judges(
    *,
    revision: Revision,
    exam: Exam,
    judges: Sequence[User],
    by: User,
    due: dt.date | None = None,
    known: Collection[int] | None = None,
) -> list[RatingRequest]:
    """Begin a round of ratings, or add judges to the one that is open; whoever is in it already is left out.

    Judges are authors who neither wrote nor reviewed this wording; `known` holds the ids of those who did, where the
    caller has looked (`knowing`). Raises Refused.
    """
    require_author(by)
    now = timezone.now()
    row = _locked(revision)
    if row.state != RevisionState.PUBLISHED:
        raise Refused("Only a published wording is rated: a draft may still change.")
    if not Placement.objects.filter(question=row.question, exam=exam).exists():
        raise Refused(f"This question does not belong to {exam.code}.")
    if due is not None and due < now.date():
        raise Refused("The day by which ratings are asked for has passed.")
    number, asked = _round_to_ask(row, exam)
    chosen = {judge.pk: judge for judge in judges if judge.pk not in asked}
    if not chosen:
        raise Refused("Please name at least one judge who has not been asked yet.")
    if len(chosen) + len(asked) > MOST_JUDGES:
        raise Refused(f"A round has at most {MOST_JUDGES} judges.")
    known = knowing([row])[row.pk] if known is None else known
    for judge in chosen.values():
        _check_judge(judge, known)
    made = RatingRequest.objects.bulk_create(
        RatingRequest(revision=row, exam=exam, round=number, judge=judge, due=due) for judge in chosen.values()
    )
    record(
        Act.ASK_JUDGES, question=row.question, revision=row, by=by, now=now,
        exam=exam.code, round=number, judges=[label(one.judge_id) for one in made],
    )  # fmt: skip
    return made


def paper(*, request: RatingRequest, by: User) -> Paper:
    """The question as this judge sees it before and while rating, options in an order that tells nothing.

    Raises Refused for anybody else. A constant number of statements.
    """
    _require_judge(request, by)
    revision = Revision.objects.with_content().get(pk=request.revision_id)
    options = [Part(option.number, option.html) for option in revision.options.all()]
    random.Random(request.pk).shuffle(options)  # one order for each turn, whenever it is looked at
    return Paper(
        kind=revision.kind,
        scenario_html=revision.scenario_revision.html if revision.scenario_revision else "",
        stem_html=revision.stem_html,
        options=tuple(options),
        prompts=tuple(Part(prompt.number, prompt.html) for prompt in revision.prompts.all()),
        slots=revision.strategy.slots(revision.content),
    )


@transaction.atomic
def answer(*, request: RatingRequest, response: Sequence[int], by: User) -> RatingRequest:
    """Answer the question in option numbers, as a candidate would. It cannot be changed. Raises Refused."""
    row = _turn(request, by)
    if row.answered_at is not None:
        raise Refused("You have answered this question already.")
    revision = Revision.objects.with_content().get(pk=row.revision_id)
    content, kind = revision.content, revision.strategy
    tokens = [str(number) for number in range(1, len(content.options) + 1)]
    try:
        given = kind.parse([str(number) for number in response], tokens=tokens, slots=kind.slots(content))
    except ImpossibleResponse as problem:
        raise Refused(str(problem)) from problem
    if not kind.is_complete(given, slots=kind.slots(content)):
        raise Refused("Please answer the question completely before you rate it.")
    row.answer, row.answered_at = [int(token) for token in given], timezone.now()
    row.save(update_fields=["answer", "answered_at"])
    return row


@transaction.atomic
def rate(*, request: RatingRequest, value: int, by: User) -> RatingRequest:
    """Say how many of 100 borderline candidates would answer correctly; may be changed until the round is closed.

    Raises Refused before the question is answered and outside chance plus 0.05 to 0.97.
    """
    now = timezone.now()
    row = _turn(request, by)
    if row.answered_at is None:
        raise Refused("Please answer the question before you rate it.")
    revision = Revision.objects.with_content().get(pk=row.revision_id)
    lowest, highest = checks.rating_bounds(of_revision(revision))
    if not lowest <= value <= highest:
        raise Refused(f"A rating of this question lies between {lowest} and {highest} of 100.")
    if row.value == value:
        return row
    row.value, row.done_at = value, now
    row.save(update_fields=["value", "done_at"])
    # Without the value: the trail is read by those who have yet to rate.
    record(
        Act.RATE, question=revision.question, revision=revision, by=by, now=now, exam=row.exam.code, round=row.round
    )  # fmt: skip
    return row


@transaction.atomic
def close_round(*, revision: Revision, exam: Exam, by: User) -> list[RatingRequest]:
    """End the open round: nobody rates any more, and now all may see what the judges said. Returns its turns.

    Refused to a judge of the round who has not rated: they would end their own turn to read what the others said.
    """
    require_author(by)
    now = timezone.now()
    row = _locked(revision)
    turns = list(_turns(row, exam).filter(closed_at__isnull=True).select_for_update())
    if not turns:
        raise Refused("No round of ratings is open.")
    if any(one.judge_id == by.pk and one.value is None for one in turns):
        raise Refused("You are asked in this round and have not rated yet; rate first, or let somebody else close it.")
    RatingRequest.objects.filter(pk__in=[one.pk for one in turns]).update(closed_at=now)
    for one in turns:
        one.closed_at = now
    record(
        Act.CLOSE_ROUND, question=row.question, revision=row, by=by, now=now,
        exam=exam.code, round=turns[0].round, rated=sum(one.value is not None for one in turns), asked=len(turns),
    )  # fmt: skip
    return turns


@transaction.atomic
def approve_round(*, revision: Revision, exam: Exam, number: int, by: User) -> Standing:
    """Let a closed round count: its ratings become the panel's, and a pretest question may be scored.

    Their mean replaces whatever rating there was. Raises Refused, also with fewer than MINIMUM_JUDGES ratings.
    """
    require_author(by)
    now = timezone.now()
    keep_loader_out()
    row = _locked(revision)
    turns = list(_turns(row, exam).filter(round=number).select_for_update())
    if not turns or turns[0].closed_at is None:
        raise Refused("Only a closed round can be approved.")
    if turns[0].approved_at is not None:
        raise Refused("This round has been approved already.")
    if row.state != RevisionState.PUBLISHED:
        raise Refused("This wording is not published any more.")
    if _turns(row, exam).filter(round__gt=number, approved_at__isnull=False).exists():
        raise Refused("A later round has been approved already.")
    rated = [one for one in turns if one.value is not None]
    if len(rated) < settings.MINIMUM_JUDGES:
        raise Refused(f"{len(rated)} judges have rated; at least {settings.MINIMUM_JUDGES} are asked for.")
    Rating.objects.bulk_create(
        Rating(
            revision=row, exam=exam, judge=label(one.judge_id, one.pk), value=one.value or 0, round=number,
            rated_on=(one.done_at or now).date(), method=METHOD,
        )
        for one in rated
    )  # fmt: skip
    RatingRequest.objects.filter(pk__in=[one.pk for one in turns]).update(approved_at=now)
    standing = _scorable(row, exam, [one.value or 0 for one in rated])
    record(
        Act.APPROVE_ROUND, question=row.question, revision=row, by=by, now=now,
        exam=exam.code, round=number, judges=len(rated), rating=str(standing.rating),
    )  # fmt: skip
    return standing


def waiting_for(judge: User) -> QuerySet[RatingRequest]:
    """The turns that this judge has still to take, the most urgent first."""
    rows = RatingRequest.objects.filter(judge=judge, value__isnull=True, closed_at__isnull=True)
    return rows.select_related("revision__question", "exam").order_by("due", "pk")


def label(judge_id: int | None, turn: int = 0) -> str:
    """A judge's name in the bank: the same in every round, and nobody's real one."""
    return f"judge {judge_id}" if judge_id else f"former judge {turn}"


# ---- what they share -----------------------------------------------------------------------------------------------


def _locked(revision: Revision) -> Revision:
    locked_question(revision.question_id)
    return locked_revision(revision.pk)


def _turns(revision: Revision, exam: Exam) -> QuerySet[RatingRequest]:
    return RatingRequest.objects.filter(revision=revision, exam=exam).order_by("round", "pk")


def _round_to_ask(row: Revision, exam: Exam) -> tuple[int, set[int | None]]:
    """Number of the open round and who has been asked in it, or that of the next one.

    Rounds go on counting from ratings that came otherwise, so that "the last round" means the latest.
    """
    turns = list(_turns(row, exam).filter(closed_at__isnull=True))
    if turns:
        return turns[0].round, {one.judge_id for one in turns}
    last: int = _turns(row, exam).aggregate(last=Max("round"))["last"] or 0
    rated: int = Rating.objects.filter(revision=row, exam=exam).aggregate(last=Max("round"))["last"] or 0
    return max(last, rated) + 1, set()


def _require_judge(request: RatingRequest, by: User) -> None:
    require_author(by)
    if request.judge_id != by.pk:
        raise Refused("Somebody else has been asked.")


def _turn(request: RatingRequest, by: User) -> RatingRequest:
    """The judge's turn, locked, while its round is open."""
    row = RatingRequest.objects.select_for_update(of=("self",)).select_related("exam").filter(pk=request.pk).first()
    if row is None:
        raise Refused("Nobody asks for this rating any more.")
    _require_judge(row, by)
    if row.closed_at is not None:
        raise Refused("This round of ratings is closed.")
    return row


def _check_judge(judge: User, known: Collection[int]) -> None:
    """Raise Refused for whoever knows the key or may not see the bank."""
    if not has_role(judge, Role.AUTHOR):
        raise Refused(f"{judge} is not an author and cannot be asked.")
    if judge.pk in known:
        raise Refused(f"{judge} wrote or reviewed this question and knows its key.")


def _scorable(row: Revision, exam: Exam, values: list[int]) -> Standing:
    standing, _ = Standing.objects.select_for_update().get_or_create(revision=row, exam=exam)
    standing.rating = mean_rating(values)
    if standing.status == Status.PRETEST:
        standing.status = Status.SCORABLE
    standing.save(update_fields=["rating", "status"])
    return standing
