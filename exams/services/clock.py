"""What staff may do to a sitting: grant time, stop its clock, let it go on, end it, declare it void.

The deadline changes only here, in Begin and in `reopening`, always under the sitting's lock and always by its one
formula.
"""

from __future__ import annotations

import datetime as dt
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from exams.models import EndReason, Event, Notice, Sitting
from exams.services import sittings, timeline

MOST_GRANTED = 600  # minutes in one sitting
LONGEST_REASON = 200  # characters


class CannotChange(Exception):
    """The clock was left as it is; the message is one sentence for the staff."""


@dataclass(frozen=True, slots=True)
class Change:
    """The clock after a change. `cut` is what the window's end takes away of the time that was meant."""

    deadline: dt.datetime
    cut: dt.timedelta


def grant(*, sitting_id: uuid.UUID, minutes: int, by: User, extend_window: bool = False) -> Change:
    """Give a running sitting more minutes. `extend_window` moves this person's window as far as the grant needs.

    Raises CannotChange and Sitting.DoesNotExist.
    """

    def more(sitting: Sitting, now: dt.datetime) -> None:
        if not 1 <= minutes <= MOST_GRANTED - sitting.granted_minutes:
            raise CannotChange(f"A sitting can be given 1 to {MOST_GRANTED} extra minutes in all.")
        wanted = sitting.deadline + dt.timedelta(minutes=minutes)
        sitting.granted_minutes += minutes
        # Only what is granted now is given: what the window had cut before was cut for everybody.
        if extend_window and sitting.window_ends_at and sitting.window_ends_at < wanted:
            sitting.window_ends_at = min(wanted, sitting.uncapped_deadline())

    return _change(sitting_id, Event.Kind.GRANTED, by, more, minutes)


def move_window(*, sitting_id: uuid.UUID, ends_at: dt.datetime, by: User) -> Change:
    """Let this person's window end at another time. It takes nothing from who is sitting: the deadline never moves to
    an earlier time. What was gained stands on the timeline as minutes granted.

    Raises CannotChange and Sitting.DoesNotExist.
    """
    with transaction.atomic():
        Sitting.objects.select_for_update().get(pk=sitting_id)
        now = timezone.now()
        sittings.settle(now=now, sitting_id=sitting_id)
        sitting = Sitting.objects.get(pk=sitting_id)
        if sitting.state != Sitting.State.IN_PROGRESS:
            raise CannotChange(f"This sitting is no longer in progress ({sitting.get_state_display().lower()}).")
        if sitting.window_ends_at is None:
            raise CannotChange("This sitting has no window that could be moved.")
        if ends_at < sitting.deadline:
            raise CannotChange("The window cannot end before the time of a running sitting does.")
        before = sitting.deadline
        sitting.window_ends_at = ends_at
        sitting.deadline = sitting.computed_deadline()
        sitting.save(update_fields=["window_ends_at", "deadline"])
        if gained := math.ceil((sitting.deadline - before).total_seconds() / 60):
            timeline.tell(
                sitting.pk, Event.Kind.GRANTED, at=now, by=Event.By.STAFF, staff=by.email, minutes=gained
            )  # fmt: skip
        return Change(sitting.deadline, sitting.uncapped_deadline() - sitting.deadline)


def pause(*, sitting_id: uuid.UUID, by: User) -> Change:
    """Stop the clock; nothing can be answered until it goes on. Raises CannotChange and Sitting.DoesNotExist."""

    def stop(sitting: Sitting, now: dt.datetime) -> None:
        if sitting.paused_at is not None:
            raise CannotChange("The clock stands still already.")
        sitting.paused_at = now

    return _change(sitting_id, Event.Kind.PAUSED, by, stop)


def resume(*, sitting_id: uuid.UUID, by: User) -> Change:
    """Let the clock go on with the time that was left. Raises CannotChange and Sitting.DoesNotExist."""

    def go_on(sitting: Sitting, now: dt.datetime) -> None:
        if sitting.paused_at is None:
            raise CannotChange("The clock is running already.")
        _stop_pausing(sitting, now)

    return _change(sitting_id, Event.Kind.RESUMED, by, go_on)


def finish(*, sitting_id: uuid.UUID, by: User) -> Sitting:
    """End a running or paused sitting for its candidate. What was answered and waits on a device has the grace to
    arrive in, as after the deadline. Raises CannotChange and Sitting.DoesNotExist.
    """
    with transaction.atomic():
        sitting, now = _held(sitting_id)
        _refuse_unless_running(sitting)
        _end(sitting, now, by)
        return sitting


def void(*, sitting_id: uuid.UUID, by: User, reason: str) -> Sitting:
    """Declare a sitting void, whatever its state; one that runs is ended first. It shows its candidate no result and
    counts in no statistic, but its questions count as seen. `reason` is for the candidate, at most 200 characters.

    Raises CannotChange and Sitting.DoesNotExist.
    """
    reason = " ".join(reason.replace("\0", "").split())
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise CannotChange(f"Say in at most {LONGEST_REASON} characters why the sitting is void.")
    with transaction.atomic():
        sitting, now = _held(sitting_id)
        if sitting.void:
            raise CannotChange("This sitting was declared void already.")
        if sitting.state == Sitting.State.IN_PROGRESS:
            _end(sitting, now, by)
        sitting.void, sitting.notices = True, sitting.notices + 1
        sitting.save(update_fields=["void", "notices"])
        Notice.objects.create(sitting=sitting, number=sitting.notices, at=now, text=reason)
        sitting.events = timeline.tell(sitting.pk, Event.Kind.VOIDED, at=now, by=Event.By.STAFF, staff=by.email)
        return sitting


def _change(
    sitting_id: uuid.UUID,
    kind: Event.Kind,
    by: User,
    apply: Callable[[Sitting, dt.datetime], None],
    minutes: int | None = None,
) -> Change:
    with transaction.atomic():
        sitting, now = _held(sitting_id)
        _refuse_unless_running(sitting)
        apply(sitting, now)
        sitting.deadline = sitting.computed_deadline()
        # From now on its page asks for news: staff are at its clock, and may be so again.
        sitting.supervised = True
        sitting.save(
            update_fields=["granted_minutes", "paused_seconds", "paused_at", "window_ends_at", "deadline", "supervised"]
        )
        timeline.tell(sitting.pk, kind, at=now, by=Event.By.STAFF, staff=by.email, minutes=minutes)
        return Change(sitting.deadline, sitting.uncapped_deadline() - sitting.deadline)


def _held(sitting_id: uuid.UUID) -> tuple[Sitting, dt.datetime]:
    """The sitting under its lock and in its true state, and the time read then. What has run out stays so."""
    Sitting.objects.select_for_update().get(pk=sitting_id)
    now = timezone.now()
    sittings.settle(now=now, sitting_id=sitting_id)
    return Sitting.objects.get(pk=sitting_id), now


def _refuse_unless_running(sitting: Sitting) -> None:
    if sitting.state != Sitting.State.IN_PROGRESS:
        raise CannotChange(f"This sitting is no longer in progress ({sitting.get_state_display().lower()}).")


def _stop_pausing(sitting: Sitting, now: dt.datetime) -> None:
    """Count the pause: whole seconds, rounded in favour of the candidate."""
    if sitting.paused_at is not None:
        sitting.paused_seconds += math.ceil((now - sitting.paused_at).total_seconds())
        sitting.paused_at = None


def _end(sitting: Sitting, now: dt.datetime, by: User) -> None:
    """End what is in progress, in the name of the staff. A pause ends with it, so that the deadline stays true."""
    _stop_pausing(sitting, now)
    sitting.deadline = sitting.computed_deadline()
    sitting.state, sitting.ended_at, sitting.end_reason = Sitting.State.ENDED, now, EndReason.STAFF
    sitting.closes_at = now + dt.timedelta(seconds=sitting.grace_seconds)
    sitting.save(
        update_fields=["paused_seconds", "paused_at", "deadline", "state", "ended_at", "end_reason", "closes_at"]
    )
    sitting.events = timeline.tell(sitting.pk, Event.Kind.ENDED, at=now, by=Event.By.STAFF, staff=by.email)
