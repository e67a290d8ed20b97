"""What a file of answers needs to know of the forms that were sat: held for a few forms at a time."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from cohorts import packing
from cohorts.models import Cohort
from cohorts.reports.confidential import withheld_of
from exams.models import Seat
from questions.models import Revision
from scoring.models import Result
from scoring.reports.wording import given

MOST_FORMS = 12  # kept beyond those of the batch in hand


@dataclass(frozen=True, slots=True)
class Place:
    """One seat of a form. `key` is empty while the question is shut."""

    seat: Seat
    key: str
    public_id: str
    said: dict[int, str] = field(default_factory=dict)

    @property
    def what(self) -> tuple[int, str, str, str]:
        task = self.seat.task
        return self.seat.number, task.code, task.title, self.seat.revision.strategy.label

    def letters(self, packed: int) -> str:
        """A packed response in the letters of the form; empty for none. Each one is put into words once."""
        if packed not in self.said:
            numbers = packing.response(packed)
            self.said[packed] = given(self.seat.key(numbers), self.seat) if numbers else ""
        return self.said[packed]


class Papers:
    """Seats of forms with the keys by which results were marked."""

    def __init__(self, cohort: Cohort, now: dt.datetime) -> None:
        self.cohort, self.now = cohort, now
        self._seats: dict[int, list[Seat]] = {}
        self._shown: dict[int, set[int]] = {}
        self._corrected: dict[int, str] = {}
        self._places: dict[tuple[int, str], list[Place]] = {}

    def fetch(self, forms: Collection[int], results: Collection[int]) -> None:
        """Get ready for a batch of results on these forms. One statement when the forms are known, else a constant
        number more."""
        tables = Result.objects.filter(pk__in=results).values_list("pk", "table__keys")
        self._corrected = {pk: json.dumps(keys, sort_keys=True) for pk, keys in tables}
        missing = set(forms) - self._seats.keys()
        if len(self._seats) > MOST_FORMS:
            self._forget(set(self._seats) - set(forms))
        if missing:
            self._read(missing)

    def places(self, form: int, result: int) -> Sequence[Place]:
        """The form's seats in order, with the keys of the result's table."""
        corrected = self._corrected[result]
        if (form, corrected) not in self._places:
            keys = json.loads(corrected)
            self._places[form, corrected] = [self._place(form, seat, keys) for seat in self._seats[form]]
        return self._places[form, corrected]

    def _place(self, form: int, seat: Seat, corrected: dict[str, list[list[int]]]) -> Place:
        question = seat.revision.question
        if seat.revision_id not in self._shown[form]:
            return Place(seat, "", question.public_id)
        right = corrected.get(str(seat.number)) or [list(seat.revision.strategy.key(seat.revision.content))]
        key = "; or ".join(given(seat.key(tuple(numbers)), seat) for numbers in right)
        return Place(seat, key, question.public_id)

    def _read(self, forms: Collection[int]) -> None:
        rows = list(Seat.objects.filter(form__in=forms).select_related("task").order_by("form", "number"))
        revisions = Revision.objects.with_content().select_related("question")
        by_id = revisions.in_bulk({seat.revision_id for seat in rows})
        withheld = withheld_of(self.cohort, list(by_id), now=self.now)
        shown = {revision for revision in by_id if revision not in withheld}
        for form in forms:
            self._seats[form], self._shown[form] = [], shown
        for seat in rows:
            seat.revision = by_id[seat.revision_id]
            self._seats[seat.form_id].append(seat)

    def _forget(self, forms: Collection[int]) -> None:
        for form in forms:
            del self._seats[form], self._shown[form]
        self._places = {key: places for key, places in self._places.items() if key[0] in self._seats}
