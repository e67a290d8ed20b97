"""What a judge sees: the turns that wait, and one question without anything that tells its key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import unescape

from django.db.models import Count
from django.utils.html import strip_tags

from accounts.models import User
from questions import checks
from questions.kinds import KINDS
from questions.models import Exam, RatingRequest, Revision
from questions.pack.schema import ABOVE_CHANCE
from questions.services import ratings
from questions.writing import of_revision
from scoring.reports.question_words import letter

SHOWN = 10  # turns of an exam in the list; the others follow one after another
MOST_DONE = 50
IN_PLACES = ("ordering", "matching")


# ---- the list ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Desk:
    """One exam's turns of a judge in open rounds."""

    exam: Exam
    total: int
    rated: int
    waiting: list[RatingRequest] = field(default_factory=list)

    @property
    def first(self) -> RatingRequest | None:
        return self.waiting[0] if self.waiting else None

    @property
    def shown(self) -> list[RatingRequest]:
        return self.waiting[:SHOWN]

    @property
    def more(self) -> int:
        return max(len(self.waiting) - SHOWN, 0)

    @property
    def due(self) -> dt.date | None:
        """The nearest day by which a rating is asked for."""
        return self.first.due if self.first else None


def desks_of(judge: User) -> list[Desk]:
    """The exams that wait for this judge or whose rounds are open, the most urgent first. Three statements."""
    open_turns = RatingRequest.objects.filter(judge=judge, closed_at__isnull=True)
    counts = open_turns.order_by().values("exam").annotate(total=Count("pk"), rated=Count("value"))
    exams = Exam.objects.in_bulk([row["exam"] for row in counts])
    found = {row["exam"]: Desk(exams[row["exam"]], row["total"], row["rated"]) for row in counts}
    for turn in ratings.waiting_for(judge):
        if turn.exam_id in found:
            found[turn.exam_id].waiting.append(turn)
    return sorted(found.values(), key=lambda one: (not one.waiting, one.due or dt.date.max, one.exam.code))


def done_of(judge: User) -> list[RatingRequest]:
    """What the judge has rated and may still change, the newest first. One statement."""
    rows = RatingRequest.objects.filter(judge=judge, closed_at__isnull=True, value__isnull=False)
    return list(rows.select_related("revision", "exam").order_by("-done_at", "-pk")[:MOST_DONE])


def waiting_count(judge: User) -> int:
    """One statement."""
    return ratings.waiting_for(judge).count()


def next_of(turn: RatingRequest) -> RatingRequest | None:
    """The turn after this one: of the same exam if any waits there, round and round. One statement."""
    assert turn.judge is not None  # it is somebody's turn
    waiting = list(ratings.waiting_for(turn.judge).exclude(pk=turn.pk))
    same = [one for one in waiting if one.exam_id == turn.exam_id]
    # By what they are sorted by: this one itself need not wait any more.
    place = (turn.due or dt.date.max, turn.pk)
    later = [one for one in same if (one.due or dt.date.max, one.pk) > place]
    return next(iter([*later, *same, *waiting]), None)


# ---- one question --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """An option under the place where it is shown (from 1): its number in the bank could tell the key."""

    token: str
    letter: str
    html: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A step of the order, or a prompt, and the token of what was put there."""

    number: int
    html: str
    chosen: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as a candidate sees it, with this judge's own answer."""

    label: str
    kind: str
    scenario: str
    stem: str
    slots: int
    choices: tuple[Choice, ...]
    places: tuple[Place, ...]
    given: tuple[str, ...]  # letters, in words for each place


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of 100, both ends included."""

    lowest: int
    highest: int

    @property
    def guessing(self) -> int:
        """About how many are right who know nothing."""
        return self.lowest - ABOVE_CHANCE


def asked_of(turn: RatingRequest, by: User, posted: Sequence[str] = ()) -> Asked:
    """The question of a turn; `posted` holds the tokens of an answer that was refused. A constant number of
    statements."""
    paper = ratings.paper(request=turn, by=by)
    order = {part.number: str(place) for place, part in enumerate(paper.options, 1)}
    given = [order[number] for number in turn.answer or ()] or list(posted)
    choices = tuple(
        Choice(token, letter(int(token)), part.html, unescape(strip_tags(part.html)), token in given)
        for token, part in zip(order.values(), paper.options, strict=True)
    )
    places: tuple[Place, ...] = ()
    if paper.kind in IN_PLACES:
        names = [part.html for part in paper.prompts] or [f"Step {number}" for number in range(1, paper.slots + 1)]
        chosen = [*given, *[""] * len(names)]
        places = tuple(Place(number, name, chosen[number - 1]) for number, name in enumerate(names, 1))
    return Asked(
        label=KINDS[paper.kind].label,
        kind=paper.kind,
        scenario=paper.scenario_html,
        stem=paper.stem_html,
        slots=paper.slots,
        choices=choices,
        places=places,
        given=tuple(letter(int(token)) for token in given if token in order.values()),
    )


def numbers_of(turn: RatingRequest, by: User, posted: Sequence[str]) -> list[int]:
    """Option numbers of the posted tokens; 0, which no option has, for what is empty or unknown."""
    order = {str(place): part.number for place, part in enumerate(ratings.paper(request=turn, by=by).options, 1)}
    return [order.get(token, 0) for token in posted]


def bounds_of(turn: RatingRequest) -> Bounds:
    """Between what a rating lies. A constant number of statements."""
    return Bounds(*checks.rating_bounds(of_revision(Revision.objects.with_content().get(pk=turn.revision_id))))
