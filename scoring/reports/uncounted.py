"""Changes of a sitting that do not count, in plain words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from exams.models import KeptChange, Seat, Sitting
from exams.services.changes import PAD
from scoring.reports.wording import Voice, clock, given


@dataclass(frozen=True, slots=True)
class Uncounted:
    """A change that does not count, in words."""

    seat: int
    offered: str
    text: str  # the note pad's; empty for whoever may not read it
    why: str
    at: dt.datetime

    @property
    def is_pad(self) -> bool:
        return self.seat == PAD


def told(
    sitting: Sitting,
    change: KeptChange,
    seats: dict[int, Seat],
    standing: dict[int, list[str]],
    notes: str,
    voice: Voice,
) -> Uncounted:
    """Why a change does not count. `standing` holds what stands at each seat, `notes` what the note pad says."""
    same = change.text == notes if change.seat == PAD else change.response == standing.get(change.seat, [])
    why = _why(sitting, change, voice) + (" The same stands, so nothing is lost." if same else "")
    flag = ", flagged" if change.flagged else ""
    offered = "" if change.seat == PAD else given(change.response, seats.get(change.seat)) + flag
    return Uncounted(change.seat, offered, change.text if voice.reads_notes else "", why, change.received_at)


def _why(sitting: Sitting, change: KeptChange, voice: Voice) -> str:
    if change.reason == KeptChange.Reason.CONFLICT:
        if change.settled_at:
            return (
                f"A newer one of another window stood; {voice.agent} chose what stands at {clock(change.settled_at)}."
            )
        return "A newer one of another window stands, and nothing was chosen before the end."
    closed = sitting.closed_at is not None and change.received_at > sitting.closed_at
    if closed or (sitting.closes_at and change.received_at >= sitting.closes_at):
        return "It came after the exam had closed."
    if change.left_ms <= 0:
        return f"It was made when time was up, by {voice.whose} device's word."
    return "It was made after the exam had been ended."
