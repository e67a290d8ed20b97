"""New versions of tables and results, written by the batch: a regrade carried out."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import OuterRef, Subquery

from exams.models import Answer
from exams.services import tables
from scoring.making import a_result, its_domains
from scoring.marking import Paper
from scoring.models import DomainResult, Regrade, Result, SeatResult
from scoring.variants import Change

BATCH = 1_000  # results that are written together

# Every seat of a result but one is as it was; so they are copied where they lie, 65 at a time.
COPY_SEATS = """
    INSERT INTO scoring_seatresult (result_id, seat, task_id, scored, correct, answered, spent_ms, seen_before)
    SELECT after.id, s.seat, s.task_id,
           CASE WHEN s.seat = %(seat)s THEN %(counts)s ELSE s.scored END,
           CASE WHEN s.seat = %(seat)s THEN after.sitting_id = ANY(%(right)s) ELSE s.correct END,
           s.answered, s.spent_ms, s.seen_before
    FROM scoring_result former
    JOIN scoring_result after ON after.sitting_id = former.sitting_id AND after.version = former.version + 1
    JOIN scoring_seatresult s ON s.result_id = former.id
    WHERE former.id = ANY(%(former)s)
    ORDER BY after.id, s.seat
"""


def write(changed: Sequence[Change], regrade: Regrade, now: dt.datetime) -> None:
    """Store the new versions of the tables, and by them a new version of every result, moved or not."""
    regrade.tables.add(*tables.store([change.variant for change in changed]))
    for change in changed:
        issued = Result.objects.current().filter(table=change.base)
        ids = list(issued.order_by("sitting").values_list("pk", flat=True))
        if ids:
            paper = Paper(change.form, change.table)
            for start in range(0, len(ids), BATCH):
                _rewrite(change, paper, ids[start : start + BATCH], regrade, now)


def _rewrite(change: Change, paper: Paper, ids: Sequence[int], regrade: Regrade, now: dt.datetime) -> None:
    """The same results by the new table. What had been seen before stays as it was found when they were issued."""
    seat = change.seat
    here = SeatResult.objects.filter(result=OuterRef("pk"), seat=seat.number)
    given = Answer.objects.filter(sitting=OuterRef("sitting_id"), seat=seat.number)
    formers = Result.objects.filter(pk__in=ids).select_related("sitting").in_bulk()
    at_the_seat = (
        Result.objects.filter(pk__in=ids)
        .annotate(was=Subquery(here.values("correct")), met=Subquery(here.values("seen_before")))
        .annotate(given=Subquery(given.values("response")))
        .order_by("sitting")
        .values_list("pk", "was", "met", "given")
    )
    counts: dict[int, dict[int, int]] = defaultdict(dict)
    by_domain = DomainResult.objects.filter(result__in=ids)
    for pk, domain, correct in by_domain.values_list("result_id", "domain_id", "correct"):
        counts[pk][domain] = correct
    results, domains, right_in = [], [], []
    for pk, was, met, response in at_the_seat:
        former, right = formers[pk], paper.judge(seat, tuple(response or ()))[1]
        points = change.points(was=was, right=right)
        if seat.scored:
            counts[pk][change.domains[seat.number]] += points
        seen = former.seen_before + met * (change.counts(change.table) - change.counts(change.base))
        result = a_result(former.sitting, paper, raw=former.raw + points, seen=seen, now=now)
        result.version, result.regrade = former.version + 1, regrade
        results.append(result)
        domains += its_domains(result, paper, counts[pk])
        if right:
            right_in.append(former.sitting_id)
    Result.objects.filter(pk__in=ids).update(current=False)
    Result.objects.bulk_create(results)
    DomainResult.objects.bulk_create(domains)
    values: dict[str, Any] = {
        "seat": seat.number, "counts": change.counts(change.table), "right": right_in, "former": list(ids)
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(COPY_SEATS, values)
