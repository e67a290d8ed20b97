"""How fast the studio's list of questions answers, measured in a database of its own that is dropped afterwards.

The bank holds the packs that come with Cutscore, copied until there are so many questions; a tenth are drafts of
several authors, and a calibration run has measured every published one. Every request goes through the whole
application, from the session to the HTML.
"""

from __future__ import annotations

import itertools
import statistics
import time
from io import StringIO

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.models import User
from accounts.roles import Role
from config import memory
from config.benchmarks.meaning import Figures, compare
from config.benchmarks.rescoring import scratch_database
from questions import search
from questions.models import Exam, Question
from scoring.models import CalibrationRun

PROMISED = 150  # milliseconds at the 95th percentile
QUESTIONS = 10_000
AUTHORS = 5

# What authors do all day, the dearest things among it: words that are in most questions, and the last page.
REQUESTS = (
    "", "page=200", "sort=-newest", "sort=-difficulty&page=100", "q=m", "q=mo", "q=model", "q=model+train",
    "q=the+a+data+model", "q=drift+embed", "q=endpoint+auto+scal", "q=mla-1", "q=1.2-0", "q=bench-0042", "q=a&sort=id",
    "exam=MLA-C01", "exam=MLA-C01&domain=D1&kind=multiple_choice", "exam=MLS-C01&task=1.1&q=stream", "state=draft",
    "kind=case_study", "health=alarms&sort=facility", "status=calibrated&low=0.4&high=0.6", "rating=none",
    "review=mine", "state=draft&author=1", "q=xyzzy", "q=%21%3A%2A%26%7C%27%22", "q=model&page=100",
)  # fmt: skip

COPY = """
    INSERT INTO questions_question (public_id, created_at, scenario_id, tags, notes, from_studio)
        SELECT format('bench-%%s', lpad(n::text, 6, '0')), now() - n * interval '1 minute', source.scenario_id,
               CASE WHEN n %% 4 = 0 THEN ARRAY['tag-' || n %% 40] ELSE '{}' END, '', false
        FROM generate_series(1, %(more)s) AS n
        JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place FROM questions_question) source
            ON source.place = n %% %(sources)s;
    CREATE TEMPORARY TABLE made AS
        SELECT q.id AS question, source.id AS source, substr(q.public_id, 7)::int AS n
        FROM questions_question q
        JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place FROM questions_question
              WHERE public_id NOT LIKE 'bench-%%') source
            ON source.place = substr(q.public_id, 7)::int %% %(sources)s
        WHERE q.public_id LIKE 'bench-%%';
    INSERT INTO questions_revision
            (question_id, number, state, kind, scenario_revision_id, stem, stem_html, digest, created_at, published_at,
             author_id, lock_version, acknowledged, own_review)
        SELECT question, 1, 'draft', kind, scenario_revision_id, stem,
               stem_html, digest, now() - n * interval '1 minute', NULL,
               CASE WHEN n %% 3 = 0 THEN %(author)s + n / 3 %% %(authors)s END, 0, '[]', false
        FROM made JOIN questions_revision r ON r.question_id = made.source;
    CREATE TEMPORARY TABLE worded AS
        SELECT new.id AS revision, old.id AS source, n FROM made
        JOIN questions_revision new ON new.question_id = made.question
        JOIN questions_revision old ON old.question_id = made.source;
    INSERT INTO questions_option (revision_id, number, text, html, rationale, rationale_html, correct, position)
        SELECT worded.revision, number, text, html, rationale, rationale_html, correct, position
        FROM worded JOIN questions_option o ON o.revision_id = worded.source;
    UPDATE questions_revision SET state = 'published', published_at = now()
        FROM worded WHERE id = worded.revision AND n %% 10 <> 0;
    INSERT INTO questions_placement (question_id, exam_id, task_id)
        SELECT question, exam_id, task_id FROM made JOIN questions_placement p ON p.question_id = made.source;
    INSERT INTO questions_standing
            (revision_id, exam_id, status, rating, discrimination, intercept, first_exposures)
        SELECT worded.revision, exam_id,
               CASE WHEN n %% 10 = 0 THEN 'pretest' WHEN n %% 2 = 0 THEN 'calibrated' ELSE status END,
               CASE WHEN n %% 10 <> 0 THEN rating END, 1 + n %% 7 / 10.0, n %% 11 / 4.0 - 1, n %% 900
        FROM worded JOIN questions_standing s ON s.revision_id = worded.source;
    INSERT INTO scoring_runitem
            (run_id, revision_id, rung, n, facility, connected, anchor, options, curve, obstacles, alarms)
        SELECT run.id, r.id, 'own', 500, 0.3 + r.id %% 61 / 100.0, true, false,
               (SELECT jsonb_agg(jsonb_build_object(
                   'label', o, 'n', 125, 'share', 0.25, 'thirds', '[0.2, 0.25, 0.3]'::jsonb, 'correlation', 0.1
                )) FROM generate_series(1, 4) o),
               '[[-1.5, 70, 0.2], [0, 300, 0.5], [1.5, 130, 0.8]]',
               CASE WHEN r.id %% 5 = 0 THEN ARRAY['120 first exposures, 200 needed'] ELSE '{}' END,
               CASE WHEN r.id %% 20 = 0 THEN ARRAY['item-rest correlation 0.02, below 0.05'] ELSE '{}' END
        FROM scoring_calibrationrun run JOIN questions_placement p ON p.exam_id = run.exam_id
        JOIN questions_revision r ON r.question_id = p.question_id AND r.state = 'published';
"""


def measure(rounds: int, questions: int = QUESTIONS) -> Figures:
    """Ask for every kind of page so often, in turns, and tell how long the answers took."""
    with scratch_database():
        client, writing = bank_of(questions)
        page, part = reverse("studio_questions"), {"HX-Request": "true"}
        for query in REQUESTS:  # nobody waits for the first page of a process
            client.get(f"{page}?{query}", secure=True)
        memory.settle()  # as a web process does
        seconds: dict[str, list[float]] = {}
        for query, headers in itertools.product(REQUESTS * rounds, ({}, part)):
            start = time.perf_counter()
            answer = client.get(f"{page}?{query}", headers=headers, secure=True)
            seconds.setdefault(query, []).append(1000 * (time.perf_counter() - start))
            if answer.status_code != 200:
                raise AssertionError(f"?{query} answered {answer.status_code}.")
        listed = Question.objects.count()
    every = sorted(itertools.chain.from_iterable(seconds.values()))
    slowest = max(seconds, key=lambda query: statistics.median(seconds[query]))
    return {
        "questions": listed,
        "requests": len(every),
        "median: ms": round(statistics.median(every)),
        **compare([("95th percentile: ms", PROMISED, [every[int(0.95 * (len(every) - 1))]])]),
        "slowest of all: ms": round(every[-1]),
        f"slowest kind, median: ms (?{slowest})": round(statistics.median(seconds[slowest])),
        "reading the words of all questions: seconds": round(writing, 1),
    }


def bank_of(questions: int) -> tuple[Client, float]:
    """An author's browser before a bank of so many questions, and the seconds that reading all words took."""
    call_command("load_pack", stdout=StringIO(), skip_checks=True)
    authors = [User.objects.create_user(f"author-{number}@example.invalid") for number in range(AUTHORS)]
    services.grant_role(user=authors[0], role=Role.AUTHOR)
    now = timezone.now()
    for exam in Exam.objects.all():
        CalibrationRun.objects.create(
            exam=exam, number=1, created_at=now, data_until=now, digest="0" * 64, sittings=900, answers=58_500,
            alpha=0, beta=1, tau=0.4, slope=1, population_mean=0, population_sd=1, cut=30, log_likelihood=-1,
            converged=True, iterations=50,
        )  # fmt: skip
    known = Question.objects.count()
    given = {"more": max(0, questions - known), "sources": known, "author": authors[0].pk, "authors": AUTHORS}
    with connection.cursor() as cursor:
        for statement in COPY.split(";\n"):
            if statement.strip():
                cursor.execute(statement, given)
        start = time.perf_counter()
        cursor.execute("SELECT id FROM questions_revision")
        search.refresh(revision_ids=[pk for (pk,) in cursor.fetchall()])
        writing = time.perf_counter() - start
        cursor.execute("VACUUM (ANALYZE)")
    host = next((name for name in settings.ALLOWED_HOSTS if name.strip(".*")), "localhost")
    client = Client(SERVER_NAME=host.strip(".*"))
    client.force_login(authors[0])
    return client, writing
