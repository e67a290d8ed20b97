"""A sitting's life: begin, claim, end as of the deadline, close, abandon. Saving answers is in `saving`, what staff
may do to the clock in `clock`."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from accounts.prepared import prepared
from accounts.services import accommodation_for
from exams.models import Claim, EndReason, Event, Form, Presence, Sitting
from exams.services import pool, timeline
from questions.models import Exam

MOST_CLAIMS = 1_000  # windows that one sitting may be opened in


class TooManyClaims(Exception):
    """The sitting was opened in absurdly many windows."""


class CannotBegin(Exception):
    """The exam cannot be begun now; the message is one sentence for the candidate."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The time a person gets for an exam."""

    minutes: int
    multiplier: Decimal
    extra_minutes: int

    @property
    def total(self) -> dt.timedelta:
        return dt.timedelta(minutes=float(self.minutes * self.multiplier) + self.extra_minutes)

    @property
    def accommodated(self) -> bool:
        return self.multiplier != 1 or self.extra_minutes > 0


def terms_for(*, user: User, exam: Exam) -> Terms:
    """Limit and accommodation that would apply if the person began now."""
    multiplier, extra_minutes = accommodation_for(user)
    return Terms(exam.minutes, multiplier, extra_minutes)


def retake_possible_at(*, user: User, exam: Exam) -> dt.datetime | None:
    """When the exam's retake rule lets the person begin again; None when it never bars anybody."""
    if not exam.retake_after_days:
        return None
    # One that was given up counts, too: it has shown its questions.
    sat = Sitting.objects.filter(user=user, exam=exam).exclude(state=Sitting.State.IN_PROGRESS)
    last = sat.order_by("-ended_at").first()
    return last.ended_at + dt.timedelta(days=exam.retake_after_days) if last and last.ended_at else None


def begin(*, user: User, exam: Exam) -> Sitting:
    """Start the clock on a form that stands ready, or return the sitting that is in progress already.

    Raises CannotBegin when the exam is not offered, a retake is barred or no form is ready.
    """
    now = timezone.now()
    settle(user=user, now=now)
    running = Sitting.objects.in_progress().filter(user=user, exam=exam).first()
    if running:
        return running
    if not exam.offered:
        raise CannotBegin(f"{exam.code} is not offered at the moment.")
    barred_until = retake_possible_at(user=user, exam=exam)
    if barred_until and barred_until > now:
        raise CannotBegin(f"You can sit {exam.code} again from {timezone.localtime(barred_until):%-d %B %Y, %H:%M}.")
    terms = terms_for(user=user, exam=exam)
    try:
        with transaction.atomic():
            form = pool.take_form(user=user, exam=exam)
            return _start(user=user, exam=exam, form=form, terms=terms, now=timezone.now())
    except pool.NoForm as problem:
        raise CannotBegin(str(problem)) from problem
    except IntegrityError:
        # Two clicks at once: the other one began, and there is only one open sitting.
        return Sitting.objects.in_progress().get(user=user, exam=exam)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What staff have set for a sitting that they assign; copied onto it, so that it stands on its own."""

    terms: Terms
    window_ends_at: dt.datetime
    grace_seconds: int
    results_at: dt.datetime | None = None
    results_held: bool = False
    review_at: dt.datetime | None = None
    review_held: bool = False


def begin_assigned(*, user: User, exam: Exam, conditions: Conditions, form: Form | None = None) -> Sitting:
    """Start the clock of an assigned sitting, on `form` or on the one that shows this person least again.

    The caller holds whatever makes it once only. Raises CannotBegin: another sitting of the exam is in progress, the
    form no longer stands ready, none is ready, or the window has ended.
    """
    settle(user=user, now=timezone.now())
    if Sitting.objects.in_progress().filter(user=user, exam=exam).exists():
        raise CannotBegin(f"Another sitting of {exam.code} is in progress. End it or give it up first.")
    try:
        with transaction.atomic():
            chosen = pool.take_form(user=user, exam=exam) if form is None else pool.take(form=form)
            now = timezone.now()
            if now >= conditions.window_ends_at:
                raise CannotBegin("The time for this assignment is over.")
            return _start(user=user, exam=exam, form=chosen, terms=conditions.terms, now=now, conditions=conditions)
    except pool.NoForm as problem:
        raise CannotBegin(str(problem)) from problem
    except IntegrityError:
        raise CannotBegin(f"Another sitting of {exam.code} is in progress. End it or give it up first.") from None


# The first window's claim, and the timeline's first event.
FIRST_ROWS = """
    WITH claimed AS (INSERT INTO exams_claim (sitting_id, number, issued_at, arrived) VALUES (%s, 1, %s, '{}'))
    INSERT INTO exams_event (sitting_id, number, at, kind, by, staff, seats)
    VALUES (%s, 1, %s, %s, 'candidate', '', '{}')
"""


def _start(
    *, user: User, exam: Exam, form: Form, terms: Terms, now: dt.datetime, conditions: Conditions | None = None
) -> Sitting:
    """`now` is read after the form was chosen, which may wait: nobody's clock runs while we look."""
    sitting = Sitting(
        user=user,
        exam=exam,
        form=form,
        started_at=now,
        limit_minutes=terms.minutes,
        multiplier=terms.multiplier,
        extra_minutes=terms.extra_minutes,
        grace_seconds=settings.SITTING_GRACE_SECONDS,
        events=1,
    )
    if conditions:
        sitting.assigned = sitting.supervised = True
        sitting.window_ends_at = conditions.window_ends_at
        sitting.grace_seconds = conditions.grace_seconds
        sitting.results_at, sitting.results_held = conditions.results_at, conditions.results_held
        sitting.review_at, sitting.review_held = conditions.review_at, conditions.review_held
    sitting.deadline = sitting.computed_deadline()
    sitting.save(force_insert=True)
    with prepared() as cursor:
        cursor.execute(FIRST_ROWS, [sitting.pk, now, sitting.pk, now, Event.Kind.BEGUN.value])
    if sitting.supervised:
        Presence.objects.create(sitting=sitting, seen_at=now)
    return sitting


# A window's claim and the timeline's word of it. Each part names the sitting (ADR 0005).
NEXT_CLAIM = """
    WITH moved AS (
        UPDATE exams_sitting SET claim = claim + 1, events = events + 1 WHERE id = %s RETURNING claim, events
    ), claimed AS (
        INSERT INTO exams_claim (sitting_id, number, issued_at, arrived) SELECT %s, claim, %s, '{}' FROM moved
    ), told AS (
        INSERT INTO exams_event (sitting_id, number, at, kind, by, staff, claim, seats)
        SELECT %s, events, %s, %s, 'candidate', '', claim, '{}' FROM moved
    )
    SELECT claim, events FROM moved
"""


def claim(*, sitting_id: uuid.UUID, user_id: int) -> Sitting:
    """Give the newest window the sitting; every older window becomes read-only. Returns the sitting with its claim.

    Once a window has ended the exam no other one may claim it. After the deadline one still may, to hand in what
    waits on a device. Raises TooManyClaims.
    """
    with transaction.atomic():
        sitting = Sitting.objects.select_for_update().get(pk=sitting_id, user_id=user_id)
        if not sitting.takes_answers:
            return sitting
        if sitting.claim >= MOST_CLAIMS:
            raise TooManyClaims
        now = timezone.now()
        with prepared() as cursor:
            cursor.execute(NEXT_CLAIM, [sitting.pk, sitting.pk, now, sitting.pk, now, Event.Kind.CLAIMED.value])
            sitting.claim, sitting.events = cursor.fetchone()
        return sitting


def hand_in(*, sitting_id: uuid.UUID, user_id: int) -> int:
    """A claim for what still waits on a device when nobody may answer any more. Returns its number.

    It takes nothing from the window that ended the exam; it only keeps numbers of changes apart. Raises TooManyClaims.
    """
    with transaction.atomic():
        sitting = Sitting.objects.select_for_update().get(pk=sitting_id, user_id=user_id)
        newest = Claim.objects.filter(sitting=sitting).order_by("-number").values_list("number", flat=True)[0]
        if newest >= MOST_CLAIMS:
            raise TooManyClaims
        return Claim.objects.create(sitting=sitting, number=newest + 1, issued_at=timezone.now()).number


def abandon(*, sitting_id: uuid.UUID, user_id: int) -> Sitting:
    """Give up a practice sitting: no result, and the exam can be begun anew. Only while it is in progress."""
    with transaction.atomic():
        sitting = Sitting.objects.select_for_update().get(pk=sitting_id, user_id=user_id)
        now = timezone.now()
        if sitting.state == Sitting.State.IN_PROGRESS and not sitting.is_due(now) and not sitting.assigned:
            sitting.state = Sitting.State.ABANDONED
            sitting.ended_at = now
            sitting.save(update_fields=["state", "ended_at"])
            timeline.tell(sitting.pk, Event.Kind.ABANDONED, at=now)
        return sitting


def settle(*, now: dt.datetime, user: User | None = None, sitting_id: uuid.UUID | None = None) -> tuple[int, int]:
    """End what has run out, as of its deadline, and close what has had its grace. Returns (ended, closed).

    Safe to run at any time from any number of processes: each change is one conditional UPDATE, and whoever comes
    second finds nothing left to do. Narrowed to one person or sitting it is what every read does first; then it is one
    statement where nothing is due, as nearly always.
    """
    if sitting_id is not None:
        return _settle(" AND id = %s", [sitting_id], now)
    if user is not None:
        return _settle(" AND user_id = %s", [user.pk], now)
    return _settle("", [], now)


def _settle(whose: str, parameters: list[Any], now: dt.datetime) -> tuple[int, int]:
    if whose and not _any_due(whose, parameters, now):
        return 0, 0
    with transaction.atomic():
        return _end_and_close(whose, parameters, now)


RUN_OUT = "state = 'in_progress' AND paused_at IS NULL AND deadline <= %s"
GRACE_OVER = "state = 'ended' AND closes_at <= %s"


def _any_due(whose: str, parameters: list[Any], now: dt.datetime) -> bool:
    with prepared() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT FROM exams_sitting WHERE ({RUN_OUT} OR {GRACE_OVER}){whose})",
            [now, now, *parameters],
        )
        return bool(cursor.fetchone()[0])


def _end_and_close(whose: str, parameters: list[Any], now: dt.datetime) -> tuple[int, int]:
    # Rows in one order, so that two of us never wait for each other; the sweep leaves alone what somebody holds.
    waiting = "" if whose else " SKIP LOCKED"
    ended = _move_on(
        "state = 'ended', ended_at = deadline, end_reason = %s,"
        " closes_at = deadline + make_interval(secs => grace_seconds)",
        [EndReason.DEADLINE],
        RUN_OUT + whose,
        [now, *parameters],
        waiting,
        "ended_at",
        Event.Kind.ENDED,
    )
    closed = _move_on(
        "state = 'closed', closed_at = closes_at",
        [],
        GRACE_OVER + whose,
        [now, *parameters],
        waiting,
        "closed_at",
        Event.Kind.CLOSED,
    )
    return ended, closed


def _move_on(
    change: str, values: list[Any], due: str, parameters: list[Any], waiting: str, at: str, kind: Event.Kind
) -> int:
    """Change every sitting that is due, and say so on its timeline; returns how many. All SQL is our own constants."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH due AS (SELECT id FROM exams_sitting WHERE {due} ORDER BY id FOR UPDATE{waiting}),
            moved AS (
                UPDATE exams_sitting s SET {change}, events = events + 1
                FROM due WHERE s.id = due.id RETURNING s.id, s.events, s.{at}
            )
            INSERT INTO exams_event (sitting_id, number, at, kind, by, staff, seats)
            SELECT id, events, {at}, %s, 'clock', '', '{{}}' FROM moved
            """,
            [*parameters, *values, kind],
        )
        return int(cursor.rowcount)
