"""Turn an assembled draft into a form that never changes: seats in order, option orders, tokens, score table."""

from __future__ import annotations

import random
import secrets
from collections import deque
from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from exams.models import Form, ScoreRow, ScoreTable, Seat
from exams.services.bank import current_table, logit, parameters, reference_form
from psychometrics import equating, irt, scaling
from psychometrics.assembly import Draft
from questions.models import Exam, Placement, Revision, Standing
from questions.models.measurement import Status

TOKEN_LENGTH = 5
TOKEN_ALPHABET = "bcdfghjkmnpqrstvwxz23456789"  # no vowels: no words; no letters that look alike


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
    the seed.
    """
    # Form numbers are given one at a time; "no key" lets candidates begin sittings of the exam meanwhile.
    list(Exam.objects.select_for_update(no_key=True).filter(pk=exam.pk))
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


def make_table(*, form: Form, seats: Sequence[Seat], reason: str) -> ScoreTable:
    """Write the next version of the form's table from what is known of its questions now.

    The cut S is the exact rating sum of the exam's reference form; every other form is equated to it by IRT
    true-score equating. See docs/scoring.md.
    """
    exam = form.exam
    standings = {row.revision_id: row for row in Standing.objects.filter(exam=exam, revision__seats__form=form)}
    in_order = [standings.get(seat.revision_id) for seat in sorted(seats, key=lambda seat: seat.number)]
    scored = [seat.number for seat in seats if seat.scored]
    discriminations = [_slope(standing) for standing in in_order]
    intercepts = [_intercept(standing) for standing in in_order]
    reference = reference_form(exam)
    table = ScoreTable(
        form=form,
        version=(form.tables.aggregate(Max("version"))["version__max"] or 0) + 1,
        reason=reason,
        maximum_raw=len(scored),
        provisional=not all(_is_measured(in_order[number - 1]) for number in scored),
        discriminations=discriminations,
        intercepts=intercepts,
    )
    a, b = parameters(table, scored)
    if reference is None or reference.pk == form.pk:
        table.reference_cut = sum((_rating(in_order[number - 1]) for number in scored), Decimal(0))
        a_reference, b_reference = a, b
    else:
        reference_table = current_table(reference)
        table.reference_cut = reference_table.reference_cut
        a_reference, b_reference = parameters(
            reference_table, reference.seats.filter(scored=True).values_list("number", flat=True)
        )
    equated = equating.true_score(a, b, a_reference, b_reference)
    table.expected_at_cut = float(irt.characteristic_curve(0.0, a, b))
    table.minimum_passing_raw = scaling.minimum_passing_raw(table.expected_at_cut)
    table.save(force_insert=True)
    scale = scaling.Scale(minimum=exam.scale_minimum, maximum=exam.scale_maximum, pass_mark=exam.pass_mark)
    rows = scaling.score_table(scale, equated, table.reference_cut, len(a_reference), table.minimum_passing_raw)
    ScoreRow.objects.bulk_create(
        ScoreRow(
            table=table, raw=row.raw, equated=Decimal(str(round(row.equated, 6))), scaled=row.scaled, passed=row.passed
        )
        for row in rows
    )
    return table


def _is_measured(standing: Standing | None) -> bool:
    return standing is not None and standing.status == Status.CALIBRATED


def _slope(standing: Standing | None) -> float | None:
    if standing is None or standing.rating is None:
        return None
    return 1.0 if standing.discrimination is None else standing.discrimination


def _intercept(standing: Standing | None) -> float | None:
    if standing is None or standing.rating is None:
        return None
    return logit(float(standing.rating)) if standing.intercept is None else standing.intercept


def _rating(standing: Standing | None) -> Decimal:
    if standing is None or standing.rating is None:
        raise ValueError("a scored question has no rating")
    return standing.rating
