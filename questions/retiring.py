"""Taking published questions out of use. Old sittings keep what they showed; new forms no longer draw it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction

from accounts.models import User
from questions.models import Revision
from questions.models.bank import RevisionState

SHORTEST_REASON, LONGEST_REASON = 10, 500

REFUSALS = {
    RevisionState.DRAFT: "It is a draft: nobody was ever given it, so there is nothing to retire.",
    RevisionState.IN_REVIEW: "It is in review and not published, so there is nothing to retire.",
    RevisionState.SUPERSEDED: "A newer wording has taken its place already.",
    RevisionState.RETIRED: "It is retired already.",
}
GONE = "It is no longer there."


class NotRetired(Exception):
    """Nothing was retired. `refusals` says why, by revision; empty where the reason given is at fault."""

    def __init__(self, message: str, refusals: dict[int, str] | None = None) -> None:
        super().__init__(message)
        self.refusals = refusals or {}


def refusal(state: str) -> str:
    """Why a revision in this state cannot be retired; empty if it can."""
    return "" if state == RevisionState.PUBLISHED else REFUSALS[RevisionState(state)]


def retire(*, revision_ids: Collection[int], reason: str, by: User) -> int:
    """Retire these published revisions, all of them or none. Who did it and why is kept in the log of changes.

    Returns how many. Raises NotRetired, with a reason for every revision that cannot be retired.
    """
    reason = " ".join(reason.split())
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise NotRetired(f"Give a reason of {SHORTEST_REASON} to {LONGEST_REASON} characters.")
    wanted = set(revision_ids)
    with transaction.atomic():
        found = list(Revision.objects.select_for_update().filter(pk__in=wanted).order_by("pk"))
        refusals = dict.fromkeys(wanted - {row.pk for row in found}, GONE) | _refusals(found)
        if refusals:
            raise NotRetired("Nothing was retired, because some questions cannot be.", refusals)
        Revision.objects.filter(pk__in=wanted).update(state=RevisionState.RETIRED)
        if found:
            LogEntry.objects.log_actions(by.pk, found, CHANGE, f"Retired: {reason}")
    return len(found)


def _refusals(revisions: Iterable[Revision]) -> dict[int, str]:
    return {row.pk: why for row in revisions if (why := refusal(row.state))}
