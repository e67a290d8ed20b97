"""What the pages of a question's life show, to whom, with how many statements."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts import services as accounts
from accounts.roles import Role
from questions.models import Audit, Question, Revision
from questions.services import drafts, publishing, review
from tests.accounts.factories import SuperuserFactory
from tests.questions.studio import (
    REASON,
    STEMS,
    a_draft,
    an_author,
    approved,
    choice,
    fresh,
    matching,
    ordering,
    response,
    reworded,
)
from tests.scoring.life.talk import LIFE
from tests.scoring.test_views_results import text_of

pytestmark = pytest.mark.django_db


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
            kind=kind,
            exam=small,
            task=small.tasks.get(code="1.1"),
            author=author,
            public_id=f"tst-{kind.replace('_', '-')}",
        )
        page = look(author, f"/bank/questions/tst-{kind.replace('_', '-')}/")
        assert "Key: not chosen yet" in text_of(page)


def test_a_question_of_a_pack_has_a_page(look, exam, author):
    public_id = Revision.objects.published().filter(kind="matching")[0].question.public_id
    page = look(author, reverse("studio_life", args=[public_id]))
    assert "a pack brought it" in text_of(page)
    assert f'href="/bank/exams/MLA-C01/questions/{public_id}/"' in page.content.decode()


def test_a_hostile_text_is_only_text(go, look, author, reviewer, small):
    hostile = "<img src=x onerror=alert(1)> <script>alert(2)</script> {% load x %} " + "W" * 600
    draft = reworded(a_draft(author, small, choice(hostile), public_id="tst-1"), author, f"{hostile} again")
    go(reviewer, "comment", draft, place="stem", text=hostile)
    Question.objects.update(notes=hostile, tags=["<script>alert(3)</script>"])
    go(author, "submit", draft, reviewer=reviewer.pk)
    go(reviewer, "changes", draft, text=hostile)
    places = [LIFE, f"{LIFE}revisions/1/", f"{LIFE}trail/", f"{LIFE}compare/1/1/", "/bank/reviews/"]
    pages = [look(author, place) for place in places]
    pages.append(go(author, "comment", draft, place="'><script>alert(4)</script>", text=hostile))
    pages.append(go(author, "acknowledge", draft, rule="<script>alert(5)", place="stem", text=hostile[:400]))
    for page in pages:
        body = page.content.decode()
        assert page.status_code in (200, 409, 422)
        assert "<img src=x" not in body
        assert "<script>alert" not in body
    assert "&lt;img src=x onerror=alert(1)&gt;" in pages[0].content.decode()


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
    assert "Ada submitted for review (revision 1) to Rita" in text_of(look(author, f"{LIFE}trail/", page=2))


def test_comments_on_an_older_wording_lead_back_to_it(go, look, published, author):
    page = look(author, f"{LIFE}revisions/1/")
    assert 'name="page" value="1"' in page.content.decode()
    reply = go(author, "comment", published, place="stem", text="For the next one.", page="1")
    assert reply.url == f"{LIFE}revisions/1/"


# ---- statements ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 5])
@pytest.mark.parametrize(("address", "count"), [("", 22), ("revisions/2/", 15), ("compare/1/2/", 13), ("trail/", 10)])
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
