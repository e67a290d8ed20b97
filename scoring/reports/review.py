"""Questions after the exam: the list with its filters, and one question with key, own answer and rationales."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from exams.models import Answer, Seat, Sitting
from exams.services import sittings
from questions.models import Option, Prompt, Revision, ScenarioRevision
from scoring import variants
from scoring.models import Result, SeatResult
from scoring.reports.filters import Filter
from scoring.reports.notices import Correction, correction_of


def withheld(sitting: Sitting, *, now: dt.datetime) -> bool:
    """Whether the person is sitting a form that holds questions of this one. Until that is closed, a look at the
    old keys would give the new ones away. One statement, unless something is open."""
    if not _shares_questions_with_open(sitting):
        return False
    sittings.settle(now=now, user=sitting.user)  # perhaps it has only not been noticed that time ran out
    return _shares_questions_with_open(sitting)


def _shares_questions_with_open(sitting: Sitting) -> bool:
    unclosed = Sitting.objects.unclosed().filter(user=sitting.user_id)
    shown = Seat.objects.filter(form__sittings__in=unclosed).values("revision__question")
    return Seat.objects.filter(form=sitting.form_id, revision__question__in=shown).exists()


@dataclass(frozen=True, slots=True)
class Row:
    """One question in the list."""

    seat: SeatResult
    kind: str
    stem: str
    flagged: bool
    removed: bool


FILTERS: dict[str, tuple[str, Callable[[Row], bool]]] = {
    "all": ("All", lambda row: True),
    "incorrect": ("Incorrect", lambda row: not row.seat.correct),
    "unanswered": ("Unanswered", lambda row: not row.seat.answered),
    "flagged": ("Flagged", lambda row: row.flagged),
    "unscored": ("Unscored", lambda row: not row.seat.scored),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """The questions that a filter shows."""

    show: str
    filters: list[Filter]
    rows: list[Row]
    wrong: list[int]

    @property
    def numbers(self) -> list[int]:
        return [row.seat.seat for row in self.rows]

    def before(self, number: int) -> int | None:
        """The question in front of `number` that the filter shows."""
        return max((other for other in self.numbers if other < number), default=None)

    def after(self, number: int) -> int | None:
        return min((other for other in self.numbers if other > number), default=None)

    def next_incorrect(self, number: int) -> int | None:
        return min((other for other in self.wrong if other > number), default=None)


def listing_of(sitting: Sitting, result: Result, *, show: str) -> Listing:
    """The list under a filter; an unknown one shows everything. Three statements."""
    show = show if show in FILTERS else "all"
    flagged = set(Answer.objects.filter(sitting=sitting, flagged=True).values_list("seat", flat=True))
    stems = {
        number: (kind, stem)
        for number, kind, stem in Seat.objects.filter(form=sitting.form_id).values_list(
            "number", "kind", "revision__stem_html"
        )
    }
    seats = SeatResult.objects.filter(result=result).select_related("task").order_by("seat")
    removed = result.table.removed
    rows = [Row(seat, *stems[seat.seat], seat.seat in flagged, seat.seat in removed) for seat in seats]
    return Listing(
        show=show,
        filters=[Filter(name, label, sum(map(belongs, rows))) for name, (label, belongs) in FILTERS.items()],
        rows=[row for row in rows if FILTERS[show][1](row)],
        wrong=[row.seat.seat for row in rows if not row.seat.correct],
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """An option under the letter of its place, with its part in the key and in the own answer.

    `right` and `given` are the places, from 1, at which it stands in the key and in the answer.
    """

    letter: str
    option: Option
    right: list[int]
    given: list[int]


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the response: what belongs there and what was given, with a matching question's prompt."""

    number: int
    right: Choice
    given: Choice | None
    prompt: Prompt | None

    @property
    def agrees(self) -> bool:
        return self.right == self.given


@dataclass(frozen=True, slots=True)
class Scenario:
    """A case study's situation and the seats that share it."""

    wording: ScenarioRevision
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Review:
    """One question after the exam. `mark` is what the result says about it, `also` are other answers that are right."""

    seat: Seat
    mark: SeatResult
    answer: Answer | None
    choices: list[Choice]
    places: list[Place]
    also: list[list[Choice]]
    correction: Correction | None
    scenario: Scenario | None

    @property
    def revision(self) -> Revision:
        return self.seat.revision

    @property
    def template(self) -> str:
        return self.revision.strategy.review_template

    @property
    def label(self) -> str:
        return self.revision.strategy.label

    @property
    def started(self) -> bool:
        """Whether anything was given at all, complete or not."""
        return self.answer is not None and any(self.answer.response)


def review_of(sitting: Sitting, result: Result, number: int) -> Review | None:
    """The question at a seat; None when the form has no such seat. A constant number of statements."""
    seat = (
        Seat.objects.select_related("revision__question", "revision__scenario_revision", "task__domain")
        .prefetch_related("revision__options", "revision__prompts", "revision__references")
        .filter(form=sitting.form_id, number=number)
        .first()
    )
    if seat is None:
        return None
    answer = Answer.objects.filter(sitting=sitting, seat=number).first()
    response = answer.response if answer else []
    keys = variants.right_at(seat, result.table)
    # Of several right answers the one that was given is shown, else the first.
    key = next((each for each in keys if seat.revision.strategy.is_correct(response, each)), keys[0])
    single = seat.slots == 1
    choices = _choices(seat, keys if single else [key], response)
    by_token = dict(zip(seat.tokens, choices, strict=True))
    return Review(
        seat=seat,
        mark=SeatResult.objects.get(result=result, seat=number),
        answer=answer,
        choices=choices,
        places=_places(seat, key, response, choices),
        also=[] if single else [[by_token[token] for token in each] for each in keys if each != key],
        correction=correction_of(result, number, seat.revision_id),
        scenario=_scenario(seat),
    )


def _choices(seat: Seat, keys: Sequence[Sequence[str]], response: Sequence[str]) -> list[Choice]:
    options = {option.number: option for option in seat.revision.options.all()}
    letters = seat.letters()
    return [
        Choice(
            letter=letters[token],
            option=options[number],
            right=[place for key in keys for place, wanted in enumerate(key, 1) if wanted == token],
            given=[place for place, given in enumerate(response, 1) if given == token],
        )
        for number, token in zip(seat.options, seat.tokens, strict=True)
    ]


def _places(seat: Seat, key: Sequence[str], response: Sequence[str], choices: Sequence[Choice]) -> list[Place]:
    by_token = dict(zip(seat.tokens, choices, strict=True))
    prompts = seat.revision.prompts.all()
    return [
        Place(place, by_token[wanted], by_token.get(given or ""), prompt)
        for place, (wanted, given, prompt) in enumerate(zip_longest(key, response, prompts), 1)
    ]


def _scenario(seat: Seat) -> Scenario | None:
    wording = seat.revision.scenario_revision
    if wording is None:
        return None
    sharing = Seat.objects.filter(form=seat.form_id, revision__scenario_revision__scenario=wording.scenario_id)
    numbers = sorted(sharing.values_list("number", flat=True))
    return Scenario(wording, numbers[0], numbers[-1])
