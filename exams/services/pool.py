"""Forms that stand ready: the pool is filled beforehand, so that Begin never solves anything."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from exams.models import Form, Seat, Sitting
from exams.services import bank
from exams.services.freezing import Gone, freeze
from psychometrics.assembly import Assembly, Shortage, assemble_forms, assemble_pool
from questions.models import Exam
from questions.models.bank import RevisionState

ASSEMBLY_LOCK = 0xF0  # advisory lock: one process at a time assembles for an exam
TOO_MANY_SEEN = 5  # with more questions seen before, a personal form is worth making

Progress = Callable[[int, int], None]


class NoForm(Exception):
    """No form can be handed out; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Made:
    """What an assembly run gave."""

    forms: list[Form]
    assembly: Assembly


def assemble(*, exam: Exam, forms: int, seed: int | None = None, disjoint: bool = False) -> Made:
    """Make parallel forms and put them into the pool. Raises Shortage or Gone, and then nothing is made.

    The first form of an exam becomes its reference form. With `disjoint` no question stands on two of the new
    forms or on one of them and a form already in the pool.
    """
    seed = secrets.randbits(31) if seed is None else seed
    with transaction.atomic():
        _lock(exam)
        assembly = plan(exam=exam, forms=forms, seed=seed, disjoint=disjoint)
        first = bank.reference_form(exam) is None
        made = [
            freeze(
                exam=exam,
                draft=draft,
                seed=seed + place,
                reference=first and place == 0,
                relaxed=assembly.relaxed,
            )
            for place, draft in enumerate(assembly.drafts)
        ]
        return Made(made, assembly)


def plan(*, exam: Exam, forms: int, seed: int, disjoint: bool) -> Assembly:
    """Assemble without writing. Raises Shortage."""
    candidates, blueprint = bank.candidates_of(exam), bank.blueprint_of(exam)
    reference = bank.reference_form(exam)
    if reference is None:
        return assemble_pool(candidates, blueprint, forms=forms, disjoint=disjoint, seed=seed)
    used = bank.drafts_of(Form.objects.pool().filter(exam=exam))
    target = bank.target_of(reference)
    return assemble_forms(candidates, blueprint, target, forms=forms, disjoint=disjoint, used=used, seed=seed)


def fill(*, exam: Exam) -> int:
    """Bring the exam's pool up to its size; returns how many forms were made. Raises Shortage and Gone.

    In a small bank the pool is solved as a whole, because forms made one by one paint each other into a corner.
    """
    outdated(exam).update(state=Form.State.RETIRED)
    if _missing(exam) <= 0:
        return 0
    with transaction.atomic():
        _lock(exam)
        missing = _missing(exam)  # again: while we waited for the lock somebody else may have filled it
        return len(assemble(exam=exam, forms=missing).forms) if missing > 0 else 0


def outdated(exam: Exam) -> QuerySet[Form]:
    """Forms that stand ready although one of their questions has been corrected or retired since.

    A reference form goes on carrying the cut; only its place in the pool is taken.
    """
    stale = Seat.objects.filter(form=OuterRef("pk")).exclude(revision__state=RevisionState.PUBLISHED)
    ready = Form.objects.filter(exam=exam, state__in=(Form.State.POOL, Form.State.PENDING))
    return ready.filter(Exists(stale))


def _missing(exam: Exam) -> int:
    return settings.FORM_POOL_SIZE - Form.objects.pool().filter(exam=exam).count()


def can_be_assembled(exam: Exam) -> bool:
    """Whether the bank holds anything for this exam at all."""
    return exam.placements.exists()


def take_form(*, user: User, exam: Exam) -> Form:
    """The form that shows this person the fewest questions again: their pending personal one or one of the pool.

    Ties are broken at random. Call inside a transaction. Raises NoForm.
    """
    again, own = _shown_again(user=user, exam=exam)
    # Held before any is chosen, so that two clicks cannot both take it.
    mine = Form.objects.filter(pk__in=own, state=Form.State.PENDING).order_by()
    pending = mine.select_for_update().first() if own else None
    # One that is taken off while we look is passed over: whoever withdraws a question waits for us, or we for them.
    best = next((form for _, pk in _in_order(again) if (form := _still_ready(pk))), None)
    if best is None:
        raise NoForm(f"No form of {exam.code} is ready yet; please try again in a minute.")
    if pending:
        # Used, or by now no better than the pool: either way it waits no longer.
        pending.state = Form.State.PERSONAL if pending.pk == best.pk else Form.State.RETIRED
        pending.save(update_fields=["state"])
    return pending if pending and pending.pk == best.pk else best


def take(*, form: Form) -> Form:
    """The form, kept ready until the end of the transaction, which it is called in. Raises NoForm."""
    ready = _still_ready(form.pk)
    if ready is None:
        raise NoForm("The form of this assignment is no longer in use; ask your instructor to choose another.")
    return ready


def _still_ready(pk: int) -> Form | None:
    """The form if it still stands ready, kept so until the end of the transaction. Many may begin it at once."""
    ready = (Form.State.POOL.value, Form.State.PENDING.value)
    rows = Form.objects.raw("SELECT * FROM exams_form WHERE id = %s AND state IN (%s, %s) FOR SHARE", [pk, *ready])
    return next(iter(rows), None)


def rank(*, user: User, exam: Exam) -> list[tuple[int, int]]:
    """(questions seen before, form id) of every form the person could get, best first, ties in random order.

    Two statements, or four for a person who has sat something.
    """
    return _in_order(_shown_again(user=user, exam=exam)[0])


def _shown_again(*, user: User, exam: Exam) -> tuple[dict[int, int], list[int]]:
    """How many questions each form would show this person again, and which of the forms were made for them."""
    rows = Form.objects.offered_to(user.pk).filter(exam=exam).order_by().values_list("pk", "state")
    offered = dict(rows)
    again = dict.fromkeys(offered, 0)
    seen = bank.seen_by(user.pk)
    if seen:  # most who begin an exam have sat nothing: then no question need be read
        seats = Seat.objects.filter(form__in=list(offered)).order_by()
        for form, question in seats.values_list("form_id", "revision__question_id"):
            again[form] += question in seen
    return again, [form for form, state in offered.items() if state == Form.State.PENDING]


def _in_order(again: dict[int, int]) -> list[tuple[int, int]]:
    order = [(count, form) for form, count in again.items()]
    random.shuffle(order)
    return sorted(order, key=lambda pair: pair[0])


def has_form(*, user: User, exam: Exam) -> bool:
    """Whether Begin would find a form for this person."""
    return Form.objects.offered_to(user.pk).filter(exam=exam).exists()


def wants_personal_form(*, user: User, exam: Exam) -> bool:
    """Whether every pool form would show too much again and no personal form is waiting."""
    if Form.objects.pending_for(user.pk).filter(exam=exam).exists():
        return False
    ranked = rank(user=user, exam=exam)
    return bool(ranked) and ranked[0][0] > TOO_MANY_SEEN


def prepare_personal_form(*, user: User, exam: Exam, seed: int | None = None) -> Form | None:
    """Make a form for one person when that shows fewer questions again than the pool can; None when it cannot."""
    ranked = rank(user=user, exam=exam)
    reference = bank.reference_form(exam)
    running = Sitting.objects.in_progress().filter(user=user, exam=exam).exists()
    if not ranked or reference is None or running or not wants_personal_form(user=user, exam=exam):
        return None
    seed = secrets.randbits(31) if seed is None else seed
    candidates = bank.candidates_of(exam, seen=bank.seen_by(user.pk))
    try:
        assembly = assemble_forms(
            candidates, bank.blueprint_of(exam), bank.target_of(reference), forms=1, disjoint=False, seed=seed,
            personal=True,
        )  # fmt: skip
    except Shortage:
        return None
    draft = assembly.drafts[0]
    seen_revisions = {candidate.id for candidate in candidates if candidate.seen}
    if len(seen_revisions & {*draft.scored, *draft.unscored}) >= ranked[0][0]:
        return None
    try:
        with transaction.atomic():
            return freeze(exam=exam, draft=draft, seed=seed, owner=user, relaxed=assembly.relaxed)
    except (IntegrityError, Gone):
        return None  # another request made one in the meantime, or a question was taken out of use


def _lock(exam: Exam) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ASSEMBLY_LOCK, exam.pk])
