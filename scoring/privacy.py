"""What this room holds about a person: results, problems they reported, and what they did as authors."""

from __future__ import annotations

import datetime as dt
from typing import Any

from accounts.privacy import Holding, Parting, Row, Sections, Subject, rows
from exams.models import Sitting
from scoring.models import (
    CalibrationRun,
    DomainResult,
    ProblemReport,
    Regrade,
    Result,
    RunForm,
    RunItem,
    SeatResult,
)
from scoring.reports import review

WITHHELD = "Withheld: staff have not released it yet, or have declared the sitting void. Ask again later."
SEATS_WITHHELD = "Withheld: which answers were right is told when the review is released and no like sitting runs."


def collect(subject: Subject, now: dt.datetime) -> Sections:
    """Results as the person may see them at this moment, and never a key."""
    user = subject.user
    if user is None:
        return {}
    results = Result.objects.filter(sitting__user=user).select_related("sitting__user", "sitting__exam", "regrade")
    results = results.prefetch_related("domains__domain", "seats__task").order_by("sitting__started_at", "version")
    reports = ProblemReport.objects.filter(sitting__user=user).select_related("revision__question").order_by("pk")
    return {
        "Results": [_result(one, now) for one in results],
        "Problems with questions that you reported": [_report(one) for one in reports],
        "Reports you settled": rows(
            ProblemReport.objects.filter(answered_by=user).order_by("pk").values("state", "answer", "answered_at")
        ),
        "Regrades you made": rows(
            Regrade.objects.filter(made_by=user).order_by("pk").values("exam__code", "act", "reason", "made_at")
        ),
        "Regrades you took back": rows(
            Regrade.objects.filter(reverted_by=user).order_by("pk").values("exam__code", "revert_reason", "reverted_at")
        ),
        "Calibrations you made": rows(
            CalibrationRun.objects.filter(made_by=user).order_by("pk").values("exam__code", "number", "created_at")
        ),
        "Calibrations you promoted": rows(
            CalibrationRun.objects.filter(promoted_by=user).order_by("pk").values("exam__code", "number", "promoted_at")
        ),
    }


def _result(one: Result, now: dt.datetime) -> Row:
    sitting = one.sitting
    told: Row = {"sitting": str(sitting.pk), "exam": sitting.exam.code, "version": one.version}
    if sitting.state != Sitting.State.CLOSED or not sitting.shows_result(now):
        return told | {"result": WITHHELD}
    told |= {
        "made": one.created_at, "counts": one.current, "after a regrade": one.regrade is not None,
        "right": one.raw, "of": one.maximum_raw, "equated": one.equated, "scaled": one.scaled, "passed": one.passed,
        "provisional": one.provisional, "likely from": one.likely_low, "likely to": one.likely_high,
        "chance of passing, per cent": one.chance_of_passing, "questions seen before": one.seen_before,
        "domains": [
            {"domain": str(part.domain), "right": part.correct, "of": part.scored, "meets competencies": part.meets}
            for part in one.domains.all()
        ],
    }  # fmt: skip
    told["questions"] = _seats(one, now)
    return told


def _seats(one: Result, now: dt.datetime) -> Any:
    if not one.sitting.shows_review(now) or review.withheld(one.sitting, now=now):
        return SEATS_WITHHELD
    return [
        {
            "question": seat.seat, "task": str(seat.task), "scored": seat.scored, "right": seat.correct,
            "answered": seat.answered, "milliseconds": seat.spent_ms, "seen before": seat.seen_before,
        }
        for seat in one.seats.all()
    ]  # fmt: skip


def _report(one: ProblemReport) -> Row:
    """Why a report was dismissed stays among authors, as on the pages."""
    return {
        "sitting": str(one.sitting_id), "question": one.seat, "about": one.get_category_display(), "text": one.text,
        "made": one.made_at, "changed": one.changed_at, "state": one.get_state_display(), "read": one.read_at,
        "answer": one.answer if one.state == ProblemReport.State.ANSWERED else "",
    }  # fmt: skip


def leave(parting: Parting) -> None:
    """Results follow their sittings; what the person reported stays behind, and so is deleted."""
    results = list(Result.objects.filter(sitting__in=list(parting.renamed)).only("pk", "sitting_id"))
    for one in results:
        one.sitting_id = parting.renamed[one.sitting_id]
    Result.objects.bulk_update(results, ["sitting"], batch_size=500)


HOLDING = Holding(
    room="scoring",
    covers={
        Result: "Results", DomainResult: "Results", SeatResult: "Results",
        ProblemReport: "Problems with questions that you reported", Regrade: "Regrades you made",
        CalibrationRun: "Calibrations you made",
    },
    impersonal={
        RunItem: "figures of a question over hundreds of people", RunForm: "figures of a form over many people",
        Regrade.tables.through: "which tables a regrade made",
    },
    collect=collect,
    leave=leave,
)  # fmt: skip
