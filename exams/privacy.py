"""What this room holds about a person: sittings with everything in them, and forms made for them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from accounts.models import ERASED_NAME
from accounts.privacy import Holding, NotNow, Parting, Row, Sections, Subject, rows
from exams.models import (
    Answer,
    Claim,
    Event,
    Form,
    KeptChange,
    Notice,
    Pad,
    Presence,
    ScoreRow,
    ScoreTable,
    Seat,
    Sitting,
    Standard,
)
from exams.retention import tidy
from exams.services import sittings

OPEN = "One of your sittings is not over yet: end it, wait until its result is there, and then ask again."


def collect(subject: Subject, now: dt.datetime) -> Sections:
    """Statements as many as there are kinds of rows, however many sittings there are."""
    staff = Event.objects.filter(staff__in=subject.addresses).order_by("at")
    found: Sections = {
        "What you did as staff in others' sittings": [
            {"at": at, "act": Event.Kind(kind).label} for at, kind in staff.values_list("at", "kind")
        ]
    }
    if subject.user is None:
        return found
    mine = list(Sitting.objects.filter(user=subject.user).select_related("exam", "form").order_by("started_at", "pk"))
    letters = _letters({one.form_id for one in mine})
    parts = {
        "answers": _by_sitting(mine, Answer, lambda row, known: _answer(row, known), letters),
        "answers that do not count": _by_sitting(mine, KeptChange, lambda row, known: _kept(row, known), letters),
        "note pad": _by_sitting(mine, Pad, lambda row, known: {"saved": row.saved_at, "text": row.text}, letters),
        "windows": _by_sitting(
            mine, Claim, lambda row, known: {"number": row.number, "opened": row.issued_at}, letters
        ),
        "timeline": _by_sitting(mine, Event, lambda row, known: _event(row), letters),
        "messages from staff": _by_sitting(mine, Notice, lambda row, known: {"at": row.at, "text": row.text}, letters),
        "page last heard of": _by_sitting(mine, Presence, lambda row, known: {"at": row.seen_at}, letters),
    }
    found["Sittings"] = [_sitting(one) | {name: part[one.pk] for name, part in parts.items()} for one in mine]
    forms = Form.objects.filter(owner=subject.user).select_related("exam").order_by("created_at")
    found["Forms made for you"] = [
        {"exam": form.exam.code, "form": form.code, "made": form.created_at, "state": form.get_state_display()}
        for form in forms
    ]
    set_by = Standard.objects.filter(set_by=subject.user).values("exam__code", "version", "reason", "created_at")
    found["Cut scores you set"] = rows(set_by)
    return found


def _sitting(one: Sitting) -> Row:
    return {
        "id": str(one.pk), "exam": one.exam.code, "form": one.form.code, "state": one.get_state_display(),
        "started": one.started_at, "deadline": one.deadline, "ended": one.ended_at, "closed": one.closed_at,
        "ended by": one.get_end_reason_display(), "minutes": one.limit_minutes, "time factor": one.multiplier,
        "extra minutes": one.extra_minutes, "minutes granted": one.granted_minutes,
        "seconds paused": one.paused_seconds, "given by staff": one.assigned, "declared void": one.void,
        "reopened": one.reopened_at,
    }  # fmt: skip


Letters = dict[int, dict[int, dict[str, str]]]


def _letters(forms: set[int]) -> Letters:
    """Form -> seat -> token -> letter, as the candidate sees them. Nothing of a seat that gives a key away."""
    found: Letters = defaultdict(dict)
    for seat in Seat.objects.filter(form__in=forms).only("form_id", "number", "tokens"):
        found[seat.form_id][seat.number] = seat.letters()
    return found


def _by_sitting(
    mine: Sequence[Sitting], model: type[Any], told: Callable[[Any, dict[int, dict[str, str]]], Row], letters: Letters
) -> dict[uuid.UUID, list[Row]]:
    forms = {one.pk: one.form_id for one in mine}
    found: dict[uuid.UUID, list[Row]] = defaultdict(list)
    for row in model.objects.filter(sitting__in=list(forms)).order_by("pk"):
        found[row.sitting_id].append(told(row, letters[forms[row.sitting_id]]))
    return found


def _answer(row: Answer, known: dict[int, dict[str, str]]) -> Row:
    here = known[row.seat]
    return {
        "question": row.seat, "answer": [here.get(token, "") for token in row.response], "flagged": row.flagged,
        "struck out": [here.get(token, "") for token in row.struck], "highlights": row.marks,
        "highlights in the case study": row.scenario_marks, "milliseconds": row.spent_ms, "saved": row.saved_at,
        "late": row.late,
    }  # fmt: skip


def _kept(row: KeptChange, known: dict[int, dict[str, str]]) -> Row:
    here = known.get(row.seat, {})
    return {
        "question": row.seat or "note pad", "answer": [here.get(token, "") for token in row.response],
        "struck out": [here.get(token, "") for token in row.struck], "flagged": row.flagged, "text": row.text,
        "why": row.get_reason_display(), "received": row.received_at,
    }  # fmt: skip


def _event(row: Event) -> Row:
    """Who of the staff it was is theirs; that it was staff is in it."""
    told = {
        "at": row.at, "what": row.get_kind_display(), "by": row.get_by_display(), "questions": row.seats,
        "minutes": row.minutes, "milliseconds left, by the browser": row.left_ms,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value not in (None, [])}


# ---- leaving -----------------------------------------------------------------------------------------------------


def obstacle(subject: Subject, now: dt.datetime) -> str:
    if subject.user is None:
        return ""
    sittings.settle(now=now, user=subject.user)  # perhaps it has only not been noticed that time ran out
    return OPEN if Sitting.objects.unclosed().filter(user=subject.user).exists() else ""


def leave(parting: Parting) -> None:
    """Each sitting stays as what statistics need of it, under an id that nobody knows and with nobody's name.

    What was answered, what was flagged and how long it took stays. Notes, highlights, strike-outs, windows, timeline
    and messages hang on the old row and go with it.
    """
    user = parting.subject.user
    mine = list(Sitting.objects.filter(user=user).order_by("pk").select_for_update(of=("self",))) if user else []
    if not mine:
        return
    if any(one.state in Sitting.UNCLOSED for one in mine):
        raise NotNow(OPEN)
    heir = parting.heir
    Form.objects.filter(owner=user).exclude(state=Form.State.PENDING).update(owner=heir)
    answers = list(Answer.objects.filter(sitting__in=mine))
    for one in mine:
        parting.renamed[one.pk] = uuid.uuid4()
        one.pk, one.user = parting.renamed[one.pk], heir
        one.saved_at, one.last_seat, one.events, one.notices, one.open_conflicts = None, 1, 0, 0, 0
        one.supervised = False
    Sitting.objects.bulk_create(mine)
    closed = {one.pk: one.closed_at or one.ended_at or one.started_at for one in mine}
    for answer in answers:
        answer.sitting_id = parting.renamed[answer.sitting_id]
        answer.struck, answer.marks, answer.scenario_marks = [], [], []
        answer.saved_at = closed[answer.sitting_id]
    Answer.objects.bulk_create(answers, batch_size=2_000)


def erase(parting: Parting) -> None:
    Event.objects.filter(staff__in=parting.subject.addresses).update(staff=ERASED_NAME)


HOLDING = Holding(
    room="exams",
    covers={
        Sitting: "Sittings", Answer: "Sittings", KeptChange: "Sittings", Pad: "Sittings", Claim: "Sittings",
        Event: "Sittings", Notice: "Sittings", Presence: "Sittings", Form: "Forms made for you",
        Standard: "Cut scores you set",
    },
    impersonal={
        Seat: "what stands on a form", ScoreTable: "how a form is scored", ScoreRow: "one row of such a table",
    },
    collect=collect,
    obstacle=obstacle,
    leave=leave,
    erase=erase,
    tidy=tidy,
)  # fmt: skip
