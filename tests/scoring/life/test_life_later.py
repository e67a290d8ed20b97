"""Corrections of what is published, and ways out of use."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from exams.models import Form
from questions.models import Question, Revision
from questions.services import drafts
from tests.factories import UserFactory, begin, sat
from tests.questions.studio import (
    REASON,
    STEMS,
    approved,
    fresh,
    reworded,
    trail,
)
from tests.scoring.life.talk import LIFE, forms, refused
from tests.scoring.test_views_results import text_of

pytestmark = pytest.mark.django_db


# ---- corrections ---------------------------------------------------------------------------------------------------


def test_a_correction_is_a_new_revision_and_its_words_are_compared(go, look, published, author):
    for _ in range(2):  # the second finds the first
        assert go(author, "revise").url == f"{LIFE}edit/"
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
    assert row.based_on is not None
    assert (row.number, row.based_on.number) == (4, 3)
    assert "No newer wording" in text_of(go(author, "rebase", overtaken, current=current[1]))
    assert go(author, "publish", approved(row, author, reviewer)).status_code == 302


# ---- out of use ----------------------------------------------------------------------------------------------------


def test_retiring_takes_a_reason(go, look, published, author):
    page = go(author, "retire", current=published.pk, text="Old")
    assert refused(page, "Please give a reason of 10 to 500 characters.")
    assert go(author, "retire", current=published.pk, text=REASON).url == LIFE
    assert forms(look(author)) == ["revise", "withdraw"]  # forms may still hold it
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


# ---- withdrawing ---------------------------------------------------------------------------------------------------


@pytest.fixture
def shown(exam) -> Revision:
    """A question on the reference form, which is also in the pool."""
    form = Form.objects.get(exam=exam, reference=True)
    return form.seats.select_related("revision__question").order_by("number")[0].revision


def test_withdrawing_says_whom_it_reaches_and_then_offers_the_regrade(client, author, exam, shown):
    form = Form.objects.get(exam=exam, reference=True)
    begin(UserFactory(), exam, form)
    sat(UserFactory(), exam, form=form)
    client.force_login(author)
    address = reverse("life_withdraw", args=[shown.question.public_id])
    page = text_of(client.get(address))
    ready = Form.objects.pool().filter(seats__revision=shown).count()
    assert f"Forms that stand ready {ready} taken off at once" in page
    assert "Running sittings 1 keep it to their end" in page
    assert "Closed sittings 1 have shown it" in page
    assert "Sittings that have begun keep it to their end." in page
    assert shown.state == fresh(shown).state  # looking changes nothing

    refusal = client.post(address, {"current": shown.pk, "text": "Leaked"})
    assert refused(refusal, "Please give a reason of 10 to 500 characters.")
    assert "Leaked</textarea>" in refusal.content.decode()
    page = client.post(address, {"current": shown.pk, "text": REASON}, follow=True)
    assert f"Withdrawn. {ready} form" in text_of(page)
    assert REASON in text_of(page)
    where = reverse("bank_regrade", args=["MLA-C01", shown.question.public_id])
    link = f"{where}?revision={shown.number}&amp;act=removed"
    assert f'href="{link}"' in page.content.decode()
    assert client.get(link.replace("&amp;", "&")).status_code == 200
    assert fresh(shown).state == "retired"
    assert not Form.objects.pool().filter(seats__revision=shown).exists()

    again = client.post(address, {"current": shown.pk, "text": REASON})
    assert refused(again, "This question is not published, so there is nothing to take out of use.")
    assert "there is nothing to withdraw" in text_of(client.get(address))
    assert trail(shown.question) == ["withdraw"]


@pytest.mark.parametrize("sittings", [0, 3])
def test_the_reach_takes_a_constant_number_of_statements(
    client, author, exam, shown, sittings, django_assert_num_queries
):
    for _ in range(sittings):
        begin(UserFactory(), exam, Form.objects.get(exam=exam, reference=True))
    client.force_login(author)
    with django_assert_num_queries(12):
        client.get(reverse("life_withdraw", args=[shown.question.public_id]))


@pytest.mark.parametrize("text", ["a\0bcdefghijklm", "x" * 501, ""])
def test_a_reason_that_is_none_withdraws_nothing(client, author, shown, text):
    client.force_login(author)
    page = client.post(reverse("life_withdraw", args=[shown.question.public_id]), {"current": shown.pk, "text": text})
    assert page.status_code == 409
    assert fresh(shown).state == "published"
