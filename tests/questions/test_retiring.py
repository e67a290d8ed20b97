"""Retiring: all of a selection or none of it, with a reason that stays on record."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

from questions.models import Revision
from questions.models.bank import RevisionState
from questions.retiring import GONE, NotRetired, retire
from tests.scoring.studio import written

REASON = "The service was closed to everybody."


def test_published_questions_are_retired_and_the_log_says_by_whom(exam, user):
    rows = list(Revision.objects.published().order_by("pk")[:3])
    assert retire(revision_ids=[row.pk for row in rows], reason=f"  {REASON}\n", by=user) == 3
    assert {row.state for row in Revision.objects.filter(pk__in=[row.pk for row in rows])} == {RevisionState.RETIRED}
    entries = LogEntry.objects.filter(user=user)
    assert {entry.object_id for entry in entries} == {str(row.pk) for row in rows}
    assert {entry.change_message for entry in entries} == {f"Retired: {REASON}"}


@pytest.mark.parametrize("state", [state for state in RevisionState if state != RevisionState.PUBLISHED])
def test_one_that_cannot_be_retired_keeps_all_others(exam, user, state):
    good, bad = Revision.objects.published()[0], written("zeta-1", "Any", state=state)
    with pytest.raises(NotRetired) as refused:
        retire(revision_ids=[good.pk, bad.pk, 10**12], reason=REASON, by=user)
    assert set(refused.value.refusals) == {bad.pk, 10**12}
    assert refused.value.refusals[10**12] == GONE
    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.state, bad.state) == (RevisionState.PUBLISHED, state)
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("reason", ["", "Too short", "x" * 501, " " * 40])
def test_a_reason_is_needed(exam, user, reason):
    with pytest.raises(NotRetired, match="10 to 500"):
        retire(revision_ids=[Revision.objects.published()[0].pk], reason=reason, by=user)
    assert not Revision.objects.filter(state=RevisionState.RETIRED).exists()
