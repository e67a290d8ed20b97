"""What tests start from: the real bank, people, and sittings that are begun, answered and closed the real way."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Container, Iterable, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from exams.models import Form, Seat, Sitting
from exams.services import pool, saving, sittings
from exams.services.changes import Change
from exams.services.sittings import Conditions
from questions.models import Exam, Revision
from questions.pack.loader import load
from questions.pack.reader import Pack, read_pack
from questions.pack.schema import Question
from scoring import services as scoring
from scoring.models import Result
from tests.accounts.factories import UserFactory

__all__ = ["UserFactory", "assigned", "begin", "change", "close", "key_of", "load_exam", "sat"]

SEED = 20
PLENTY = 3_600_000


@cache
def pack_of(code: str) -> Pack:
    """The shipped pack for its own exam; of a big one the first files, enough for three forms and soon loaded."""
    pack = read_pack(Path(settings.PACKS_DIRECTORY) / code.lower())
    few = {name: entry for name, entry in pack.questions.items() if re.search(r"/[1-6]-", entry[1].file)}
    used = {question.scenario for question, _ in few.values()}
    return Pack(
        exam=pack.exam,
        exam_source=pack.exam_source,
        scenarios={name: entry for name, entry in pack.scenarios.items() if name in used},
        questions={name: (only(question, code, few), source) for name, (question, source) in few.items()},
    )


def only(question: Question, code: str, few: Container[str]) -> Question:
    """The question without what leads outside: other exams, and enemies that are not loaded."""
    return question.model_copy(
        update={
            "placements": [place for place in question.placements if place.exam == code],
            "ratings": {exam: values for exam, values in question.ratings.items() if exam == code},
            "enemies": [enemy for enemy in question.enemies if enemy in few],
        }
    )


def load_exam(code: str = "MLA-C01", forms: int = 2) -> Exam:
    """The shipped pack of an exam, with forms in its pool."""
    load(pack=pack_of(code), now=timezone.now())
    exam = Exam.objects.get(code=code)
    pool.assemble(exam=exam, forms=forms, seed=SEED)
    return exam


def begin(user: User, exam: Exam, form: Form | None = None) -> Sitting:
    """A sitting in progress, on a certain form if one is given."""
    sitting = sittings.begin(user=user, exam=exam)
    if form is not None:
        Sitting.objects.filter(pk=sitting.pk).update(form=form)
        sitting.refresh_from_db()
    return sitting


def assigned(user: User, exam: Exam, form: Form | None = None, **conditions: Any) -> Sitting:
    """A sitting in progress that staff have assigned, in a wide window; released as `conditions` say."""
    given: dict[str, Any] = {
        "terms": sittings.Terms(exam.minutes, Decimal("1.00"), 0),
        "window_ends_at": timezone.now() + dt.timedelta(days=1),
        "grace_seconds": 120,
    }
    return sittings.begin_assigned(user=user, exam=exam, conditions=Conditions(**{**given, **conditions}), form=form)


def change(seat: int, response: Sequence[str], *, sequence: int = 1, base: int = 0, flagged: bool = False,
           spent_ms: int = 1_000, left_ms: int = PLENTY, **more: Any) -> Change:  # fmt: skip
    return Change(sequence, seat, base, list(response), flagged, spent_ms, left_ms, **more)


def keys_of(seats: Iterable[Seat]) -> dict[int, tuple[str, ...]]:
    """The right response at each seat of a form, in its tokens, by number. As many statements as for one seat."""
    seats = list(seats)
    revisions = Revision.objects.with_content().in_bulk([seat.revision_id for seat in seats])
    keys = {pk: revision.strategy.key(revision.content) for pk, revision in revisions.items()}
    return {seat.number: seat.key(keys[seat.revision_id]) for seat in seats}


def key_of(seat: Seat) -> tuple[str, ...]:
    """The right response at a seat, in its tokens."""
    return keys_of([seat])[seat.number]


def wrong_of(seat: Seat, key: tuple[str, ...] = ()) -> tuple[str, ...]:
    """A complete response at a seat that is wrong; `key` spares asking for it."""
    key = key or key_of(seat)
    if seat.kind in ("multiple_choice", "multiple_response"):
        others = [token for token in seat.tokens if token not in key]
        return tuple([*others, *key][: seat.slots])
    if seat.kind == "ordering":
        return tuple(reversed(key))
    return tuple(next(token for token in seat.tokens if token != right) for right in key)


def answer(sitting: Sitting, *, right: int) -> None:
    """Answer every seat in one packet: the first `right` scored seats correctly, everything else wrong."""
    seats = list(sitting.form.seats.order_by("number"))
    keys = keys_of(seats)
    scored, changes = 0, []
    for sequence, seat in enumerate(seats, 1):
        key = keys[seat.number]
        scored += seat.scored
        good = seat.scored and scored <= right
        changes.append(change(seat.number, key if good else wrong_of(seat, key), sequence=sequence))
    saving.save(sitting_id=sitting.pk, user_id=sitting.user_id, claim=sitting.claim, changes=changes)


def close(sitting: Sitting, sequence: int = 0) -> Sitting:
    saving.end(sitting_id=sitting.pk, user_id=sitting.user_id, claim=sitting.claim, sequence=sequence)
    sitting.refresh_from_db()
    return sitting


def sat(user: User, exam: Exam, *, right: int = 40, form: Form | None = None) -> Result:
    """A sitting from Begin to its result, with `right` scored questions correct."""
    sitting = begin(user, exam, form)
    answer(sitting, right=right)
    close(sitting, sequence=sitting.form.seats.count())
    return scoring.score(sitting_id=sitting.pk, now=timezone.now())


def stranger_id() -> uuid.UUID:
    return uuid.uuid4()
