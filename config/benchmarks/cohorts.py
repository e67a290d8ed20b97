"""How fast a cohort's pages of results answer, measured in a database of its own that is dropped afterwards.

Simulated sittings are copied with answers and results until there are so many, each by a person of their own or, for
every fifth, by one who sits again; the people are put into cohorts of a thousand. What is measured is one cohort
among all of them. Every request goes through the whole application, from the session to the HTML.
"""

from __future__ import annotations

import gc
import statistics
import time
from io import StringIO

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.models import User
from accounts.roles import Role
from cohorts.models import Cohort, Instructor, Outcome
from cohorts.services import norms, outcomes
from config import memory
from config.benchmarks.meaning import Figures, compare
from config.benchmarks.rescoring import FORMS, ORIGINALS, multiply, scratch_database
from exams.models import Form, Sitting
from exams.services import pool, simulation
from psychometrics.simulation import JUDGING
from questions.models import Exam
from scoring import services as scoring

PROMISED = 300  # milliseconds at the 95th percentile
CLASS = 1_000
ONCE = 0.8  # people for each sitting: every fifth sitting is somebody's second
ROUNDS = 20

Times = dict[tuple[str, str], list[float]]

# URL name -> queries: what instructors do, the dearest things among it.
REQUESTS = (
    ("cohort_results", ""), ("cohort_results", "sort=name&page=5"), ("cohort_results", "counts=best&sort=-3"),
    ("cohort_results", "domain=1"), ("cohort_results", "domain=2&sort=-1&page=10"),
    ("cohort_results", "since=2020-01-01&until=2099-12-31&counts=first"), ("cohort_scores_chart", ""),
    ("cohort_teach", ""), ("cohort_teach", "counts=first"), ("cohort_teach_chart", ""), ("cohort_items", ""),
    ("cohort_items", "page=3"), ("cohort_item", ""),
)  # fmt: skip

# Sittings in their order, `people` of them at most a round: person n of a round is the same in every round.
PEOPLE = """
    CREATE TEMPORARY TABLE placed AS
        SELECT id AS sitting_id, (n - 1) %% %(people)s AS person, (n - 1) / %(people)s AS round
        FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM exams_sitting) numbered;
    INSERT INTO accounts_user (password, is_superuser, email, display_name, time_zone, is_staff, is_active, date_joined)
        SELECT '!', false, 'bench-' || n || '@example.invalid', 'Bench Person ' || n, 'UTC', false, true, now()
        FROM generate_series(0, %(people)s - 1) n;
    CREATE TEMPORARY TABLE persons AS
        SELECT id AS user_id, substr(email, 7, position('@' IN email) - 7)::int AS person,
               substr(email, 7, position('@' IN email) - 7)::int / %(class)s AS class
        FROM accounts_user WHERE email LIKE 'bench-%%@example.invalid';
    UPDATE exams_sitting s SET user_id = persons.user_id, simulated = false, assigned = true,
           started_at = started_at + round * interval '1 hour', ended_at = ended_at + round * interval '1 hour',
           deadline = deadline + round * interval '1 hour'
        FROM placed JOIN persons USING (person) WHERE placed.sitting_id = s.id;
    INSERT INTO cohorts_cohort (id, name, exam_id, created_at, join_code, joining_open)
        SELECT gen_random_uuid(), 'Class ' || class, %(exam)s, now(), 'BENCH' || class, true
        FROM (SELECT DISTINCT class FROM persons) classes;
    CREATE TEMPORARY TABLE classes AS
        SELECT id AS cohort_id, substr(name, 7)::int AS class FROM cohorts_cohort;
    INSERT INTO cohorts_membership (cohort_id, user_id, joined_at)
        SELECT cohort_id, user_id, now() FROM persons JOIN classes USING (class);
    INSERT INTO cohorts_assignment (id, cohort_id, title, form_rule, opens_at, start_by, end_by, attempts,
                                    extra_minutes, grace_seconds, results, review, created_at)
        SELECT gen_random_uuid(), cohort_id, 'Mock exam ' || round, 'pool', now() - interval '90 days',
               now() - interval '2 days', now() - interval '1 day', 1, 0, 120, 'at_once', 'at_end', now()
        FROM classes CROSS JOIN (SELECT DISTINCT round FROM placed) rounds;
    INSERT INTO cohorts_attempt (assignment_id, user_id, number, sitting_id, void_reason)
        SELECT g.id, persons.user_id, 1, placed.sitting_id, ''
        FROM placed JOIN persons USING (person) JOIN classes USING (class)
        JOIN cohorts_assignment g ON g.cohort_id = classes.cohort_id AND g.title = 'Mock exam ' || placed.round
"""


def measure(code: str, sittings: int) -> Figures:
    """Ask for every page of one cohort so often, in turns, and tell how long the answers took."""
    with scratch_database():
        start = time.perf_counter()
        exam = _exam_with_sittings(code, sittings)
        building = time.perf_counter() - start
        start = time.perf_counter()
        while outcomes.catch_up():
            pass
        rolling = time.perf_counter() - start
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")
        start = time.perf_counter()
        norms.refresh(exam=exam, now=timezone.now())
        norming = time.perf_counter() - start
        cohort = Cohort.objects.get(name="Class 0")
        start = time.perf_counter()
        outcomes.catch_up()
        idle = time.perf_counter() - start
        members = cohort.memberships.count()
        memory.settle()  # as a web process does
        milliseconds, processor, statements = _ask(cohort)
        # A class that has just finished: everything of it is due when its page is asked for.
        Outcome.objects.filter(cohort=cohort).delete()
        start = time.perf_counter()
        made = outcomes.catch_up(cohort=cohort)
        due = time.perf_counter() - start
        stored = Sitting.objects.count()
    every = sorted(one for found in milliseconds.values() for one in found)
    worst = max(_percentile(found) for found in milliseconds.values())
    return {
        "finished sittings": stored,
        "members of the cohort": members,
        "requests": len(every),
        **{
            f"{name}?{query}: median, p95 ms (busy); statements": (
                f"{statistics.median(found):.0f}, {_percentile(found):.0f} "
                f"({statistics.median(processor[name, query]):.0f}); {statements[name, query]}"
            )
            for (name, query), found in milliseconds.items()
        },
        "outcomes made per second": round(stored / rolling),
        f"{made} due at once, one page's catching up: ms": round(1000 * due),
        "nothing due anywhere, the task: ms": round(1000 * idle),
        "norms of all: seconds": round(norming, 1),
        "building the database: seconds": round(building),
        **compare([("95th percentile of the slowest page: ms", PROMISED, [worst])]),
    }


def _exam_with_sittings(code: str, sittings: int) -> Exam:
    """The exam's pack, forms, and so many sittings of as many people as there should be, in cohorts."""
    now = timezone.now()
    originals = min(sittings, ORIGINALS)
    call_command("load_pack", stdout=StringIO(), skip_checks=True)
    exam = Exam.objects.filter(code=code).first()
    if exam is None:
        raise CommandError(f"The packs that come with Cutscore hold no {code}, which cohorts are measured with.")
    pool.assemble(exam=exam, forms=FORMS, seed=1)
    made = simulation.simulate(
        exam=exam, candidates=originals, mean=0.0, sd=1.0, seed=1, judging=JUDGING, now=now, progress=None
    )
    scoring.score_all(sitting_ids=made.sitting_ids, now=now)
    multiply(-(-sittings // originals) - 1)
    people = max(1, round(ONCE * Sitting.objects.count()))
    with connection.cursor() as cursor:
        for statement in PEOPLE.split(";\n"):
            cursor.execute(statement, {"people": people, "class": CLASS, "exam": exam.pk})
        cursor.execute("VACUUM (ANALYZE)")
    return exam


def _ask(cohort: Cohort) -> tuple[Times, Times, dict[tuple[str, str], int]]:
    """By what was asked: milliseconds of every answer, those that this process was busy, and one's statements."""
    instructor = User.objects.create_user("instructor@example.invalid")
    services.grant_role(user=instructor, role=Role.INSTRUCTOR)
    Instructor.objects.create(cohort=cohort, user=instructor, owner=True, added_at=timezone.now())
    host = next((name for name in settings.ALLOWED_HOSTS if name.strip(".*")), "localhost")
    client = Client(SERVER_NAME=host.strip(".*"))
    client.force_login(instructor)
    form = Form.objects.filter(exam=cohort.exam, sittings__isnull=False).order_by("pk")[0]
    revision = form.seats.order_by("number")[0].revision_id
    milliseconds: Times = {}
    processor: Times = {}
    statements = {}
    # What building has left behind would be gone through again and again; a process that serves has none of it.
    gc.collect()
    gc.freeze()
    for number in range(ROUNDS + 1):
        for name, query in REQUESTS:
            parts = [cohort.pk, revision] if name == "cohort_item" else [cohort.pk]
            address = f"{reverse(name, args=parts)}?{query}"
            if number == 0:  # nobody waits for the first page of a process, and counting costs time
                with CaptureQueriesContext(connection) as queries:
                    client.get(address, secure=True)
                statements[name, query] = len(queries)
                continue
            start, busy = time.perf_counter(), time.process_time()
            answer = client.get(address, secure=True)
            milliseconds.setdefault((name, query), []).append(1000 * (time.perf_counter() - start))
            processor.setdefault((name, query), []).append(1000 * (time.process_time() - busy))
            if answer.status_code != 200:
                raise AssertionError(f"{address} answered {answer.status_code}.")
    return milliseconds, processor, statements


def _percentile(values: list[float], share: float = 0.95) -> float:
    return sorted(values)[int(share * (len(values) - 1))]
