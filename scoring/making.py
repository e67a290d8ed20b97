"""Results as rows: made when a sitting is closed, and again as a new version when it is regraded or was reopened."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from django.db.models import Max

from exams.models import Answer, Seat, Sitting
from scoring.marking import Marked, Paper
from scoring.models import DomainResult, Result, SeatResult

MOST_SEEN_BEFORE = 5  # beyond this the score says too little about a form never seen


def make_results(
    chosen: Sequence[Sitting],
    paper_of: Callable[[Sitting], Paper],
    *,
    before: Mapping[uuid.UUID, Collection[int]],
    now: dt.datetime,
) -> list[Result]:
    """Mark the sittings and write their results, by the batch: first ones, or the version after the last one of a
    sitting that was reopened. `before` holds the questions that each sitting's person had met.
    """
    answers: dict[uuid.UUID, list[Answer]] = defaultdict(list)
    for answer in Answer.objects.filter(sitting__in=chosen):
        answers[answer.sitting_id].append(answer)
    versions = dict(
        Result.objects.filter(sitting__in=[one for one in chosen if one.reopened_at])
        .order_by()
        .values_list("sitting")
        .annotate(Max("version"))
    )
    results, seats, domains = [], [], []
    for sitting in chosen:
        paper = paper_of(sitting)
        marked = paper.mark(answers[sitting.pk], before[sitting.pk])
        scored = [seat for seat in marked if seat.scored]
        right = {seat.seat.number for seat in scored if seat.correct}
        seen = sum(seat.seen_before for seat in scored)
        result = a_result(sitting, paper, raw=len(right), seen=seen, now=now)
        result.version = versions.get(sitting.pk, 0) + 1
        results.append(result)
        seats += _seats(result, marked)
        counts = {domain.pk: len(right.intersection(numbers)) for domain, numbers in paper.domains.items()}
        domains += its_domains(result, paper, counts)
    Result.objects.bulk_create(results)
    SeatResult.objects.bulk_create(seats)
    DomainResult.objects.bulk_create(domains)
    return results


def seen_before(chosen: Sequence[Sitting]) -> dict[uuid.UUID, set[int]]:
    """Sitting -> questions that earlier real sittings showed to the same person, whatever the exam. Two statements."""
    people = {sitting.user_id for sitting in chosen}
    sat: dict[int, list[tuple[int, dt.datetime]]] = defaultdict(list)
    for user, form, started_at in (
        Sitting.objects.real().filter(user__in=people).order_by().values_list("user_id", "form_id", "started_at")
    ):
        sat[user].append((form, started_at))
    earlier = {
        sitting.pk: {form for form, started_at in sat[sitting.user_id] if started_at < sitting.started_at}
        for sitting in chosen
    }
    shown: dict[int, set[int]] = defaultdict(set)
    rows = Seat.objects.filter(form__in=set().union(*earlier.values())).order_by()
    for form, question in rows.values_list("form_id", "revision__question_id"):
        shown[form].add(question)
    return {sitting: set().union(*(shown[form] for form in forms)) for sitting, forms in earlier.items()}


def a_result(sitting: Sitting, paper: Paper, *, raw: int, seen: int, now: dt.datetime) -> Result:
    """What so many right answers are worth by the paper's table; `seen` of the scored questions were met before."""
    row = paper.rows[raw]
    low, high = paper.likely_range(raw)
    return Result(
        sitting=sitting,
        table=paper.table,
        created_at=now,
        raw=raw,
        maximum_raw=paper.table.maximum_raw,
        equated=row.equated,
        scaled=row.scaled,
        passed=row.passed,
        provisional=paper.table.provisional,
        likely_low=low,
        likely_high=high,
        chance_of_passing=None if seen > MOST_SEEN_BEFORE else paper.chance_of_passing(raw),
        seen_before=seen,
    )


def _seats(result: Result, marked: Sequence[Marked]) -> list[SeatResult]:
    return [
        SeatResult(
            result=result,
            seat=seat.seat.number,
            task=seat.seat.task,
            scored=seat.scored,
            correct=seat.correct,
            answered=seat.answered,
            spent_ms=seat.spent_ms,
            seen_before=seat.seen_before,
        )
        for seat in marked
    ]


def its_domains(result: Result, paper: Paper, counts: Mapping[int, int]) -> list[DomainResult]:
    """The result by domain; `counts` holds the right answers of each domain id."""
    rows = []
    for domain, numbers in paper.domains.items():
        level = paper.level(domain, counts[domain.pk])
        rows.append(
            DomainResult(
                result=result,
                domain=domain,
                correct=counts[domain.pk],
                scored=len(numbers),
                expected=level.expected,
                meets=level.meets,
                too_close=level.too_close,
            )
        )
    return rows
