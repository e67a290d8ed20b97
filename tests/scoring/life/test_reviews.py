"""What waits for a person: the three lists, and the count in the bank's navigation."""

from __future__ import annotations

import re

import pytest

from questions.services import publishing, review
from scoring.reports import reviews
from tests.accounts.factories import SuperuserFactory
from tests.questions.studio import STEMS, a_draft, an_author, approved, choice, fresh, reworded
from tests.scoring.test_views_results import text_of

pytestmark = pytest.mark.django_db
REVIEWS = "/bank/reviews/"


def lists(page):
    """The questions under each heading."""
    parts = re.split(r'<h2 id="(review|sent-back|publish)">', page.content.decode())
    return {
        name: re.findall(r'class="go mono" href="/bank/questions/([^/]+)/"', part)
        for name, part in zip(parts[1::2], parts[2::2], strict=True)
    }


def counted(page):
    """How many revisions the navigation names."""
    found = re.search(r"Waiting for me (\d+) revision", text_of(page))
    return int(found[1]) if found else 0


def submit(draft, reviewer, by):
    return review.submit(revision=draft, reviewer=reviewer, expected_version=draft.lock_version, by=by)


def test_a_revision_goes_from_one_list_to_the_next(look, draft, author, reviewer):
    for person in (author, reviewer):
        assert "Nothing waits for you" in text_of(look(person, REVIEWS))
        assert counted(look(person, "/bank/")) == 0
    row = submit(draft, reviewer, author)
    assert lists(look(reviewer, REVIEWS)) == {"review": ["tst-1"], "sent-back": [], "publish": []}
    assert (counted(look(reviewer, "/bank/")), counted(look(author, "/bank/"))) == (1, 0)
    review.ask_for_changes(revision=row, expected_version=row.lock_version, note="Name the rain.", by=reviewer)
    assert lists(look(author, REVIEWS)) == {"review": [], "sent-back": ["tst-1"], "publish": []}
    assert (counted(look(reviewer, REVIEWS)), counted(look(author, REVIEWS))) == (0, 1)
    row = approved(reworded(fresh(row), author, STEMS[2]), author, reviewer)
    assert lists(look(author, REVIEWS)) == {"review": [], "sent-back": [], "publish": ["tst-1"]}
    assert "Nothing waits for you" in text_of(look(reviewer, REVIEWS))
    publishing.publish(revision=row, expected_version=row.lock_version, by=author)
    assert "Nothing waits for you" in text_of(look(author, REVIEWS))


def test_what_is_others_waits_for_them(look, draft, author, reviewer):
    submit(draft, reviewer, author)
    for person in (an_author(), SuperuserFactory()):
        assert "Nothing waits for you" in text_of(look(person, REVIEWS))


def test_whoever_submitted_anothers_draft_hears_of_it(look, draft, author, reviewer):
    third = an_author()
    row = submit(draft, reviewer, third)
    review.ask_for_changes(revision=row, expected_version=row.lock_version, note="Name the rain.", by=reviewer)
    for person in (author, third):
        assert lists(look(person, REVIEWS))["sent-back"] == ["tst-1"]


def test_the_longest_waiting_stands_first_and_many_are_counted(look, small, author, reviewer, monkeypatch):
    monkeypatch.setattr(reviews, "SHOWN", 2)
    for number in (3, 1, 2):
        submit(a_draft(author, small, choice(STEMS[number]), public_id=f"tst-{number}"), reviewer, author)
    page = look(reviewer, REVIEWS)
    assert lists(page)["review"] == ["tst-3", "tst-1"]
    assert "And 1 more" in text_of(page)
    assert counted(page) == 3


@pytest.mark.parametrize("size", [1, 3])
def test_the_page_takes_a_constant_number_of_statements(
    client, small, author, reviewer, size, django_assert_num_queries
):
    for number in range(1, size + 1):
        submit(a_draft(author, small, choice(STEMS[number]), public_id=f"tst-{number}"), reviewer, author)
    client.force_login(reviewer)
    with django_assert_num_queries(12):
        page = client.get(REVIEWS)
    assert len(lists(page)["review"]) == size
