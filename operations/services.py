"""Keeping, settling and repeating what failed for good."""

from __future__ import annotations

import datetime as dt
import logging
import smtplib
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from redis import RedisError

from operations.models import DeadLetter, Heartbeat

# Somebody is away, and the same work may go through in a moment.
PASSING: tuple[type[Exception], ...] = (
    OperationalError,
    InterfaceError,
    RedisError,
    ConnectionError,
    TimeoutError,
    smtplib.SMTPServerDisconnected,
    smtplib.SMTPConnectError,
)
MOST_TRIES = 3  # of one wish to repeat; whoever was at it before was killed, perhaps by this very work
LEASE = dt.timedelta(minutes=11)  # longer than any task may take
KEPT = dt.timedelta(days=90)  # of what is settled
FRAMES = 8
NO_END = "It did not come to an end: the process was killed each time."

Run = Callable[[str, Sequence[object]], object]

logger = logging.getLogger(__name__)

KEEP = """
    INSERT INTO operations_deadletter AS d
        (task, arguments, error, trace, failures, first_failed_at, last_failed_at, tries)
    VALUES (%s, %s::jsonb, %s, %s, 1, %s, %s, 0)
    ON CONFLICT (task, arguments) WHERE settled_at IS NULL DO UPDATE SET
        error = excluded.error, trace = excluded.trace, failures = d.failures + 1,
        last_failed_at = excluded.last_failed_at
"""


def keep(*, task: str, arguments: Sequence[object] = (), error: BaseException | str, now: dt.datetime) -> None:
    """Write down that this work failed for good; once more if it is written down already. One statement."""
    text = error if isinstance(error, str) else kind_of(error)
    trace = "" if isinstance(error, str) else places_of(error)
    written = DeadLetter._meta.get_field("arguments").get_db_prep_save(list(arguments), connection)
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [task, written, text[:200], trace, now, now])


def settle(*, task: str, arguments: Sequence[object] = (), now: dt.datetime) -> bool:
    """It went through: nobody needs to look at it any more. Returns whether it was dead. One statement."""
    rows = DeadLetter.objects.dead().filter(task=task, arguments=list(arguments))
    return bool(rows.update(settled_at=now, asked_at=None, busy_until=None))


def settle_all(*, task: str, each: Collection[Sequence[object]], now: dt.datetime) -> int:
    """The same for many pieces, by their arguments; returns how many were dead. One statement."""
    rows = DeadLetter.objects.dead().filter(task=task, arguments__in=[list(one) for one in each])
    return rows.update(settled_at=now, asked_at=None, busy_until=None)


@contextmanager
def contained(*, task: str, arguments: Sequence[object] = ()) -> Iterator[None]:
    """Work on one object of several: if it fails, that is kept, and the others are worked on all the same.

    What passes by itself (a database or a Redis that is away) concerns the others, too, and is raised.
    """
    try:
        yield
    except PASSING:
        raise
    except Exception as error:
        logger.exception("%s%s failed", task, tuple(arguments))
        keep(task=task, arguments=arguments, error=error, now=timezone.now())
    else:
        settle(task=task, arguments=arguments, now=timezone.now())


def beat(*, now: dt.datetime) -> None:
    """Note that due work is begun: whoever says when has said it, and somebody does it. Two statements at most."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name="due", at=now)], update_conflicts=True, unique_fields=["name"], update_fields=["at"]
    )


# ---- putting back ------------------------------------------------------------------------------------------------


def put_back(*, letters: Collection[int], now: dt.datetime) -> int:
    """Have the work done again; returns how many pieces. The wish is a row, so no lost queue can lose it."""
    rows = DeadLetter.objects.dead().filter(pk__in=letters).filter(Q(busy_until=None) | Q(busy_until__lt=now))
    return rows.update(asked_at=now, tries=0, busy_until=None)


def let_go(*, letters: Collection[int], now: dt.datetime) -> int:
    """Nobody will do it any more, and that is well; returns how many pieces."""
    return DeadLetter.objects.dead().filter(pk__in=letters).update(settled_at=now, asked_at=None, busy_until=None)


def repeat_asked(*, run: Run, now: dt.datetime) -> int:
    """Do what was put back, each piece in one process at a time; returns how many went through.

    `run` does a task by its name. Whoever is killed meanwhile leaves the piece to the next one, after `LEASE`. Two
    statements when nothing was put back.
    """
    DeadLetter.objects.filter(settled_at__lt=now - KEPT).delete()
    done = 0
    while letter := _claim(now):
        if letter.tries > MOST_TRIES:
            _give_up(letter, NO_END)
            continue
        try:
            run(letter.task, letter.arguments)
        except PASSING:
            DeadLetter.objects.filter(pk=letter.pk).update(busy_until=None, tries=F("tries") - 1)
            raise
        except Exception as error:
            logger.exception("%s was put back and failed again", letter)
            _give_up(letter, error)
        else:
            done += settle(task=letter.task, arguments=letter.arguments, now=timezone.now())
    return done


@transaction.atomic
def _claim(now: dt.datetime) -> DeadLetter | None:
    free = DeadLetter.objects.asked().filter(Q(busy_until=None) | Q(busy_until__lt=now))
    letter = free.select_for_update(skip_locked=True).order_by("asked_at", "pk").first()
    if letter is not None:
        letter.busy_until, letter.tries = now + LEASE, letter.tries + 1
        letter.save(update_fields=["busy_until", "tries"])
    return letter


def _give_up(letter: DeadLetter, error: Exception | str) -> None:
    DeadLetter.objects.filter(pk=letter.pk).update(asked_at=None, busy_until=None)
    keep(task=letter.task, arguments=letter.arguments, error=error, now=timezone.now())


# ---- what may be said of an error ----------------------------------------------------------------------------------


def kind_of(error: BaseException) -> str:
    """The kind of an error, for a database's with its code. Messages are left out: PostgreSQL's quote whole rows."""
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    state = getattr(error.__cause__, "sqlstate", None) if isinstance(error, DatabaseError) else None
    return f"{name} ({state})" if state else name


def places_of(error: BaseException) -> str:
    """Where it happened: the last lines of code that were run, without the values in them."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    return "\n".join(f"{frame.filename}:{frame.lineno} in {frame.name}: {frame.line}" for frame in frames)
