"""Whether a question is equally hard for people of like ability in different groups (differential item functioning).

Only people who told their group and agreed to its use are compared, only by their first sitting of the exam, and only
where each of two groups has 200 of them. Nothing here gives out anything about a single person.

People are matched on the equated score of their result, rounded to whole points of the reference form. It means the
same on every form, as raw scores do not. Groups of like score are kept that thin because with broad ones, such as
tenths of ability, the abler of two groups is still the abler one inside each of them, and questions are flagged that
are fair (Donoghue & Allen 1993). The score has to hold the question under study, or the same happens (Holland & Thayer
1988); one that does not count in the score is therefore added to it, and compared apart from where it counts.

Answers are treated as by Dorans & Holland (1993): an omitted question is wrong, one not reached says nothing; and nor
does one that the person had met before.

Sources:
    Donoghue, J. R., & Allen, N. L. (1993). Thin versus thick matching in the Mantel-Haenszel procedure for detecting
        DIF. Journal of Educational Statistics, 18(2), 131-154.
    Dorans, N. J., & Holland, P. W. (1993). DIF detection and description: Mantel-Haenszel and standardization. In
        P. W. Holland & H. Wainer (Eds.), Differential Item Functioning (pp. 35-66). Erlbaum.
    Holland, P. W., & Thayer, D. T. (1988). Differential item performance and the Mantel-Haenszel procedure. In
        H. Wainer & H. I. Braun (Eds.), Test Validity (pp. 129-145). Erlbaum.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from django.db.models import Exists, OuterRef, QuerySet
from numpy.typing import NDArray

from accounts.models import FirstLanguage, Practice
from exams.models import Seat, Sitting
from psychometrics import dif
from psychometrics.arrays import IntArray
from questions.models import Exam
from scoring.models import Result, SeatResult

MINIMUM = dif.MINIMUM
HALF = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Group:
    """People who gave the same answer about themselves; `people` names them in a sentence."""

    value: str
    label: str
    people: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A question about oneself, and the two groups that its answers make. `field` is that of `Background`."""

    field: str
    title: str
    reference: Group
    focal: Group


VARIABLES = (
    Variable(
        "first_language",
        "First language",
        Group(FirstLanguage.ENGLISH, "English", "people whose first language is English"),
        Group(FirstLanguage.OTHER, "Another language", "people with another first language"),
    ),
    Variable(
        "practice_years",
        "Work in the field",
        Group(Practice.TWO_OR_MORE, "Two years or more", "people with two years of practice or more"),
        Group(Practice.UNDER_TWO, "Under two years", "people with under two years of practice"),
    ),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """One revision: how many of each group it is judged on, and the comparison, None where those are too few."""

    revision_id: int
    public_id: str
    number: int
    reference: int
    focal: int
    comparison: dif.Comparison | None


@dataclass(frozen=True, slots=True)
class Comparisons:
    """How many of each group there are, and every question that they met; none where a group is too small."""

    variable: Variable
    reference: int
    focal: int
    questions: tuple[Compared, ...]

    @property
    def enough(self) -> bool:
        return min(self.reference, self.focal) >= MINIMUM


def first_sittings(exam: Exam, *, until: dt.datetime | None = None) -> QuerySet[Sitting]:
    """The sittings that say something about questions: everybody's first, if closed, not void, in the exam's time."""
    # One that is void was a first one all the same: it has shown its questions.
    closed = Sitting.objects.real().closed()
    earlier = closed.filter(user=OuterRef("user"), exam=OuterRef("exam"), started_at__lt=OuterRef("started_at"))
    first = closed.counting().filter(
        ~Exists(earlier), exam=exam, limit_minutes=exam.minutes, multiplier=1, extra_minutes=0, granted_minutes=0
    )
    return first.filter(closed_at__lt=until) if until else first


def compare(*, exam: Exam, until: dt.datetime | None = None) -> list[Comparisons]:
    """Every variable, with every question of the exam where the groups are large enough. At most three statements.

    `until` leaves out sittings closed later.
    """
    results = Result.objects.current().filter(
        sitting__in=first_sittings(exam, until=until), sitting__user__background__isnull=False
    )
    told = [f"sitting__user__background__{variable.field}" for variable in VARIABLES]
    people = list(results.order_by("pk").values_list("pk", "sitting__form_id", "equated", *told))
    groups = [
        np.array([_code(variable, person[3 + place]) for person in people], dtype=np.intp)
        for place, variable in enumerate(VARIABLES)
    ]
    found = [
        Comparisons(variable, int((group == 0).sum()), int((group == 1).sum()), ())
        for variable, group in zip(VARIABLES, groups, strict=True)
    ]
    if not any(comparisons.enough for comparisons in found):
        return found
    answers = _answers(people, results)
    return [
        Comparisons(each.variable, each.reference, each.focal, tuple(_compared(answers, group)))
        if each.enough
        else each
        for each, group in zip(found, groups, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Answers:
    """Answers that say something, ordered by question: who gave them, whether right, among whom they are compared."""

    revisions: list[tuple[int, str, int]]
    person: list[IntArray]
    right: list[NDArray[np.bool_]]
    stratum: list[IntArray]


def _answers(people: list[tuple[Any, ...]], results: QuerySet[Result]) -> _Answers:
    place_of_form = {form: place for place, form in enumerate(sorted({person[1] for person in people}))}
    seats = list(
        Seat.objects.filter(form__in=place_of_form)
        .order_by("revision__question__public_id", "revision__number")
        .values_list("form_id", "number", "revision_id", "revision__question__public_id", "revision__number")
    )
    revisions = list(dict.fromkeys((seat[2], seat[3], seat[4]) for seat in seats))
    place_of = {revision[0]: place for place, revision in enumerate(revisions)}
    on_seat = np.full((len(place_of_form), max(seat[1] for seat in seats) + 1), -1, dtype=np.intp)
    for sat, number, revision, _, _ in seats:
        on_seat[place_of_form[sat], number] = place_of[revision]

    rows = np.array(
        list(
            SeatResult.objects.filter(result__in=results)
            .order_by()
            .values_list("result_id", "seat", "scored", "answered", "correct", "spent_ms", "seen_before")
        ),
        dtype=np.int64,
    ).reshape(-1, 7)
    person = np.searchsorted([row[0] for row in people], rows[:, 0])
    seat, scored, answered, right = rows[:, 1], rows[:, 2] == 1, rows[:, 3] == 1, rows[:, 4] == 1
    last = np.zeros(len(people), dtype=np.int64)
    np.maximum.at(last, person, np.where(answered | (rows[:, 5] > 0), seat, 0))
    counts = (seat <= last[person]) & (rows[:, 6] == 0)

    form = np.array([place_of_form[row[1]] for row in people], dtype=np.intp)
    level = np.array([int(row[2] + HALF) for row in people], dtype=np.int64)
    question = on_seat[form[person], seat]
    stratum = np.where(scored, 2 * level[person], 2 * (level[person] + right) + 1).astype(np.intp)
    kept = np.flatnonzero(counts & (question >= 0))
    kept = kept[np.argsort(question[kept], kind="stable")]
    ends = np.cumsum(np.bincount(question[kept], minlength=len(revisions)))[:-1]
    return _Answers(
        revisions,
        np.split(person[kept].astype(np.intp), ends),
        np.split(right[kept], ends),
        np.split(stratum[kept], ends),
    )


def _compared(answers: _Answers, group: IntArray) -> Iterator[Compared]:
    """Each question in turn, since each has strata of its own."""
    for place, (revision, public_id, number) in enumerate(answers.revisions):
        of = group[answers.person[place]]
        told = of >= 0
        reference, focal = int((of == 0).sum()), int((of == 1).sum())
        comparison = None
        if min(reference, focal) >= MINIMUM:
            right, stratum = answers.right[place][told], answers.stratum[place][told]
            (item,) = dif.mantel_haenszel(right[:, np.newaxis], of[told] == 1, stratum)
            comparison = item.comparison
        if reference or focal:
            yield Compared(revision, public_id, number, reference, focal, comparison)


def _code(variable: Variable, answer: str) -> int:
    """0 for the reference group, 1 for the focal one, -1 for who did not say."""
    return {variable.reference.value: 0, variable.focal.value: 1}.get(answer, -1)
