"""Candidates report problems with questions after the exam; authors answer or dismiss the reports."""

from __future__ import annotations

import datetime as dt
import re
import uuid

from django.db import transaction

from accounts.models import User
from exams.models import Seat, Sitting
from exams.services import sittings
from scoring.models import ProblemReport
from scoring.models.reports import LONGEST, ProblemReportQuerySet

SHORTEST = 10  # characters
State = ProblemReport.State
# Control characters, and those that turn the direction of text about: neither says anything, and both can mislead.
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")


class CannotReport(Exception):
    """It cannot be done; the message is one sentence for whoever asked."""


# ---- candidates --------------------------------------------------------------------------------------------------


@transaction.atomic
def send(
    *, sitting_id: uuid.UUID, user_id: int, seat: int, category: str, text: str, now: dt.datetime
) -> ProblemReport:
    """Report a problem with the question at a seat of a closed sitting. Raises CannotReport.

    Raises Sitting.DoesNotExist for a stranger's sitting or one that is not closed, Seat.DoesNotExist for a number that
    the form lacks.
    """
    _alone(user_id, now)
    sitting = Sitting.objects.closed().get(pk=sitting_id, user=user_id)
    revision_id = Seat.objects.values_list("revision_id", flat=True).get(form=sitting.form_id, number=seat)
    said = worded(text)
    if of_seat(sitting, seat).filter(state=State.OPEN).exists():
        raise CannotReport("You have an open report on this question already. You can change it.")
    return ProblemReport.objects.create(
        sitting=sitting,
        seat=seat,
        revision_id=revision_id,
        category=_category(category),
        text=said,
        made_at=now,
        changed_at=now,
    )


@transaction.atomic
def change(*, report_id: int, user_id: int, category: str, text: str, now: dt.datetime) -> ProblemReport:
    """Say it differently while nobody has answered. Raises CannotReport, and ProblemReport.DoesNotExist."""
    _alone(user_id, now)
    report = _own_open(report_id, user_id)
    said = (_category(category), worded(text))
    if said != (report.category, report.text):
        report.category, report.text = said
        report.changed_at, report.version = now, report.version + 1
        report.save(update_fields=["category", "text", "changed_at", "version"])
    return report


@transaction.atomic
def take_back(*, report_id: int, user_id: int, now: dt.datetime) -> None:
    """Delete a report that nobody has answered. Raises CannotReport, and ProblemReport.DoesNotExist."""
    _alone(user_id, now)
    _own_open(report_id, user_id).delete()


def mark_read(*, reports: list[ProblemReport], now: dt.datetime) -> None:
    """The candidate has these in front of them. At most one statement, and none where nothing is new."""
    new = [report.pk for report in reports if report.state == State.ANSWERED and report.read_at is None]
    if new:
        ProblemReport.objects.unread().filter(pk__in=new).update(read_at=now)


def of_seat(sitting: Sitting, seat: int) -> ProblemReportQuerySet:
    """What the sitting's person has reported at this seat of the form, in whichever of their sittings of it."""
    return ProblemReport.objects.filter(sitting__user=sitting.user_id, sitting__form=sitting.form_id, seat=seat)


def worded(text: str, what: str = "what is wrong") -> str:
    """The text as it is kept. Raises CannotReport where it says nothing, or too much."""
    text = UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(text) < SHORTEST or not any(map(str.isalnum, text)):
        raise CannotReport(f"Say in at least {SHORTEST} characters {what}.")
    if len(text) > LONGEST:
        raise CannotReport(f"Say in at most {LONGEST:,} characters {what}. These are {len(text):,}.")
    return text


def _category(category: str) -> str:
    if category not in ProblemReport.Category.values:
        raise CannotReport("Choose what kind of problem it is.")
    return category


def _alone(user_id: int, now: dt.datetime) -> None:
    """One thing at a time for each person, and nothing while they sit an exam."""
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    unclosed = Sitting.objects.unclosed().filter(user=user_id)
    if not unclosed.exists():
        return
    sittings.settle(now=now, user=user)  # perhaps it has only not been noticed that time ran out
    if unclosed.exists():
        raise CannotReport("You are sitting an exam. Reports can be made and changed when it is over.")


def _own_open(report_id: int, user_id: int) -> ProblemReport:
    report = ProblemReport.objects.select_for_update(of=("self",)).get(pk=report_id, sitting__user=user_id)
    if not report.is_open:
        raise CannotReport("Your report has been dealt with meanwhile, so it cannot be changed any more.")
    return report


# ---- authors -----------------------------------------------------------------------------------------------------


def answer(*, report_id: int, version: int, text: str, by: User, now: dt.datetime) -> ProblemReport:
    """Answer the candidate, who reads it. `version` is the report's that was read. Raises CannotReport, and
    ProblemReport.DoesNotExist where it was taken back."""
    return _settle(report_id, version, State.ANSWERED, worded(text, "what the candidate is to read"), by, now)


def dismiss(*, report_id: int, version: int, text: str, by: User, now: dt.datetime) -> ProblemReport:
    """Put it aside for a reason, which stays among authors. Raises as `answer` does."""
    return _settle(report_id, version, State.DISMISSED, worded(text, "why the report is dismissed"), by, now)


@transaction.atomic
def _settle(report_id: int, version: int, state: State, text: str, by: User, now: dt.datetime) -> ProblemReport:
    report = ProblemReport.objects.select_for_update(of=("self",)).get(pk=report_id)
    if not report.is_open:
        raise CannotReport("This report has been dealt with meanwhile.")
    if report.version != version:
        raise CannotReport("The candidate has changed the report since you opened it. Read it again.")
    report.state, report.answer, report.answered_by, report.answered_at = state, text, by, now
    report.save(update_fields=["state", "answer", "answered_by", "answered_at"])
    return report
