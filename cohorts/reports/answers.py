"""What somebody answered in a sitting of their cohort, seat by seat, and one question of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from cohorts.models import Cohort
from cohorts.reports.confidential import withheld_of
from exams.models import Answer, Seat, Sitting
from questions.models import Revision
from scoring import variants
from scoring.models import Result, SeatResult
from scoring.reports import review
from scoring.reports.wording import given


@dataclass(frozen=True, slots=True)
class Row:
    """One seat; `stem` and `key` are empty while the question is shut."""

    mark: SeatResult
    response: str
    flagged: bool
    late: bool
    removed: bool
    shown: bool
    stem: str
    key: str


@dataclass(frozen=True, slots=True)
class Answers:
    """The seats that a filter shows."""

    listing: review.Listing
    rows: list[Row]
    shut: int  # questions that instructors may not read yet

    @property
    def first(self) -> int | None:
        return next((row.mark.seat for row in self.rows if row.shown), None)


def answers_of(cohort: Cohort, sitting: Sitting, result: Result, *, show: str, now: dt.datetime) -> Answers:
    """Every seat under a filter of the review. A constant number of statements."""
    listing = review.listing_of(sitting, result, show=show)
    seats = {seat.number: seat for seat in Seat.objects.filter(form=sitting.form_id).select_related("revision")}
    answers = {answer.seat: answer for answer in Answer.objects.filter(sitting=sitting)}
    shown = open_seats(cohort, seats, now=now)
    keys = keys_at(result, seats, shown)
    rows = []
    for row in listing.rows:
        number = row.seat.seat
        answer = answers.get(number)
        rows.append(
            Row(
                mark=row.seat,
                response=given(answer.response if answer else [], seats[number]),
                flagged=row.flagged,
                late=answer is not None and answer.late,
                removed=row.removed,
                shown=number in shown,
                stem=row.stem if number in shown else "",
                key=keys.get(number, ""),
            )
        )
    return Answers(listing, rows, len(seats) - len(shown))


def open_seats(cohort: Cohort, seats: dict[int, Seat], *, now: dt.datetime) -> set[int]:
    """Numbers of the seats whose questions instructors may read. Three statements."""
    withheld = withheld_of(cohort, [seat.revision_id for seat in seats.values()], now=now)
    return {number for number, seat in seats.items() if seat.revision_id not in withheld}


def keys_at(result: Result, seats: dict[int, Seat], numbers: Collection[int]) -> dict[int, str]:
    """Seat number -> what is right there by the result's table, in letters."""
    contents = Revision.objects.with_content().in_bulk([seats[number].revision_id for number in numbers])
    keys = {}
    for number in numbers:
        seat = seats[number]
        seat.revision = contents[seat.revision_id]
        keys[number] = "; or ".join(given(key, seat) for key in variants.right_at(seat, result.table))
    return keys


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the sitting with the way on; `review` is None while instructors may not read it."""

    review: review.Review | None
    number: int
    before: int | None
    after: int | None


def question_of(cohort: Cohort, sitting: Sitting, result: Result, number: int, *, now: dt.datetime) -> Question | None:
    """A question with its key and the answer to it; None when there is no such seat."""
    seats = {seat.number: seat for seat in Seat.objects.filter(form=sitting.form_id).select_related("revision")}
    if number not in seats:
        return None
    shown = open_seats(cohort, seats, now=now)
    return Question(
        review=review.review_of(sitting, result, number) if number in shown else None,
        number=number,
        before=max((other for other in shown if other < number), default=None),
        after=min((other for other in shown if other > number), default=None),
    )
