"""A form as its candidates see it, for those who are about to assign it."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from cohorts.access import cohort_page
from cohorts.models import Cohort
from exams import paper
from exams.models import Form


@cohort_page
@require_safe
def form_preview(request: HttpRequest, cohort: Cohort, number: int) -> HttpResponse:
    """The questions of a form of the pool, or of one that was assigned here, without keys; nothing can be answered."""
    usable = Form.objects.filter(exam=cohort.exam).filter(Q(state=Form.State.POOL) | Q(assignments__cohort=cohort))
    form = get_object_or_404(usable.distinct(), number=number)
    context = {"cohort": cohort, "exam": cohort.exam, "form": form, "sheets": paper.blank(form), "section": "cohorts"}
    return render(request, "cohorts/assignments/form_preview.html", context)
