"""Rows of scoring: results and their versions, calibration runs, regrades, reports of problems."""

from scoring.models.calibration import CalibrationRun, RunForm, Rung, RunItem
from scoring.models.regrades import Regrade
from scoring.models.reports import ProblemReport
from scoring.models.results import DomainResult, Result, SeatResult

__all__ = [
    "CalibrationRun",
    "DomainResult",
    "ProblemReport",
    "Regrade",
    "Result",
    "RunForm",
    "RunItem",
    "Rung",
    "SeatResult",
]
