"""The answers of first sittings as arrays: for each form what its persons gave, for the exam persons × revisions."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from exams.models import Answer, Form, ScoreTable, Seat
from psychometrics.arrays import IntArray
from psychometrics.responses import Responses
from questions.models import Exam, Revision, Standing
from questions.models.bank import RevisionState
from scoring.calibration.eligibility import First, Progress, Screening
from scoring.models import SeatResult

BATCH = 500  # sittings whose seats and answers are read together
SEEN_BEFORE = "answers to questions seen before"
NOT_REACHED = "questions not reached at the end"
REMOVED = "answers to questions removed from the score"

Mask = NDArray[np.bool_]
Response = tuple[int, ...]


@dataclass(frozen=True)
class Sheet:
    """A form, and what those who sat it gave, arrays of shape (persons, seats).

    `overtaken`, (2, persons, seats): whether those of `Screening.overtaken` visited (0) and answered (1) a seat.
    `columns` (seats,): where each seat's revision stands among the exam's columns; `counts` (seats,): scored and not
    removed. `given` holds codes of complete responses, -1 for none; see `Data.responses_of`.
    """

    form: Form
    table: ScoreTable
    seats: Sequence[Seat]
    columns: IntArray
    counts: Mask
    removed: Mask
    right: Mask
    answered: Mask
    before: Mask
    spent_ms: IntArray
    given: IntArray
    overtaken: Mask

    @property
    def persons(self) -> int:
        return int(self.right.shape[0])

    @cached_property
    def last(self) -> IntArray:
        """Number of the last seat that each person visited, (persons,); 0 if none."""
        return last_seat(self.answered | (self.spent_ms > 0))

    @cached_property
    def reached(self) -> Mask:
        mask: Mask = np.arange(1, len(self.seats) + 1) <= self.last[:, np.newaxis]
        return mask

    @cached_property
    def taken(self) -> Mask:
        """What takes part in the calibration: reached, not removed, met for the first time."""
        mask: Mask = self.reached & ~self.before & ~self.removed
        return mask

    @cached_property
    def raw(self) -> IntArray:
        """The raw scores, (persons,): here what was not reached is wrong."""
        return np.asarray((self.right & self.counts).sum(axis=1), dtype=np.intp)


@dataclass(frozen=True)
class Data:
    """Everything that a run rests on.

    `persons` stand in the order of `sheets`, and there by sitting. `columns` are the ids of the revisions, ascending.
    `answered`, `spent_ms`, `given` are in step with `responses`, which are ordered by person and column;
    `responses_of[column]` is what the codes in `given` mean: option numbers, of multiple response ascending.
    """

    exam: Exam
    persons: list[First]
    columns: list[int]
    revisions: dict[int, Revision]
    sheets: list[Sheet]
    responses: Responses
    answered: Mask
    spent_ms: IntArray
    given: IntArray
    responses_of: list[list[Response]]
    keys: list[list[Response]]
    left_out: Counter[str]
    digest: str

    @cached_property
    def offsets(self) -> list[int]:
        """Where the persons of each sheet begin."""
        return [0, *np.cumsum([sheet.persons for sheet in self.sheets]).tolist()]

    @cached_property
    def by_column(self) -> list[IntArray]:
        """For each column the places of its answers in `responses`."""
        order = np.argsort(self.responses.item, kind="stable")
        return np.split(order, np.cumsum(self.responses.seen_of_item)[:-1])

    def name(self, column: int) -> str:
        return self.revisions[self.columns[column]].question.public_id


def last_seat(visited: Mask) -> IntArray:
    """Number of the last seat visited by each person, (persons,); 0 if none."""
    places = np.arange(1, visited.shape[1] + 1)
    return np.asarray((visited * places).max(axis=1, initial=0), dtype=np.intp)


class _Codes:
    """Numbers for complete responses: each different one to a revision gets the next number of that revision."""

    def __init__(self, columns: int) -> None:
        self.responses: list[list[Response]] = [[] for _ in range(columns)]
        self._numbers: list[dict[Response, int]] = [{} for _ in range(columns)]
        self._known: dict[tuple[int, tuple[str, ...]], int] = {}

    def code(self, seat: Seat, column: int, tokens: Sequence[str]) -> int:
        """The code of a response in a seat's tokens, -1 if it is not complete."""
        place = seat.pk, tuple(tokens)
        found = self._known.get(place)
        if found is None:
            found = self._known[place] = self._new(seat, column, place[1])
        return found

    def _new(self, seat: Seat, column: int, tokens: tuple[str, ...]) -> int:
        if sum(1 for token in tokens if token) != seat.slots or not {*tokens} <= {*seat.tokens}:
            return -1
        response = canonical(seat.kind, tuple(seat.options[seat.tokens.index(token)] for token in tokens))
        number = self._numbers[column].setdefault(response, len(self.responses[column]))
        if number == len(self.responses[column]):
            self.responses[column].append(response)
        return number


def canonical(kind: str, numbers: Response) -> Response:
    """One order for responses that are the same: a choice of several has none of its own."""
    return tuple(sorted(numbers)) if kind == "multiple_response" else tuple(numbers)


def gather(*, exam: Exam, screening: Screening, progress: Progress | None = None) -> Data:
    """Read everything about these sittings. A constant number of statements, and two for each batch of sittings."""
    everybody = [*screening.firsts, *screening.overtaken]
    calibrating = {first.sitting for first in screening.firsts}
    wanted = Q(pk__in={first.form for first in everybody}) | Q(state=Form.State.POOL) | Q(reference=True)
    forms = list(Form.objects.filter(wanted, exam=exam).order_by("number"))
    places = {form.pk: place for place, form in enumerate(forms)}
    everybody.sort(key=lambda one: (places[one.form], one.sitting not in calibrating, one.sitting))
    persons = [one for one in everybody if one.sitting in calibrating]
    seats: dict[int, list[Seat]] = defaultdict(list)
    for seat in Seat.objects.filter(form__in=forms).order_by("form", "number"):
        seats[seat.form_id].append(seat)
    tables = {table.form_id: table for table in ScoreTable.objects.filter(form__in=forms).order_by("version")}
    # A question that was taken out of the exam keeps its standing, and counts only where it stands on a form.
    published = Standing.objects.filter(
        exam=exam, revision__state=RevisionState.PUBLISHED, revision__question__placements__exam=exam
    )
    standing = {seat.revision_id for of_form in seats.values() for seat in of_form}
    columns = sorted(standing.union(published.values_list("revision_id", flat=True)))
    revisions = Revision.objects.with_content().in_bulk(columns)
    column_of = {revision: column for column, revision in enumerate(columns)}
    codes = _Codes(len(columns))
    marks = _read(everybody, seats, column_of, codes, progress)
    sat, all_sat = (Counter(one.form for one in some) for some in (persons, everybody))
    sheets, start = [], 0
    for form in forms:
        own, size = seats[form.pk], all_sat[form.pk] * len(seats[form.pk])
        block, over = np.split(marks[start : start + size].reshape(-1, len(own), 5), [sat[form.pk]])
        start += size
        removed = np.isin([seat.number for seat in own], tables[form.pk].removed)
        sheets.append(
            Sheet(
                form=form,
                table=tables[form.pk],
                seats=own,
                columns=np.array([column_of[seat.revision_id] for seat in own], dtype=np.intp),
                counts=np.array([seat.scored for seat in own]) & ~removed,
                removed=removed,
                right=block[:, :, 0] == 1,
                answered=block[:, :, 1] == 1,
                spent_ms=block[:, :, 2],
                before=block[:, :, 3] == 1,
                given=block[:, :, 4],
                overtaken=np.stack([(over[:, :, 1] == 1) | (over[:, :, 2] > 0), over[:, :, 1] == 1]),
            )
        )
    keys = _keys(columns, revisions, sheets)
    return _joined(exam, persons, columns, revisions, sheets, codes.responses, keys)


def _read(
    persons: Sequence[First],
    seats: dict[int, list[Seat]],
    column_of: dict[int, int],
    codes: _Codes,
    progress: Progress | None,
) -> IntArray:
    """Right, answered, milliseconds, seen before and response of every seat of every person, (all seats, 5)."""
    ends = np.cumsum([len(seats[first.form]) for first in persons], dtype=np.intp)
    marks = np.zeros((int(ends[-1]) if persons else 0, 5), dtype=np.intp)
    marks[:, 4] = -1
    for first in range(0, len(persons), BATCH):
        batch = persons[first : first + BATCH]
        begins = [int(end) - len(seats[one.form]) for one, end in zip(batch, ends[first:], strict=False)]
        of_result = {one.result: begin for one, begin in zip(batch, begins, strict=True)}
        of_sitting = {one.sitting: (begin, one.form) for one, begin in zip(batch, begins, strict=True)}
        rows = SeatResult.objects.filter(result__in=of_result).order_by()
        fields = ("result_id", "seat", "correct", "answered", "spent_ms", "seen_before")
        found = np.array(list(rows.values_list(*fields)), dtype=np.intp).reshape(-1, len(fields))
        where = np.array([of_result[result] for result in found[:, 0].tolist()], dtype=np.intp) + found[:, 1] - 1
        marks[where, :4] = found[:, 2:]
        given = Answer.objects.filter(sitting__in=of_sitting).exclude(response=[]).order_by()
        for sitting, number, tokens in given.values_list("sitting_id", "seat", "response"):
            begin, form = of_sitting[sitting]
            seat = seats[form][number - 1]
            marks[begin + number - 1, 4] = codes.code(seat, column_of[seat.revision_id], tokens)
        if progress:
            progress(first + len(batch), len(persons))
    return marks


def _keys(columns: Sequence[int], revisions: dict[int, Revision], sheets: Sequence[Sheet]) -> list[list[Response]]:
    """The responses to each column that are right by any form's newest table, the one to show first."""
    corrected: dict[int, list[Response]] = defaultdict(list)
    for sheet in sheets:
        for seat in sheet.seats:
            corrected[seat.revision_id] += [tuple(numbers) for numbers in sheet.table.keys.get(str(seat.number), ())]
    found = []
    for column in columns:
        revision = revisions[column]
        right = corrected[column] or [revision.strategy.key(revision.content)]
        found.append(list(dict.fromkeys(canonical(revision.kind, numbers) for numbers in right)))
    return found


def _joined(
    exam: Exam,
    persons: list[First],
    columns: list[int],
    revisions: dict[int, Revision],
    sheets: list[Sheet],
    responses_of: list[list[Response]],
    keys: list[list[Response]],
) -> Data:
    """The sheets as persons × columns."""
    parts: list[list[Any]] = [[] for _ in range(6)]
    left_out: Counter[str] = Counter()
    before = 0
    for sheet in sheets:
        order = np.argsort(sheet.columns)
        person, place = np.nonzero(sheet.taken[:, order])
        seat = order[place]
        values = (sheet.right, sheet.answered, sheet.spent_ms, sheet.given)
        for part, found in zip(
            parts, (person + before, sheet.columns[seat], *(value[person, seat] for value in values)), strict=True
        ):
            part.append(found)
        before += sheet.persons
        left_out[NOT_REACHED] += int((~sheet.reached & ~sheet.removed).sum())
        left_out[REMOVED] += int(sheet.removed.sum()) * sheet.persons
        left_out[SEEN_BEFORE] += int((sheet.reached & ~sheet.removed & sheet.before).sum())
    person, item, right, answered, spent_ms, given = (np.concatenate(part) for part in parts)
    responses = Responses(len(persons), len(columns), person, item, right.astype(np.float64))
    names = [f"{revisions[column].question.public_id} r{revisions[column].number}" for column in columns]
    return Data(
        exam=exam,
        persons=persons,
        columns=columns,
        revisions=revisions,
        sheets=sheets,
        responses=responses,
        answered=answered,
        spent_ms=spent_ms,
        given=given,
        responses_of=responses_of,
        keys=keys,
        left_out=+left_out,
        digest=digest_of(names, [first.sitting for first in persons], responses),
    )


def digest_of(names: Sequence[str], sittings: Sequence[uuid.UUID], responses: Responses) -> str:
    """SHA-256 of who answered what how: by sitting and name of the revision, so that no order or row id matters."""
    alphabetical = np.argsort(np.argsort(np.array(names, dtype=np.str_)))
    by_sitting = np.argsort(np.argsort(np.array([str(sitting) for sitting in sittings], dtype=np.str_)))
    rows = np.stack([by_sitting[responses.person], alphabetical[responses.item], responses.right.astype(np.intp)])
    rows = rows[:, np.lexsort((rows[1], rows[0]))]
    answered = np.bincount(responses.item, minlength=len(names)) > 0
    # Questions that nobody answered say nothing: they are left out, and the others numbered without them.
    used = sorted(name for name, some in zip(names, answered.tolist(), strict=True) if some)
    rows[1] = np.unique(rows[1], return_inverse=True)[1]
    digest = hashlib.sha256()
    for text in ("\n".join(used), "\n".join(sorted(str(sitting) for sitting in sittings))):
        digest.update(text.encode() + b"\0")
    digest.update(rows.T.astype("<i4").tobytes())
    return digest.hexdigest()
