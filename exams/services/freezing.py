"""Turn an assembled draft into a form that never changes: seats in order, option orders, tokens, score table."""

from __future__ import annotations

import random
import secrets
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Max

from accounts.models import User
from exams.models import Form, ScoreRow, ScoreTable, Seat, Standard
from exams.services import tables
from exams.services.bank import current_table, parameters, parameters_at_cut, reference_form, standard_of
from psychometrics.assembly import Draft
from questions.models import Exam, Placement, Revision, Standing
from questions.models.bank import RevisionState
from questions.models.measurement import Status

TOKEN_LENGTH = 5
TOKEN_ALPHABET = "bcdfghjkmnpqrstvwxz23456789"  # no vowels: no words; no letters that look alike


class Gone(Exception):
    """A question was taken out of use, or reworded, while its form was being made; another attempt helps."""


@transaction.atomic
def freeze(
    *,
    exam: Exam,
    draft: Draft,
    seed: int,
    reference: bool = False,
    owner: User | None = None,
    relaxed: Sequence[str] = (),
) -> Form:
    """Write the form, its 65 seats and the first version of its table. A constant number of statements.

    `draft` holds revision ids. `seed` decides the order of seats and options; tokens are unpredictable whatever
    the seed. Raises Gone.
    """
    # Form numbers are given one at a time; "no key" lets candidates begin sittings of the exam meanwhile.
    list(Exam.objects.select_for_update(no_key=True).filter(pk=exam.pk))
    _hold([*draft.scored, *draft.unscored])
    number = (Form.objects.filter(exam=exam).aggregate(Max("number"))["number__max"] or 0) + 1
    form = Form.objects.create(
        exam=exam,
        number=number,
        reference=reference,
        owner=owner,
        state=Form.State.PENDING if owner else Form.State.POOL,
        relaxed=list(relaxed),
    )
    rng = random.Random(seed)
    scored = set(draft.scored)
    revisions = {
        revision.pk: revision
        for revision in Revision.objects.with_content().filter(pk__in=[*draft.scored, *draft.unscored])
    }
    tasks = dict(
        Placement.objects.filter(exam=exam, question__revisions__in=revisions).values_list("question_id", "task_id")
    )
    letters = _Letters(rng)
    seats = [
        Seat(
            form=form,
            number=place,
            revision=revision,
            task_id=tasks[revision.question_id],
            scored=revision.pk in scored,
            kind=revision.kind,
            options=(order := option_order(revision, letters, rng)),
            tokens=_tokens(len(order)),
            slots=revision.strategy.slots(revision.content),
        )
        for place, revision in enumerate(seat_order(list(revisions.values()), rng), 1)
    ]
    Seat.objects.bulk_create(seats)
    make_table(form=form, seats=seats, reason="made with the form")
    return form


def _hold(revisions: Sequence[int]) -> None:
    """Keep the wordings published until the form is there, so that whoever takes one out of use finds the form."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM questions_revision WHERE id = ANY(%s) AND state = %s ORDER BY id FOR SHARE",
            [list(revisions), RevisionState.PUBLISHED.value],
        )
        if len(cursor.fetchall()) < len(revisions):
            raise Gone("A question was taken out of use while the form was made; please try again.")


def seat_order(revisions: Sequence[Revision], rng: random.Random) -> list[Revision]:
    """A random order in which the questions of a case study stand together.

    Scored and unscored questions are shuffled as one, so that nothing about a place tells them apart.
    """
    groups: dict[tuple[str, int], list[Revision]] = {}
    for revision in sorted(revisions, key=lambda revision: revision.pk):
        scenario = revision.question.scenario_id
        groups.setdefault(("case", scenario) if scenario else ("single", revision.pk), []).append(revision)
    order = list(groups.values())
    for group in order:
        rng.shuffle(group)
    rng.shuffle(order)
    return [revision for group in order for revision in group]


class _Letters:
    """Deals key positions for multiple choice so that each comes up equally often on a form, in random order."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.waiting: deque[int] = deque()

    def next(self, options: int) -> int:
        if not self.waiting:
            self.waiting.extend(self.rng.sample(range(options), options))
        return self.waiting.popleft()


def option_order(revision: Revision, letters: _Letters, rng: random.Random) -> list[int]:
    """Option numbers in display order: key positions balanced, an ordering never in its right order."""
    content, kind = revision.content, revision.kind
    numbers = list(range(1, len(content.options) + 1))
    key = list(revision.strategy.key(content))
    rng.shuffle(numbers)
    if kind == "multiple_choice":
        numbers.remove(key[0])
        numbers.insert(letters.next(len(content.options)), key[0])
    elif kind in ("ordering", "matching"):
        while _solved(numbers, key):
            rng.shuffle(numbers)
    return numbers


def _solved(numbers: Sequence[int], key: Sequence[int]) -> bool:
    """Whether reading the options from the top already gives the key, for the steps that belong to it."""
    wanted = list(dict.fromkeys(key))
    return len(wanted) > 1 and [number for number in numbers if number in wanted] == wanted


def _tokens(count: int) -> list[str]:
    tokens: set[str] = set()
    while len(tokens) < count:
        tokens.add("".join(secrets.choice(TOKEN_ALPHABET) for _ in range(TOKEN_LENGTH)))
    return list(tokens)


def make_table(
    *,
    form: Form,
    seats: Sequence[Seat],
    reason: str,
    removed: Collection[int] | None = None,
    keys: Mapping[str, Sequence[Sequence[int]]] | None = None,
) -> ScoreTable:
    """Write the next version of the form's table from what is known of its questions now.

    The cut S is the exam's standard, at first the exact rating sum of its reference form; every other form is equated
    to that by IRT true-score equating. `removed` seats (numbers) count no more, and `keys` (seat number -> right
    responses in option numbers) replace those of the questions; where not given, those of the last version go on
    standing. A reference form that has lost a question is equated to itself as it was. See docs/scoring.md.
    """
    exam = form.exam
    before = form.tables.order_by("-version").first()
    removed = sorted(before.removed if removed is None and before else removed or ())
    corrected = (
        before.keys if keys is None and before else {number: list(right) for number, right in (keys or {}).items()}
    )
    standings = {row.revision_id: row for row in Standing.objects.filter(exam=exam, revision__seats__form=form)}
    in_order = [standings.get(seat.revision_id) for seat in sorted(seats, key=lambda seat: seat.number)]
    full = [seat.number for seat in seats if seat.scored]
    scored = [number for number in full if number not in removed]
    reference = reference_form(exam)
    is_reference = reference is None or reference.pk == form.pk
    standard = standard_of(exam)
    if not standard.version:
        standard = _first_standard(exam, sum((_rating(in_order[number - 1]) for number in full), Decimal(0)))
    known = [_parameters(standard, standing) for standing in in_order]
    table = ScoreTable(
        form=form,
        version=(before.version if before else 0) + 1,
        reason=reason,
        reference_cut=standard.cut,
        maximum_raw=len(scored),
        provisional=not all(_is_measured(in_order[number - 1]) for number in scored),
        removed=removed,
        keys=corrected,
        population_mean=None if standard.population_mean is None else standard.population_mean - standard.ability,
        population_sd=standard.population_sd,
        discriminations=[slope for slope, _ in known],
        intercepts=[intercept for _, intercept in known],
    )
    if is_reference:
        known_of_reference = parameters(table, full)
    else:
        assert reference is not None
        numbers = reference.seats.filter(scored=True).values_list("number", flat=True)
        known_of_reference = parameters(current_table(reference), numbers)
    rows = tables.complete(table, scored, known_of_reference, is_reference=is_reference)
    table.save(force_insert=True)
    ScoreRow.objects.bulk_create(rows)
    return table


def _first_standard(exam: Exam, cut: Decimal) -> Standard:
    return Standard.objects.create(exam=exam, version=1, cut=cut, reason="Sum of the ratings of the reference form.")


def _is_measured(standing: Standing | None) -> bool:
    return standing is not None and standing.status == Status.CALIBRATED


def _parameters(standard: Standard, standing: Standing | None) -> tuple[float | None, float | None]:
    if standing is None or standing.rating is None:
        return None, None
    return parameters_at_cut(standard, standing.rating, standing.discrimination, standing.intercept)


def _rating(standing: Standing | None) -> Decimal:
    if standing is None or standing.rating is None:
        raise ValueError("a scored question has no rating")
    return standing.rating
