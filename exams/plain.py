"""The exam as one long form, for browsers without scripts: what it posts, and what becomes of it.

The form brings every question with the version and the answer that it showed (`v12`, `b12`), so that only what was
changed on this page is saved, and nothing that was answered elsewhere since is overwritten.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db import transaction
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from exams.models import Answer, Claim, EndReason, KeptChange, Seat, Sitting
from exams.paper import Sheet
from exams.services import saving, sittings
from exams.services.changes import PAD, Change, Receipt, Refused
from operations import figures
from questions.kinds import KINDS, ImpossibleResponse

MAXIMUM_BODY = 64_000  # bytes; a form of 65 answered questions takes about 6,000
# A form says nothing about when it was filled in: what arrives this soon after the end was sent before it.
TRAVEL = dt.timedelta(seconds=10)
# Windows with scripts count from 1. A claim that holds numbers above this one is a form's, and the next form goes on.
FORMS_COUNT_FROM = 900_000
KEEP = "keep"
SLIP = (
    "Question {number} asks for {slots} options, but {ticked} are ticked."
    " Untick what is too much and save again; the rest is saved."
)
NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
MOVE = re.compile(r"([0-9]{1,4}):(up|down|in|out):([a-z0-9]{1,8})", re.ASCII)
CHOICE = re.compile(r"([0-9]{1,9})-([0-9]{1,9})", re.ASCII)


class TimeIsUp(Exception):
    """The exam is over, and the form came too late to count; the message is one sentence for the candidate."""


@dataclass(frozen=True, slots=True)
class Filled:
    """One question as it was posted. `base` is what the page had shown there; None when the form does not say."""

    version: int
    response: tuple[str, ...]
    flagged: bool
    base: str | None
    slip: str = ""  # why this question cannot be saved as it is, although an honest hand may fill it in so


@dataclass(slots=True)
class Posting:
    """Everything that a form brings."""

    filled: dict[int, Filled] = field(default_factory=dict)
    chosen: dict[int, str] = field(default_factory=dict)  # between answers of several windows, by seat
    at: int = 0  # the question whose button was pressed
    spot: str = ""  # the element to go back to, when it is not that question
    review: bool = False
    refused: Refused | None = None  # the first impossible value: then nothing is saved


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a form. `at` is the question to go back to."""

    now: dt.datetime
    at: int
    saved: bool
    late: bool
    disputed: list[int]
    slips: dict[int, Filled]


@dataclass(frozen=True, slots=True)
class Offer:
    """A question that was answered differently in several windows: what stands, and what else was given."""

    seat: int
    standing: str
    others: list[tuple[str, str]]


# ---- reading ---------------------------------------------------------------------------------------------------


def read(request: HttpRequest, sitting: Sitting) -> Posting:
    """The form that a request brings. Fields that no form has are not looked at. Raises Refused."""
    if request.content_type not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise Refused(415, "This page takes its own form only, so nothing was saved.")
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAXIMUM_BODY:
        raise Refused(413, f"The form is larger than {MAXIMUM_BODY:,} bytes, so nothing was saved.")
    posting = Posting()
    seats = {seat.number: seat for seat in Seat.objects.filter(form=sitting.form_id).order_by("number")}
    for seat in seats.values():
        try:
            filled = _filled(request.POST, seat)
        except Refused as refused:
            posting.refused = posting.refused or refused
            continue
        if filled:
            posting.filled[seat.number] = filled
    try:
        posting.chosen = _chosen(request.POST, seats)
        _press(request.POST, seats, posting)
    except Refused as refused:
        posting.refused = posting.refused or refused
    return posting


def _impossible(what: str) -> Refused:
    return Refused(422, f"{what}, so nothing was saved; please load the page again.")


def _filled(post: QueryDict, seat: Seat) -> Filled | None:
    version = post.get(f"v{seat.number}")
    if version is None:
        return None  # a form without this question
    if not NUMBER.fullmatch(version):
        raise _impossible(f"Question {seat.number} came without a version")
    if seat.kind == "matching":
        posted = [post.get(f"q{seat.number}-{prompt}", "") for prompt in range(1, seat.slots + 1)]
    else:
        posted = post.getlist(f"q{seat.number}")
    filled = Filled(
        version=int(version),
        response=tuple(posted),
        flagged=f"f{seat.number}" in post,
        base=post.get(f"b{seat.number}"),
    )
    try:
        return replace(filled, response=KINDS[seat.kind].parse(posted, tokens=seat.tokens, slots=seat.slots))
    except ImpossibleResponse as problem:
        honest = (
            seat.kind == "multiple_response" and set(posted) <= set(seat.tokens) and len(set(posted)) == len(posted)
        )
        if not honest:
            raise _impossible(f"Question {seat.number}: {str(problem).rstrip('.')}") from problem
    # Without scripts nothing stops a hand from ticking one box too many.
    return replace(filled, slip=SLIP.format(number=seat.number, slots=seat.slots, ticked=len(posted)))


def _chosen(post: QueryDict, seats: Mapping[int, Seat]) -> dict[int, str]:
    """Choices between the answers of several windows, by seat."""
    chosen = {number: choice for number in seats if (choice := post.get(f"c{number}"))}
    if any(choice != KEEP and not CHOICE.fullmatch(choice) for choice in chosen.values()):
        raise _impossible("The form chooses an answer that was never given")
    return chosen


def _press(post: QueryDict, seats: Mapping[int, Seat], posting: Posting) -> None:
    """The button that sent the form."""
    posting.review = post.get("then") == "review"
    if saved := post.get("save"):
        posting.at = _seat(saved, seats)
    if cleared := post.get("clear"):
        posting.at = _seat(cleared, seats)
        if posting.at in posting.filled:
            posting.filled[posting.at] = replace(posting.filled[posting.at], response=(), slip="")
    if move := post.get("move"):
        _move(move, seats, posting)


def _seat(number: str, seats: Mapping[int, Seat]) -> int:
    if not NUMBER.fullmatch(number) or int(number) not in seats:
        raise _impossible("The form names a question that this exam does not have")
    return int(number)


def _move(move: str, seats: Mapping[int, Seat], posting: Posting) -> None:
    """Move a step of an ordering by one place, in or out. A move that is not possible leaves the order as it is."""
    named = MOVE.fullmatch(move)
    seat = seats.get(int(named[1])) if named else None
    if named is None or seat is None or seat.kind != "ordering" or named[3] not in seat.tokens:
        raise _impossible("The form moves a step that this exam does not have")
    posting.at = seat.number
    filled = posting.filled.get(seat.number)
    if filled is None:
        return
    direction, token, order = named[2], named[3], list(filled.response)
    place = order.index(token) if token in order else -1
    if direction == "in" and place < 0 and len(order) < seat.slots:
        order.append(token)
    elif direction == "out" and place >= 0:
        order.remove(token)
    elif direction == "up" and place > 0:
        order[place - 1 : place + 1] = [token, order[place - 1]]
    elif direction == "down" and 0 <= place < len(order) - 1:
        order[place : place + 2] = [order[place + 1], token]
    posting.filled[seat.number] = replace(filled, response=tuple(order))
    # Back to where the hand was: at the step that moved, or at the steps that are left while some are still wanted.
    adding = direction == "in" and len(order) < seat.slots
    posting.spot = f"left-{seat.number}" if adding else f"step-{seat.number}-{seat.letters()[token]}"


# ---- saving ----------------------------------------------------------------------------------------------------


def left_ms(sitting: Sitting, now: dt.datetime) -> int:
    """Time left for what a form brings now, positive as long as it counts. Raises TimeIsUp."""
    running = sitting.state == Sitting.State.IN_PROGRESS
    if running and (sitting.is_paused or now < sitting.deadline):
        return max(1, round(sitting.remaining(now).total_seconds() * 1000))
    if sitting.takes_answers and now - over_at(sitting) <= TRAVEL:
        return 1
    raise TimeIsUp(over_sentence(sitting))


def over_at(sitting: Sitting) -> dt.datetime:
    """When the exam ended; a running one that nobody has ended yet has run out at its deadline."""
    return sitting.ended_at or sitting.deadline


def over_sentence(sitting: Sitting, *, late: bool = False) -> str:
    """When and how the exam ended, in the candidate's zone, and what counts."""
    at = f"{timezone.localtime(over_at(sitting)):%H:%M:%S}"
    if sitting.state == Sitting.State.ABANDONED:
        return f"You gave up this exam at {at}; nothing was saved since."
    words = {EndReason.CANDIDATE: "The exam was ended", EndReason.STAFF: "Staff ended the exam"}
    how = words.get(EndReason(sitting.end_reason or EndReason.DEADLINE), "Time ran out")
    counts = "your last answers were still on their way and count" if late else "what was saved before counts"
    return f"{how} at {at}; {counts}."


def save(*, sitting_id: uuid.UUID, user_id: int, posting: Posting) -> Outcome:
    """Save what was changed on the page. Raises TimeIsUp and Refused; then nothing changes.

    One transaction under the sitting's lock: nothing can be answered elsewhere between looking and saving.
    """
    with transaction.atomic():
        sitting = Sitting.objects.select_for_update().get(pk=sitting_id, user_id=user_id)
        now = timezone.now()
        left = left_ms(sitting, now)
        if sitting.is_paused:
            raise Refused(423, "The exam is paused, so nothing was saved; what you gave here stays on this page.")
        if posting.refused:
            raise posting.refused
        stored = {answer.seat: answer for answer in Answer.objects.filter(sitting=sitting)}
        waiting = _waiting(sitting)
        plans = [
            _plan(seat, filled, stored.get(seat), waiting.get(seat, []), posting.chosen.get(seat, ""), left)
            for seat, filled in posting.filled.items()
            if not filled.slip
        ]
        changes = [change for change, _ in plans if change]
        disputed = [change for _, change in plans if change]
        touched = [change.seat for change in (*changes, *disputed)]
        at = posting.at or max(touched, default=sitting.last_seat)
        _store(sitting, changes, disputed, at)
    return Outcome(
        now=now,
        at=at,
        saved=bool(changes),
        late=sitting.state != Sitting.State.IN_PROGRESS or now >= sitting.deadline,
        disputed=[change.seat for change in disputed],
        slips={seat: filled for seat, filled in posting.filled.items() if filled.slip},
    )


def end(*, sitting_id: uuid.UUID, user_id: int) -> Receipt:
    """End exam from a page without scripts: everything it had was saved before. Raises as `saving.end` does."""
    with transaction.atomic():
        sitting = Sitting.objects.select_for_update().get(pk=sitting_id, user_id=user_id)
        number, _ = _window(sitting)
        return saving.end(sitting_id=sitting_id, user_id=user_id, claim=number, sequence=0)


def _plan(
    seat: int, filled: Filled, answer: Answer | None, kept: Sequence[KeptChange], choice: str, left: int
) -> tuple[Change | None, Change | None]:
    """What to save at a seat, and what to keep beside a newer answer of another window for the candidate to choose."""
    standing = tuple(answer.response) if answer else ()
    standing_flag = bool(answer and answer.flagged)
    shown_flag, _, shown = (filled.base or "").partition(",")
    touched = filled.base is None or ",".join(filled.response) != shown
    response = filled.response if touched else standing
    flagged = filled.flagged if filled.base is None or ("f" if filled.flagged else "-") != shown_flag else standing_flag
    stale = answer is not None and filled.version < answer.answered_version
    disputed = None
    if stale and response != standing:
        disputed = _change(seat, answer, response, filled.flagged, left=left, base=filled.version)
        response = standing
    settles: list[KeptChange] = []
    if choice and not stale:
        settles = list(kept)
        picked = [change for change in kept if choice == f"{change.claim}-{change.sequence}"]
        response = tuple(picked[0].response) if picked else response
    elif response != standing and list(response) in [change.response for change in kept]:
        settles = list(kept)
    if response == standing and flagged == standing_flag and not settles:
        return None, disputed
    return _change(seat, answer, response, flagged, left=left, settles=settles), disputed


def _change(
    seat: int,
    answer: Answer | None,
    response: Sequence[str],
    flagged: bool,
    *,
    left: int,
    base: int | None = None,
    settles: Sequence[KeptChange] = (),
) -> Change:
    """The one place that builds a change. What only scripts can set stays as it is; `_store` gives it its number."""
    return Change(
        sequence=0,
        seat=seat,
        base=base if base is not None else answer.version if answer else 0,
        response=response,
        flagged=flagged,
        spent_ms=answer.spent_ms if answer else 0,
        left_ms=left,
        struck=answer.struck if answer else (),
        marks=answer.marks if answer else (),
        scenario_marks=answer.scenario_marks if answer else (),
        settles=[(change.claim, change.sequence) for change in settles],
    )


def _store(sitting: Sitting, changes: Sequence[Change], disputed: Sequence[Change], at: int) -> None:
    """Hand everything to the save path, in a window of the forms' own."""
    if disputed:
        # From a window that is not the newest any more, so that the save path keeps it and does not apply it.
        if sitting.claim + 2 > sittings.MOST_CLAIMS:
            raise Refused(429, "This exam was opened in too many windows, so nothing was saved; load the page again.")
        older, last = _new_window(sitting)
        _new_window(sitting)
        _hand_in(sitting, disputed, at, older, last)
    if changes:
        _hand_in(sitting, changes, at, *_window(sitting))


def _hand_in(sitting: Sitting, changes: Sequence[Change], at: int, number: int, last: int) -> None:
    numbered = [replace(change, sequence=last + place) for place, change in enumerate(changes, 1)]
    receipt = saving.save(sitting_id=sitting.pk, user_id=sitting.user_id, claim=number, changes=numbered, at_seat=at)
    figures.saved(receipt.outcomes.values())


def _window(sitting: Sitting) -> tuple[int, int]:
    """A claim that is the newest, and the last number used in it. Forms that follow each other share one claim; where
    a window with scripts holds the exam, it becomes read-only."""
    arrived = Claim.objects.get(sitting=sitting, number=sitting.claim).arrived
    last = max((part.upper or 0 for part in arrived), default=1) - 1
    if last > FORMS_COUNT_FROM or sitting.claim >= sittings.MOST_CLAIMS:
        return sitting.claim, max(last, FORMS_COUNT_FROM)
    return _new_window(sitting)


def _new_window(sitting: Sitting) -> tuple[int, int]:
    sitting.claim = sittings.claim(sitting_id=sitting.pk, user_id=sitting.user_id).claim
    return sitting.claim, FORMS_COUNT_FROM


# ---- answers of several windows --------------------------------------------------------------------------------


def _waiting(sitting: Sitting) -> dict[int, list[KeptChange]]:
    """Kept changes that wait for a choice, by seat. No statement when there are none."""
    waiting: dict[int, list[KeptChange]] = {}
    if sitting.open_conflicts:
        for change in KeptChange.objects.open_conflicts(sitting).exclude(seat=PAD):  # a form has no note pad
            waiting.setdefault(change.seat, []).append(change)
    return waiting


def offers(sitting: Sitting, sheets: Sequence[Sheet]) -> list[Offer]:
    """The questions between whose answers the candidate has to choose, in words."""
    waiting = _waiting(sitting)
    return [
        Offer(
            seat=sheet.number,
            standing=sheet.said(sheet.stored),
            others=[(f"{one.claim}-{one.sequence}", sheet.said(one.response)) for one in waiting[sheet.number]],
        )
        for sheet in sheets
        if sheet.number in waiting
    ]
