"""The statements behind the list of questions: which rows a filter leaves, and how many every other choice would.

One statement reads every row that the search leaves once, notes in a bit mask which filters it fails, and counts from
there: a choice of a filter counts the rows that fail at most that filter. So facets cost one pass over a table in
memory each, however many filters there are.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts.models import User
from questions import search
from questions.kinds import CASE_STUDY
from scoring.reports.studio_wanted import Wanted

ON_A_PAGE = 50

FILTERS = ("exam", "domain", "task", "kind", "state", "author", "status", "health", "rating", "tag")
BITS = {name: 1 << place for place, name in enumerate(FILTERS)}

# What is in work or in force. A superseded wording is history; a retired one counts unless a newer wording stands.
LISTED = """
    (r.state IN ('draft', 'in_review', 'published') OR r.state = 'retired' AND NOT EXISTS (
        SELECT FROM questions_revision newer WHERE newer.question_id = r.question_id AND newer.number > r.number))
"""

# `base`: a row for each listed revision and each exam that its question is placed in; one without an exam if it is in
# none. `best`: of each revision the row that fails least. Rows of a revision differ only in what belongs to an exam, so
# that row passes whenever any of them does.
# Difficulty: b of the calibrated, and of the others what the model starts from, a = 1 and d = logit(rating).
BASE = """
    WITH run AS (
        SELECT DISTINCT ON (exam_id) exam_id, id FROM scoring_calibrationrun
        WHERE NOT includes_simulated ORDER BY exam_id, number DESC
    ), hits AS MATERIALIZED (
        {hits}
    ), base AS MATERIALIZED (
        SELECT e.*, {failed} AS failed FROM (
            SELECT r.id AS revision, r.number, r.kind, r.state, r.created_at, coalesce(r.author_id, 0) AS author,
                   q.public_id, q.scenario_id IS NOT NULL AS in_case, q.tags,
                   p.exam_id AS exam, t.domain_id AS domain, p.task_id AS task, s.status, s.rating, i.facility,
                   CASE WHEN s.status = 'calibrated' THEN -s.intercept / s.discrimination
                        WHEN s.rating IS NOT NULL THEN ln(1 / s.rating::float8 - 1) END AS difficulty,
                   CASE WHEN i.id IS NULL THEN 'none' WHEN cardinality(i.alarms) > 0 THEN 'alarms'
                        WHEN cardinality(i.obstacles) > 0 THEN 'obstacles' ELSE 'clear' END AS health,
                   {rank} AS rank
            FROM questions_revision r
            JOIN questions_question q ON q.id = r.question_id
            LEFT JOIN hits ON hits.revision_id = r.id
            LEFT JOIN questions_placement p ON p.question_id = q.id
            LEFT JOIN questions_task t ON t.id = p.task_id
            LEFT JOIN questions_standing s ON s.revision_id = r.id AND s.exam_id = p.exam_id
            LEFT JOIN run ON run.exam_id = p.exam_id
            LEFT JOIN scoring_runitem i ON i.run_id = run.id AND i.revision_id = r.id
            WHERE {listed} AND {searched} AND {reviewed}
        ) e
    ), best AS MATERIALIZED (
        SELECT DISTINCT ON (revision) * FROM base ORDER BY revision, failed, exam
    ), found AS (
        SELECT * FROM best WHERE failed = 0
    )
"""

# What somebody was named for and has not decided yet.
REVIEWED = "r.state = 'in_review' AND r.reviewer_id = %(me)s AND r.approval_id IS NULL"

CONDITIONS = {
    "exam": "e.exam = %(exam)s",
    "domain": "e.domain = %(domain)s",
    "task": "e.task = %(task)s",
    "kind": "e.kind = %(kind)s",
    "state": "e.state = %(state)s",
    "author": "e.author = %(author)s",
    "status": "e.status = %(status)s",
    "health": "e.health = %(health)s",
    "tag": "%(tag)s = ANY(e.tags)",
}

# Name -> where it is counted, the column, and the filters that its choices replace. `base` has a revision at most once
# for each exam, domain and task; it may have it twice for a status, so that those are told apart first.
EACH = "(SELECT DISTINCT revision, {0}, 0 AS failed FROM base WHERE failed & {1} = 0)"
FACETS = {
    "exam": ("base", "exam", ("exam", "domain", "task")),
    "domain": ("base", "domain", ("domain", "task")),
    "task": ("base", "task", ("task",)),
    "kind": ("best", "kind", ("kind",)),
    "state": ("best", "state", ("state",)),
    "author": ("best", "author", ("author",)),
    "status": (EACH, "status", ("status",)),
    "health": (EACH, "health", ("health",)),
    "tag": ("(SELECT unnest(tags) AS tag, failed FROM best)", "tag", ("tag",)),
}
OF_AN_EXAM = ("domain", "task")  # offered, and so counted, once an exam is chosen

ORDERS = {
    "rank": "rank DESC",
    "id": "",
    "-newest": "created_at DESC",
    "difficulty": "difficulty ASC NULLS LAST",
    "-difficulty": "difficulty DESC NULLS LAST",
    "facility": "facility ASC NULLS LAST",
    "-facility": "facility DESC NULLS LAST",
}


@dataclass(frozen=True, slots=True)
class Found:
    """`rows`: (revision, exam or None) of the page in order. `facets`: filter -> choice -> number of rows.

    `total` counts what is listed without any filter or search.
    """

    rows: list[tuple[int, int | None]]
    found: int
    total: int
    facets: dict[str, dict[str, int]]

    @property
    def pages(self) -> int:
        return max(1, -(-self.found // ON_A_PAGE))


def find(wanted: Wanted, me: User) -> Found:
    """One page of what is wanted, with all counts, in one statement. A page beyond the last one is the last one."""
    with_clause, given = _base(wanted, me)
    first = "LEAST(%(first)s, GREATEST((SELECT count(*) - 1 FROM found) / %(size)s * %(size)s, 0))"
    page = (
        "SELECT 'row' AS part, NULL::text AS choice, revision AS value, exam, row_number() OVER () AS place"
        f" FROM (SELECT revision, exam FROM found ORDER BY {_order(wanted)} LIMIT %(size)s OFFSET {first}) one"
    )
    parts = [
        page,
        "SELECT 'found', NULL, count(*), NULL, 0 FROM found",
        f"SELECT 'total', NULL, count(*), NULL, 0 FROM {_all(wanted)}",
        *(_facet(name, *how) for name, how in FACETS.items() if wanted.exam or name not in OF_AN_EXAM),
        _facet("kind", "(SELECT failed FROM best WHERE in_case)", f"'{CASE_STUDY}'::text", ("kind",)),
        _facet("rating", f"{EACH[:-1]} AND rating IS NULL)", "'none'::text", ("rating",)),
    ]
    given |= {"size": ON_A_PAGE, "first": (wanted.page - 1) * ON_A_PAGE}
    with connection.cursor() as cursor:
        cursor.execute(with_clause + " UNION ALL ".join(parts), given)
        answer = cursor.fetchall()
    facets: dict[str, dict[str, int]] = defaultdict(dict)
    single, rows = {"found": 0, "total": 0}, []
    for part, choice, value, exam, place in answer:
        if part == "row":
            rows.append((place, value, exam))
        elif part in single:
            single[part] = value
        elif choice is not None:
            facets[part][choice] = value
    return Found([(pk, exam) for _, pk, exam in sorted(rows)], single["found"], single["total"], dict(facets))


def find_all(wanted: Wanted, me: User) -> list[int]:
    """Every revision that is wanted, in order; for what is done to all results at once. One statement."""
    with_clause, given = _base(wanted, me)
    with connection.cursor() as cursor:
        cursor.execute(f"{with_clause} SELECT revision FROM found ORDER BY {_order(wanted)}", given)
        return [pk for (pk,) in cursor.fetchall()]


def _order(wanted: Wanted) -> str:
    """Ties in one order always, so that no row stands on two pages or on none."""
    return ", ".join(filter(None, (ORDERS[wanted.sort], "public_id", "number", "revision")))


def _all(wanted: Wanted) -> str:
    """What is listed without any filter; filters only mark rows, so that `best` holds it all unless one searches."""
    return f"questions_revision r WHERE {LISTED}" if wanted.search or wanted.reviewing else "best"


def _facet(name: str, source: str, column: str, replaced: tuple[str, ...]) -> str:
    kept = ~sum(BITS[one] for one in replaced)
    return (
        f"SELECT '{name}', {column}::text, count(*), NULL, 0 FROM {source.format(column, kept)} {name}"
        f" WHERE failed & {kept} = 0 GROUP BY 2"
    )


def _base(wanted: Wanted, me: User) -> tuple[str, dict[str, Any]]:
    """The common part of both statements, and the values that go with it."""
    given: dict[str, Any] = {
        "me": me.pk, "exam": wanted.exam.pk if wanted.exam else None, "domain": wanted.domain_id,
        "task": wanted.task_id, "kind": wanted.kind, "state": wanted.state, "author": wanted.author,
        "status": wanted.status, "health": wanted.health, "tag": wanted.tag, "low": wanted.low, "high": wanted.high,
    }  # fmt: skip
    hits, rank, searched = "SELECT NULL::bigint AS revision_id, 0::float4 AS rank WHERE false", "0::float4", "true"
    if wanted.search:
        hits, rank, searched = _search(wanted.search, given, ranked=wanted.sort == "rank")
    text = BASE.format(
        hits=hits, rank=rank, searched=searched, failed=_failed(wanted), listed=LISTED,
        reviewed=REVIEWED if wanted.reviewing else "true",
    )  # fmt: skip
    return text, given


def _failed(wanted: Wanted) -> str:
    """Which filters a row fails, as the sum of their bits."""
    chosen = {
        "exam": wanted.exam is not None, "domain": bool(wanted.domain), "task": bool(wanted.task),
        "kind": bool(wanted.kind), "state": bool(wanted.state), "author": wanted.author is not None,
        "status": bool(wanted.status), "health": bool(wanted.health), "tag": bool(wanted.tag),
    }  # fmt: skip
    conditions = {name: CONDITIONS[name] for name, is_chosen in chosen.items() if is_chosen}
    if wanted.kind == CASE_STUDY:
        conditions["kind"] = "e.in_case"
    if wanted.unrated:
        conditions["rating"] = "e.rating IS NULL"
    elif wanted.low is not None or wanted.high is not None:
        conditions["rating"] = "e.rating BETWEEN coalesce(%(low)s, 0) AND coalesce(%(high)s, 1)"
    return " + ".join(
        ["0", *(f"CASE WHEN ({test}) IS TRUE THEN 0 ELSE {BITS[name]} END" for name, test in conditions.items())]
    )


def _search(asked: search.Asked, given: dict[str, Any], *, ranked: bool) -> tuple[str, str, str]:
    """What matches by words, its rank, and the condition: by words, or with every part somewhere in the public id.

    The rank costs as much as all the rest, because it reads every hit's words; it is 0 unless `ranked`.

    An id that is what was typed stands first, then those that begin with it, then those that hold it.
    """
    given |= {f"part{place}": part for place, part in enumerate(asked.parts)}
    in_id = " AND ".join(f"strpos(q.public_id, %(part{place})s) > 0" for place in range(len(asked.parts)))
    given["whole"] = asked.text.lower()
    rank = (
        "CASE WHEN q.public_id = %(whole)s THEN 30 WHEN starts_with(q.public_id, %(whole)s) THEN 20"
        f" WHEN {in_id} THEN 10 ELSE 0 END + coalesce(hits.rank, 0)"
    )
    if not asked.words:
        return "SELECT NULL::bigint AS revision_id, 0::float4 AS rank WHERE false", rank, f"({in_id})"
    query, values = search.query_of(asked.words)
    given |= values
    hits = (
        f"SELECT revision_id, {'ts_rank(vector, asked)' if ranked else '0::float4'} AS rank"
        f" FROM questions_searchentry, (SELECT {query} AS asked) one WHERE vector @@ asked"
    )
    return hits, rank, f"(hits.revision_id IS NOT NULL OR {in_id})"
