"""From draft to published on a question's page: every act, and what is refused."""

from __future__ import annotations

import re

import pytest

from questions.models import Comment, Review
from questions.services import review
from tests.factories import UserFactory
from tests.questions.studio import (
    REASON,
    STEMS,
    a_draft,
    a_published,
    an_author,
    approved,
    choice,
    fresh,
    reworded,
    trail,
)
from tests.scoring.life.talk import LIFE, forms, refused
from tests.scoring.test_views_results import text_of

pytestmark = pytest.mark.django_db


# ---- from draft to published ---------------------------------------------------------------------------------------


def test_a_draft_is_submitted_to_somebody_who_did_not_write_it(go, look, draft, author, reviewer):
    page = look(author)
    assert forms(page) == ["delete", "edit", "submit"]
    assert re.findall(r'<option value="(\d+)"[^>]*>Rita', page.content.decode()) == [str(reviewer.pk)]
    assert "Ada</option>" not in page.content.decode()
    assert go(author, "submit", draft, reviewer=reviewer.pk).url == LIFE
    row = fresh(draft)
    assert (row.state, row.reviewer) == ("in_review", reviewer)
    assert "Submitted. Rita is to review it." in text_of(look(author))


def test_who_writes_alone_sees_it_where_the_setting_says_so(look, draft, author, settings):
    assert "Nobody can review it yet" in text_of(look(author))
    settings.SELF_REVIEW = True
    assert "Ada (wrote in it)" in text_of(look(author))


def test_errors_are_told_instead_of_offering_a_review(go, look, author, reviewer, small):
    draft = a_draft(author, small, choice(references=()), public_id="tst-1")
    page = look(author)
    assert "1 error must be mended before it can be reviewed" in text_of(page)
    assert "submit" not in forms(page)
    page = go(author, "submit", draft, reviewer=reviewer.pk)
    assert refused(page, "There are errors to be mended first.")
    assert "References as a whole: A reference that settles the question is missing." in text_of(page)


@pytest.mark.parametrize("person", ["", "0", "x", "999999999", "9" * 30])
def test_a_reviewer_that_is_none_is_refused(go, draft, author, person):
    page = go(author, "submit", draft, reviewer=person)
    assert page.status_code in (409, 422)
    assert fresh(draft).state == "draft"


def test_only_a_reviewer_who_may_is_taken(go, draft, author):
    assert refused(go(author, "submit", draft, reviewer=author.pk), "Ada wrote in this draft and cannot review it.")
    candidate = UserFactory(display_name="Cara")
    assert refused(go(author, "submit", draft, reviewer=candidate.pk), "Cara is not an author and cannot review.")


@pytest.mark.parametrize("act", ["submit", "delete"])
def test_what_somebody_changed_meanwhile_is_read_again_first(go, draft, author, reviewer, act):
    before = draft.lock_version
    reworded(draft, author, STEMS[2])
    page = go(author, act, draft, version=before, reviewer=reviewer.pk)
    assert refused(page, "This has been changed since you read it; please look at it again.")
    assert fresh(draft).state == "draft"


def test_taking_back_is_for_its_author(go, look, submitted, author, reviewer):
    assert "take-back" not in forms(look(reviewer))
    assert refused(go(reviewer, "take-back", submitted), "Only its author, or whoever submitted it, can take it back")
    assert "take-back" in forms(look(author))
    go(author, "take-back", submitted)
    assert fresh(submitted).state == "draft"
    assert refused(go(author, "take-back", submitted), "This revision is not in review.")


def test_another_reviewer_is_named(go, look, submitted, author):
    other = an_author(display_name="Otto")
    go(author, "assign", submitted, reviewer=other.pk)
    assert fresh(submitted).reviewer == other
    assert forms(look(other)) == ["approve", "assign", "changes"]


def test_comments_stand_on_places_and_are_resolved(go, look, submitted, reviewer, author):
    assert 'value="option 2" selected' in look(reviewer, place="option 2").content.decode()
    for _ in range(2):  # sent twice
        go(reviewer, "comment", submitted, place="option 2", text="Linen is dry, too.")
    comment = Comment.objects.get()
    page = look(author)
    assert "Option 2 Rita" in text_of(page)
    assert "Linen is dry, too." in text_of(page)
    assert "approve" not in forms(look(reviewer))
    assert refused(go(reviewer, "approve", submitted), "There are open comments; resolve them, or ask for changes.")
    for _ in range(2):
        assert go(author, "resolve", comment=comment.pk).status_code == 302
    assert "Resolved by Ada" in text_of(look(author))
    assert trail("tst-1").count("resolve") == 1
    assert "approve" in forms(look(reviewer))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"place": "stem", "text": "  "}, "Please give a comment."),
        ({"place": "nowhere", "text": "Hm."}, "There is no such place in a question."),
        ({"place": "stem", "text": "x" * 5_001}, "A text has 5,001 characters, at most 5,000 fit."),
    ],
)
def test_a_comment_that_says_nothing_is_refused(go, submitted, reviewer, fields, sentence):
    page = go(reviewer, "comment", submitted, **fields)
    assert refused(page, sentence)
    assert not Comment.objects.exists()
    assert f"{fields['text'].strip()}</textarea>" in page.content.decode()


def test_a_text_that_no_row_can_hold_is_refused(go, submitted, reviewer):
    page = go(reviewer, "comment", submitted, place="stem", text="a\0b")
    assert refused(page, "The text holds a character that cannot be kept.", status=422)


def test_a_comment_of_another_question_is_not_touched(go, submitted, author, reviewer, small):
    other = a_draft(author, small, choice(STEMS[2]), public_id="tst-2")
    comment = review.comment(revision=other, place="stem", text="Hm.", by=reviewer)
    assert refused(go(author, "resolve", comment=comment.pk), "This comment has been deleted with its draft.")
    assert refused(go(author, "comment", other, place="stem", text="Hm, too."), "This draft has been deleted.")
    comment.refresh_from_db()
    assert comment.resolved_at is None


def test_approval_is_the_named_reviewers(go, look, submitted, author, reviewer):
    other = an_author(display_name="Otto")
    for person in (author, other):
        assert "approve" not in forms(look(person))
        assert refused(go(person, "approve", submitted), "Only the named reviewer decides.")
    assert forms(look(reviewer)) == ["approve", "assign", "changes"]
    go(reviewer, "approve", submitted, text="Well done.")
    assert "Well done." in text_of(look(author))
    assert forms(look(author)) == ["publish", "take-back"]
    assert refused(go(reviewer, "approve", submitted), "It has been approved already.")
    assert Review.objects.count() == 1


def test_an_approval_is_of_the_version_that_was_read(go, submitted, reviewer):
    page = go(reviewer, "approve", submitted, version=submitted.lock_version - 1, text="My note")
    assert refused(page, "This has been changed since you read it; please look at it again.")
    assert "My note</textarea>" in page.content.decode()
    assert go(reviewer, "approve", submitted, version="").status_code == 409


def test_changes_are_asked_for_with_a_note(go, look, submitted, author, reviewer):
    assert refused(go(reviewer, "changes", submitted, text=" "), "Please give a note on what shall change.")
    go(reviewer, "changes", submitted, text="Name the rain.")
    assert fresh(submitted).state == "draft"
    page = text_of(look(author))
    assert "Changes asked for by Rita" in page
    assert "Name the rain." in page


def test_what_was_approved_is_published_once(go, look, draft, author, reviewer):
    row = approved(draft, author, reviewer)
    assert go(author, "publish", row).url == LIFE
    page = look(author)
    assert "Published as revision 1." in text_of(page)
    assert forms(page) == ["retire", "revise", "withdraw"]
    assert refused(go(author, "publish", row), "This revision is published; only what is in review can be published.")
    assert trail("tst-1").count("publish") == 1


def test_what_was_not_approved_is_not_published(go, submitted, author):
    assert refused(go(author, "publish", submitted), "This revision has not been approved.")


def test_a_warning_is_let_pass_with_a_reason(go, look, author, reviewer, small):
    a_published(author, reviewer, small, public_id="tst-0")
    row = approved(a_draft(author, small, public_id="tst-1"), author, reviewer)
    page = look(author)
    assert "1 warning must be let pass with a reason" in text_of(page)
    assert 'href="/bank/questions/tst-0/"' in page.content.decode()
    assert "publish" not in forms(page)
    page = go(author, "publish", row)
    assert refused(page, "There are warnings about tst-1 that nobody has let pass with a reason.")
    assert "The stem is much like that of tst-0." in text_of(page)
    page = go(author, "acknowledge", row, rule="alike", place="stem", text="No.")
    assert refused(page, "Please give a reason of 10 to 500 characters.")
    assert "No.</textarea>" in page.content.decode()
    go(author, "acknowledge", row, rule="alike", place="stem", text=REASON)
    assert f"Ada let it pass: {REASON}" in text_of(look(author))
    page = go(author, "acknowledge", row, rule="alike", place="stem", text=REASON)
    assert refused(page, "This warning is not there any more.")
    assert go(author, "publish", row).status_code == 302
