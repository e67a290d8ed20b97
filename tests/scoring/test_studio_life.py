"""A question's page over its life: what it shows to whom, every act, and what is refused."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from accounts import services as accounts
from accounts.models import User
from accounts.roles import Role
from questions.models import Audit, Comment, Question, Review, Revision
from questions.services import drafts, publishing, review
from tests.accounts.factories import SuperuserFactory
from tests.factories import UserFactory
from tests.questions.studio import (
    REASON,
    STEMS,
    a_draft,
    a_published,
    an_author,
    an_exam,
    approved,
    choice,
    fresh,
    matching,
    ordering,
    response,
    reworded,
    trail,
)
from tests.scoring.test_views_results import text_of

pytestmark = pytest.mark.django_db
LIFE = "/bank/questions/tst-1/"


@pytest.fixture
def small(db):
    return an_exam()


@pytest.fixture
def author(db) -> User:
    return an_author(display_name="Ada")


@pytest.fixture
def reviewer(db) -> User:
    return an_author(display_name="Rita")


@pytest.fixture
def draft(author, small) -> Revision:
    return a_draft(author, small, public_id="tst-1")


@pytest.fixture
def submitted(draft, author, reviewer) -> Revision:
    return review.submit(revision=draft, reviewer=reviewer, expected_version=draft.lock_version, by=author)


@pytest.fixture
def published(author, reviewer, small) -> Revision:
    return a_published(author, reviewer, small, public_id="tst-1")


@pytest.fixture
def go(client):
    """Act as somebody: the reply to the form of an act, with the version that stands there unless it says otherwise."""

    def post(person, act, revision=None, **fields):
        client.force_login(person)
        if revision is not None:
            revision = Revision.objects.get(pk=revision.pk)
            fields = {"revision": revision.pk, "version": revision.lock_version} | fields
        return client.post(f"{LIFE}{act}/", fields)

    return post


@pytest.fixture
def look(client):
    def get(person, address=LIFE, **asked):
        client.force_login(person)
        return client.get(address, asked)

    return get


def forms(page):
    """The acts that a page offers."""
    found = re.findall(r'(?:action|href)="/bank/questions/tst-1/([a-z-]+)/"', page.content.decode())
    return sorted(set(found) - {"comment", "trail"})


def refused(page, sentence, status=409):
    assert page.status_code == status
    assert f"Nothing was changed. {sentence}" in text_of(page)
    return True


# ---- from draft to published ---------------------------------------------------------------------------------------


def test_a_draft_is_submitted_to_somebody_who_did_not_write_it(go, look, draft, author, reviewer):
    page = look(author)
    assert forms(page) == ["delete", "submit"]
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
    assert "Nobody" not in text_of(look(author))
    page = go(author, "publish", row)
    assert page.url == LIFE
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


# ---- corrections ---------------------------------------------------------------------------------------------------


def test_a_correction_is_a_new_revision_and_its_words_are_compared(go, look, published, author):
    for _ in range(2):  # the second finds the first
        assert go(author, "revise").url == LIFE
    draft = Revision.objects.get(question=published.question, state="draft")
    reworded(draft, author, STEMS[1].replace("wet day", "stormy day"))
    body = look(author).content.decode()
    assert re.search(r"<del>.*wet.*</del><ins>.*stormy.*</ins>", body)
    assert re.search(r"<del>.*wet.*</del><ins>.*stormy.*</ins>", look(author, f"{LIFE}compare/1/2/").content.decode())
    assert re.search(r"<del>.*stormy.*</del><ins>.*wet.*</ins>", look(author, f"{LIFE}compare/2/1/").content.decode())
    assert "The words are the same." in text_of(look(author, f"{LIFE}compare/1/1/"))


@pytest.fixture
def overtaken(published, author, reviewer) -> Revision:
    """An approved revision of a question whose wording was meanwhile published by a pack, as revision 3."""
    row = drafts.start_revision(question=published.question, by=author)
    row = approved(reworded(row, author, STEMS[2]), author, reviewer)
    Revision.objects.filter(pk=published.pk).update(state="superseded")
    Revision.objects.create(
        question=published.question, number=3, kind=published.kind, stem=STEMS[3], state="published",
        published_at=published.published_at, digest="x",
    )  # fmt: skip
    return row


def test_a_newer_wording_is_looked_at_first(go, look, overtaken, author, reviewer):
    page = look(author)
    assert "Revision 3 has been published since this one was begun." in text_of(page)
    assert "publish" not in forms(page)
    page = go(author, "publish", overtaken)
    assert refused(page, "Another wording has been published since this draft was begun; compare the two first.")
    assert f'href="{LIFE}compare/3/2/"' in page.content.decode()
    assert "rebase" not in forms(look(author, f"{LIFE}compare/3/2/"))  # in review it stands still
    go(author, "take-back", overtaken)
    page = look(author, f"{LIFE}compare/3/2/")
    assert "rebase" in forms(page)
    current = re.search(r'name="current" value="(\d+)"', page.content.decode())
    assert current
    assert refused(
        go(author, "rebase", overtaken, current=1), "This has been changed since you read it; please look at it again."
    )
    assert go(author, "rebase", overtaken, current=current[1]).url == LIFE
    row = fresh(overtaken)
    assert (row.number, row.based_on.number) == (4, 3)
    assert "No newer wording" in text_of(go(author, "rebase", overtaken, current=current[1]))
    assert go(author, "publish", approved(row, author, reviewer)).status_code == 302


# ---- out of use ----------------------------------------------------------------------------------------------------


def test_retiring_takes_a_reason(go, look, published, author):
    page = go(author, "retire", current=published.pk, text="Old")
    assert refused(page, "Please give a reason of 10 to 500 characters.")
    assert go(author, "retire", current=published.pk, text=REASON).url == LIFE
    assert forms(look(author)) == ["revise"]
    page = go(author, "retire", current=published.pk, text=REASON)
    assert refused(page, "This question is not published, so there is nothing to take out of use.")
    assert trail("tst-1").count("retire") == 1


@pytest.mark.parametrize("act", ["retire", "withdraw"])
def test_a_wording_that_nobody_has_seen_is_not_taken_out_of_use(go, published, author, act):
    page = go(author, act, current=published.pk + 1, text=REASON)
    assert refused(page, "This has been changed since you read it; please look at it again.")
    assert fresh(published).state == "published"


def test_deleting_is_for_its_author(go, look, draft, author, reviewer):
    assert "delete" not in forms(look(reviewer))
    assert refused(go(reviewer, "delete", draft), "Only its author can delete a draft.")
    assert go(author, "delete", draft).url == f"{LIFE}trail/"
    assert not Question.objects.filter(public_id="tst-1").exists()
    assert "This question has been deleted." in text_of(look(author, f"{LIFE}trail/"))
    assert go(author, "delete").status_code == 404


def test_deleting_a_correction_leaves_what_is_published(go, published, author):
    row = drafts.start_revision(question=published.question, by=author)
    assert go(author, "delete", row).url == LIFE
    assert fresh(published).state == "published"


# ---- what is shown -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("writing", [choice(), response(), ordering(), matching()])
def test_every_kind_is_shown_with_its_key(look, author, small, writing):
    a_draft(author, small, writing, public_id="tst-1")
    said = {
        "multiple_choice": "Key: option 1",
        "multiple_response": "Key: options 1 and 5",
        "ordering": "Key: options 1, then 2, then 3, then 4",
        "matching": "Key: 1 with option 3, 2 with option 2, 3 with option 3",
    }
    page = text_of(look(author))
    assert said[writing.kind] in page
    assert page.count("Because the manual says so") >= len(writing.options)


def test_an_empty_draft_has_a_page(look, author, small):
    for kind in ("multiple_choice", "multiple_response", "ordering", "matching"):
        drafts.create_question(
            kind=kind, exam=small, task=small.tasks.get(code="1.1"), author=author, public_id=f"tst-{kind[-3:]}"
        )
        page = look(author, f"/bank/questions/tst-{kind[-3:]}/")
        assert "Key: not chosen yet" in text_of(page)


def test_a_question_of_a_pack_has_a_page(look, exam, author):
    public_id = Revision.objects.published().filter(kind="matching")[0].question.public_id
    page = look(author, reverse("studio_life", args=[public_id]))
    assert "a pack brought it" in text_of(page)
    assert f'href="/bank/exams/MLA-C01/questions/{public_id}/"' in page.content.decode()


def test_a_hostile_text_is_only_text(go, look, author, reviewer, small):
    hostile = "<img src=x onerror=alert(1)> <script>alert(2)</script> {% load x %} " + "W" * 600
    writing = choice(hostile)
    draft = a_draft(author, small, writing, public_id="tst-1")
    go(reviewer, "comment", draft, place="stem", text=hostile)
    reworded(draft, author, f"{hostile} again")
    Question.objects.update(notes=hostile, tags=["<b>bold</b>"])
    published = approved(fresh(draft), author, reviewer)
    go(author, "acknowledge", published, rule="x", place='"><script>', text=hostile)
    pages = [LIFE, f"{LIFE}revisions/1/", f"{LIFE}trail/", f"{LIFE}compare/1/1/", "/bank/reviews/"]
    for page in [
        *map(lambda address: look(author, address), pages),
        go(author, "comment", draft, place="<b>", text=hostile),
    ]:
        body = page.content.decode()
        assert page.status_code in (200, 409)
        assert "<img src=x" not in body
        assert "<script>alert" not in body


@pytest.mark.parametrize("address", ["revisions/9/", "compare/1/9/", "compare/9/1/", f"revisions/{10**30}/"])
def test_a_revision_that_does_not_exist_is_not_found(look, draft, author, address):
    assert look(author, f"{LIFE}{address}").status_code == 404


@pytest.mark.parametrize("address", ["/bank/questions/none/", "/bank/questions/a%00b/", "/bank/questions/a%00b/trail/"])
def test_a_question_that_does_not_exist_is_not_found(look, author, address):
    assert look(author, address).status_code == 404


def test_the_trail_is_told_in_pages(look, submitted, author, reviewer):
    for number in range(55):
        review.comment(revision=submitted, place="stem", text=f"Number {number}", by=reviewer)
    page = look(author, f"{LIFE}trail/")
    assert f"{Audit.objects.filter(public_id='tst-1').count()} acts" in text_of(page)
    assert "Page 1 of 2" in text_of(page)
    assert "Ada submitted for review (revision 1) Rita" in text_of(look(author, f"{LIFE}trail/", page=2))


def test_comments_on_an_older_wording_lead_back_to_it(go, look, published, author):
    page = look(author, f"{LIFE}revisions/1/")
    assert 'name="page" value="1"' in page.content.decode()
    reply = go(author, "comment", published, place="stem", text="For the next one.", page="1")
    assert reply.url == f"{LIFE}revisions/1/"


# ---- statements ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 5])
@pytest.mark.parametrize(("address", "count"), [("", 28), ("revisions/2/", 14), ("compare/1/2/", 11), ("trail/", 7)])
def test_pages_take_a_constant_number_of_statements(
    client, published, author, reviewer, size, address, count, django_assert_num_queries
):
    row = published
    for number in range(size):
        if number:
            row = publishing.publish(
                revision=approved(row, author, reviewer), expected_version=row.lock_version, by=author
            )
        row = drafts.start_revision(question=published.question, by=author)
        row = reworded(row, author, STEMS[3 - number % 2])
        for place in range(size):
            made = review.comment(revision=row, place="stem", text=f"Number {place}", by=an_author())
            if number < size - 1 or place % 2:
                review.resolve(comment=made, by=author)
    client.force_login(author)
    client.get(LIFE)
    with django_assert_num_queries(count):
        page = client.get(f"{LIFE}{address}")
    assert page.status_code == 200


# ---- who may -------------------------------------------------------------------------------------------------------

PAGES = (LIFE, f"{LIFE}trail/", f"{LIFE}revisions/1/", f"{LIFE}compare/1/1/", f"{LIFE}withdraw/", "/bank/reviews/")
ACTS = (
    "submit", "take-back", "assign", "comment", "resolve", "acknowledge", "approve", "changes", "publish", "revise",
    "rebase", "retire", "delete", "withdraw",
)  # fmt: skip


def test_people_who_are_not_signed_in_are_asked_to(client, published):
    for page in PAGES:
        assert client.get(page).url == f"{reverse('account_login')}?next={page}"
    for act in ACTS:
        assert client.post(f"{LIFE}{act}/").url.startswith(reverse("account_login"))


@pytest.mark.parametrize("role", [None, Role.INSTRUCTOR])
def test_only_authors_learn_that_it_exists(client, user, published, role):
    if role:
        accounts.grant_role(user=user, role=role)
    client.force_login(user)
    before = Audit.objects.count()
    for page in PAGES:
        assert client.get(page).status_code == 404
    for act in ACTS:
        fields = {"revision": published.pk, "version": 2, "current": published.pk, "place": "stem", "text": REASON}
        assert client.post(f"{LIFE}{act}/", fields).status_code == 404
    assert Audit.objects.count() == before
    assert fresh(published).state == "published"


def test_writers_reviewers_and_other_authors_may_look(look, client, published, author, reviewer):
    for person in (author, reviewer, an_author(), SuperuserFactory()):
        for page in PAGES:
            assert look(person, page).status_code == 200
        for page in PAGES[:4]:
            assert client.post(page).status_code == 405
        for act in ACTS[:-1]:
            assert client.get(f"{LIFE}{act}/").status_code == 405


def test_no_act_goes_without_the_forms_token(published, author):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(author)
    for act in ACTS:
        assert strict.post(f"{LIFE}{act}/", {"current": published.pk, "text": REASON}).status_code == 403
    assert fresh(published).state == "published"
