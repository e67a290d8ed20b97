"""Versions of a form's table: a new one that differs from an older one in nothing but removed questions and keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from exams.models import ScoreRow, ScoreTable
from exams.services.bank import parameters, reference_form
from psychometrics import equating, irt, scaling
from questions.models import Exam

Parameters = tuple[list[float], list[float]]
Keys = dict[str, list[list[int]]]


@dataclass(frozen=True, slots=True)
class Variant:
    """A version of a table and its rows, not stored yet."""

    table: ScoreTable
    rows: list[ScoreRow]

    @property
    def by_raw(self) -> dict[int, ScoreRow]:
        return {row.raw: row for row in self.rows}


class Reference:
    """The exam's reference form with every version of its table. Three statements, when first asked."""

    def __init__(self, exam: Exam) -> None:
        self.exam = exam

    @cached_property
    def _versions(self) -> list[Parameters]:
        """Parameters of its scored seats, removed ones too, the newest first, each set once."""
        form = reference_form(self.exam)
        if form is None:
            raise ValueError("an exam with a sitting has a reference form")
        numbers = list(form.seats.filter(scored=True).order_by("number").values_list("number", flat=True))
        found: list[Parameters] = []
        for table in form.tables.order_by("-version"):
            known = parameters(table, numbers)
            if known not in found:
                found.append(known)
        return found

    def behind(self, table: ScoreTable, own: Parameters, rows: Mapping[int, ScoreRow]) -> Parameters:
        """The reference form's parameters to which this table was equated.

        After a calibration there are several versions; only one of them gives the table's own equated scores.
        """
        if len(self._versions) == 1:
            return self._versions[0]
        stored = [float(rows[raw].equated) for raw in sorted(rows)]
        return min(self._versions, key=lambda known: _distance(stored, equating.true_score(*own, *known)))


def _distance(stored: Sequence[float], computed: irt.FloatArray) -> float:
    return max(abs(one - float(other)) for one, other in zip(stored, computed, strict=True))


def complete(
    table: ScoreTable, scored: Collection[int], reference: Parameters, *, is_reference: bool
) -> list[ScoreRow]:  # fmt: skip
    """Work out what the table says, from the parameters in it, and return its rows; nothing is stored.

    `scored` are the seats that count, `reference` slopes and difficulties of the reference form's scored seats.
    """
    exam, own = table.form.exam, parameters(table, scored)
    equated = equating.true_score(*own, *reference)
    table.expected_at_cut = float(irt.characteristic_curve(0.0, *own))
    table.minimum_passing_raw = scaling.minimum_passing_raw(
        float(table.reference_cut) if is_reference and not table.removed else table.expected_at_cut
    )
    scale = scaling.Scale(minimum=exam.scale_minimum, maximum=exam.scale_maximum, pass_mark=exam.pass_mark)
    rows = scaling.score_table(scale, equated, table.reference_cut, len(reference[0]), table.minimum_passing_raw)
    return [
        ScoreRow(
            table=table, raw=row.raw, equated=Decimal(str(round(row.equated, 6))), scaled=row.scaled, passed=row.passed
        )
        for row in rows
    ]


def variant(
    base: ScoreTable,
    *,
    rows: Mapping[int, ScoreRow],
    seats: Sequence[int],
    reference: Reference,
    removed: Collection[int],
    keys: Keys,
    version: int,
    reason: str,
) -> Variant:
    """`base` as it would be with other removed seats and keys; nothing is stored.

    Cut, parameters and the curve it is equated to stay as they were frozen, so that nothing moves a score but what
    was removed or corrected. `rows` are those of `base` by raw score, `seats` the numbers of all its scored seats.
    """
    out = sorted(removed)
    scored = [number for number in seats if number not in out]
    table = ScoreTable(
        form=base.form,
        version=version,
        reason=reason,
        reference_cut=base.reference_cut,
        expected_at_cut=base.expected_at_cut,
        minimum_passing_raw=base.minimum_passing_raw,
        maximum_raw=len(scored),
        provisional=base.provisional,
        removed=out,
        keys=keys,
        population_mean=base.population_mean,
        population_sd=base.population_sd,
        discriminations=base.discriminations,
        intercepts=base.intercepts,
    )
    if out == sorted(base.removed):  # a key has no part in the rows
        same = [ScoreRow(table=table, raw=r.raw, equated=r.equated, scaled=r.scaled, passed=r.passed)
                for _, r in sorted(rows.items())]  # fmt: skip
        return Variant(table, same)
    own = parameters(base, [number for number in seats if number not in base.removed])
    # A reference form that has lost a question is equated to itself as it was.
    to = parameters(base, seats) if base.form.reference else reference.behind(base, own, rows)
    return Variant(table, complete(table, scored, to, is_reference=base.form.reference))


def store(variants: Sequence[Variant]) -> list[ScoreTable]:
    """Write the versions and their rows. Two statements, by the batch."""
    tables = ScoreTable.objects.bulk_create([variant.table for variant in variants])
    ScoreRow.objects.bulk_create([row for variant in variants for row in variant.rows], batch_size=5_000)
    return tables
