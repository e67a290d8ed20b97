"""Case studies in the studio: the list, writing one with a preview, wording it anew, and who comes second."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from questions.models import Revision, Scenario, ScenarioRevision
from questions.services import publishing, review, scenarios
from tests.questions import studio
from tests.questions.studio import a_draft, an_author, an_exam, approved, fresh
from tests.scoring.judged import text_of

pytestmark = pytest.mark.django_db

LIST = "/bank/scenarios/"
PAGE = f"{LIST}tst-case/"
TEXT = "A ferry runs every hour.\n\n| day | trips |\n|---|---|\n| one | *nine* |"


@pytest.fixture
def small(db):
    return an_exam()


@pytest.fixture
def case(author):
    return scenarios.create_scenario(public_id="tst-case", title="A ferry", text=TEXT, by=author).scenario


@pytest.fixture
def member(author, small, case):
    draft = a_draft(author, small)
    scenarios.set_scenario(question=draft.question, scenario=case, by=author)
    return draft


def wording(**changes):
    return {"act": "save", "title": "A ferry", "text": "It runs twice.", "number": "1"} | changes


def new(**changes):
    return {"act": "save", "public_id": "new-case", "title": "New <b>one</b>", "text": TEXT} | changes


# ---- the list and a new one ------------------------------------------------------------------------------------------


def test_the_list_is_searched(as_author, case, member):
    page = text_of(as_author.get(LIST, {"q": "FERRY"}))
    assert "tst-case A ferry 1 1 0" in page
    assert "No such case study" in text_of(as_author.get(LIST, {"q": "<zeppelin>\0"}))
    assert "tst-case" in text_of(as_author.get(LIST, {"page": "nonsense", "q": "tst-ca"}))


def test_the_list_shows_the_newest_wording_only(as_author, author, case):
    scenarios.reword_scenario(scenario=case, title="A boat", text="x", expected_number=1, by=author)
    assert "tst-case A boat 2 0 0" in text_of(as_author.get(LIST, {"q": "tst-case"}))
    assert "No such case study" in text_of(as_author.get(LIST, {"q": "every hour"}))


def test_a_case_study_is_previewed_and_then_made(as_author):
    page = as_author.post(LIST, new(act="preview"))
    body = page.content.decode()
    assert "<em>nine</em>" in body
    assert "New &lt;b&gt;one&lt;/b&gt;" in body
    assert not Scenario.objects.filter(public_id="new-case").exists()
    assert as_author.post(LIST, new()).url == f"{LIST}new-case/"
    made = ScenarioRevision.objects.get(scenario__public_id="new-case")
    assert (made.number, made.title, made.text) == (1, "New <b>one</b>", TEXT)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"public_id": ""}, "This field is required."),
        ({"public_id": "No Good"}, "An id has 3 to 61 small letters"),
        ({"public_id": "tst-case"}, "There is a case study tst-case already."),
        ({"title": " "}, "This field is required."),
        ({"text": "x" * 6001}, "at most 6000 characters"),
        ({"text": "a\0b"}, "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_made_is_refused_and_stays_in_the_fields(as_author, case, changes, said):
    page = as_author.post(LIST, new(**changes))
    assert page.status_code == 422
    assert said in text_of(page)
    assert 'value="New &lt;b&gt;one&lt;/b&gt;"' in page.content.decode() or "title" in changes
    assert not Scenario.objects.filter(public_id="new-case").exists()


def test_a_preview_is_safe(as_author):
    body = as_author.post(LIST, new(act="preview", text="<script>x</script> [a](javascript:x)")).content.decode()
    assert "<script>x" not in body
    assert 'href="javascript' not in body


# ---- one case study --------------------------------------------------------------------------------------------------


def test_the_page_shows_the_text_and_its_questions(as_author, member):
    page = as_author.get(PAGE)
    assert "<em>nine</em>" in page.content.decode()
    assert f"{member.question.public_id} Multiple choice no r1, draft" in text_of(page)
    assert reverse("studio_life", args=[member.question.public_id]) in page.content.decode()


def test_a_new_wording_is_previewed_and_kept(as_author, author, case, member):
    page = as_author.post(PAGE, wording(act="preview", text="It runs **twice**."))
    assert "<strong>twice</strong>" in page.content.decode()
    assert ScenarioRevision.objects.filter(scenario=case).count() == 1
    page = as_author.post(PAGE, wording(), follow=True)
    assert "This is wording 2 now." in text_of(page)
    assert "Wording 1: A ferry" in text_of(page)
    assert Revision.objects.filter(pk=member.pk, scenario_revision__text="It runs twice.").exists()


def test_published_questions_get_a_draft_and_the_page_says_that_they_show_the_older_one(as_author, author, member):
    row = approved(fresh(member), author, an_author())
    publishing.publish(revision=row, expected_version=row.lock_version, by=author)
    page = as_author.post(PAGE, wording(), follow=True)
    assert "1 published question shows an older wording." in text_of(page)
    assert "r1, wording 1 older r2, draft" in text_of(page)


def test_the_same_wording_changes_nothing(as_author, case):
    page = as_author.post(PAGE, wording(text=TEXT.replace("\n", "\r\n")), follow=True)
    assert "Nothing was changed" in text_of(page)
    assert ScenarioRevision.objects.filter(scenario=case).count() == 1


def test_who_comes_second_sees_what_differs_and_keeps_what_was_typed(as_author, author, case):
    scenarios.reword_scenario(scenario=case, title="A ferry", text="It runs never.", expected_number=1, by=author)
    page = as_author.post(PAGE, wording())
    body = page.content.decode()
    assert page.status_code == 409
    assert "<del>never</del><ins>twice</ins>" in body
    assert "It runs twice.</textarea>" in body
    assert 'name="number" value="2"' in body
    assert as_author.post(PAGE, wording(number="2")).status_code == 302
    assert case.revisions.latest("number").text == "It runs twice."


@pytest.mark.parametrize("number", ["", "x", "0", "99"])
def test_without_the_right_number_nothing_is_kept(as_author, case, number):
    assert as_author.post(PAGE, wording(number=number)).status_code in (409, 422)
    assert case.revisions.count() == 1


def test_while_a_question_is_in_review_nothing_is_changed(as_author, author, case, member):
    row = fresh(member)
    review.submit(revision=row, reviewer=an_author(), expected_version=row.lock_version, by=author)
    page = as_author.post(PAGE, wording())
    assert page.status_code == 422
    assert "is in review" in text_of(page)
    assert "It runs twice.</textarea>" in page.content.decode()


def test_the_pages_take_a_constant_number_of_statements(as_author, author, small, case, member):
    def count(address):
        with CaptureQueriesContext(connection) as found:
            assert as_author.get(address).status_code == 200
        return len(found)

    few = count(LIST), count(PAGE)
    for number in range(2, 6):
        scenarios.create_scenario(public_id=f"more-{number}", title="More", text="More.", by=author)
        draft = a_draft(author, small, studio.choice(studio.STEMS[2]))
        scenarios.set_scenario(question=draft.question, scenario=case, by=author)
        scenarios.reword_scenario(scenario=case, title="T", text=str(number), expected_number=number - 1, by=author)
    assert (count(LIST), count(PAGE)) == few
    assert max(few) <= 11


def test_the_bank_leads_to_the_case_studies(as_author):
    assert f'href="{LIST}"' in as_author.get("/bank/").content.decode()
