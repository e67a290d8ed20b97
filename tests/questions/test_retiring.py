"""Retiring: all of a selection or none of it, with a reason that stays on record."""

from __future__ import annotations

import pytest

from questions.models import Audit, Question, Revision
from questions.models.bank import RevisionState
from questions.services.base import NotAnAuthor, Refused
from questions.services.retiring import GONE, NotRetired, retire
from tests.questions.studio import an_author
from tests.scoring.studio import written

REASON = "The service was closed to everybody."


def test_published_questions_are_retired_and_the_trail_says_by_whom(exam):
    rows, by = list(Revision.objects.published().order_by("pk")[:3]), an_author()
    assert retire(revision_ids=[row.pk for row in rows], reason=f"  {REASON}\n", by=by) == 3
    assert {row.state for row in Revision.objects.filter(pk__in=[row.pk for row in rows])} == {RevisionState.RETIRED}
    trail = Audit.objects.filter(who=by, act="retire").order_by("revision")
    assert [(row.revision_id, row.question_id, row.detail["reason"]) for row in trail] == [
        (row.pk, row.question_id, REASON) for row in rows
    ]
    assert Question.objects.filter(from_studio=True).count() == 3  # no pack brings them back


def test_a_whole_bank_takes_no_more_statements_than_one_question(exam, django_assert_num_queries):
    by = an_author()
    rows = list(Revision.objects.published().values_list("pk", flat=True))
    retire(revision_ids=rows[:1], reason=REASON, by=by)
    with django_assert_num_queries(9):
        retire(revision_ids=rows[1:2], reason=REASON, by=by)
    with django_assert_num_queries(9):
        retire(revision_ids=rows[2:], reason=REASON, by=by)


def test_only_authors_retire(exam, user):
    with pytest.raises(NotAnAuthor):
        retire(revision_ids=[Revision.objects.published()[0].pk], reason=REASON, by=user)


@pytest.mark.parametrize("state", [state for state in RevisionState if state != RevisionState.PUBLISHED])
def test_one_that_cannot_be_retired_keeps_all_others(exam, state):
    good, bad = Revision.objects.published()[0], written("zeta-1", "Any", state=state)
    with pytest.raises(NotRetired) as refused:
        retire(revision_ids=[good.pk, bad.pk, 10**12], reason=REASON, by=an_author())
    assert set(refused.value.refusals) == {bad.pk, 10**12}
    assert refused.value.refusals[10**12] == GONE
    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.state, bad.state) == (RevisionState.PUBLISHED, state)
    assert not Audit.objects.exists()


@pytest.mark.parametrize("reason", ["", "Too short", "x" * 501, " " * 40])
def test_a_reason_is_needed(exam, reason):
    with pytest.raises(Refused, match="reason"):
        retire(revision_ids=[Revision.objects.published()[0].pk], reason=reason, by=an_author())
    assert not Revision.objects.filter(state=RevisionState.RETIRED).exists()
