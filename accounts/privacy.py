"""What is held about a person, for them to read, and how it is let go.

This is the lowest room with people in it and knows no sitting, so each room says in its `ready` what it holds:
`register` with a `Holding`. `collect` answers "what do you hold about me", `leave` takes what stays as an anonymous
statistic off the person, and `erase` removes what would outlive their account and names them. What is left goes with
the account's row by the keys that point to it. docs/privacy.md says the same to people.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Model

from accounts.models import ERASED_DOMAIN, ERASED_NAME, User

log = logging.getLogger(__name__)

Row = dict[str, Any]
Sections = dict[str, list[Row]]


class NotNow(Exception):
    """It has to wait; the message is one sentence for the person who asked."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom it is about: somebody with an account, or only an address that others have written down."""

    user: User | None
    addresses: frozenset[str]

    @property
    def name(self) -> str:
        return self.user.display_name if self.user else ""


@dataclass
class Parting:
    """One person's leave. `renamed` holds the ids of rows that stay under a new one: old -> new."""

    subject: Subject
    now: dt.datetime
    renamed: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)

    @cached_property
    def heir(self) -> User:
        """To whom the statistics belong from now on: nobody, and for each leave a different one.

        One for all would make every sitting but the first a repeat, and calibration counts first sittings only.
        """
        return User.objects.create(
            email=f"{uuid.uuid4().hex}@{ERASED_DOMAIN}",
            password="!",  # noqa: S106  # unusable
            display_name=ERASED_NAME,
            is_active=False,
            date_joined=dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
        )

    @property
    def inherited(self) -> bool:
        return "heir" in self.__dict__


def _nothing(subject: Subject, now: dt.datetime) -> str:
    return ""


def _nothing_due(now: dt.datetime) -> dict[str, int]:
    return {}


def _no_part(parting: Parting) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Holding:
    """What one room holds. Every model of the room is in `covers` or in `impersonal`; a test sees to it.

    `covers`: model -> section of the export. `impersonal`: model -> why it says nothing about anybody.
    """

    room: str
    covers: Mapping[type[Model], str]
    impersonal: Mapping[type[Model], str]
    collect: Callable[[Subject, dt.datetime], Sections]
    obstacle: Callable[[Subject, dt.datetime], str] = _nothing
    leave: Callable[[Parting], None] = _no_part
    erase: Callable[[Parting], None] = _no_part
    tidy: Callable[[dt.datetime], dict[str, int]] = _nothing_due  # what is old enough: accounts.retention


_holdings: dict[str, Holding] = {}


def register(holding: Holding) -> None:
    """Say what a room holds, once, when Django is ready. The highest room comes first, as in INSTALLED_APPS."""
    _holdings[holding.room] = holding


def holdings() -> list[Holding]:
    """From the ground floor up: a sitting has to have its new id before a result can follow it."""
    return list(reversed(_holdings.values()))


def subject_of(address: str) -> Subject:
    """Everything under which this person is known here; without an account it is the address alone."""
    address = address.strip().lower()
    user = User.objects.filter(email=address).first()
    if user is None:
        found = EmailAddress.objects.select_related("user").filter(email=address, verified=True).first()
        user = found.user if found else None
    return about(user) if user else Subject(None, frozenset({address}))


def about(user: User) -> Subject:
    """With the addresses that count as theirs. One that somebody has typed in and not confirmed may be another's."""
    known = {email.lower(): verified for email, verified in _addresses(user)}
    mine = {email for email, verified in known.items() if verified}
    if user.email not in known or settings.ACCOUNT_EMAIL_VERIFICATION != "mandatory":
        mine.add(user.email)
    return Subject(user, frozenset(mine))


def _addresses(user: User) -> Iterable[tuple[str, bool]]:
    return EmailAddress.objects.filter(user=user).values_list("email", "verified")


def collect(subject: Subject, *, now: dt.datetime) -> Sections:
    """Everything that is held about the person, by section. Neither keys nor results before their release."""
    found: Sections = {}
    for holding in holdings():
        found |= holding.collect(subject, now)
    return found


def obstacle(subject: Subject, *, now: dt.datetime) -> str:
    """Why the person cannot leave now, as one sentence; empty when they can."""
    return next((said for holding in holdings() if (said := holding.obstacle(subject, now))), "")


def leave(subject: Subject, *, now: dt.datetime) -> Parting:
    """Take all statistics off the person; what was more than that still hangs on the old rows. In a transaction."""
    parting = Parting(subject, now)
    for holding in holdings():
        holding.leave(parting)
    return parting


@transaction.atomic
def erase(subject: Subject, *, now: dt.datetime) -> Parting:
    """Remove the person everywhere; statistics stay with nobody's name. Raises NotNow, and then nothing is changed."""
    if subject.user is not None:
        # Whatever is begun in this moment waits for the lock, and then finds no account.
        User.objects.select_for_update().get(pk=subject.user.pk)
    if said := obstacle(subject, now=now):
        raise NotNow(said)
    evidence_may_change()
    parting = leave(subject, now=now)
    for holding in holdings():
        holding.erase(parting)
    if subject.user is not None:
        User.objects.filter(pk=subject.user.pk).delete()
    return parting


def evidence_may_change() -> None:
    """Tell the triggers that keep timelines and the bank's trail that this transaction removes a person from them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('cutscore.erasing', 'on', true)")


def rows(found: Iterable[Mapping[str, Any]]) -> list[Row]:
    return [dict(row) for row in found]
