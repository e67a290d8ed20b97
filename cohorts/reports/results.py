"""A cohort's page of results: everything on it, in a constant number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cohorts.models import Cohort, Membership
from cohorts.reports import chosen, compared, figures, heat
from cohorts.reports.chosen import Row, Wanted
from cohorts.services import outcomes


@dataclass(frozen=True, slots=True)
class Looked:
    """What the filter leaves: all outcomes by person, and the one of each person that counts."""

    wanted: Wanted
    people: dict[int, list[Row]]
    rows: list[Row]

    @property
    def provisional(self) -> bool:
        return any(row.provisional for row in self.rows)

    @property
    def simulated(self) -> int:
        return sum(row.simulated for row in self.rows)


@dataclass(frozen=True, slots=True)
class Results:
    """`tiles` is None where nobody has sat what the filter leaves; then so is everything else."""

    looked: Looked
    tiles: figures.Figures | None
    reliability: figures.Reliability | None
    readiness: figures.Readiness
    bins: list[figures.Bin]
    heat: heat.Heat
    comparison: compared.Comparison
    repeats: compared.Repeats | None


def look(cohort: Cohort, asked: Mapping[str, Any]) -> Looked:
    """Catch up, read the filter, and read what it leaves. Three statements."""
    outcomes.catch_up(cohort=cohort)
    wanted = chosen.wanted_of(cohort, asked)
    people: dict[int, list[Row]] = defaultdict(list)
    if not wanted.error:
        people = chosen.by_person(chosen.rows_of(cohort, wanted))
    return Looked(wanted, people, chosen.counted(people, wanted.counting))


def results_of(cohort: Cohort, looked: Looked, asked: Mapping[str, str]) -> Results:
    exam, rows = cohort.exam, looked.rows
    # Who has left has no part in what is still to come, but may be among the norms.
    members = dict(Membership.objects.filter(cohort=cohort).values_list("user_id", "left_at"))
    present = {user for user, left_at in members.items() if left_at is None}
    shown = heat.heat_of(
        exam, rows, looked.people, asked_domain=asked.get("domain", ""), sort=asked.get("sort", ""),
        page=asked.get("page", ""),
    )  # fmt: skip
    return Results(
        looked=looked,
        tiles=figures.figures_of(rows, len(present.union(looked.people))),
        reliability=figures.reliability_of(cohort, rows),
        readiness=figures.readiness_of(rows, exam.pass_mark),
        bins=bins_of(cohort, looked),
        heat=shown,
        comparison=compared.comparison_of(
            cohort, looked.people, shown.domains, most=len(members.keys() | looked.people.keys())
        ),
        repeats=compared.repeats_of(looked.people),
    )


def bins_of(cohort: Cohort, looked: Looked) -> list[figures.Bin]:
    return figures.histogram([row.scaled for row in looked.rows], cohort.exam)
