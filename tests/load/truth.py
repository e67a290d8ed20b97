"""What the database says about what the pages were told: nothing acknowledged is missing, nothing is there twice."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

import psycopg

from tests.load.page import Page

RESULTS = "SELECT count(*), count(DISTINCT sitting_id) FROM scoring_result WHERE sitting_id = ANY(%s)"
ENDS = """
SELECT count(*) FROM (
    SELECT sitting_id FROM exams_event WHERE sitting_id = ANY(%s) AND kind IN ('ended', 'closed')
    GROUP BY sitting_id, kind HAVING count(*) > 1
) AS twice
"""


def lost(database: str, pages: Iterable[Page]) -> list[str]:
    """Acknowledged answers that are not what is stored, in words. Pages whose last change is unacknowledged may have
    more stored than they know, so only seats without waiting changes are compared."""
    pages = list(pages)
    stored: dict[tuple[uuid.UUID, int], tuple[list[str], bool]] = {}
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT sitting_id, seat, response, flagged FROM exams_answer WHERE sitting_id = ANY(%s)",
            [[page.person.sitting for page in pages]],
        )
        for sitting, seat, response, flagged in rows:
            stored[sitting, seat] = (response, flagged)
    missing = []
    for page in pages:
        waits = {change["seat"] for change in page.pending}
        for seat, said in page.ledger.items():
            found = stored.get((page.person.sitting or uuid.UUID(int=0), seat))
            if seat not in waits and found != (list(said[0]), said[1]):
                missing.append(f"{page.person.sitting} seat {seat}: acknowledged {said}, stored {found}")
    return missing


def scored(database: str, sittings: Sequence[uuid.UUID]) -> dict[str, int]:
    """How many sittings have no result, how many results are too many, and how many ended or closed twice."""
    with psycopg.connect(database) as connection:
        results, apart = connection.execute(RESULTS, [list(sittings)]).fetchone() or (0, 0)
        twice = (connection.execute(ENDS, [list(sittings)]).fetchone() or (0,))[0]
    return {"missed": len(sittings) - apart, "scored twice": results - apart, "ended or closed twice": twice}


def count_scored(database: str, sittings: Sequence[uuid.UUID]) -> int:
    with psycopg.connect(database) as connection:
        return int((connection.execute(RESULTS, [list(sittings)]).fetchone() or (0, 0))[1])
