"""Rows of delivery: forms with their seats and tables, sittings with their answers and their timeline."""

from exams.models.answers import Answer, Claim, KeptChange, Pad
from exams.models.forms import Form, ScoreRow, ScoreTable, Seat, Standard
from exams.models.sittings import EndReason, Sitting
from exams.models.timeline import Event, Notice, Presence

__all__ = [
    "Answer",
    "Claim",
    "EndReason",
    "Event",
    "Form",
    "KeptChange",
    "Notice",
    "Pad",
    "Presence",
    "ScoreRow",
    "ScoreTable",
    "Seat",
    "Sitting",
    "Standard",
]
