"""Whose wording and key an instructor may read now.

Keys must not reach an assignment that somebody still sits or may begin. Wording and key of a question are therefore
withheld from every page and file of a cohort while

1. somebody, of whatever cohort, sits an assigned form that holds it and that sitting is not closed;
2. an assignment of whatever cohort that is fixed to such a form has not ended, arrangements included;
3. an assignment of this cohort that draws from the pool has not ended: it may still hand out any question.

Figures that name no wording (facility, discrimination, time, flags) are always shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Max, Q

from cohorts.models import Assignment, Cohort, FormRule
from exams.models import Seat, Sitting


@dataclass(frozen=True, slots=True)
class Withheld:
    """Revisions whose wording may not be shown, and until when the cohort's own pool withholds everything."""

    revisions: frozenset[int]
    everything_until: dt.datetime | None = None

    def __contains__(self, revision_id: object) -> bool:
        return self.everything_until is not None or revision_id in self.revisions


def withheld_of(cohort: Cohort, revisions: Collection[int], *, now: dt.datetime) -> Withheld:
    """Three statements."""
    standing = (
        Assignment.objects.filter(cancelled_at=None, cohort__archived_at=None, cohort__exam=cohort.exam_id)
        .filter(Q(cohort=cohort) | Q(form_rule=FormRule.FIXED))
        .annotate(latest=Max("arrangements__end_by"))
        .filter(Q(end_by__gt=now) | Q(latest__gt=now))
    )
    found = list(standing.order_by().values_list("form_rule", "form_id", "end_by", "latest"))
    pool = [max(end, latest or end) for rule, _, end, latest in found if rule != FormRule.FIXED]
    fixed = {form for _, form, _, _ in found if form is not None}
    running = Sitting.objects.unclosed().filter(assigned=True, exam=cohort.exam_id).order_by()
    fixed.update(running.values_list("form_id", flat=True).distinct())
    held = Seat.objects.filter(form__in=fixed, revision__in=revisions).order_by().values_list("revision_id", flat=True)
    return Withheld(frozenset(held), max(pool, default=None))
