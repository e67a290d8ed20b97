"""Regrades for tests: a question on a form, and what its candidates gave."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from accounts.models import User
from exams.models import Form, ScoreTable, Seat
from exams.services import bank
from questions.models import Exam, Revision
from scoring import regrading
from scoring.models import DomainResult, Regrade, Result, SeatResult
from tests.accounts.factories import UserFactory
from tests.factories import key_of, sat, wrong_of

REASON = "The publisher changed the service in June."
LOSING = "They answered what is not true any more."
RESULT = ("raw", "maximum_raw", "equated", "scaled", "passed", "provisional", "likely_low", "likely_high",
          "chance_of_passing", "seen_before")  # fmt: skip
SEAT = ("seat", "task", "scored", "correct", "answered", "spent_ms", "seen_before")
DOMAIN = ("domain", "correct", "scored", "expected", "meets", "too_close")


def a_seat(form: Form, place: int = 1, *, kind: str = "multiple_choice", scored: bool = True) -> Seat:
    """The place-th seat of a kind on a form."""
    return form.seats.filter(kind=kind, scored=scored).order_by("number")[place - 1]


def revision_of(seat: Seat) -> Revision:
    return Revision.objects.with_content().get(pk=seat.revision_id)


def numbers(seat: Seat, response: tuple[str, ...]) -> list[int]:
    """A response in option numbers."""
    return [seat.options[seat.tokens.index(token)] for token in response]


def old_key(seat: Seat) -> list[int]:
    return numbers(seat, key_of(seat))


def wrong_key(seat: Seat) -> list[int]:
    """What everybody gave who was wrong."""
    found = numbers(seat, wrong_of(seat))
    return sorted(found) if seat.kind == "multiple_response" else found


def right_before(seat: Seat) -> int:
    """How many scored seats stand in front of this one."""
    return seat.form.seats.filter(scored=True, number__lt=seat.number).count()


def passing(exam: Exam, form: Form, *, short: int = 0) -> Result:
    """Somebody who just passed, or fell `short` points short."""
    right = bank.current_table(form).minimum_passing_raw - short
    return sat(UserFactory(), exam, form=form, right=right)


def act(seat: Seat, kind: str = Regrade.Act.KEY, **fields: Any) -> Regrade:
    """Correct the key to what the wrong gave, or remove the question."""
    values: dict[str, Any] = {
        "exam": seat.form.exam,
        "revision": seat.revision,
        "act": kind,
        "keys": [wrong_key(seat)] if kind == Regrade.Act.KEY else [],
        "reason": REASON,
        "losing_reason": LOSING,
        "by": UserFactory(),
        "now": timezone.now(),
    }
    return regrading.apply(**values | fields)


def look(seat: Seat, kind: str = Regrade.Act.KEY, **fields: Any) -> regrading.Preview:
    values: dict[str, Any] = {"exam": seat.form.exam, "revision": seat.revision, "act": kind}
    if kind == Regrade.Act.KEY:
        values["keys"] = [wrong_key(seat)]
    return regrading.preview(**values | fields)


def take_back(regrade: Regrade, by: User | None = None) -> Regrade:
    return regrading.revert(regrade=regrade, reason="The ticket was about another question.", by=by or UserFactory(),
                            now=timezone.now())  # fmt: skip


def current(result: Result) -> Result:
    return Result.objects.current().get(sitting=result.sitting_id)


def figures(result: Result) -> tuple[Any, ...]:
    """Everything that a result says."""
    return (
        tuple(getattr(result, name) for name in RESULT),
        list(SeatResult.objects.filter(result=result).order_by("seat").values_list(*SEAT)),
        list(DomainResult.objects.filter(result=result).order_by("domain").values_list(*DOMAIN)),
    )


def rows(table: ScoreTable) -> list[tuple[Any, ...]]:
    return list(table.rows.order_by("raw").values_list("raw", "equated", "scaled", "passed"))
