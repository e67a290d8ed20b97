"""What may be written about questions from outside the bank: measurement. Status follows from it, never the other
way round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from questions.models import Exam
from questions.models.measurement import Status


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of a revision now: `n` first exposures, and its parameters if they are good enough to score by.

    `discrimination` (a > 0) and `intercept` (d, in logits) are given together or not at all. Without them the
    question keeps the status and the parameters that it has.
    """

    revision_id: int
    discrimination: float | None
    intercept: float | None
    n: int

    def __post_init__(self) -> None:
        if (self.discrimination is None) != (self.intercept is None):
            raise ValueError("a question has both parameters or none")


# One statement whatever the number of questions. A question without a rating cannot be scored, so it is not calibrated.
RECORD = """
    UPDATE questions_standing AS standing
    SET first_exposures = measured.n,
        status = CASE WHEN taken THEN %(calibrated)s ELSE standing.status END,
        discrimination = CASE WHEN taken THEN a ELSE standing.discrimination END,
        intercept = CASE WHEN taken THEN d ELSE standing.intercept END
    FROM (
        SELECT known.id, given.*, given.a IS NOT NULL AND known.rating IS NOT NULL AS taken
        FROM unnest(%(revisions)s::bigint[], %(a)s::float8[], %(d)s::float8[], %(n)s::integer[])
            AS given (revision_id, a, d, n)
        JOIN questions_standing AS known ON known.revision_id = given.revision_id AND known.exam_id = %(exam)s
    ) AS measured
    WHERE standing.id = measured.id
"""


EXPOSURES = """
    UPDATE questions_standing AS standing
    SET first_exposures = met.n
    FROM unnest(%(revisions)s::bigint[], %(n)s::integer[]) AS met (revision_id, n)
    WHERE standing.exam_id = %(exam)s AND standing.revision_id = met.revision_id AND standing.first_exposures <> met.n
"""


def record_exposures(*, exam: Exam, met: Mapping[int, int]) -> int:
    """Bring the counts of first exposures up to date, by revision id; returns how many changed. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(EXPOSURES, {"exam": exam.pk, "revisions": list(met), "n": list(met.values())})
        changed: int = cursor.rowcount
        return changed


def record_measurements(*, exam: Exam, measured: Sequence[Measured]) -> int:
    """Write what was measured onto the exam's questions; returns how many rows changed. One statement.

    A rated question with parameters becomes calibrated; a pretest question may be scored from then on. A question
    without a rating never does. One without parameters keeps its status, and its own parameters if it has any. The
    count of first exposures is always brought up to date.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            RECORD,
            {
                "exam": exam.pk,
                "calibrated": Status.CALIBRATED.value,
                "revisions": [row.revision_id for row in measured],
                "a": [row.discrimination for row in measured],
                "d": [row.intercept for row in measured],
                "n": [row.n for row in measured],
            },
        )
        changed: int = cursor.rowcount
        return changed
