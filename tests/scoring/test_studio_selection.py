"""What is done from the studio's list: filters are kept under a name, and a selection is retired."""

from __future__ import annotations

import dataclasses
import html

import pytest
from django.urls import reverse

from questions.models import Audit, Question, Revision, SavedFilter
from questions.models.bank import RevisionState
from questions.services import drafts
from questions.writing import Writing
from scoring.bank import studio_acts
from scoring.reports import studio_bulk, studio_found
from tests.factories import UserFactory
from tests.questions.studio import STEMS, an_author, choice
from tests.scoring.studio import LIST, found, written
from tests.scoring.test_views_results import text_of

SAVE = "/bank/questions/filters/"
RETIRE = "/bank/questions/retire/"
TAG = "/bank/questions/tag/"
SUBMIT = "/bank/questions/submit/"
REASON = "The service was closed to everybody."


def links_of(page) -> dict[str, str]:
    """Saved filters of the page, by name."""
    return {link.name: link.query for link in page.context["listing"].saved}


# ---- saved filters ----------------------------------------------------------------------------------------------


def test_a_filter_is_saved_offered_and_current(as_author, exam):
    query = f"q=model&exam={exam.code}&domain=D1"
    reply = as_author.post(SAVE, {"name": "Models in data", "query": query})
    assert reply.url == f"{LIST}?{query}"
    page = as_author.get(reply.url)
    assert "Saved as Models in data." in text_of(page)
    assert links_of(page) == {"Models in data": query}
    assert f'href="?{query}" aria-current="page">Models in data</a>' in html.unescape(page.content.decode())
    assert ">Models in data</a>" in as_author.get(LIST).content.decode()


def test_what_is_saved_is_read_and_written_anew(as_author, exam):
    as_author.post(SAVE, {"name": "A", "query": "next=//evil.example&q=a%0d%0ab&page=7&state=draft&exam=X"})
    assert SavedFilter.objects.get().query == "q=a+b&state=draft"


@pytest.mark.parametrize(("name", "query"), [("", "q=a"), ("A", ""), ("A", "page=2"), ("A", "&".join(["q=a"] * 60))])
def test_what_cannot_be_saved_is_said(as_author, exam, name, query):
    reply = as_author.post(SAVE, {"name": name, "query": query}, follow=True)
    assert 'class="note bad"' in reply.content.decode()
    assert not SavedFilter.objects.exists()


def test_filters_are_ones_own(as_author, exam, author):
    theirs = SavedFilter.objects.create(owner=UserFactory(), name="Theirs", query="q=a")
    assert links_of(as_author.get(LIST)) == {}
    assert as_author.post(reverse("studio_remove_filter", args=[theirs.pk])).status_code == 404
    mine = SavedFilter.objects.create(owner=author, name="Mine", query="q=a")
    reply = as_author.post(reverse("studio_remove_filter", args=[mine.pk]), {"query": "q=b"}, follow=True)
    assert reply.redirect_chain[0][0] == f"{LIST}?q=b"
    assert "Removed the saved filter Mine." in text_of(reply)
    assert SavedFilter.objects.get() == theirs


# ---- a selection ------------------------------------------------------------------------------------------------


@pytest.fixture
def three(exam):
    return [
        written(f"zeta-{number}", "A turtle", exam=exam, state=RevisionState.PUBLISHED, rating=0.5)
        for number in range(3)
    ]


def states(rows) -> list[str]:
    return [Revision.objects.get(pk=row.pk).state for row in rows]


def test_ticked_questions_are_shown_before_they_are_retired(as_author, three):
    page = as_author.post(RETIRE, {"row": [three[0].pk, three[2].pk], "query": "q=turtle"})
    assert page.status_code == 200
    assert "Retire 2 questions?" in text_of(page)
    assert [line.public_id for line in page.context["preview"].ready] == ["zeta-0", "zeta-2"]
    assert f'href="{LIST}?q=turtle"' in page.content.decode()
    assert set(states(three)) == {RevisionState.PUBLISHED}


def test_with_a_reason_it_is_done_and_one_is_back_at_the_list(as_author, three, author):
    rows = f"{three[0].pk},{three[2].pk}"
    reply = as_author.post(RETIRE, {"rows": rows, "query": "q=turtle", "confirmed": "1", "reason": REASON}, follow=True)
    assert reply.redirect_chain[0][0] == f"{LIST}?q=turtle"
    assert "Retired 2 questions." in text_of(reply)
    assert states(three) == [RevisionState.RETIRED, RevisionState.PUBLISHED, RevisionState.RETIRED]
    assert Audit.objects.filter(who=author, act="retire", detail__reason=REASON).count() == 2
    assert found(as_author, "q=turtle&state=retired&sort=id") == ["zeta-0", "zeta-2"]


def test_without_a_reason_nothing_is_done_and_the_selection_stays(as_author, three):
    page = as_author.post(RETIRE, {"rows": str(three[0].pk), "query": "", "confirmed": "1", "reason": "no"})
    assert page.status_code == 422
    assert "at least 10 characters" in text_of(page)
    assert f'name="rows" value="{three[0].pk}"' in page.content.decode()
    assert set(states(three)) == {RevisionState.PUBLISHED}


def test_what_cannot_be_retired_says_why_and_does_not_go_along(as_author, exam, three):
    draft = written("zeta-9", "A turtle", exam=exam)
    page = as_author.post(RETIRE, {"row": [three[0].pk, draft.pk], "query": ""})
    assert "Retire 1 question?" in text_of(page)
    assert "zeta-9 r1. It is a draft: nobody was ever given it" in text_of(page)
    assert f'name="rows" value="{three[0].pk}"' in page.content.decode()
    assert "Nothing to retire" in text_of(as_author.post(RETIRE, {"row": [draft.pk]}))


def test_what_was_retired_meanwhile_keeps_all_others(as_author, three):
    Revision.objects.filter(pk=three[1].pk).update(state=RevisionState.RETIRED)
    rows = ",".join(str(row.pk) for row in three)
    page = as_author.post(RETIRE, {"rows": rows, "confirmed": "1", "reason": REASON})
    assert page.status_code == 422
    assert "Nothing was retired" in text_of(page)
    assert "zeta-1 r1. It is retired already." in text_of(page)
    assert states(three) == [RevisionState.PUBLISHED, RevisionState.RETIRED, RevisionState.PUBLISHED]


def test_all_results_reach_over_every_page(as_author, exam):
    query = "kind=multiple_choice&state=published"
    listing = as_author.get(f"{LIST}?{query}").context["listing"]
    assert listing.found > studio_found.ON_A_PAGE
    page = as_author.post(RETIRE, {"all": "1", "row": [listing.rows[0].pk], "query": query})
    assert len(page.context["preview"].ready) == listing.found
    assert {Revision.objects.get(pk=line.pk).kind for line in page.context["preview"].ready} == {"multiple_choice"}


def test_long_selections_are_told_in_part_and_done_whole(as_author, exam, monkeypatch):
    monkeypatch.setattr(studio_bulk, "SHOWN", 2)
    query = "kind=multiple_choice&state=published"
    page = as_author.post(RETIRE, {"all": "1", "query": query})
    count = len(page.context["preview"].ready)
    assert f"And {count - 2} more." in text_of(page)
    rows = ",".join(str(line.pk) for line in page.context["preview"].ready)
    as_author.post(RETIRE, {"rows": rows, "confirmed": "1", "reason": REASON})
    assert Revision.objects.filter(state=RevisionState.RETIRED).count() == count


@pytest.mark.parametrize(
    "posted", [{}, {"row": ["x", "-1", "1e9", "²"]}, {"rows": ",,;"}, {"all": "1", "query": "q=xyzzy"}]
)
def test_nothing_chosen_is_said(as_author, exam, posted):
    reply = as_author.post(RETIRE, posted, follow=True)
    assert reply.redirect_chain[0][0].startswith(LIST)
    assert "Nothing was chosen." in text_of(reply)


def test_unknown_numbers_retire_nothing(as_author, three):
    page = as_author.post(RETIRE, {"row": [999999999999999]})
    assert "Nothing to retire" in text_of(page)
    page = as_author.post(RETIRE, {"rows": f"{three[0].pk},99999999", "confirmed": "1", "reason": REASON})
    assert page.status_code == 422
    assert set(states(three)) == {RevisionState.PUBLISHED}


# ---- tags and review --------------------------------------------------------------------------------------------


def test_tags_are_added_and_taken_away(as_author, three, author):
    rows = ",".join(str(row.pk) for row in three)
    assert "Tag 3 questions?" in text_of(as_author.post(TAG, {"rows": rows}))
    reply = as_author.post(TAG, {"rows": rows, "confirmed": "1", "add": "Rain, new ideas", "query": "q=turtle"})
    assert reply.url == f"{LIST}?q=turtle"
    as_author.post(TAG, {"rows": str(three[0].pk), "confirmed": "1", "remove": "rain"})
    tags = dict(Question.objects.filter(public_id__startswith="zeta").values_list("public_id", "tags"))
    assert tags == {"zeta-0": ["new-ideas"], "zeta-1": ["new-ideas", "rain"], "zeta-2": ["new-ideas", "rain"]}
    assert Audit.objects.filter(who=author, act="label").count() == 4


@pytest.mark.parametrize(
    ("given", "said"), [({}, "Name a tag"), ({"add": " , "}, "Name a tag"), ({"add": "ä!"}, "A tag has")]
)
def test_what_is_no_tag_is_said(as_author, three, given, said):
    page = as_author.post(TAG, {"rows": str(three[0].pk), "confirmed": "1", **given})
    assert page.status_code == 422
    assert said in text_of(page)
    assert not Question.objects.exclude(tags=[]).exists()


def a_draft(exam, by, stem: str, *, complete: bool = True) -> Revision:
    draft = drafts.create_question(kind="multiple_choice", exam=exam, task=exam.tasks.all()[0], author=by)
    content = choice(stem) if complete else Writing("multiple_choice", stem)
    return drafts.save_draft(revision=draft, content=content, expected_version=1, by=by)


def test_drafts_are_handed_to_a_reviewer_and_what_has_errors_stays(as_author, exam, author, three):
    reviewer = an_author(display_name="Rita Reviewer")
    good, bad = a_draft(exam, author, STEMS[1]), a_draft(exam, author, "Half a", complete=False)
    rows = f"{good.pk},{bad.pk},{three[0].pk}"
    page = as_author.post(SUBMIT, {"rows": rows})
    assert "It is published, not a draft." in text_of(page)
    assert ">Rita Reviewer</option>" in page.content.decode()
    page = as_author.post(SUBMIT, {"rows": f"{good.pk},{bad.pk}", "confirmed": "1", "reviewer": reviewer.pk})
    assert page.status_code == 422
    assert "Submitted 1 draft. 1 was not." in text_of(page)
    assert [line.pk for line in page.context["preview"].refused] == [bad.pk]
    assert "There are errors to be mended first." in text_of(page)
    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.state, good.reviewer, bad.state) == (RevisionState.IN_REVIEW, reviewer, RevisionState.DRAFT)


def test_nobody_reviews_their_own_and_only_authors_review(as_author, exam, author, user):
    draft = a_draft(exam, author, STEMS[1])
    page = as_author.post(SUBMIT, {"rows": str(draft.pk), "confirmed": "1", "reviewer": author.pk})
    assert "wrote in this draft and cannot review it" in text_of(page)
    page = as_author.post(SUBMIT, {"rows": str(draft.pk), "confirmed": "1", "reviewer": user.pk})
    assert "not one of the available choices" in text_of(page)
    draft.refresh_from_db()
    assert draft.state == RevisionState.DRAFT


def test_more_than_can_be_done_is_not_offered(as_author, three, monkeypatch):
    monkeypatch.setattr(studio_acts, "TAG", dataclasses.replace(studio_bulk.TAG, most=2))
    rows = ",".join(str(row.pk) for row in three)
    page = as_author.post(TAG, {"rows": rows, "confirmed": "1", "add": "rain"})
    assert "At most 2 can be done at once." in text_of(page)
    assert '<form class="stack"' not in page.content.decode()
    assert not Question.objects.exclude(tags=[]).exists()


# ---- cost -------------------------------------------------------------------------------------------------------


def test_the_preview_takes_a_constant_number_of_statements(as_author, three, exam, django_assert_num_queries):
    with django_assert_num_queries(6):
        as_author.post(RETIRE, {"row": [three[0].pk]})
    with django_assert_num_queries(8):  # two more, to find them
        as_author.post(RETIRE, {"all": "1", "query": ""})
