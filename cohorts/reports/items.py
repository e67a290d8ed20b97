"""Item analysis of a cohort: what its people made of each question that they met for the first time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cohorts import packing
from cohorts.models import Cohort, Outcome
from cohorts.reports.chosen import Row
from cohorts.reports.figures import FACILITY_FROM, RELIABILITY_FROM
from exams.models import ScoreTable, Seat
from psychometrics.arrays import FloatArray, IntArray
from psychometrics.classical.moments import moments
from questions.kinds import KINDS, Content, OptionContent, PromptContent
from questions.models import Option, Prompt, Revision, Task

VERY_HARD, TOO_EASY = 0.20, 0.95  # share right
HARDLY = 0.10  # discrimination
OFTEN = 0.30  # share that flagged it for review
LONG = 2.0  # times the median question's time

Response = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """What is odd about a question; the worst have the lowest `rank`."""

    rank: int
    tone: str
    label: str
    why: str


@dataclass(slots=True)
class Item:
    """One revision as the cohort met it: `n` people, repeats left out. Empty figures rest on too few.

    `choices` counts complete responses in option numbers. `forms` are those on which it was sat, `key` every response
    that is right by the newest of the tables that were used.
    """

    revision_id: int
    public_id: str
    number: int
    kind: str
    task: Task
    scored: bool
    forms: set[int]
    keys: list[Response]
    n: int
    correct: int
    answered: int
    flagged: int
    median_ms: float | None
    item_rest: float | None
    choices: Counter[Response]
    flags: list[Flag] = field(default_factory=list)

    @property
    def kind_label(self) -> str:
        return KINDS[self.kind].label

    @property
    def facility(self) -> float | None:
        return self.correct / self.n if self.n >= FACILITY_FROM else None

    @property
    def missed(self) -> float | None:
        return None if self.facility is None else 1 - self.facility

    @property
    def flagged_share(self) -> float | None:
        return self.flagged / self.n if self.n >= FACILITY_FROM else None

    @property
    def distractor(self) -> tuple[Response, int] | None:
        """The wrong option, or whole response of ordering and matching, that most chose, and how many; None where
        too few met the question or nobody was wrong."""
        if self.n < FACILITY_FROM:
            return None
        wrong = wrong_choices(self.kind, self.choices, self.keys)
        return min(wrong.items(), key=lambda one: (-one[1], one[0]), default=None)


def wrong_choices(kind: str, choices: Counter[Response], keys: Sequence[Response]) -> Counter[Response]:
    """How many chose each wrong option; of ordering and matching each wrong response as a whole."""
    found: Counter[Response] = Counter()
    if kind in ("multiple_choice", "multiple_response"):
        right = {number for key in keys for number in key}
        for response, n in choices.items():
            for number in response:
                if number not in right:
                    found[(number,)] += n
        return found
    for response, n in choices.items():
        if response not in keys:
            found[response] += n
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """A seat, without what is not needed."""

    form_id: int
    number: int
    revision_id: int
    task_id: int


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The people of one form with what they did, arrays (persons, seats)."""

    seats: list[_Place]
    records: packing.Records


def items_of(cohort: Cohort, rows: Sequence[Row]) -> list[Item]:
    """Every question that somebody of `rows`, one a person, has met; the most suspicious first, then by the share
    that missed it. Seven statements."""
    by_form: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        by_form[row.form_id].append(row.attempt_id)
    packed = dict(Outcome.objects.filter(cohort=cohort, pk__in=[row.attempt_id for row in rows]).values_list(
        "attempt_id", "seats"))  # fmt: skip
    seats: dict[int, list[_Place]] = defaultdict(list)
    fields = ("form_id", "number", "revision_id", "task_id")
    for values in Seat.objects.filter(form__in=by_form).order_by("form", "number").values_list(*fields):
        place = _Place(*values)
        seats[place.form_id].append(place)
    sheets = [
        _Sheet(seats[form], packing.seats([packed[one] for one in attempts if one in packed]))
        for form, attempts in by_form.items()
    ]
    sheets = [sheet for sheet in sheets if sheet.records.size]
    corrected = _corrected({row.table_id for row in rows})
    tasks = Task.objects.filter(exam=cohort.exam_id).select_related("domain").in_bulk()
    return _judged(_gathered(sheets, corrected, tasks))


def _corrected(tables: set[int]) -> dict[tuple[int, int], list[Response]]:
    """(form, seat) -> the responses that are right where a key was corrected. One statement."""
    found = {}
    for form, keys in ScoreTable.objects.filter(pk__in=tables).order_by("version").values_list("form_id", "keys"):
        for number, right in keys.items():
            found[form, int(number)] = [tuple(one) for one in right]
    return found


def _gathered(
    sheets: Sequence[_Sheet], corrected: dict[tuple[int, int], list[Response]], tasks: dict[int, Task]
) -> list[Item]:
    """Items with their figures, unjudged. Three statements."""
    revisions = sorted({seat.revision_id for sheet in sheets for seat in sheet.seats})
    column = {revision: place for place, revision in enumerate(revisions)}
    known = _wordings(revisions)
    parts: list[list[NDArray[np.generic]]] = [[] for _ in range(8)]
    for sheet in sheets:
        records = sheet.records
        right, scored = packing.has(records, packing.CORRECT), packing.has(records, packing.SCORED)
        # The rest of the score: on the person's other scored questions, as a share of them.
        offered = scored.sum(axis=1, keepdims=True) - scored
        rest = ((right & scored).sum(axis=1, keepdims=True) - (right & scored)) / np.maximum(offered, 1)
        places = np.array([column[seat.revision_id] for seat in sheet.seats], dtype=np.intp)
        fresh = ~packing.has(records, packing.SEEN_BEFORE)
        values = (np.broadcast_to(places, records.shape), right, scored, rest, packing.has(records, packing.ANSWERED),
                  packing.has(records, packing.FLAGGED), records["spent_ms"], records["given"])  # fmt: skip
        for part, value in zip(parts, values, strict=True):
            part.append(value[fresh])
    if not sheets:
        return []
    item, right, scored, rest, answered, flagged, spent, given = (np.concatenate(part) for part in parts)
    size = len(revisions)
    item = item.astype(np.intp)
    pairs = moments(item, size, right.astype(np.float64), rest.astype(np.float64))
    sums = [np.bincount(item, weights=one, minlength=size) for one in (right, scored, answered, flagged)]
    correlation = pairs.correlation
    order = np.argsort(item, kind="stable")
    ends = np.cumsum(np.bincount(item, minlength=size))[:-1]
    times, responses = np.split(spent[order], ends), np.split(given[order], ends)
    seats: dict[int, list[_Place]] = defaultdict(list)
    for sheet in sheets:
        for seat in sheet.seats:
            seats[seat.revision_id].append(seat)
    found = []
    for revision_id, place in column.items():
        n = int(pairs.n[place])
        if not n:
            continue
        revision = known[revision_id]
        keys = next(
            (corrected[seat.form_id, seat.number] for seat in seats[revision_id]
             if (seat.form_id, seat.number) in corrected),
            [revision.key],
        )  # fmt: skip
        found.append(
            Item(
                revision_id=revision_id,
                public_id=revision.public_id,
                number=revision.number,
                kind=revision.kind,
                task=tasks[seats[revision_id][0].task_id],
                scored=bool(sums[1][place]),
                forms={seat.form_id for seat in seats[revision_id]},
                keys=[_canonical(revision.kind, tuple(key)) for key in keys],
                n=n,
                correct=int(sums[0][place]),
                answered=int(sums[2][place]),
                flagged=int(sums[3][place]),
                median_ms=_median(times[place]),
                item_rest=_known(correlation[place]) if n >= RELIABILITY_FROM else None,
                choices=_choices(responses[place]),
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class _Wording:
    """What is needed of a revision beside its words."""

    public_id: str
    number: int
    kind: str
    key: Response


def _wordings(revisions: Sequence[int]) -> dict[int, _Wording]:
    """With the author's keys, without a word of text. Three statements."""
    options: dict[int, list[OptionContent]] = defaultdict(list)
    rows = Option.objects.filter(revision__in=revisions).order_by("revision", "number")
    for revision, correct, position in rows.values_list("revision_id", "correct", "position"):
        options[revision].append(OptionContent("", "", correct, position))
    prompts: dict[int, list[PromptContent]] = defaultdict(list)
    matches = Prompt.objects.filter(revision__in=revisions).order_by("revision", "number")
    for revision, number in matches.values_list("revision_id", "option__number"):
        prompts[revision].append(PromptContent("", "", number or 0))
    found = Revision.objects.filter(pk__in=revisions).order_by()
    return {
        pk: _Wording(public_id, number, kind, KINDS[kind].key(Content(tuple(options[pk]), tuple(prompts[pk]))))
        for pk, public_id, number, kind in found.values_list("pk", "question__public_id", "number", "kind")
    }


def _canonical(kind: str, response: Response) -> Response:
    return tuple(sorted(response)) if kind == "multiple_response" else response


def _median(spent: IntArray) -> float | None:
    """Of those whose browser measured some time."""
    measured = spent[spent > 0]
    return float(np.median(measured)) if measured.size >= FACILITY_FROM else None


def _choices(given: IntArray) -> Counter[Response]:
    values, counts = np.unique(given[given > 0], return_counts=True)
    return Counter({packing.response(int(value)): int(n) for value, n in zip(values, counts, strict=True)})


def _known(value: FloatArray) -> float | None:
    return None if np.isnan(value) else float(value)


def _judged(items: list[Item]) -> list[Item]:
    times = [item.median_ms for item in items if item.median_ms is not None]
    usual = float(np.median(times)) if times else None
    for item in items:
        item.flags = sorted(_flags(item, usual), key=lambda flag: flag.rank)
    return sorted(
        items,
        key=lambda item: (
            item.flags[0].rank if item.flags else 99,
            -len(item.flags),
            -(item.missed if item.missed is not None else -1),
            item.public_id,
        ),
    )


def _flags(item: Item, usual: float | None) -> list[Flag]:
    found = []
    distractor = item.distractor
    if item.item_rest is not None and item.item_rest < 0:
        found.append(Flag(0, "bad", "Check the key", "Stronger candidates miss it more often than weaker ones."))
    elif distractor is not None and distractor[1] > item.correct:
        found.append(Flag(1, "warn", "Misleads", "More chose one wrong answer than the right one."))
    if item.facility is not None and item.facility < VERY_HARD:
        found.append(Flag(2, "warn", "Very hard", "Fewer than one in five answer correctly."))
    if item.item_rest is not None and 0 <= item.item_rest < HARDLY and not _extreme(item):
        found.append(Flag(3, "warn", "Tells little", "It tells stronger and weaker candidates apart hardly at all."))
    if item.facility is not None and item.facility > TOO_EASY:
        found.append(Flag(4, "warn", "Too easy", "Almost everybody answers correctly."))
    if item.flagged_share is not None and item.flagged_share >= OFTEN:
        found.append(Flag(5, "warn", "Often flagged", "Many wanted to come back to it."))
    if usual and item.median_ms is not None and item.median_ms > LONG * usual:
        found.append(Flag(6, "warn", "Takes long", "It takes more than twice the usual time."))
    return found


def _extreme(item: Item) -> bool:
    """Nearly everybody right or wrong: then little is left to tell people apart by."""
    return item.facility is not None and not VERY_HARD <= item.facility <= TOO_EASY
