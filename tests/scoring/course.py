"""A sitting whose clock the test moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import time_machine
from django.utils import timezone

from exams.models import Sitting
from exams.services import saving, sittings
from exams.services.changes import PAD, Change
from scoring.reports.timeline import Entry, Timeline, timeline_of
from tests.factories import change, key_of

START = dt.datetime(2026, 6, 12, 9, 0, tzinfo=dt.UTC)
LIMIT = dt.timedelta(minutes=130)


class Course:
    """A sitting that goes its way while the test moves the clock."""

    def __init__(self, sitting: Sitting, time: time_machine.Traveller) -> None:
        self.sitting, self.time = sitting, time
        self.claimed = 1

    def at(self, minutes: float, seconds: float = 0) -> Course:
        self.time.move_to(START + dt.timedelta(minutes=minutes, seconds=seconds), tick=False)
        return self

    def save(self, *changes: Change, claim: int = 0, offline: Sequence[tuple[int, int]] = ()) -> Course:
        saving.save(
            sitting_id=self.sitting.pk,
            user_id=self.sitting.user_id,
            claim=claim or self.claimed,
            changes=changes,
            offline=offline,
        )
        return self

    def claim(self) -> Course:
        self.claimed = sittings.claim(sitting_id=self.sitting.pk, user_id=self.sitting.user_id).claim
        return self

    def end(self, sequence: int = 0) -> Course:
        saving.end(
            sitting_id=self.sitting.pk,
            user_id=self.sitting.user_id,
            claim=self.claimed,
            sequence=sequence,
            left_ms=60_000,
        )
        return self

    def settle(self) -> Course:
        sittings.settle(now=timezone.now())
        return self

    def tell(self) -> Timeline:
        self.sitting.refresh_from_db()
        return timeline_of(self.sitting)

    def told(self) -> list[str]:
        return [entry.what for entry in self.tell().entries]

    def entry(self, beginning: str) -> Entry:
        (found,) = [entry for entry in self.tell().entries if entry.what.startswith(beginning)]
        return found


def response(course: Course, number: int) -> tuple[str, ...]:
    return key_of(course.sitting.form.seats.get(number=number))


def blank(seat: int, sequence: int, *, base: int = 0, left_ms: int = 3_600_000) -> Change:
    return change(seat, [], sequence=sequence, base=base, left_ms=left_ms)


def pad(text: str, sequence: int, *, base: int = 0, left_ms: int = 3_600_000) -> Change:
    return Change(sequence, PAD, base, left_ms=left_ms, text=text)
