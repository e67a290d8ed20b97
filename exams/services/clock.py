"""What staff may do to a sitting's clock while it runs: grant time, stop it, let it go on.

The deadline changes only here and in Begin, always under the sitting's lock and always by its one formula.
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
from exams.models import Event, Sitting
from exams.services import sittings, timeline

MOST_GRANTED = 600  # minutes in one sitting


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
        # Whole seconds, rounded in favour of the candidate.
        sitting.paused_seconds += math.ceil((now - sitting.paused_at).total_seconds())
        sitting.paused_at = None

    return _change(sitting_id, Event.Kind.RESUMED, by, go_on)


def _change(
    sitting_id: uuid.UUID,
    kind: Event.Kind,
    by: User,
    apply: Callable[[Sitting, dt.datetime], None],
    minutes: int | None = None,
) -> Change:
    with transaction.atomic():
        Sitting.objects.select_for_update().get(pk=sitting_id)
        now = timezone.now()
        sittings.settle(now=now, sitting_id=sitting_id)  # what has run out stays so
        sitting = Sitting.objects.get(pk=sitting_id)
        if sitting.state != Sitting.State.IN_PROGRESS:
            raise CannotChange(f"This sitting is no longer in progress ({sitting.get_state_display().lower()}).")
        apply(sitting, now)
        sitting.deadline = sitting.computed_deadline()
        # From now on its page asks for news: staff are at its clock, and may be so again.
        sitting.supervised = True
        sitting.save(
            update_fields=["granted_minutes", "paused_seconds", "paused_at", "window_ends_at", "deadline", "supervised"]
        )
        timeline.tell(sitting.pk, kind, at=now, by=Event.By.STAFF, staff=by.email, minutes=minutes)
        return Change(sitting.deadline, sitting.uncapped_deadline() - sitting.deadline)
