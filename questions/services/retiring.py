"""Taking a selection of published questions out of use; `publishing.retire` and `withdraw` do it to one.

Old sittings keep what they showed; new forms no longer draw it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from questions.models import Audit, Revision
from questions.models.authoring import Act
from questions.models.bank import RevisionState
from questions.services.base import (
    Refused,
    adopt,
    keep_loader_out,
    locked_questions,
    reasoned,
    require_author,
)

REFUSALS = {
    RevisionState.DRAFT: "It is a draft: nobody was ever given it, so there is nothing to retire.",
    RevisionState.IN_REVIEW: "It is in review and not published, so there is nothing to retire.",
    RevisionState.SUPERSEDED: "A newer wording has taken its place already.",
    RevisionState.RETIRED: "It is retired already.",
}
GONE = "It is no longer there."


class NotRetired(Refused):
    """Nothing was retired. `refusals` says why, by revision."""

    def __init__(self, refusals: dict[int, str]) -> None:
        super().__init__("Nothing was retired, because some questions cannot be.")
        self.refusals = refusals


def refusal(state: str) -> str:
    """Why a revision in this state cannot be retired; empty if it can."""
    return "" if state == RevisionState.PUBLISHED else REFUSALS[RevisionState(state)]


@transaction.atomic
def retire(*, revision_ids: Collection[int], reason: str, by: User) -> int:
    """Retire these published revisions, all of them or none, in a constant number of statements. Returns how many.

    Raises NotRetired, with a reason for every revision that cannot be retired, and Refused.
    """
    require_author(by)
    now = timezone.now()
    reason = reasoned(reason)
    wanted = set(revision_ids)
    keep_loader_out()
    locked_questions(Revision.objects.filter(pk__in=wanted).values_list("question_id", flat=True))
    found = list(
        Revision.objects.select_for_update(of=("self",), no_key=True)
        .select_related("question")
        .filter(pk__in=wanted)
        .order_by("pk")
    )
    refusals = dict.fromkeys(wanted - {row.pk for row in found}, GONE)
    refusals |= {row.pk: why for row in found if (why := refusal(row.state))}
    if refusals:
        raise NotRetired(refusals)
    take_out(found, act=Act.RETIRE, reason=reason, by=by, now=now)
    return len(found)


def take_out(revisions: Sequence[Revision], *, act: Act, reason: str, by: User, now: dt.datetime) -> None:
    """Take wordings out of use, each with a row in its trail. They and their questions are locked. Three statements."""
    Revision.objects.filter(pk__in=[row.pk for row in revisions]).update(state=RevisionState.RETIRED)
    for row in revisions:
        row.state = RevisionState.RETIRED
    adopt(*(row.question for row in revisions))
    Audit.objects.bulk_create(
        Audit(
            question=row.question, public_id=row.question.public_id, revision=row, who=by, when=now,
            act=act, detail={"number": row.number, "reason": reason},
        )
        for row in revisions
    )  # fmt: skip
