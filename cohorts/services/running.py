"""Opening, naming, archiving cohorts, and who teaches them."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.access import holders
from accounts.models import User
from accounts.roles import Role
from cohorts.models import Cohort, Instructor, Membership
from cohorts.services import log
from questions.models import Exam

LONGEST_NAME = 100


class Refused(Exception):
    """It cannot be done; the message is one sentence for whoever asked."""


class Archived(Refused):
    """Nothing can be done in an archived cohort, so its pages have no form to say so in."""


def held(cohort: Cohort, *, archived: bool = False) -> Cohort:
    """The cohort as it stands, locked until the transaction ends: acts on its people take turns. One statement.

    Raises Refused when it is archived, unless that is what is wanted.
    """
    fresh = Cohort.objects.select_for_update(no_key=True).get(pk=cohort.pk)
    if fresh.archived_at and not archived:
        raise Archived("This cohort is archived: nothing in it can be changed until its owner restores it.")
    return fresh


def named(text: str) -> str:
    """The name on one line, as mails and headings need it. Raises Refused."""
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME:
        raise Refused(f"A cohort needs a name of at most {LONGEST_NAME} characters.")
    return name


# ---- cohorts -----------------------------------------------------------------------------------------------------


@transaction.atomic
def create(*, name: str, exam: Exam, by: User, now: dt.datetime) -> Cohort:
    """A cohort that `by` owns, open for joining."""
    cohort = Cohort.objects.create(name=named(name), exam=exam, created_at=now)
    Instructor.objects.create(cohort=cohort, user=by, owner=True, added_at=now)
    log.write(cohort=cohort, by=by, what=f"Created the cohort for {exam.code}.", at=now)
    return cohort


@transaction.atomic
def rename(*, cohort: Cohort, name: str, by: User, now: dt.datetime) -> None:
    fresh, name = held(cohort), named(name)
    if name == fresh.name:
        return
    log.write(cohort=cohort, by=by, what=f"Renamed the cohort from “{fresh.name}” to “{name}”.", at=now)
    Cohort.objects.filter(pk=cohort.pk).update(name=name)


@transaction.atomic
def archive(*, cohort: Cohort, by: User, now: dt.datetime) -> None:
    """Make it read-only; nobody joins any more and no mail is sent. Sittings in progress go on."""
    held(cohort)
    _own(cohort, by, "archive it")
    Cohort.objects.filter(pk=cohort.pk).update(archived_at=now)
    log.write(cohort=cohort, by=by, what="Archived the cohort.", at=now)


@transaction.atomic
def restore(*, cohort: Cohort, by: User, now: dt.datetime) -> None:
    fresh = held(cohort, archived=True)
    _own(cohort, by, "restore it")
    if fresh.archived_at is None:
        return
    Cohort.objects.filter(pk=cohort.pk).update(archived_at=None)
    log.write(cohort=cohort, by=by, what="Restored the cohort.", at=now)


def _own(cohort: Cohort, by: User, what: str) -> None:
    """Raise Refused unless `by` owns the cohort. Where the owner's account is gone, every instructor counts as one."""
    owner = Instructor.objects.filter(cohort=cohort, owner=True).select_related("user").first()
    if owner and owner.user_id != by.pk:
        raise Refused(f"Only {owner.user.get_full_name()}, who owns this cohort, can {what}.")


# ---- instructors -------------------------------------------------------------------------------------------------


@transaction.atomic
def add_instructor(*, cohort: Cohort, email: str, by: User, now: dt.datetime) -> User:
    """Let somebody else with the instructor role teach the cohort too. Raises Refused.

    The sentence is the same for people without the role and for addresses without an account, so that nobody
    learns here who has one.
    """
    held(cohort)
    person = holders(Role.INSTRUCTOR).filter(email=email.strip().lower()).first()
    if person is None:
        raise Refused("Nobody with this address holds the instructor role. An administrator can give it to them.")
    if Instructor.objects.filter(cohort=cohort, user=person).exists():
        raise Refused(f"{person.email} teaches this cohort already.")
    if Membership.objects.present().filter(cohort=cohort, user=person).exists():
        raise Refused(f"{person.email} is a member of this cohort, and nobody can be both.")
    Instructor.objects.create(cohort=cohort, user=person, added_at=now)
    log.write(cohort=cohort, by=by, about=person, what="Added an instructor.", at=now)
    return person


@transaction.atomic
def remove_instructor(*, cohort: Cohort, user_id: int, by: User, now: dt.datetime) -> User:
    """Anybody but the owner; who removes themselves leaves. Returns who it was. Raises Refused."""
    held(cohort)
    found = _instructor(cohort, user_id)
    if found.owner:
        raise Refused("The owner cannot be removed. They can hand the cohort over to another instructor first.")
    found.delete()
    what = "Stopped teaching the cohort." if found.user == by else "Removed an instructor."
    log.write(cohort=cohort, by=by, about=found.user, what=what, at=now)
    return found.user


@transaction.atomic
def hand_over(*, cohort: Cohort, user_id: int, by: User, now: dt.datetime) -> User:
    """Make another of its instructors the owner, who is returned. Raises Refused."""
    held(cohort)
    _own(cohort, by, "hand it over")
    heir = _instructor(cohort, user_id)
    if heir.owner:
        raise Refused(f"{heir.user.get_full_name()} owns this cohort already.")
    Instructor.objects.filter(cohort=cohort, owner=True).update(owner=False)
    Instructor.objects.filter(pk=heir.pk).update(owner=True)
    log.write(cohort=cohort, by=by, about=heir.user, what="Handed the cohort over.", at=now)
    return heir.user


def _instructor(cohort: Cohort, user_id: int) -> Instructor:
    found = Instructor.objects.filter(cohort=cohort, user=user_id).select_related("user").first()
    if found is None:
        raise Refused("This person does not teach the cohort any more.")
    return found
