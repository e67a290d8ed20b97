"""What this room holds about a person: who teaches and learns where, what was assigned to them and what came of it."""

from __future__ import annotations

import datetime as dt
import re

from django.db.models import Q

from accounts.models import ERASED_NAME
from accounts.privacy import Holding, Parting, Row, Sections, Subject, rows
from cohorts.models import (
    Arrangement,
    Assignment,
    Attempt,
    Cohort,
    Instructor,
    Invitation,
    LogEntry,
    Membership,
    Norms,
    Outcome,
    Reminder,
)
from cohorts.retention import tidy
from scoring.privacy import WITHHELD

WHAT_WAS = "Did something that concerned one person; what it was is erased."

SHORTEST = 4  # letters of a name that is looked for in sentences; a shorter one would be found in every second


def collect(subject: Subject, now: dt.datetime) -> Sections:
    """Other people's names and addresses are theirs and left out."""
    addresses = list(subject.addresses)
    log = LogEntry.objects.filter(Q(by__in=addresses) | Q(about__in=addresses)).order_by("at", "pk")
    found: Sections = {
        "Invitations to cohorts": rows(
            Invitation.objects.filter(_invited(subject)).order_by("pk").values(
                "cohort__name", "email", "name", "invited_at", "expires_at", "sent_at", "accepted_at", "problem"
            )
        ),
        "Entries in the logs of cohorts": [
            {
                "cohort": one.cohort.name, "at": one.at, "what": one.what,
                "you": "did it" if one.by in subject.addresses else "it concerned you",
            }
            for one in log.select_related("cohort")
        ],
    }  # fmt: skip
    user = subject.user
    if user is None:
        return found
    outcomes = Outcome.objects.filter(user=user).select_related("assignment", "sitting").order_by("pk")
    return found | {
        "Cohorts you learn in": rows(
            Membership.objects.filter(user=user).order_by("pk").values(
                "cohort__name", "joined_at", "left_at", "multiplier", "extra_minutes"
            )
        ),
        "Cohorts you teach": rows(
            Instructor.objects.filter(user=user).order_by("pk").values("cohort__name", "owner", "added_at")
        ),
        "What was arranged for you": rows(
            Arrangement.objects.filter(user=user).order_by("pk").values(
                "assignment__title", "multiplier", "extra_minutes", "start_by", "end_by", "more_attempts", "absence",
                "note", "changed_at",
            )
        ),
        "Assigned attempts": [
            {
                "assignment": one.assignment.title, "number": one.number, "sitting": str(one.sitting_id),
                "declared void": one.void_at, "why": one.void_reason,
            }
            for one in Attempt.objects.filter(user=user).select_related("assignment").order_by("pk")
        ],
        "Outcomes of assigned attempts": [_outcome(one, now) for one in outcomes],
        "Mails about assignments": rows(
            Reminder.objects.filter(user=user).order_by("pk").values("assignment__title", "kind", "due_at", "sent_at")
        ),
    }  # fmt: skip


def _outcome(one: Outcome, now: dt.datetime) -> Row:
    told: Row = {"assignment": one.assignment.title, "number": one.number, "sitting": str(one.sitting_id)}
    if not one.sitting.shows_result(now):
        return told | {"result": WITHHELD}
    return told | {"right": one.raw, "of": one.maximum_raw, "scaled": one.scaled, "passed": one.passed}


def _invited(subject: Subject) -> Q:
    mine = Q(email__in=subject.addresses)
    return mine | Q(accepted_by=subject.user) if subject.user else mine


# ---- leaving -----------------------------------------------------------------------------------------------------


def leave(parting: Parting) -> None:
    """Attempts follow their sittings, so that the figures of a class stay what they were.

    Their new owner is a member who has left: that is how pages of results find somebody.
    """
    attempts = list(Attempt.objects.filter(sitting__in=list(parting.renamed)).select_related("assignment"))
    if not attempts:
        return
    heir = parting.heir
    for one in attempts:
        one.sitting_id, one.user, one.void_reason = parting.renamed[one.sitting_id], heir, ""
    Attempt.objects.bulk_update(attempts, ["sitting", "user", "void_reason"], batch_size=500)
    outcomes = list(Outcome.objects.filter(attempt__in=attempts).only("pk", "sitting_id", "user_id"))
    for outcome in outcomes:
        outcome.sitting_id, outcome.user = parting.renamed[outcome.sitting_id], heir
    Outcome.objects.bulk_update(outcomes, ["sitting", "user"], batch_size=500)
    Membership.objects.bulk_create(
        Membership(cohort_id=cohort, user=heir, joined_at=parting.now, left_at=parting.now)
        for cohort in sorted({one.assignment.cohort_id for one in attempts})
    )


def erase(parting: Parting) -> None:
    """Logs keep what the person did, and that something concerned them; invitations go."""
    subject, addresses = parting.subject, list(parting.subject.addresses)
    Invitation.objects.filter(_invited(subject)).delete()
    concerned = LogEntry.objects.filter(about__in=addresses)
    concerned.update(about=ERASED_NAME, what=WHAT_WAS)  # reasons in it say why, such as an illness
    named = [re.escape(text) for text in (*addresses, subject.name) if len(text) >= SHORTEST]
    whole = re.compile(rf"(?<!\w)(?:{'|'.join(named)})(?!\w)")
    for entry in LogEntry.objects.filter(by__in=addresses).iterator() if named else ():
        if whole.search(entry.what):
            LogEntry.objects.filter(pk=entry.pk).update(what=whole.sub(ERASED_NAME, entry.what)[:500])
    LogEntry.objects.filter(by__in=addresses).update(by=ERASED_NAME)


HOLDING = Holding(
    room="cohorts",
    covers={
        Invitation: "Invitations to cohorts", LogEntry: "Entries in the logs of cohorts",
        Membership: "Cohorts you learn in", Instructor: "Cohorts you teach", Attempt: "Assigned attempts",
        Arrangement: "What was arranged for you", Outcome: "Outcomes of assigned attempts",
        Reminder: "Mails about assignments",
    },
    impersonal={
        Cohort: "a name and a code; who is in it stands elsewhere", Assignment: "what a whole cohort is to sit",
        Norms: "figures over all candidates of an exam",
    },
    collect=collect,
    leave=leave,
    erase=erase,
    tidy=tidy,
)  # fmt: skip
