"""What all candidates of an exam reach: their first sittings, real, closed and not void. Never a repeat.

A first sitting is the person's earliest that is closed, real and not void. The row is made again when results have
been added, regraded or taken away since, at most every `PAUSE` once there are many.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.db import connection, transaction

from cohorts.models import Norms
from operations import services as operations
from questions.models import Exam

QUANTILES = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
PAUSE = dt.timedelta(minutes=10)
MANY = 2_000  # candidates from which on an exam's norms are made again only after a pause

COUNTED = """
    SELECT s.user_id, s.started_at, r.id, r.scaled, r.passed
    FROM exams_sitting s JOIN scoring_result r ON r.sitting_id = s.id AND r.current
    LEFT JOIN cohorts_attempt a ON a.sitting_id = s.id
    WHERE s.exam_id = %(exam)s AND s.state = 'closed' AND NOT s.simulated AND NOT s.void AND a.void_at IS NULL
"""
STATE = f"SELECT count(*), coalesce(max(id), 0) FROM ({COUNTED}) counted"  # noqa: S608
FIRSTS = f"""
    CREATE TEMPORARY TABLE firsts ON COMMIT DROP AS
    SELECT DISTINCT ON (user_id) id, scaled, passed FROM ({COUNTED}) counted ORDER BY user_id, started_at
"""  # noqa: S608
SCORES = """
    SELECT count(*), avg(scaled)::float8, stddev_samp(scaled)::float8, count(*) FILTER (WHERE passed),
           percentile_disc(%(quantiles)s::float8[]) WITHIN GROUP (ORDER BY scaled)
    FROM firsts
"""
DOMAINS = """
    SELECT coalesce(jsonb_object_agg(domain_id, jsonb_build_array(correct, scored)), '{}') FROM (
        SELECT d.domain_id, sum(d.correct) AS correct, sum(d.scored) AS scored
        FROM firsts JOIN scoring_domainresult d ON d.result_id = firsts.id GROUP BY d.domain_id
    ) summed
"""
TASKS = """
    SELECT coalesce(jsonb_object_agg(task_id, jsonb_build_array(correct, scored)), '{}') FROM (
        SELECT t.task_id, count(*) FILTER (WHERE t.correct) AS correct, count(*) AS scored
        FROM firsts JOIN scoring_seatresult t ON t.result_id = firsts.id WHERE t.scored GROUP BY t.task_id
    ) summed
"""


def refresh(*, exam: Exam, now: dt.datetime) -> bool:
    """Make the exam's norms again if they are stale and may be; returns whether they were made. Two statements when
    nothing has changed."""
    known = Norms.objects.filter(exam=exam).first()
    with transaction.atomic(), connection.cursor() as cursor:
        given: dict[str, Any] = {"exam": exam.pk, "quantiles": list(QUANTILES)}
        cursor.execute(STATE, given)
        results, newest = cursor.fetchone()
        if known and (known.results, known.newest) == (results, newest):
            return False
        if known and known.n >= MANY and now - known.computed_at < PAUSE:
            return False
        cursor.execute(FIRSTS, given)
        cursor.execute(SCORES, given)
        n, mean, sd, passed, quantiles = cursor.fetchone()
        sums = []
        for statement in (DOMAINS, TASKS):
            cursor.execute(statement)
            (found,) = cursor.fetchone()
            sums.append(json.loads(found) if isinstance(found, str) else found)
        Norms.objects.update_or_create(
            exam=exam,
            defaults={
                "n": n,
                "mean": mean,
                "sd": sd,
                "passed": passed,
                "quantiles": quantiles or [],
                "domains": sums[0],
                "tasks": sums[1],
                "results": results,
                "newest": newest,
                "computed_at": now,
            },
        )
        cursor.execute("DROP TABLE firsts")  # for the next exam in the same transaction, if there is one
    return True


def refresh_all(*, now: dt.datetime) -> int:
    """Those of every exam that some cohort prepares for; returns how many were made."""
    made = 0
    for exam in Exam.objects.filter(cohorts__isnull=False).distinct():
        with operations.contained(task="cohorts.tasks.refresh_norms", arguments=[exam.pk]):
            made += refresh(exam=exam, now=now)
    return made
