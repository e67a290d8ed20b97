"""Drafts: written by several people, saved often, and never overwritten silently."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from questions.ids import RESERVED
from questions.interchange.names import fingerprint, public_id
from questions.kinds import OptionContent
from questions.models import Question, Revision, Task
from questions.pack.reader import PackErrors
from questions.services import drafts
from questions.services.base import NotAnAuthor, Refused
from questions.services.knowing import writers_of
from questions.writing import Writing, of_revision
from tests.accounts.factories import UserFactory
from tests.questions.material import loaded, question
from tests.questions.studio import (
    EVERY_KIND,
    STEMS,
    a_draft,
    a_published,
    an_author,
    choice,
    fresh,
    matching,
    reworded,
    trail,
)
from tests.together import together

pytestmark = pytest.mark.django_db


def task_of(exam, code="1.1"):
    return Task.objects.get(exam=exam, code=code)


def create(exam, author, **more):
    given = {"kind": "multiple_choice", "exam": exam, "task": task_of(exam), "author": author} | more
    return drafts.create_question(**given)


def test_a_new_question_is_an_empty_draft_in_a_task_with_an_id_of_its_own(small, author):
    revision = create(small, author)
    assert (revision.number, revision.state, revision.lock_version, revision.stem) == (1, "draft", 1, "")
    assert revision.author == author
    assert revision.question.public_id.startswith("tst-01-1.1-")
    assert revision.question.placements.get().task.code == "1.1"
    assert trail(revision.question) == ["create"]


@pytest.mark.parametrize("public_id", ["A-1", "ab", "-abc", "a" * 62, "a b c"])
def test_an_odd_id_is_refused(small, author, public_id):
    with pytest.raises(Refused, match="An id has"):
        create(small, author, public_id=public_id)
    assert not Question.objects.filter(public_id=public_id).exists()


def test_an_id_is_given_once(small, author):
    create(small, author, public_id="tst-900")
    with pytest.raises(Refused, match="There is a question tst-900 already"):
        create(small, author, public_id="tst-900")


def test_unknown_kinds_and_tasks_of_other_exams_are_refused(small, exam, author):
    with pytest.raises(Refused, match="no kind of question called essay"):
        create(small, author, kind="essay")
    with pytest.raises(Refused, match="does not belong to TST-01"):
        create(small, author, task=task_of(exam))


@pytest.mark.parametrize("writing", EVERY_KIND, ids=lambda one: one.kind)
def test_what_is_saved_is_read_again(small, author, writing):
    revision = a_draft(author, small, writing)
    assert of_revision(fresh(revision)) == writing
    assert revision.lock_version == 2


def test_anything_may_still_be_missing(small, author):
    revision = create(small, author, kind="matching")
    half = replace(matching(), stem="", options=(), references=())
    half = replace(half, prompts=tuple(replace(prompt, option=0) for prompt in half.prompts))
    drafts.save_draft(revision=revision, content=half, expected_version=1, by=author)
    assert of_revision(fresh(revision)) == half


def test_spaces_around_texts_and_line_ends_of_browsers_are_tidied(small, author):
    revision = a_draft(author, small, choice("  One line.\r\n\r\nWhich one?  "))
    assert fresh(revision).stem == "One line.\n\nWhich one?"


def test_saving_the_same_again_changes_nothing_even_when_the_reply_was_lost(small, author):
    revision = a_draft(author, small)
    same = drafts.save_draft(revision=revision, content=choice(), expected_version=1, by=author)
    assert same.lock_version == revision.lock_version == 2


def test_who_read_an_older_version_is_shown_both(small, author, reviewer):
    revision = a_draft(author, small)
    reworded(revision, reviewer, STEMS[2])
    with pytest.raises(drafts.Stale, match="Rita has changed this draft") as stale:
        reworded(revision, author, STEMS[3])
    assert (stale.value.mine.stem, stale.value.theirs.stem) == (STEMS[3], STEMS[2])
    assert (stale.value.version, stale.value.by) == (3, reviewer)
    assert fresh(revision).stem == STEMS[2]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stem": "a\0b"}, "NUL"),
        ({"stem": "a" * 20_001}, "at most 20,000 fit"),
        ({"options": choice().options * 6}, "cannot have 24 options"),
        ({"kind": "ordering"}, "kind of a question cannot be changed"),
    ],
)
def test_what_no_row_can_hold_is_refused(small, author, changes, message):
    revision = a_draft(author, small)
    with pytest.raises(Refused, match=message):
        drafts.save_draft(revision=revision, content=choice(**changes), expected_version=2, by=author)
    assert of_revision(fresh(revision)) == choice()


@pytest.mark.parametrize(("positions", "message"), [((1, 1), "Two steps"), ((0, 1), "position 0"), ((1, 100), "100")])
def test_impossible_positions_are_refused(small, author, positions, message):
    revision = create(small, author, kind="ordering")
    options = tuple(OptionContent(f"Step {number}", "", False, number) for number in positions)
    with pytest.raises(Refused, match=message):
        drafts.save_draft(
            revision=revision, content=Writing("ordering", options=options), expected_version=1, by=author
        )


def test_one_person_writing_is_one_entry_of_the_trail(small, author, reviewer):
    revision = a_draft(author, small)
    for stem in STEMS.values():
        revision = reworded(revision, author, stem)
    reworded(revision, reviewer, STEMS[1])
    assert trail(revision.question) == ["create", "save", "save"]
    assert writers_of(revision) == {author.pk, reviewer.pk}


# ---- correcting what is published ------------------------------------------------------------------------------------


def test_a_correction_begins_with_the_published_wording(small, author, reviewer):
    published = a_published(author, reviewer, small)
    draft = drafts.start_revision(question=published.question, by=reviewer)
    assert of_revision(fresh(draft)) == of_revision(fresh(published))
    assert (draft.number, draft.state, draft.author, draft.based_on) == (2, "draft", reviewer, published)
    with pytest.raises(drafts.AlreadyOpen) as already:
        drafts.start_revision(question=published.question, by=author)
    assert already.value.revision == draft


def test_the_database_itself_allows_one_open_revision(small, author):
    revision = a_draft(author, small)
    with pytest.raises(IntegrityError, match="revision_one_open"), transaction.atomic():
        Revision.objects.create(question=revision.question, number=2, kind="multiple_choice")


def test_a_question_that_was_never_published_has_nothing_to_correct(small, author):
    revision = a_draft(author, small)
    drafts.delete_draft(revision=revision, by=author)
    with pytest.raises(Refused, match="deleted"):
        drafts.start_revision(question=revision.question, by=author)


def test_a_draft_is_kept_when_a_pack_publishes_another_wording(tmp_path, author):
    loaded(tmp_path, question(1))
    draft = drafts.start_revision(question=Question.objects.get(public_id="tst-001"), by=author)
    draft = reworded(draft, author, STEMS[1])
    report = loaded(tmp_path, question(1, stem="A pack's new stem.\n\nWhich option is right?"))
    assert report.changed == ["tst-001"]
    assert of_revision(fresh(draft)) == choice()
    current = drafts.published_of(draft.question)
    assert current is not None
    assert current.stem.startswith("A pack's new stem.")

    after = drafts.rebase(revision=draft, by=author)
    assert (after.based_on, after.number, after.lock_version) == (current, 4, draft.lock_version + 1)
    with pytest.raises(Refused, match="No newer wording"):
        drafts.rebase(revision=draft, by=author)


# ---- deleting --------------------------------------------------------------------------------------------------------


def test_deleting_the_only_draft_deletes_the_question_but_not_the_trail(small, author):
    revision = a_draft(author, small)
    drafts.delete_draft(revision=revision, by=author)
    assert not Question.objects.filter(pk=revision.question_id).exists()
    assert trail(revision.question.public_id) == ["create", "save", "delete"]
    with pytest.raises(Refused, match="deleted"):
        drafts.save_draft(revision=revision, content=choice(), expected_version=2, by=author)


def test_deleting_a_correction_leaves_what_is_published(small, author, reviewer):
    published = a_published(author, reviewer, small)
    drafts.delete_draft(revision=drafts.start_revision(question=published.question, by=author), by=author)
    assert fresh(published).state == "published"


def test_only_its_author_deletes_a_draft_until_the_account_is_gone(small, author, reviewer):
    revision = a_draft(author, small)
    with pytest.raises(Refused, match="Only its author"):
        drafts.delete_draft(revision=revision, by=reviewer)
    author.delete()
    drafts.delete_draft(revision=revision, by=reviewer)
    assert not Revision.objects.filter(pk=revision.pk).exists()


# ---- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_no_question_has_the_name_of_a_page(tmp_path, small, author, name):
    with pytest.raises(Refused, match=f"can be called {name}"):
        a_draft(author, small, public_id=name)
    with pytest.raises(PackErrors, match=f"no question can be called {name}"):
        loaded(tmp_path, question(1, id=name))
    assert public_id(name) == f"{name}-{fingerprint(name)}"
    assert public_id(f"{name}-1") == f"{name}-1"


def test_only_authors_write(small, author):
    somebody, revision = UserFactory(), a_draft(author, small)
    acts = [
        lambda: create(small, somebody),
        lambda: reworded(revision, somebody, STEMS[2]),
        lambda: drafts.start_revision(question=revision.question, by=somebody),
        lambda: drafts.rebase(revision=revision, by=somebody),
        lambda: drafts.delete_draft(revision=revision, by=somebody),
    ]
    for act in acts:
        with pytest.raises(NotAnAuthor):
            act()
    assert trail(revision.question) == ["create", "save"]


# ---- two at once -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_is_told(small, author):
    other, revision = an_author(), a_draft(author, small)
    results = together(lambda: reworded(revision, author, STEMS[2]), lambda: reworded(revision, other, STEMS[3]))
    saved = [one for one in results if isinstance(one, Revision)]
    stale = [one for one in results if isinstance(one, drafts.Stale)]
    assert len(saved) == len(stale) == 1
    assert stale[0].theirs.stem == saved[0].stem == fresh(revision).stem
    assert fresh(revision).lock_version == 3


@pytest.mark.django_db(transaction=True)
def test_of_two_who_correct_at_once_one_is_led_to_the_others_draft(small, author):
    other = an_author()
    published = a_published(author, other, small)
    results = together(
        *(lambda by=by: drafts.start_revision(question=published.question, by=by) for by in (author, other))
    )
    drafted = [one for one in results if isinstance(one, Revision)]
    refused = [one for one in results if isinstance(one, drafts.AlreadyOpen)]
    assert [one.revision for one in refused] == drafted
