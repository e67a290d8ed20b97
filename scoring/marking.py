"""Marking: what scoring needs of a form, read once for any number of its sittings, and what their answers are worth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from exams.models import Answer, Form, ScoreRow, ScoreTable, Seat
from exams.services import bank, tables
from psychometrics import report
from psychometrics.irt import Prior
from questions.kinds import KINDS
from questions.models import Domain, Revision


@dataclass(frozen=True, slots=True)
class Marked:
    """One seat, what was answered there, and whether that is right."""

    seat: Seat
    revision: Revision
    response: tuple[str, ...]
    key: tuple[str, ...]
    scored: bool
    answered: bool
    correct: bool
    spent_ms: int
    seen_before: bool


class Paper:
    """A form's seats with their keys, and a version of its table, the newest if none is given. A constant number of
    statements, whatever is asked.

    What hangs on the raw score alone is worked out once for each score.
    """

    def __init__(self, form: Form, table: ScoreTable | None = None) -> None:
        self.form = form
        self.table: ScoreTable = table or bank.current_table(form)
        self.rows: dict[int, ScoreRow] = {row.raw: row for row in self.table.rows.all()}
        self.seats = list(Seat.objects.filter(form=form).select_related("task__domain").order_by("number"))
        self.revisions = Revision.objects.with_content().in_bulk([seat.revision_id for seat in self.seats])
        # Every response that is right, the one to show first.
        self.keys: dict[int, list[tuple[str, ...]]] = {}
        for seat in self.seats:
            revision = self.revisions[seat.revision_id]
            right = self.table.keys.get(str(seat.number)) or [revision.strategy.key(revision.content)]
            self.keys[seat.number] = [seat.key(tuple(numbers)) for numbers in right]
        self.scored = [seat for seat in self.seats if seat.scored and seat.number not in self.table.removed]
        self._judged: dict[tuple[int, tuple[str, ...]], tuple[bool, bool]] = {}
        self._ranges: dict[int, tuple[int, int]] = {}
        self._chances: dict[int, int] = {}
        self._levels: dict[tuple[int, int], report.DomainLevel] = {}

    def mark(self, answers: Collection[Answer], before: Collection[int]) -> list[Marked]:
        """Every seat in order, marked all or nothing. `before` holds the questions that the person had met."""
        given = {answer.seat: answer for answer in answers}
        return [self._mark(seat, given.get(seat.number), before) for seat in self.seats]

    def _mark(self, seat: Seat, answer: Answer | None, before: Collection[int]) -> Marked:
        revision = self.revisions[seat.revision_id]
        response = tuple(answer.response) if answer else ()
        answered, correct = self.judge(seat, response)
        return Marked(
            seat=seat,
            revision=revision,
            response=response,
            key=self.keys[seat.number][0],
            scored=seat.scored and seat.number not in self.table.removed,
            answered=answered,
            correct=correct,
            spent_ms=answer.spent_ms if answer else 0,
            seen_before=revision.question_id in before,
        )

    def judge(self, seat: Seat, response: tuple[str, ...]) -> tuple[bool, bool]:
        """Whether the response is complete, and whether it is right. Each one is looked at once."""
        found = self._judged.get((seat.number, response))
        if found is None:
            found = self._judged[seat.number, response] = judge(seat, self.keys[seat.number], response)
        return found

    @cached_property
    def domains(self) -> dict[Domain, list[int]]:
        """The domains in order, with the numbers of their scored seats."""
        found: dict[Domain, list[int]] = defaultdict(list)
        for seat in sorted(self.scored, key=lambda seat: seat.task.domain.number):
            found[seat.task.domain].append(seat.number)
        return found

    def level(self, domain: Domain, correct: int) -> report.DomainLevel:
        """Where that many right answers in the domain stand against the borderline candidate."""
        if (domain.pk, correct) not in self._levels:
            parameters = bank.parameters(self.table, self.domains[domain])
            self._levels[domain.pk, correct] = report.domain_level(correct, *parameters)
        return self._levels[domain.pk, correct]

    def likely_range(self, raw: int) -> tuple[int, int]:
        """Central 68 % interval for the score that the candidate's ability is worth, around the one obtained."""
        if raw not in self._ranges:
            scaled = [self.rows[score].scaled for score in sorted(self.rows)]
            self._ranges[raw] = report.likely_range(
                raw, *self._parameters, scaled, prior_for(self.table), rating_error(self.table)
            )
        return self._ranges[raw]

    def chance_of_passing(self, raw: int) -> int:
        """Chance in per cent, in steps of 5, of passing the reference form today; 0 is under 5, 100 over 95."""
        if raw not in self._chances:
            a, b, minimum = self._reference
            chance = report.chance_of_passing(raw, *self._parameters, a, b, minimum, prior_for(self.table))
            steps = report.in_steps(chance)
            self._chances[raw] = {report.Bound.UNDER: 0, report.Bound.OVER: 100}.get(steps.bound, steps.percent)
        return self._chances[raw]

    @cached_property
    def _parameters(self) -> tuple[list[float], list[float]]:
        return bank.parameters(self.table, [seat.number for seat in self.scored])

    @cached_property
    def _reference(self) -> tuple[list[float], list[float], int]:
        """Parameters and minimum passing raw score of the whole reference form that the table was equated to."""
        reference = tables.Reference(self.form.exam)
        a, b = reference.behind(self.table, self._parameters, self.rows)
        return a, b, bank.minimum_on_reference(self.table.reference_cut)


def judge(seat: Seat, keys: Collection[tuple[str, ...]], response: Sequence[str]) -> tuple[bool, bool]:
    """Whether the response is complete, and whether it is right: one of the keys, all or nothing."""
    kind = KINDS[seat.kind]
    answered = kind.is_complete(response, slots=seat.slots)
    return answered, answered and any(kind.is_correct(response, key) for key in keys)


def prior_for(table: ScoreTable) -> Prior:
    """What is believed about a candidate before the answers: first sittings once measured, until then N(0, 1.5²)."""
    if table.population_mean is None or table.population_sd is None:
        return report.UNCALIBRATED_PRIOR
    return Prior(table.population_mean, table.population_sd)


def rating_error(table: ScoreTable) -> float:
    """Standard deviation, in logits, that judged difficulty adds to a score's uncertainty; 0 once measured."""
    if not table.provisional:
        return 0.0
    equated_to = None if table.form.reference else table.maximum_raw
    return report.rating_error_sd(report.DESK_RATING_SD, table.maximum_raw, equated_to)
