"""Withdrawing a leaked or wrong question: at once from every form that nobody has begun.

The rule for sittings that have begun: they keep it to their end. A regrade takes it out of the score afterwards,
for everybody who met it. See docs/adr/0019-withdrawing.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from accounts.models import User
from exams.models import Form, Sitting
from exams.services import pool
from exams.services.freezing import Gone
from psychometrics.assembly import Shortage
from questions.models import Exam, Question, Revision
from questions.services import publishing

READY = (Form.State.PENDING, Form.State.POOL)


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a question has reached: sittings that are not closed yet, and closed ones, which a regrade scores again.

    Sittings that people gave up, and simulated ones, are in neither.
    """

    running: int
    closed: int


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What withdrawing did: the wording that is out of use, the forms that were taken off, and whom it has reached."""

    revision: Revision
    forms: tuple[Form, ...]
    reach: Reach

    @property
    def exams(self) -> tuple[Exam, ...]:
        """Exams whose pools have lost a form."""
        return tuple({form.exam_id: form.exam for form in self.forms}.values())


@transaction.atomic
def withdraw(*, question: Question, reason: str, by: User) -> Withdrawal:
    """Take the question out of use and every form with any wording of it that nobody has begun out of the pools.

    At once: when this returns, no sitting can begin with it. New forms are assembled by the next `tick`, or by
    `replace`. Raises questions.services.base.Refused.
    """
    revision = publishing.withdraw(question=question, reason=reason, by=by)
    return Withdrawal(revision, tuple(take_off(question=question)), reach(question=question))


@transaction.atomic
def take_off(*, question: Question) -> list[Form]:
    """Retire the forms that stand ready with any wording of the question; returns them. A reference form goes on
    carrying the cut."""
    ready = Form.objects.filter(state__in=READY, seats__revision__question=question).order_by("pk")
    # Whoever begins one of them now holds it; we wait until that sitting is there. Personal forms come first, because
    # Begin holds the person's own while it looks at the pool.
    ids = list(ready.values_list("pk", flat=True).distinct())
    held = Form.objects.select_for_update(of=("self",), no_key=True).select_related("exam").order_by("state", "pk")
    forms = list(held.filter(pk__in=ids, state__in=READY))
    for form in forms:
        form.state = Form.State.RETIRED
    Form.objects.bulk_update(forms, ["state"])
    return forms


def reach(*, question: Question) -> Reach:
    """Whom the question has reached, in any wording. Two statements."""
    met = Sitting.objects.real().filter(form__seats__revision__question=question)
    return Reach(running=met.unclosed().distinct().count(), closed=met.closed().distinct().count())


def replace(*, exams: Iterable[Exam]) -> dict[str, str]:
    """Fill the pools of these exams again now. Returns what is missing, by exam code; empty when nothing is.

    It solves, and so takes seconds: `tick` does the same on its own.
    """
    short = {}
    for exam in exams:
        try:
            pool.fill(exam=exam)
        except Shortage as shortage:
            short[exam.code] = "; ".join(shortage.lines)
        except Gone as gone:
            short[exam.code] = str(gone)
    return short
