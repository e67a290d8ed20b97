"""Which questions instructors may read. Every page of a cohort that would show a question's text or key asks here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q, QuerySet

from cohorts.models import Arrangement, Assignment, Attempt, Cohort
from exams.models import Seat, Sitting


def may_show_keys(*, cohort: Cohort, questions: Collection[int], now: dt.datetime) -> set[int]:
    """Those of the `questions` (ids) whose text, options and key this cohort's instructors may see. One statement.

    A question that sittings of the cohort have shown stays shut while

    - an attempt of the cohort or any running sitting of one of its members holds it,
    - an attempt holds it whose review its candidate may not read yet, and the assignment's window is not over, or
    - it stands on the one form of an assignment that somebody may still begin.

    So nobody who teaches can give away, by mistake or on a shared screen, what somebody is about to answer.
    """
    shut = Seat.objects.filter(
        Q(form__in=_attempted(cohort, now)) | Q(form__in=_running(cohort)) | Q(form__in=_to_come(cohort, now)),
        revision__question__in=questions,
    )
    return set(questions) - set(shut.order_by().values_list("revision__question_id", flat=True).distinct())


def _attempted(cohort: Cohort, now: dt.datetime) -> QuerySet[Attempt, int]:
    """Forms of attempts that run, or whose review is not released while the window is open."""
    longer = Arrangement.objects.filter(assignment=OuterRef("assignment"), end_by__gt=now)
    open_window = Q(assignment__end_by__gt=now) | Exists(longer)
    held = Q(sitting__review_held=True) | Q(sitting__review_at__gt=now)
    held |= Q(sitting__results_held=True) | Q(sitting__results_at__gt=now)
    shut = Q(sitting__state__in=Sitting.UNCLOSED) | open_window & held & Q(assignment__cancelled_at=None)
    return Attempt.objects.filter(shut, assignment__cohort=cohort).order_by().values_list("sitting__form_id", flat=True)


def _running(cohort: Cohort) -> QuerySet[Sitting, int]:
    """Forms that members are sitting, for this cohort or not."""
    members = {"user__memberships__cohort": cohort, "user__memberships__left_at": None}
    return Sitting.objects.unclosed().filter(**members).order_by().values_list("form_id", flat=True)


def _to_come(cohort: Cohort, now: dt.datetime) -> QuerySet[Assignment, int | None]:
    """The forms that everybody gets in assignments which can still be begun."""
    later = Arrangement.objects.filter(assignment=OuterRef("pk"), start_by__gt=now)
    waiting = Q(start_by__gte=now) | Exists(later)
    fixed = Assignment.objects.filter(waiting, cohort=cohort, cancelled_at=None, form__isnull=False)
    return fixed.order_by().values_list("form_id", flat=True)
