"""Windows of one sitting, as the tests of the save path drive them."""

from __future__ import annotations

from typing import Any

from exams.models import Answer, Event, KeptChange, Sitting
from exams.services import saving, sittings
from exams.services.changes import Change, Receipt


def save(sitting: Sitting, *changes: Change, claim: int | None = None, **more: Any) -> Receipt:
    """Save from the newest window, or from the one with that claim."""
    return saving.save(
        sitting_id=sitting.pk, user_id=sitting.user_id, claim=claim or sitting.claim, changes=list(changes), **more
    )


def end(sitting: Sitting, sequence: int, *changes: Change, claim: int | None = None, **more: Any) -> Receipt:
    return saving.end(
        sitting_id=sitting.pk, user_id=sitting.user_id, claim=claim or sitting.claim, sequence=sequence,
        changes=list(changes), **more,
    )  # fmt: skip


def take_over(sitting: Sitting) -> int:
    sitting.claim = sittings.claim(sitting_id=sitting.pk, user_id=sitting.user_id).claim
    return sitting.claim


def token(sitting: Sitting, seat: int, place: int = 0) -> str:
    return sitting.form.seats.get(number=seat).tokens[place]


def seat_of_kind(sitting: Sitting, kind: str) -> int:
    return sitting.form.seats.filter(kind=kind).order_by("number")[0].number


def stored(sitting: Sitting, seat: int) -> Answer:
    return Answer.objects.get(sitting=sitting, seat=seat)


def kept(sitting: Sitting) -> list[tuple[object, ...]]:
    rows = KeptChange.objects.filter(sitting=sitting)
    return [(row.claim, row.sequence, row.reason, row.response) for row in rows]


def events(sitting: Sitting) -> list[str]:
    """The kinds of everything on the timeline, in order."""
    return list(Event.objects.filter(sitting=sitting).order_by("number").values_list("kind", flat=True))
