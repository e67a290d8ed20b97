"""Regrades: a key is corrected or a question removed, and everybody who met it gets what is right.

Previewed with every result that moves, audited, reversible; and nobody loses a pass unless whoever does it says why.
See docs/adr/0018-regrades.md.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import F

from accounts.models import User
from exams.models import Form, ScoreTable, Seat, Sitting
from exams.services import tables
from exams.services.tables import Keys
from questions.kinds import ImpossibleResponse
from questions.models import Exam, Revision
from scoring import rewriting, variants
from scoring.models import Regrade
from scoring.variants import Change, Edit, Move

REGRADE_LOCK = 0xF1  # advisory lock by exam: whoever scores shares it, whoever regrades holds it alone
REASON = (20, 500)  # characters
MOST_KEYS = 10

Act = Regrade.Act


class CannotRegrade(Exception):
    """The regrade is refused; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class FormChange:
    """A form, where the question stands on it, and its newest table before and after."""

    form: str
    state: str
    seat: int
    scored: bool
    before: ScoreTable
    after: ScoreTable


@dataclass(frozen=True, slots=True)
class Preview:
    """What a regrade would do. Sums leave simulated sittings out; `moves` holds them, too."""

    exam: Exam
    revision: Revision
    act: str
    keys: tuple[tuple[int, ...], ...]
    forms: tuple[FormChange, ...]
    moves: tuple[Move, ...]
    results: int
    simulated: int

    @property
    def up(self) -> int:
        return sum(move.up for move in self.moves if not move.simulated)

    @property
    def down(self) -> int:
        return sum(move.down for move in self.moves if not move.simulated)

    @property
    def gained(self) -> int:
        return sum(move.gained for move in self.moves if not move.simulated)

    @property
    def lost(self) -> int:
        return sum(move.lost for move in self.moves if not move.simulated)

    def summary(self) -> dict[str, int]:
        """What is kept with the regrade."""
        return {
            "forms": len(self.forms),
            "results": self.results,
            "up": self.up,
            "down": self.down,
            "gained": self.gained,
            "lost": self.lost,
            "simulated": self.simulated,
        }


def preview(*, exam: Exam, revision: Revision, act: str, keys: object = ()) -> Preview:
    """What the regrade would do; nothing is written. A constant number of statements. Raises CannotRegrade."""
    return _plan(exam, revision, act, keys)[1]


@transaction.atomic
def apply(
    *, exam: Exam, revision: Revision, act: str, keys: object, reason: str, losing_reason: str, by: User,
    now: dt.datetime,
) -> Regrade:  # fmt: skip
    """Regrade: new versions of the forms' tables and of every result on them, at once or not at all.

    `keys` holds the responses that are right from now on, each a list of option numbers, the one to show first.
    Raises CannotRegrade.
    """
    _lock(exam)
    changed, seen = _plan(exam, revision, act, keys)
    reason = reasoned(reason)
    if seen.lost:
        losing_reason = reasoned(losing_reason, f"why it is right that {_people(seen.lost)} a pass")
    regrade = Regrade.objects.create(
        exam=exam,
        revision=revision,
        act=act,
        keys=[list(key) for key in seen.keys],
        reason=reason,
        losing_reason=losing_reason.strip() if seen.lost else "",
        summary=seen.summary(),
        made_by=by,
        made_at=now,
    )
    _carry_out(changed, regrade, now)
    return regrade


def reasoned(text: str, what: str = "why the question is regraded") -> str:
    """The reason as it is kept. Raises CannotRegrade where it is too short to be one, or too long."""
    least, most = REASON
    text = " ".join(text.replace("\0", "").split())
    if len(text) < least:
        raise CannotRegrade(f"Say in at least {least} characters {what}.")
    if len(text) > most:
        raise CannotRegrade(f"Say in at most {most} characters {what}.")
    return text


def preview_revert(*, regrade: Regrade) -> Preview:
    """What taking the regrade back would do; nothing is written. Raises CannotRegrade."""
    return _plan_revert(regrade)[1]


@transaction.atomic
def revert(*, regrade: Regrade, reason: str, by: User, now: dt.datetime) -> Regrade:
    """Take a regrade back: every table and result as it stands now, less this regrade. Raises CannotRegrade.

    Regrades of other questions stay in force. Somebody may lose the pass that the regrade gave; `reason` says why.
    """
    _lock(regrade.exam)
    regrade = Regrade.objects.select_related("exam", "revision__question").get(pk=regrade.pk)
    changed, _ = _plan_revert(regrade)
    regrade.revert_reason = reasoned(reason, "why the regrade is taken back")
    regrade.reverted_at, regrade.reverted_by = now, by
    regrade.save(update_fields=["reverted_at", "reverted_by", "revert_reason"])
    _carry_out(changed, regrade, now)
    return regrade


def catch_up(*, sitting_ids: Sequence[uuid.UUID]) -> None:
    """Before sittings are scored: forms made since a regrade, with the same revision on them, get a table that
    carries it. Keeps regrades of the exam out until the transaction ends. Two statements where nothing is to be done.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT form_id, pg_advisory_xact_lock_shared(%s, exam_id::integer) FROM"
            " (SELECT DISTINCT exam_id, form_id FROM exams_sitting WHERE id = ANY(%s)) AS sat",
            [REGRADE_LOCK, list(sitting_ids)],
        )
        forms = [form for form, _ in cursor.fetchall()]
    lacking = _lacking(forms)
    if not lacking:
        return
    list(Form.objects.select_for_update(no_key=True).filter(pk__in=forms).order_by("pk"))
    for regrade, seats in _lacking(forms).items():  # again: somebody else may have seen to it
        changed = variants.changes(regrade.exam, seats, _edit(regrade.act, regrade.keys), _said(regrade))
        regrade.tables.add(*tables.store([change.variant for change in changed]))


def _lacking(forms: Collection[int]) -> dict[Regrade, list[Seat]]:
    """Standing regrades of revisions on these forms that the forms' newest tables do not carry."""
    standing = Regrade.objects.filter(
        reverted_at__isnull=True, revision__seats__form__in=forms, exam=F("revision__seats__form__exam")
    )
    pairs = list(standing.order_by("made_at").values_list("pk", "revision__seats"))
    if not pairs:
        return {}
    regrades = Regrade.objects.select_related("exam", "revision__question").in_bulk([pk for pk, _ in pairs])
    seats = Seat.objects.select_related("revision").in_bulk([seat for _, seat in pairs])
    newest = ScoreTable.objects.filter(form__in=forms).order_by("form_id", "-version").distinct("form_id")
    table_of = {table.form_id: table for table in newest}
    found: dict[Regrade, list[Seat]] = defaultdict(list)
    for pk, seat_id in pairs:
        regrade, seat = regrades[pk], seats[seat_id]
        table = table_of[seat.form_id]
        if _edit(regrade.act, regrade.keys)(seat, table) != (table.removed, table.keys):
            found[regrade].append(seat)
    return found


def _lock(exam: Exam) -> None:
    """Nobody scores, regrades or freezes a form of the exam meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [REGRADE_LOCK, exam.pk])
    list(Exam.objects.select_for_update(no_key=True).filter(pk=exam.pk))


def _carry_out(changed: Sequence[Change], regrade: Regrade, now: dt.datetime) -> None:
    # In one order, as everybody locks them.
    forms = {change.base.form_id for change in changed}
    list(Form.objects.select_for_update(no_key=True).filter(pk__in=forms).order_by("pk"))
    closed = Sitting.objects.closed().filter(form__in=forms)
    list(closed.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    rewriting.write(changed, regrade, now)


def _plan(exam: Exam, revision: Revision, act: str, keys: object) -> tuple[list[Change], Preview]:
    if act not in Act.values:
        raise CannotRegrade("A regrade either corrects the key or removes the question.")
    revision = Revision.objects.with_content().get(pk=revision.pk)
    right = _keys(revision, keys) if act == Act.KEY else ()
    if act == Act.REMOVED and keys:
        raise CannotRegrade("A question that is removed has no key to correct.")
    if Regrade.objects.filter(exam=exam, revision=revision, reverted_at__isnull=True).exists():
        raise CannotRegrade("This question has been regraded already; take that back first.")
    seats = variants.seats_of(exam, revision)
    if not seats:
        raise CannotRegrade(f"This revision stands on no form of {exam.code}, so there is nothing to regrade.")
    if act == Act.REMOVED and not any(seat.scored for seat in seats):
        raise CannotRegrade("This question counts on no form, so it need not be removed.")
    said = _said(Regrade(act=act, revision=revision))
    return _seen(exam, revision, seats, act, right, _edit(act, [list(key) for key in right]), said)


def _plan_revert(regrade: Regrade) -> tuple[list[Change], Preview]:
    if regrade.reverted_at:
        raise CannotRegrade("This regrade has been taken back already.")
    right = tuple(tuple(key) for key in regrade.keys)
    revision = Revision.objects.with_content().get(pk=regrade.revision_id)
    seats = variants.seats_of(regrade.exam, revision)
    said = f"taken back: {_said(regrade)}"
    return _seen(regrade.exam, revision, seats, regrade.act, right, _edit(regrade.act, None), said)


def _seen(
    exam: Exam, revision: Revision, seats: Sequence[Seat], act: str, right: tuple[tuple[int, ...], ...], edit: Edit,
    said: str,
) -> tuple[list[Change], Preview]:  # fmt: skip
    changed = variants.changes(exam, seats, edit, said)
    for change in changed:
        if change.empties_a_domain:
            raise CannotRegrade(f"{change.form} would have a domain without a question that counts.")
    found = variants.moves(changed)
    forms = tuple(
        FormChange(
            form=change.form.code,
            state=change.form.get_state_display(),
            seat=change.seat.number,
            scored=change.seat.scored,
            before=change.base,
            after=change.table,
        )
        for change in changed
        if change.newest
    )
    return changed, Preview(exam, revision, act, right, forms, found.moved, found.results, found.simulated)


def _edit(act: str, keys: list[list[int]] | None) -> Edit:
    """What the act makes of a table; with None for keys, what taking it back makes of it."""
    back = keys is None

    def edit(seat: Seat, table: ScoreTable) -> tuple[list[int], Keys]:
        removed, right = set(table.removed), dict(table.keys)
        if act == Act.KEY:
            right.pop(str(seat.number), None)
            if keys is not None:
                right[str(seat.number)] = keys
        elif back:
            removed.discard(seat.number)
        elif seat.scored:
            removed.add(seat.number)
        return sorted(removed), right

    return edit


def _said(regrade: Regrade) -> str:
    """Why a table has a new version."""
    question = regrade.revision.question.public_id
    return f"key of {question} corrected" if regrade.act == Act.KEY else f"{question} removed from scoring"


def _keys(revision: Revision, keys: object) -> tuple[tuple[int, ...], ...]:
    """The responses in the order that marking compares, each checked to be one that somebody could have given."""
    if not isinstance(keys, list | tuple) or not keys:
        raise CannotRegrade("Say which answer is right.")
    if len(keys) > MOST_KEYS:
        raise CannotRegrade(f"At most {MOST_KEYS} answers can be right.")
    right = [_key(revision, key) for key in keys]
    if len(set(right)) != len(right):
        raise CannotRegrade("The same answer is named twice.")
    if right == [revision.strategy.key(revision.content)]:
        raise CannotRegrade("That is the key already.")
    return tuple(right)


def _key(revision: Revision, key: object) -> tuple[int, ...]:
    kind, content = revision.strategy, revision.content
    if not isinstance(key, list | tuple) or any(type(number) is not int for number in key):
        raise CannotRegrade("An answer is a list of option numbers.")
    slots = kind.slots(content)
    names = [str(number) for number in range(1, len(content.options) + 1)]
    try:
        response = kind.parse([str(number) for number in key], tokens=names, slots=slots)
    except ImpossibleResponse as problem:
        raise CannotRegrade(str(problem)) from None
    if not kind.is_complete(response, slots=slots):
        raise CannotRegrade(f"A complete answer to this question has {slots} part{'s' * (slots != 1)}.")
    return tuple(int(name) for name in response)


def _people(count: int) -> str:
    return "one person loses" if count == 1 else f"{count} people lose"
