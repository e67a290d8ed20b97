"""A cohort beside all candidates of the exam, and its people beside themselves earlier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection

from cohorts.models import Cohort, Norms
from cohorts.reports.chosen import Row
from cohorts.reports.figures import COMPARED_FROM
from cohorts.reports.heat import domains_grid
from cohorts.services.norms import QUANTILES
from questions.models import Domain
from scoring.making import MOST_SEEN_BEFORE

# People of the cohort, past and present, whose first sittings are in the norms.
OWN = """
    SELECT count(DISTINCT s.user_id)
    FROM (
        SELECT user_id FROM cohorts_membership WHERE cohort_id = %(cohort)s
        UNION SELECT user_id FROM cohorts_outcome WHERE cohort_id = %(cohort)s
    ) own
    JOIN exams_sitting s ON s.user_id = own.user_id AND s.exam_id = %(exam)s
    JOIN scoring_result r ON r.sitting_id = s.id AND r.current
    WHERE s.state = 'closed' AND NOT s.simulated AND NOT s.void
"""


@dataclass(frozen=True, slots=True)
class Beside:
    """One figure of the cohort and of all; both as text or both as shares."""

    label: str
    cohort: float
    everybody: float
    share: bool

    @property
    def difference(self) -> float:
        return self.cohort - self.everybody


@dataclass(frozen=True, slots=True)
class Comparison:
    """The first sittings of the cohort beside the norms; `lines` is empty and `why` says so where there are too few."""

    n: int
    norms: Norms | None
    lines: list[Beside]
    why: str = ""


def comparison_of(
    cohort: Cohort, people: Mapping[int, Sequence[Row]], domains: Sequence[Domain], *, most: int
) -> Comparison:
    """`most` is how many the cohort has at the most. One statement, and another one while the norms are small.

    Below five on a side there is none; and none below five who are not of the cohort, for then one could work out what
    these few had reached in private.
    """
    firsts = [rows[0] for rows in people.values()]
    norms = Norms.objects.filter(exam=cohort.exam_id).first()
    if norms is None or norms.n < COMPARED_FROM:
        return Comparison(len(firsts), norms, [], "Fewer than five candidates of this exam have sat it yet.")
    if len(firsts) < COMPARED_FROM:
        return Comparison(len(firsts), norms, [], "Fewer than five of this cohort have sat.")
    if norms.n - most < COMPARED_FROM and norms.n - _own(cohort) < COMPARED_FROM:
        return Comparison(len(firsts), norms, [], "Fewer than five candidates outside this cohort have sat it yet.")
    scores = np.array([row.scaled for row in firsts])
    quantiles = dict(zip(QUANTILES, norms.quantiles, strict=True))
    lines = [
        Beside("Passed", sum(row.passed for row in firsts) / len(firsts), norms.passed / norms.n, share=True),
        *(
            Beside(label, float(np.percentile(scores, 100 * at)), quantiles[at], share=False)
            for label, at in (("Lower quarter below", 0.25), ("Median score", 0.5), ("Upper quarter above", 0.75))
        ),
    ]
    grid = domains_grid(firsts, domains)
    for domain, share in zip(domains, grid.shares, strict=True):
        right, scored = norms.domains.get(str(domain.pk), (0, 0))
        if share is not None and scored:
            lines.append(Beside(f"{domain.number}. {domain.title}", share, right / scored, share=True))
    return Comparison(len(firsts), norms, lines)


def _own(cohort: Cohort) -> int:
    with connection.cursor() as cursor:
        cursor.execute(OWN, {"cohort": cohort.pk, "exam": cohort.exam_id})
        (own,) = cursor.fetchone()
    return int(own)


@dataclass(frozen=True, slots=True)
class Round:
    """Everybody's first sitting, their second, and so on."""

    number: int
    n: int
    median: float
    passed: int

    @property
    def pass_rate(self) -> float:
        return self.passed / self.n


@dataclass(frozen=True, slots=True)
class Repeats:
    """Those who sat more than once. `change` is the median difference of last and first score; `again` of the last
    sittings met more than five scored questions again and are not in it."""

    n: int
    rounds: list[Round]
    change: float | None
    better: int
    compared: int
    again: int


def repeats_of(people: Mapping[int, Sequence[Row]]) -> Repeats | None:
    """None where nobody sat twice."""
    several = [rows for rows in people.values() if len(rows) > 1]
    if not several:
        return None
    rounds = []
    for place in range(max(len(rows) for rows in several)):
        chosen = [rows[place] for rows in people.values() if len(rows) > place]
        median = float(np.median([row.scaled for row in chosen]))
        rounds.append(Round(place + 1, len(chosen), median, sum(row.passed for row in chosen)))
    fair = [rows for rows in several if rows[-1].seen_before <= MOST_SEEN_BEFORE]
    changes = [rows[-1].scaled - rows[0].scaled for rows in fair]
    return Repeats(
        n=len(several),
        rounds=rounds,
        change=float(np.median(changes)) if changes else None,
        better=sum(change > 0 for change in changes),
        compared=len(fair),
        again=len(several) - len(fair),
    )
