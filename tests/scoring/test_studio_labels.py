"""Labels of a question: tags, notes that nobody overwrites unseen, places, enemies and the case study."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from questions.models import Audit, Enmity, Exam, Placement, Question, Task, Topic
from questions.services import labels, review, scenarios
from tests.questions import studio
from tests.questions.studio import a_draft, a_published, an_author, an_exam, fresh
from tests.scoring.judged import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(db):
    return an_exam()


@pytest.fixture
def draft(author, small):
    return a_draft(author, small)


@pytest.fixture
def question(draft):
    return draft.question


def page(question):
    return reverse("studio_labels", args=[question.public_id])


def again(question):
    return Question.objects.get(pk=question.pk)


def say(client, question, act, **fields):
    return client.post(page(question), {"act": act} | fields, follow=True)


# ---- tags and notes --------------------------------------------------------------------------------------------------


def test_tags_are_added_and_taken_away(as_author, question):
    assert "The tags were changed." in text_of(say(as_author, question, "tags", was="", tags="Rain, coats  wool"))
    assert again(question).tags == ["coats", "rain", "wool"]
    say(as_author, question, "tags", was="coats rain wool", tags="rain")
    assert again(question).tags == ["rain"]
    assert "Nothing was changed" in text_of(say(as_author, question, "tags", was="rain", tags="rain"))


def test_tags_that_others_set_meanwhile_stay(as_author, author, question):
    labels.retag(questions=[question], add=["theirs"], by=author)
    say(as_author, question, "tags", was="", tags="mine")
    assert again(question).tags == ["mine", "theirs"]


@pytest.mark.parametrize("tags", ["<b>", "x" * 41, " ".join(f"tag-{number}" for number in range(21))])
def test_bad_tags_are_refused_and_stay_in_the_field(as_author, question, tags):
    response = as_author.post(page(question), {"act": "tags", "was": "", "tags": tags})
    assert response.status_code == 422
    assert again(question).tags == []
    assert f'value="{tags.replace("<", "&lt;").replace(">", "&gt;")}"' in response.content.decode()


def test_notes_are_kept(as_author, question):
    say(as_author, question, "notes", was="", notes="One.\r\nTwo.")
    assert again(question).notes == "One.\nTwo."
    say(as_author, question, "notes", was="One.\r\nTwo.", notes="")
    assert again(question).notes == ""


def test_notes_of_somebody_else_are_not_overwritten_unseen(as_author, author, question):
    labels.set_notes(question=question, notes="Theirs.", was="", by=author)
    response = as_author.post(page(question), {"act": "notes", "was": "", "notes": "Mine."})
    assert response.status_code == 409
    assert again(question).notes == "Theirs."
    body = response.content.decode()
    assert "Mine.</textarea>" in body
    assert "Theirs.</textarea>" in body  # what is read now
    say(as_author, question, "notes", was="Theirs.", notes="Mine.")
    assert again(question).notes == "Mine."


# ---- places ----------------------------------------------------------------------------------------------------------


def test_a_question_is_moved_in_an_exam_and_its_topics_chosen(as_author, question, small):
    task = Task.objects.get(exam=small, code="1.1")
    topics = list(Topic.objects.filter(task=task))
    say(as_author, question, "places", task=task.pk, topic=[one.pk for one in topics])
    found = Placement.objects.get(question=question)
    assert list(found.topics.all()) == topics
    assert as_author.get(page(question)).content.decode().count('name="topic"') == 2
    other = Task.objects.get(exam=small, code="2.1")
    said = say(as_author, question, "places", task=other.pk, topic=[topics[0].pk])
    assert "The question stands in task 2.1 of TST-01." in text_of(said)
    found = Placement.objects.get(question=question)
    assert (found.task, list(found.topics.all())) == (other, [])


def test_a_question_is_used_in_another_exam_and_taken_out_again(as_author, question, exam):
    task = Task.objects.filter(exam=exam)[0]
    say(as_author, question, "places", task=task.pk)
    assert Placement.objects.filter(question=question).count() == 2
    assert "Take it out of MLA-C01" in text_of(as_author.get(page(question)))
    say(as_author, question, "places-remove", exam="MLA-C01")
    assert [one.exam.code for one in Placement.objects.filter(question=question)] == ["TST-01"]
    last = say(as_author, question, "places-remove", exam="TST-01")
    assert "A question belongs to at least one exam" in text_of(last)


@pytest.mark.parametrize(
    ("act", "fields", "said"),
    [
        ("places", {}, "Please choose a task."),
        ("places", {"task": "x"}, "Please choose a task."),
        ("places", {"task": "9" * 40}, "Please choose a task."),
        ("places-remove", {"exam": "XX\0"}, "There is no such exam."),
        ("places-remove", {"exam": "MLA-C01"}, "does not belong to MLA-C01"),
        ("enemies", {}, "Please give the id of the other question."),
        ("enemies", {"other": "nothing\0"}, "There is no question nothing."),
        ("enemies-peace", {"other": "mla-none"}, "There is no question mla-none."),
        ("scenario", {"scenario": "none-such"}, "There is no case study none-such."),
        ("", {}, "Please use one of the buttons"),
        ("nonsense", {}, "Please use one of the buttons"),
    ],
)
def test_what_cannot_be_done_is_refused(as_author, exam, question, act, fields, said):
    before = Audit.objects.count()
    response = as_author.post(page(question), {"act": act} | fields)
    assert response.status_code == 422
    assert said in text_of(response)
    assert Audit.objects.count() == before


# ---- enemies and the case study --------------------------------------------------------------------------------------


def test_enemies_are_made_and_unmade(as_author, author, small, question):
    other = a_draft(author, small, studio.choice(studio.STEMS[2])).question
    say(as_author, question, "enemies", other=f" {other.public_id.upper()} ")
    assert Enmity.objects.count() >= 1
    for one, another in ((question, other), (other, question)):
        assert page(another) in as_author.get(page(one)).content.decode()
    said = say(as_author, other, "enemies-peace", other=question.public_id)
    assert "may hold this question" in text_of(said)
    assert page(other) not in as_author.get(page(question)).content.decode()
    refused = say(as_author, question, "enemies", other=question.public_id)
    assert "A question cannot be its own enemy." in text_of(refused)


def test_a_draft_is_put_into_a_case_study_and_taken_out(as_author, author, question):
    scenarios.create_scenario(public_id="tst-case", title="A case", text="Text.", by=author)
    say(as_author, question, "scenario", scenario="tst-case")
    assert again(question).scenario.public_id == "tst-case"
    assert "The question stands alone." in text_of(say(as_author, question, "scenario", scenario=""))
    assert again(question).scenario is None


def test_a_published_question_or_one_in_review_keeps_its_case_study(as_author, author, small, question):
    scenarios.create_scenario(public_id="tst-case", title="A case", text="Text.", by=author)
    draft = fresh(question.revisions.get())
    review.submit(revision=draft, reviewer=an_author(), expected_version=draft.lock_version, by=author)
    published = a_published(author, an_author(), small, studio.choice(studio.STEMS[3])).question
    for one, why in ((question, "It is in review"), (published, "It has been published")):
        assert why in text_of(as_author.get(page(one)))
        response = as_author.post(page(one), {"act": "scenario", "scenario": "tst-case"})
        assert (response.status_code, again(one).scenario) == (422, None)


# ---- the page --------------------------------------------------------------------------------------------------------


def test_the_page_takes_a_constant_number_of_statements(as_author, author, small, exam, question):
    def count():
        with CaptureQueriesContext(connection) as found:
            assert as_author.get(page(question)).status_code == 200
        return len(found)

    few = count()
    for number in range(3):
        other = a_draft(author, small, public_id=f"other-{number}").question
        labels.make_enemies(first=question, second=other, by=author)
        scenarios.create_scenario(public_id=f"more-{number}", title="More", text="More.", by=author)
    for one in Exam.objects.exclude(pk=small.pk):
        task = Task.objects.filter(exam=one)[0]
        labels.place(question=question, exam=one, task=task, by=author, topics=list(task.topics.all()))
    assert count() == few <= 14


def test_a_questions_page_leads_to_its_labels(as_author, author, small):
    published = a_published(author, an_author(), small)
    body = as_author.get(f"/bank/exams/TST-01/questions/{published.question.public_id}/").content.decode()
    assert f'href="{page(published.question)}"' in body
    labels = as_author.get(page(published.question)).content.decode()
    assert reverse("studio_life", args=[published.question.public_id]) in labels
