"""Review: somebody else reads what stands still, and decides about exactly that."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from accounts.roles import Role
from accounts.services import revoke_role
from questions.models import Comment, Review, Revision
from questions.services import review
from questions.services.base import Changed, NotAnAuthor, Refused
from tests.accounts.factories import UserFactory
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
from tests.together import together

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(author, small) -> Revision:
    return a_draft(author, small)


@pytest.fixture
def submitted(draft, author, reviewer) -> Revision:
    return review.submit(revision=draft, reviewer=reviewer, expected_version=draft.lock_version, by=author)


def test_submitting_names_the_reviewer_and_stops_the_writing(draft, author, reviewer):
    row = review.submit(revision=draft, reviewer=reviewer, expected_version=draft.lock_version, by=author)
    assert (row.state, row.reviewer, row.submitted_by, row.own_review) == ("in_review", reviewer, author, False)
    with pytest.raises(Refused, match="in review and cannot be changed"):
        reworded(row, author, STEMS[2])
    with pytest.raises(Refused, match="in review, not a draft"):
        review.submit(revision=draft, reviewer=reviewer, expected_version=draft.lock_version, by=author)


def test_what_somebody_else_changed_meanwhile_is_not_submitted(draft, author, reviewer):
    reworded(draft, an_author(), STEMS[2])
    with pytest.raises(Changed):
        review.submit(revision=draft, reviewer=reviewer, expected_version=draft.lock_version, by=author)


def test_errors_are_mended_before_anybody_else_reads_it(author, reviewer, small):
    draft = a_draft(author, small, choice(references=()))
    with pytest.raises(review.Blocked) as blocked:
        review.submit(revision=draft, reviewer=reviewer, expected_version=draft.lock_version, by=author)
    assert [(one.rule, one.place) for one in blocked.value.findings] == [("missing", "references")]


# ---- who reviews -----------------------------------------------------------------------------------------------------


def test_nobody_who_wrote_in_it_reviews_it(draft, author, reviewer):
    draft = reworded(draft, reviewer, STEMS[2])
    for writer in (author, reviewer):
        with pytest.raises(Refused, match="wrote in this draft"):
            review.submit(revision=draft, reviewer=writer, expected_version=draft.lock_version, by=author)


def test_who_writes_alone_may_where_the_setting_says_so(draft, author, settings):
    settings.SELF_REVIEW = True
    row = approved(draft, author, author)
    assert row.own_review
    assert Review.objects.get(revision=row).own
    settings.SELF_REVIEW = False
    review.take_back(revision=row, by=author)
    with pytest.raises(Refused, match="wrote in this draft"):
        approved(draft, author, author)


def test_the_database_itself_refuses_an_authors_own_review(submitted, author):
    with pytest.raises(IntegrityError, match="revision_reviewer_is_not_author"), transaction.atomic():
        Revision.objects.filter(pk=submitted.pk).update(reviewer=author)


def test_only_an_author_is_named(draft, author):
    with pytest.raises(Refused, match="is not an author"):
        review.submit(revision=draft, reviewer=UserFactory(), expected_version=draft.lock_version, by=author)


def test_another_reviewer_takes_over(submitted, author, reviewer):
    other = an_author()
    review.assign_reviewer(revision=submitted, reviewer=other, by=author)
    with pytest.raises(Refused, match="Only the named reviewer"):
        review.approve(revision=submitted, expected_version=submitted.lock_version, by=reviewer)
    review.approve(revision=submitted, expected_version=submitted.lock_version, by=other)
    with pytest.raises(Refused, match="approved already"):
        review.assign_reviewer(revision=submitted, reviewer=reviewer, by=author)


def test_a_reviewer_who_is_no_author_any_more_decides_nothing(submitted, reviewer):
    revoke_role(user=reviewer, role=Role.AUTHOR)
    gone = type(reviewer).objects.get(pk=reviewer.pk)
    with pytest.raises(NotAnAuthor):
        review.approve(revision=submitted, expected_version=submitted.lock_version, by=gone)


# ---- deciding --------------------------------------------------------------------------------------------------------


def test_approving_keeps_who_read_which_version(submitted, author, reviewer):
    made = review.approve(revision=submitted, expected_version=submitted.lock_version, by=reviewer, note="Good.")
    assert (made.verdict, made.author, made.reviewer, made.lock_version, made.note) == (
        "approve", author, reviewer, submitted.lock_version, "Good.",
    )  # fmt: skip
    assert fresh(submitted).approval == made


def test_changes_are_asked_for_with_a_note(submitted, reviewer):
    version = submitted.lock_version
    with pytest.raises(Refused, match="a note"):
        review.ask_for_changes(revision=submitted, expected_version=version, note=" ", by=reviewer)
    review.ask_for_changes(revision=submitted, expected_version=version, note="The coat is not waxed.", by=reviewer)
    row = fresh(submitted)
    assert (row.state, row.reviewer, row.submitted_at, row.approval) == ("draft", reviewer, None, None)
    assert trail(row.question)[-2:] == ["submit", "changes"]


def test_what_was_taken_back_and_reworded_is_not_what_was_read(submitted, author, reviewer):
    """The reviewer has the page open while the author takes the draft back, changes it and submits it again."""
    read = submitted.lock_version
    review.take_back(revision=submitted, by=author)
    row = reworded(fresh(submitted), author, STEMS[2])
    review.submit(revision=row, reviewer=reviewer, expected_version=row.lock_version, by=author)
    with pytest.raises(Changed):
        review.approve(revision=submitted, expected_version=read, by=reviewer)
    with pytest.raises(Changed):
        review.ask_for_changes(revision=submitted, expected_version=read, note="No.", by=reviewer)


def test_taking_back_voids_an_approval(submitted, author, reviewer):
    review.approve(revision=submitted, expected_version=submitted.lock_version, by=reviewer)
    row = review.take_back(revision=submitted, by=author)
    assert (row.state, row.approval) == ("draft", None)
    with pytest.raises(Refused, match="not in review"):
        review.take_back(revision=submitted, by=author)


def test_only_whose_it_is_takes_it_back(submitted, reviewer):
    with pytest.raises(Refused, match="ask for changes instead"):
        review.take_back(revision=submitted, by=reviewer)


# ---- comments --------------------------------------------------------------------------------------------------------


def test_a_comment_stands_at_a_place_of_a_revision_and_holds_the_approval_up(submitted, author, reviewer):
    made = review.comment(revision=submitted, place="option 2", text=" Linen is dry, too. ", by=reviewer)
    assert (made.revision, made.place, made.text, made.author) == (
        submitted,
        "option 2",
        "Linen is dry, too.",
        reviewer,
    )
    with pytest.raises(Refused, match="open comments"):
        review.approve(revision=submitted, expected_version=submitted.lock_version, by=reviewer)
    assert review.resolve(comment=made, by=author).resolved_by == author
    assert review.resolve(comment=made, by=reviewer).resolved_by == author
    review.approve(revision=submitted, expected_version=submitted.lock_version, by=reviewer)
    assert trail(submitted.question)[-3:] == ["comment", "resolve", "approve"]


@pytest.mark.parametrize("place", ["", "option", "option 0", "footnote 1", "Stem"])
def test_there_are_only_so_many_places(submitted, reviewer, place):
    with pytest.raises(Refused, match="no such place"):
        review.comment(revision=submitted, place=place, text="Hm.", by=reviewer)
    assert not Comment.objects.exists()


# ---- warnings --------------------------------------------------------------------------------------------------------


@pytest.fixture
def flawed(author, small) -> Revision:
    """Its first option always says so."""
    options = (replace(choice().options[0], text="Always waxed cotton"), *choice().options[1:])
    return a_draft(author, small, choice(options=options))


def test_a_warning_is_let_pass_with_a_reason_that_is_kept(flawed, author):
    row = review.acknowledge(revision=flawed, rule="absolute-word", place="options", reason=REASON, by=author)
    (entry,) = fresh(row).acknowledged
    assert (entry["rule"], entry["place"], entry["reason"], entry["by"]) == (
        "absolute-word", "options", REASON, author.pk,
    )  # fmt: skip
    with pytest.raises(Refused, match="not there any more"):
        review.acknowledge(revision=flawed, rule="absolute-word", place="options", reason=REASON, by=author)


def test_a_reason_says_something(flawed, author):
    with pytest.raises(Refused, match="10 to 500 characters"):
        review.acknowledge(revision=flawed, rule="absolute-word", place="options", reason="So.", by=author)


def test_errors_are_never_let_pass(author, small):
    draft = a_draft(author, small, choice(references=()))
    with pytest.raises(Refused, match="not there"):
        review.acknowledge(revision=draft, rule="missing", place="references", reason=REASON, by=author)


# ---- who may, and two at once ----------------------------------------------------------------------------------------


def test_only_authors_take_part(submitted, reviewer):
    somebody, version = UserFactory(), submitted.lock_version
    made = review.comment(revision=submitted, place="stem", text="Hm.", by=reviewer)
    acts = [
        lambda: review.submit(revision=submitted, reviewer=reviewer, expected_version=version, by=somebody),
        lambda: review.take_back(revision=submitted, by=somebody),
        lambda: review.assign_reviewer(revision=submitted, reviewer=reviewer, by=somebody),
        lambda: review.approve(revision=submitted, expected_version=version, by=somebody),
        lambda: review.ask_for_changes(revision=submitted, expected_version=version, note="No.", by=somebody),
        lambda: review.comment(revision=submitted, place="stem", text="Hm.", by=somebody),
        lambda: review.resolve(comment=made, by=somebody),
        lambda: review.acknowledge(revision=submitted, rule="x", place="stem", reason=REASON, by=somebody),
    ]
    for act in acts:
        with pytest.raises(NotAnAuthor):
            act()


def test_a_published_revision_is_not_reviewed_again(author, reviewer, small):
    row = a_published(author, reviewer, small)
    with pytest.raises(Refused, match="not in review"):
        review.approve(revision=row, expected_version=row.lock_version, by=reviewer)
    assert review.comment(revision=row, place="stem", text="For the next wording.", by=reviewer).pk


@pytest.mark.django_db(transaction=True)
def test_saving_and_submitting_at_once_never_submits_what_was_not_read(small, author):
    reviewer, other = an_author(), an_author()
    for number in range(4):
        draft = a_draft(author, small, choice(f"{STEMS[1]} {number}"))
        save = partial(reworded, draft, other, f"{STEMS[2]} {number}")
        submit = partial(review.submit, revision=draft, reviewer=reviewer, expected_version=2, by=author)
        results = together(submit, save)
        assert sum(isinstance(one, Revision) for one in results) == 1
        row = fresh(draft)
        assert row.stem.startswith(STEMS[1] if row.state == "in_review" else STEMS[2])


def test_saying_the_same_twice_is_one_comment_until_it_is_resolved(submitted, reviewer, author):
    say = partial(review.comment, revision=submitted, place="stem", text="Hm.", by=reviewer)
    first = say()
    assert say().pk == first.pk
    assert review.comment(revision=submitted, place="stem", text="Hm.", by=author).pk != first.pk
    review.resolve(comment=first, by=author)
    assert say().pk != first.pk
    assert trail(submitted.question).count("comment") == 3
