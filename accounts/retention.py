"""What is let go by itself once it is old enough: settings RETENTION_…_DAYS, 0 for "keep". See docs/privacy.md.

Each room says in its Holding how it tidies up; `tidy` asks all of them once a day. Everything goes in batches, each in
a transaction of its own, so that it may be stopped at any point, and a second run finds nothing left to do.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from importlib import import_module
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlsplit

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.core.mail import send_mail
from django.db import OperationalError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.template.loader import render_to_string

from accounts import privacy, services
from accounts.models import ERASED_DOMAIN, SIMULATED_DOMAIN, User

BATCH = 500
MAILS = 100  # in a day; whoever is left gets theirs tomorrow
PEOPLE = 200
SECONDS = 240.0  # after which a run leaves the rest to the next one
NOTICE = dt.timedelta(days=30)  # between the mail and the deletion of an unused account

log = logging.getLogger(__name__)


def tidy(*, now: dt.datetime) -> dict[str, int]:
    """Let go of everything that is due; returns how much of what. One room's trouble does not keep the others."""
    done: dict[str, int] = {}
    for holding in privacy.holdings():
        try:
            done |= holding.tidy(now)
        except OperationalError:
            raise  # the database is away: the next run tries again
        except Exception:
            log.exception("What %s holds could not be tidied up", holding.room)
    if any(done.values()):
        log.info("Let go: %s", ", ".join(f"{count} {what}" for what, count in done.items() if count))
    return done


def before(name: str, now: dt.datetime) -> dt.datetime | None:
    """The moment before which things of this kind are let go; None for never."""
    days: int = settings.RETENTION_DAYS[name]
    return now - dt.timedelta(days=days) if days else None


def delete(rows: QuerySet[Any]) -> int:
    """Delete rows in batches; returns how many of them there were. What hangs on them is not counted."""
    removed, started = 0, time.monotonic()
    while time.monotonic() < started + SECONDS:
        batch = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not batch:
            break
        rows.model._default_manager.filter(pk__in=batch).delete()
        removed += len(batch)
    return removed


def accounts(now: dt.datetime) -> dict[str, int]:
    """What the room of people itself lets go."""
    return {
        "sessions": _sessions(),
        "entries of the admin's log": _admin_log(now),
        "mails about unused accounts": _warn(now),
        "unused accounts": _unused(now),
    }


def _sessions() -> int:
    """Those that expired, whatever the settings say, and what was noted about them."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    gone = ~Exists(Session.objects.filter(session_key=OuterRef("session_key")))
    return delete(UserSession.objects.filter(gone))


def _admin_log(now: dt.datetime) -> int:
    until = before("LOGS", now)
    return delete(LogEntry.objects.filter(action_time__lt=until)) if until else 0


# ---- unused accounts ---------------------------------------------------------------------------------------------


def _candidates() -> QuerySet[Any]:
    """People without any role, whose accounts nobody but they themselves would miss; `seen` is when they last came."""
    seen = Greatest(Coalesce(F("last_login"), F("date_joined")), F("date_joined"))
    nobody = Q(email__endswith=f"@{SIMULATED_DOMAIN}") | Q(email__endswith=f"@{ERASED_DOMAIN}")
    people = User.objects.filter(is_active=True, is_staff=False, is_superuser=False, groups=None, user_permissions=None)
    return people.exclude(nobody).annotate(seen=seen).order_by("pk")


def _warn(now: dt.datetime) -> int:
    """Tell whom it concerns, a month before; each at most once. Stops when the mail server does not take one."""
    until = before("INACTIVE_ACCOUNTS", now)
    if until is None:
        return 0
    due = _candidates().filter(Q(warned_at=None) | Q(warned_at__lt=F("seen")), seen__lt=until + NOTICE)
    sent = 0
    for person in due[:MAILS]:
        # Taken first, so that of two runs only one writes.
        mine = User.objects.filter(pk=person.pk, warned_at=person.warned_at).update(warned_at=now)
        if not mine:
            continue
        day = max(now + NOTICE, person.seen + (now - until))
        try:
            _write(person, day)
        except (OSError, SMTPException) as error:
            User.objects.filter(pk=person.pk).update(warned_at=person.warned_at)
            log.warning("Mails about unused accounts wait for the mail server: %s", type(error).__name__)
            break
        sent += 1
    return sent


def _write(person: User, day: dt.datetime) -> None:
    told = {
        "site_name": settings.SITE_NAME, "site_url": settings.SITE_URL, "day": day,
        "current_site": {"domain": urlsplit(settings.SITE_URL).netloc},
    }  # fmt: skip
    subject, message = (
        render_to_string(f"account/email/unused_{part}.txt", told).strip() for part in ("subject", "message")
    )
    send_mail(subject, message, None, [person.email])


def _unused(now: dt.datetime) -> int:
    """Erase those who were told and did not come."""
    until = before("INACTIVE_ACCOUNTS", now)
    if until is None:
        return 0
    due = _candidates().filter(seen__lt=until, warned_at__gte=F("seen"), warned_at__lte=now - NOTICE)
    erased, started = 0, time.monotonic()
    for number in due.values_list("pk", flat=True)[:PEOPLE]:
        if time.monotonic() > started + SECONDS:
            break
        with transaction.atomic():
            # Under the lock: perhaps they are just signing in.
            person = User.objects.select_for_update().filter(pk=number, pk__in=due.values("pk")).first()
            if person is None:
                continue
            try:
                services.delete_account(user=person)
            except services.AccountError:  # a sitting that runs; there will be another day
                continue
        erased += 1
    return erased
