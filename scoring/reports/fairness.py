"""The fairness page: which questions are harder for one group than for another of like ability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.text import Truncator

from psychometrics.dif import Category
from questions.models import Exam, Revision
from scoring import fairness
from scoring.fairness import Compared, Comparisons, Variable

SIZES = {Category.A: "Negligible", Category.B: "Moderate", Category.C: "Large"}
WORDS_OF_STEM = 16


@dataclass(frozen=True, slots=True)
class Row:
    """One question that both groups have met often enough. `odds_ratio` is the reference group's odds over the focal
    group's; `delta` the same in ETS delta points, negative where the question is harder for the focal group."""

    public_id: str
    number: int
    stem: str
    reference: int
    focal: int
    odds_ratio: float
    delta: float
    se: float
    category: Category
    harder_for: str

    @property
    def size(self) -> str:
        return SIZES[self.category]

    @property
    def delta_text(self) -> str:
        """+0.31; −1.62, with a real minus sign."""
        return f"{self.delta:+.2f}".replace("-", "\N{MINUS SIGN}")

    @property
    def flagged(self) -> bool:
        return self.category != Category.A


@dataclass(frozen=True, slots=True)
class Part:
    """One variable. `rows` holds flagged questions first; `too_few` counts those that a group has met too rarely, and
    `undefined` those that everybody of like ability answers alike."""

    variable: Variable
    reference: int
    focal: int
    enough: bool
    rows: tuple[Row, ...]
    too_few: int
    undefined: int

    @property
    def flagged(self) -> int:
        return sum(row.flagged for row in self.rows)


@dataclass(frozen=True, slots=True)
class Fairness:
    minimum: int
    parts: tuple[Part, ...]


def fairness_of(exam: Exam) -> Fairness:
    """Every variable's comparisons. A constant number of statements."""
    compared = fairness.compare(exam=exam)
    shown = {question.revision_id for part in compared for question in part.questions if question.comparison}
    stems = dict(Revision.objects.filter(pk__in=shown).values_list("pk", "stem")) if shown else {}
    return Fairness(fairness.MINIMUM, tuple(_part(part, stems) for part in compared))


def _part(part: Comparisons, stems: dict[int, str]) -> Part:
    met = [question for question in part.questions if min(question.reference, question.focal) >= fairness.MINIMUM]
    rows = in_order(part.variable, part.questions, stems)
    return Part(
        variable=part.variable,
        reference=part.reference,
        focal=part.focal,
        enough=part.enough,
        rows=rows,
        too_few=len(part.questions) - len(met),
        undefined=len(met) - len(rows),
    )


def in_order(variable: Variable, questions: Sequence[Compared], stems: dict[int, str]) -> tuple[Row, ...]:
    """Questions with a comparison: large differences first, then moderate ones, each by size."""
    rows = [
        Row(
            public_id=question.public_id,
            number=question.number,
            stem=Truncator(stems.get(question.revision_id, "")).words(WORDS_OF_STEM),
            reference=question.reference,
            focal=question.focal,
            odds_ratio=question.comparison.odds_ratio,
            delta=question.comparison.delta,
            se=question.comparison.se,
            category=question.comparison.category,
            harder_for=(variable.focal if question.comparison.delta < 0 else variable.reference).people,
        )
        for question in questions
        if question.comparison
    ]
    order = {Category.C: 0, Category.B: 1, Category.A: 2}
    return tuple(sorted(rows, key=lambda row: (order[row.category], -abs(row.delta), row.public_id)))
