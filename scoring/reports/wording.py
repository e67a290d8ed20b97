"""How the timeline says things."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from exams.models import Seat
from exams.services.changes import PAD
from exams.templatetags.exam_text import clock as countdown


@dataclass(frozen=True, slots=True)
class Voice:
    """Who is spoken to: the candidate, or staff, who also read which of them did what."""

    who: str
    agent: str
    whose: str
    names_staff: bool = False
    reads_notes: bool = True  # the note pad is the candidate's own


TO_CANDIDATE = Voice("You", "you", "your")
TO_STAFF = Voice("The candidate", "the candidate", "the candidate's", names_staff=True, reads_notes=False)


def clock(at: dt.datetime) -> str:
    """The time of day where the reader is."""
    return f"{timezone.localtime(at):%H:%M:%S}"


def lasting(span: dt.timedelta) -> str:
    """40 seconds; 6 minutes; 1 hour 5 minutes."""
    seconds = round(span.total_seconds())
    if seconds < 120:
        return _counted(seconds, "second")
    hours, minutes = divmod(round(seconds / 60), 60)
    parts = [(hours, "hour"), (minutes, "minute")]
    return " ".join(_counted(count, unit) for count, unit in parts if count)


def left(milliseconds: int) -> str:
    """01:42:10 left; or that time was up."""
    return f"{countdown(milliseconds)} left" if milliseconds > 0 else "when time was up"


def changes(first: int, last: int, window: int | None = None) -> str:
    """change 12; changes 12 to 14 of window 2."""
    named = f"changes {first} to {last}" if last > first else f"change {first}"
    return f"{named} of window {window}" if window else named


def questions(seats: Sequence[int]) -> str:
    """question 4; questions 4 and 7; questions 1 to 5 and the note pad. Seat 0 is the note pad."""
    numbers = [seat for seat in seats if seat != PAD]
    pad = ["the note pad"] if len(numbers) < len(seats) else []
    if not numbers:
        return "".join(pad)
    named = f"question{'s' * (len(numbers) > 1)} {listed(_runs(numbers))}"
    return f"{named}{' and ' if pad else ''}{''.join(pad)}"


def listed(words: Sequence[str]) -> str:
    """A; A and B; A, B and C."""
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def given(response: Sequence[str], seat: Seat | None) -> str:
    """A response in the letters of its options, in its order where that means something; No answer when it is empty."""
    letters = seat.letters() if seat else {}
    chosen = [letters.get(token, "–") for token in response]
    if not any(response):
        return "No answer"
    if seat and seat.kind == "matching":
        return ", ".join(f"{place} with {letter}" for place, letter in enumerate(chosen, 1))
    if seat and seat.kind == "ordering":
        return ", then ".join(chosen)
    return listed(sorted(chosen))


def _runs(numbers: Sequence[int]) -> list[str]:
    """[1, 2, 3, 7] -> 1 to 3, 7."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [
        part for run in runs for part in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(each) for each in run])
    ]


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}{'s' * (count != 1)}"
