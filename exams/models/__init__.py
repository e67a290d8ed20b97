"""Rows of delivery: forms with their seats and tables, sittings with their answers."""

from exams.models.forms import Form, ScoreRow, ScoreTable, Seat
from exams.models.sittings import Answer, Claim, Conflict, EndReason, Sitting

__all__ = ["Answer", "Claim", "Conflict", "EndReason", "Form", "ScoreRow", "ScoreTable", "Seat", "Sitting"]
