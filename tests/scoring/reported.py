"""Reported problems for tests."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from accounts.models import User
from exams.models import Seat, Sitting
from scoring import problem_reports
from scoring.models import ProblemReport
from tests.factories import UserFactory

TEXT = "Option B is right as well since the March release."
ANSWER = "Thank you. We checked the documentation: B needs a paid tier, so the key stands."


def report(sitting: Sitting, seat: int = 1, **fields: Any) -> ProblemReport:
    """What the sitting's person says about a question."""
    values: dict[str, Any] = {"category": "key", "text": TEXT, "now": timezone.now()}
    return problem_reports.send(sitting_id=sitting.pk, user_id=sitting.user_id, seat=seat, **values | fields)


def settle(reported: ProblemReport, verb: str = "answer", **fields: Any) -> ProblemReport:
    """An author answers or dismisses it."""
    values: dict[str, Any] = {"version": reported.version, "text": ANSWER, "now": timezone.now()}
    by: User = fields.pop("by", None) or UserFactory()
    done: ProblemReport = getattr(problem_reports, verb)(report_id=reported.pk, by=by, **values | fields)
    return done


def seat_of(reported: ProblemReport) -> Seat:
    return reported.sitting.form.seats.select_related("revision__question").get(number=reported.seat)
