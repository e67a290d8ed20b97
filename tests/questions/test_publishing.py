"""Publishing freezes a wording for good; retiring and withdrawing take it out of use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from questions import markdown
from questions.models import Audit, Option, Prompt, Reference, Revision, Standing
from questions.models.bank import FROZEN
from questions.services import drafts, publishing, review
from questions.services.base import Changed, NotAnAuthor, Refused
from questions.writing import of_revision
from tests.accounts.factories import UserFactory
from tests.questions.material import loaded, question
from tests.questions.studio import (
    EVERY_KIND,
    REASON,
    STEMS,
    a_draft,
    a_published,
    an_author,
    approved,
    choice,
    fresh,
    matching,
    reworded,
    trail,
)
from tests.together import together

pytestmark = pytest.mark.django_db


def publish(row: Revision, by) -> Revision:
    return publishing.publish(revision=row, expected_version=row.lock_version, by=by)


@pytest.mark.parametrize("writing", EVERY_KIND, ids=lambda one: one.kind)
def test_what_is_published_is_what_was_approved_rendered_once(author, reviewer, small, writing):
    row = fresh(a_published(author, reviewer, small, writing))
    assert (row.state, of_revision(row), row.stem_html) == ("published", writing, markdown.stem(writing.stem))
    assert row.published_at is not None
    assert len(row.digest) == 64
    parts = [*row.options.values("text", "html", "rationale", "rationale_html")]
    parts += row.prompts.values("text", "html", "rationale", "rationale_html")
    for part in parts:
        assert part["html"] == markdown.inline(part["text"])
        assert part["rationale_html"] == markdown.inline(part["rationale"])
    assert trail(row.question) == ["create", "save", "submit", "approve", "publish"]


def test_a_new_wording_is_pretest_in_every_exam_until_it_is_rated(author, reviewer, small):
    row = a_published(author, reviewer, small)
    assert [(one.exam, one.status, one.rating) for one in Standing.objects.filter(revision=row)] == [
        (small, "pretest", None)
    ]


def test_a_correction_supersedes_what_was_published(author, reviewer, small):
    first = a_published(author, reviewer, small)
    draft = reworded(drafts.start_revision(question=first.question, by=author), author, STEMS[2])
    second = publish(approved(draft, author, reviewer), reviewer)
    assert (fresh(first).state, fresh(second).state) == ("superseded", "published")
    assert of_revision(fresh(first)) == choice()


def test_only_what_was_approved_is_published(author, reviewer, small):
    draft = a_draft(author, small)
    with pytest.raises(Refused, match="only what is in review"):
        publish(draft, author)
    review.submit(revision=draft, reviewer=reviewer, expected_version=draft.lock_version, by=author)
    with pytest.raises(Refused, match="not been approved"):
        publish(draft, author)
    assert fresh(draft).state == "in_review"


def test_the_database_itself_publishes_nothing_unreviewed(author, small):
    draft = a_draft(author, small)
    with pytest.raises(IntegrityError, match="revision_published_is_reviewed"), transaction.atomic():
        Revision.objects.filter(pk=draft.pk).update(state="published", published_at=timezone.now())


def test_another_version_than_the_one_that_was_read_is_not_published(author, reviewer, small):
    row = approved(a_draft(author, small), author, reviewer)
    with pytest.raises(Changed):
        publishing.publish(revision=row, expected_version=row.lock_version - 1, by=author)


def test_errors_block_publication_whoever_let_them_through(author, reviewer, small):
    row = approved(a_draft(author, small), author, reviewer)
    row.references.all().delete()  # as no verb would
    with pytest.raises(review.Blocked) as blocked:
        publish(row, author)
    assert [one.place for one in blocked.value.findings] == ["references"]


def test_warnings_are_acknowledged_first(author, reviewer, small):
    options = (replace(choice().options[0], text="Always waxed cotton"), *choice().options[1:])
    row = approved(a_draft(author, small, choice(options=options)), author, reviewer)
    with pytest.raises(review.Blocked) as blocked:
        publish(row, author)
    assert [(one.rule, one.severity) for one in blocked.value.findings] == [("absolute-word", "warning")]
    review.acknowledge(revision=row, rule="absolute-word", place="options", reason=REASON, by=author)
    assert publish(row, author).state == "published"
    audit = Audit.objects.get(act="acknowledge")
    assert (audit.who, audit.detail["reason"]) == (author, REASON)


def test_open_comments_are_resolved_first(author, reviewer, small):
    row = approved(a_draft(author, small), author, reviewer)
    said = review.comment(revision=row, place="stem", text="Is this lamp still sold?", by=reviewer)
    with pytest.raises(Refused, match="open comments"):
        publish(row, author)
    assert fresh(row).state == "in_review"
    review.resolve(comment=said, by=author)
    assert publish(row, author).state == "published"


def test_an_acknowledgement_holds_for_the_same_words_only(author, reviewer, small):
    a_published(author, reviewer, small, public_id="tst-901")
    draft = a_draft(author, small, public_id="tst-902")
    review.acknowledge(revision=draft, rule="alike", place="stem", reason=REASON, by=author)
    a_published(author, reviewer, small, choice(STEMS[2]), public_id="tst-903")
    draft = approved(reworded(draft, author, STEMS[2]), author, reviewer)
    with pytest.raises(review.Blocked) as blocked:
        publish(draft, author)
    assert blocked.value.findings[0].others == ("tst-903",)


def test_the_same_wording_is_not_published_again(author, reviewer, small):
    first = a_published(author, reviewer, small)
    draft = drafts.start_revision(question=first.question, by=author)
    with pytest.raises(Refused, match="published already"):
        publish(approved(draft, author, reviewer), author)


def test_a_newer_published_wording_is_looked_at_first(tmp_path, author, reviewer, small):
    loaded(tmp_path, question(1))
    begun = drafts.start_revision(
        question=Revision.objects.published().get(question__public_id="tst-001").question, by=author
    )
    draft = approved(reworded(begun, author, STEMS[1]), author, reviewer)
    loaded(tmp_path, question(1, stem="A pack's new stem.\n\nWhich option is right?"))
    with pytest.raises(publishing.Superseded) as superseded:
        publish(draft, author)
    assert superseded.value.current.stem.startswith("A pack's new stem.")
    review.take_back(revision=draft, by=author)
    draft = drafts.rebase(revision=draft, by=author)
    assert publish(approved(draft, author, reviewer), author).state == "published"


# ---- packs leave alone what the studio has ---------------------------------------------------------------------------


def test_a_pack_does_not_undo_a_correction(tmp_path, author, reviewer):
    loaded(tmp_path, question(1), question(2))
    draft = drafts.start_revision(question=Revision.objects.get(question__public_id="tst-001").question, by=author)
    row = publish(approved(reworded(draft, author, STEMS[1]), author, reviewer), author)
    for _ in range(2):
        report = loaded(tmp_path, question(1), question(2))
        assert (report.kept, report.unchanged, report.changed, report.added) == (["tst-001"], ["tst-002"], [], [])
    assert fresh(row).state == "published"
    report = loaded(tmp_path, question(1, stem="A pack's new stem.\n\nWhich option is right?"), question(2))
    assert report.kept == ["tst-001"]
    assert drafts.published_of(row.question) == row


def test_a_pack_does_not_take_over_a_question_that_was_written_here(tmp_path, author, small):
    draft = a_draft(author, small, public_id="tst-001")
    assert loaded(tmp_path, question(1)).kept == ["tst-001"]
    assert list(Revision.objects.filter(question=draft.question)) == [draft]


def test_equal_wordings_have_one_digest_wherever_they_were_written(tmp_path, author):
    loaded(tmp_path, question(1))
    row = fresh(Revision.objects.published().get(question__public_id="tst-001"))
    assert publishing.digest_of(row) == row.digest
    draft = drafts.start_revision(question=row.question, by=author)
    assert publishing.digest_of(fresh(draft)) == row.digest


# ---- out of use ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("verb", "act"), [(publishing.retire, "retire"), (publishing.withdraw, "withdraw")])
def test_what_is_taken_out_of_use_stays_in_the_bank(author, reviewer, small, verb, act):
    row = a_published(author, reviewer, small)
    with pytest.raises(Refused, match="10 to 500"):
        verb(question=row.question, reason="Bad.", by=reviewer)
    verb(question=row.question, reason=REASON, by=reviewer)
    assert fresh(row).state == "retired"
    audit = Audit.objects.filter(question=row.question).first()
    assert audit is not None
    assert (audit.act, audit.who, audit.detail) == (act, reviewer, {"number": 1, "reason": REASON})
    with pytest.raises(Refused, match="not published"):
        verb(question=row.question, reason=REASON, by=reviewer)


def test_a_retired_question_comes_back_with_a_new_wording(author, reviewer, small):
    row = a_published(author, reviewer, small)
    publishing.retire(question=row.question, reason=REASON, by=author)
    draft = drafts.start_revision(question=row.question, by=author)
    assert draft.based_on == row
    again = publish(approved(reworded(draft, author, STEMS[2]), author, reviewer), author)
    assert (fresh(row).state, again.state) == ("retired", "published")


def test_only_authors_publish_and_retire(author, reviewer, small):
    somebody = UserFactory()
    row = approved(a_draft(author, small), author, reviewer)
    with pytest.raises(NotAnAuthor):
        publish(row, somebody)
    publish(row, author)
    for verb in (publishing.retire, publishing.withdraw):
        with pytest.raises(NotAnAuthor):
            verb(question=row.question, reason=REASON, by=somebody)
    assert fresh(row).state == "published"


# ---- a published wording never changes -------------------------------------------------------------------------------


def test_no_verb_changes_it(author, reviewer, small):
    row = a_published(author, reviewer, small)
    with pytest.raises(Refused, match="published and cannot be changed"):
        reworded(row, author, STEMS[2])
    with pytest.raises(Refused, match="Only a draft can be deleted"):
        drafts.delete_draft(revision=row, by=author)
    with pytest.raises(Refused, match="published already"):
        review.acknowledge(revision=row, rule="x", place="stem", reason=REASON, by=author)
    assert of_revision(fresh(row)) == choice()


# What would add parts to the wording with the first id; the second is a draft's.
ADDING = [
    (
        "INSERT INTO questions_option (revision_id, number, text, html, rationale, rationale_html, correct)"
        " SELECT %s, 19, text, html, rationale, rationale_html, true FROM questions_option"
        " WHERE revision_id = %s AND number = 1"
    ),
    (
        "INSERT INTO questions_prompt (revision_id, number, text, html, rationale, rationale_html)"
        " SELECT %s, 19, text, html, rationale, rationale_html FROM questions_prompt"
        " WHERE revision_id = %s AND number = 1"
    ),
    (
        "INSERT INTO questions_reference (revision_id, number, title, url)"
        " SELECT %s, 19, title, url FROM questions_reference WHERE revision_id = %s AND number = 1"
    ),
]
MOVING = [
    f"UPDATE questions_{table} SET revision_id = %s, number = 19 WHERE revision_id = %s AND number = 1"
    for table in ("option", "prompt", "reference")
]


def run(statement: str, target: int, source: int) -> int:
    """How many rows it wrote."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [target, source])
        return int(cursor.rowcount)


@pytest.mark.parametrize("state", FROZEN)
def test_the_database_itself_keeps_it(author, reviewer, small, state):
    row = a_published(author, reviewer, small, matching())
    draft = a_draft(author, small, replace(matching(), stem=STEMS[3]))
    Revision.objects.filter(pk=row.pk).update(state=state)
    rows = Revision.objects.filter(pk=row.pk)
    options, prompts = Option.objects.filter(revision=row), Prompt.objects.filter(revision=row)
    acts: list[Callable[[], object]] = [
        lambda: rows.update(stem="Another."),
        lambda: rows.update(stem_html="<p>Another.</p>"),
        lambda: rows.update(state="draft"),
        lambda: rows.update(number=9),
        lambda: options.update(correct=True),
        lambda: options.update(html="Another."),
        lambda: prompts.update(option=options[0]),
        lambda: prompts.delete(),
        lambda: Reference.objects.filter(revision=row).update(url="https://example.com/"),
        lambda: Reference.objects.filter(revision=row).delete(),
        *(partial(run, statement, row.pk, draft.pk) for statement in ADDING + MOVING),
    ]
    for act in acts:
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            act()
    assert of_revision(fresh(row)) == matching()
    assert of_revision(fresh(draft)) == replace(matching(), stem=STEMS[3])


@pytest.mark.parametrize("statement", ADDING + MOVING)
def test_the_database_lets_drafts_grow(author, small, statement):
    target, source = a_draft(author, small, matching()), a_draft(author, small, replace(matching(), stem=STEMS[3]))
    assert run(statement, target.pk, source.pk) == 1


def test_it_outlives_the_accounts_of_its_people(author, reviewer, small):
    row = a_published(author, reviewer, small)
    author.delete()
    reviewer.delete()
    row = fresh(row)
    assert (row.state, row.author, row.reviewer) == ("published", None, None)
    assert set(Audit.objects.filter(question=row.question).values_list("who", flat=True)) == {None}


# ---- the trail -------------------------------------------------------------------------------------------------------


def test_the_trail_is_never_changed(author, reviewer, small):
    rows = Audit.objects.filter(question=a_published(author, reviewer, small).question)
    changes = {"act": "retire", "detail": {}, "when": timezone.now(), "public_id": "tst-000", "who": reviewer}
    for name, value in changes.items():
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            rows.filter(act="create").update(**{name: value})
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        rows.delete()
    assert [one.who for one in rows.order_by("pk")] == [author, author, author, reviewer, author]


# ---- two at once -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_who_publish_at_once_publish_once(small, author):
    reviewer = an_author()
    row = approved(a_draft(author, small), author, reviewer)
    results = together(lambda: publish(row, author), lambda: publish(row, reviewer))
    assert sorted(type(one).__name__ for one in results) == ["Refused", "Revision"]
    assert trail(row.question).count("publish") == 1


@pytest.mark.django_db(transaction=True)
def test_publishing_and_taking_back_at_once_is_one_or_the_other(small, author):
    reviewer = an_author()
    row = approved(a_draft(author, small), author, reviewer)
    together(lambda: publish(row, reviewer), lambda: review.take_back(revision=row, by=author))
    after = fresh(row)
    assert (after.state, after.approval is None, trail(row.question)[-1]) in [
        ("published", False, "publish"),
        ("draft", True, "take_back"),
    ]
