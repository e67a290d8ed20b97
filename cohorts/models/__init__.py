"""Rows of teaching: cohorts and their people, what is assigned to them, and what came of it."""

from cohorts.models.assignments import Absence, Arrangement, Assignment, Attempt, FormRule, Release, Reminder
from cohorts.models.outcomes import Norms, Outcome
from cohorts.models.people import Cohort, Instructor, Invitation, LogEntry, Membership

__all__ = [
    "Absence",
    "Arrangement",
    "Assignment",
    "Attempt",
    "Cohort",
    "FormRule",
    "Instructor",
    "Invitation",
    "LogEntry",
    "Membership",
    "Norms",
    "Outcome",
    "Release",
    "Reminder",
]
