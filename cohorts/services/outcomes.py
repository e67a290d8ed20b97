"""Rollups: one Outcome for each attempt with a current result, made and replaced by the set.

Every page of results calls `catch_up` for its own cohort before it reads, so it never shows what no longer holds; the
task does the same for all cohorts, so that pages find little to do. Results are immutable and a changed one is a new
version with a new id; therefore an Outcome is right exactly when it names its sitting's current result.
"""

from __future__ import annotations

from django.db import connection

from cohorts.models import Cohort

BATCH = 2_000  # attempts rolled up by one statement

# Attempts whose outcome names another result than the one that counts now: a missing one for a new result, none for one
# that holds no longer.
CHANGED = """
    SELECT a.id
    FROM cohorts_attempt a
    JOIN cohorts_assignment g ON g.id = a.assignment_id
    JOIN exams_sitting s ON s.id = a.sitting_id
    LEFT JOIN scoring_result r ON r.sitting_id = s.id AND r.current
    LEFT JOIN cohorts_outcome o ON o.attempt_id = a.id
    WHERE o.result_id IS DISTINCT FROM CASE WHEN a.void_at IS NULL AND NOT s.void AND s.state = 'closed' THEN r.id END
"""
OF_COHORT = " AND g.cohort_id = %(cohort)s"
FIRST = " LIMIT %(limit)s"

# Looks again at what `CHANGED` found: somebody else may have been at it.
REPLACE = """
    WITH due AS (
        SELECT a.id AS attempt_id, a.assignment_id, g.cohort_id, a.user_id, a.number, s.id AS sitting_id, s.form_id,
               s.simulated, s.started_at, s.ended_at,
               greatest(0, round(extract(epoch FROM s.ended_at - s.started_at)) - s.paused_seconds)::int AS used,
               r.id AS result_id, r.table_id, r.raw, r.maximum_raw, r.equated, r.scaled, r.passed, r.provisional,
               r.likely_low, r.likely_high, r.chance_of_passing, r.seen_before
        FROM cohorts_attempt a
        JOIN cohorts_assignment g ON g.id = a.assignment_id
        JOIN exams_sitting s ON s.id = a.sitting_id
        JOIN scoring_result r ON r.sitting_id = s.id AND r.current
        WHERE a.id = ANY(%(changed)s) AND a.void_at IS NULL AND NOT s.void AND s.state = 'closed'
    ), gone AS (
        DELETE FROM cohorts_outcome o USING cohorts_attempt a, exams_sitting s
        WHERE o.attempt_id = ANY(%(changed)s) AND a.id = o.attempt_id AND s.id = a.sitting_id
              AND (a.void_at IS NOT NULL OR s.void OR s.state <> 'closed' OR NOT EXISTS (
                  SELECT FROM scoring_result r WHERE r.sitting_id = s.id AND r.current))
        RETURNING 1
    ), made AS (
        INSERT INTO cohorts_outcome (
            attempt_id, assignment_id, cohort_id, user_id, number, sitting_id, form_id, simulated, started_at,
            ended_at, used_seconds, result_id, table_id, raw, maximum_raw, equated, scaled, passed, provisional,
            likely_low, likely_high, chance_of_passing, seen_before, domains, tasks, seats)
        SELECT due.*, coalesce(domains.packed, ''), coalesce(tasks.packed, ''), coalesce(seats.packed, '')
        FROM due
        LEFT JOIN LATERAL (
            SELECT string_agg(int4send(d.domain_id::int) || int2send(d.correct::smallint)
                              || int2send(d.scored::smallint) || float8send(d.expected), '' ORDER BY n.number) AS packed
            FROM scoring_domainresult d JOIN questions_domain n ON n.id = d.domain_id
            WHERE d.result_id = due.result_id
        ) domains ON TRUE
        LEFT JOIN LATERAL (
            SELECT string_agg(int4send(task_id::int) || int2send(correct) || int2send(scored), '' ORDER BY task_id)
                       AS packed
            FROM (
                SELECT task_id, count(*) FILTER (WHERE correct)::smallint AS correct, count(*)::smallint AS scored
                FROM scoring_seatresult WHERE result_id = due.result_id AND scored GROUP BY task_id
            ) counted
        ) tasks ON TRUE
        LEFT JOIN LATERAL (
            SELECT string_agg(
                int2send((x.correct::int + 2 * x.answered::int + 4 * coalesce(w.flagged, FALSE)::int
                          + 8 * x.scored::int + 16 * x.seen_before::int)::smallint)
                || int4send(x.spent_ms) || int8send(coalesce(g.given, 0)), '' ORDER BY x.seat) AS packed
            FROM scoring_seatresult x
            JOIN exams_seat p ON p.form_id = due.form_id AND p.number = x.seat
            LEFT JOIN exams_answer w ON w.sitting_id = due.sitting_id AND w.seat = x.seat
            LEFT JOIN LATERAL (
                SELECT sum(option << (4 * (place - 1))::int)::bigint AS given
                FROM (
                    SELECT option, row_number() OVER (
                               ORDER BY CASE WHEN p.kind = 'multiple_response' THEN option ELSE place END) AS place
                    FROM (
                        SELECT p.options[array_position(p.tokens, token)]::bigint AS option, place
                        FROM unnest(w.response) WITH ORDINALITY AS listed (token, place)
                    ) named
                ) placed
            ) g ON x.answered
            WHERE x.result_id = due.result_id
        ) seats ON TRUE
        ON CONFLICT (attempt_id) DO UPDATE SET
            number = excluded.number, ended_at = excluded.ended_at, used_seconds = excluded.used_seconds,
            result_id = excluded.result_id, table_id = excluded.table_id, raw = excluded.raw,
            maximum_raw = excluded.maximum_raw, equated = excluded.equated, scaled = excluded.scaled,
            passed = excluded.passed, provisional = excluded.provisional, likely_low = excluded.likely_low,
            likely_high = excluded.likely_high, chance_of_passing = excluded.chance_of_passing,
            seen_before = excluded.seen_before,
            domains = excluded.domains, tasks = excluded.tasks, seats = excluded.seats
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM made) + (SELECT count(*) FROM gone)
"""


def catch_up(*, cohort: Cohort | None = None, limit: int = BATCH) -> int:
    """Make what is missing, replace what no longer holds, and take away what does not count any more.

    For one cohort or, without one, for all. Returns how many rows changed; what is beyond `limit` waits for the next
    call. One statement when nothing is due, otherwise two. Safe beside itself.
    """
    given = {"cohort": cohort.pk if cohort else None, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(f"{CHANGED}{OF_COHORT if cohort else ''}{FIRST}", given)
        changed = [attempt for (attempt,) in cursor.fetchall()]
        if not changed:
            return 0
        cursor.execute(REPLACE, {"changed": changed})
        (rows,) = cursor.fetchone()
    return int(rows)
