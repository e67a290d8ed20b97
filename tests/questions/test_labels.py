"""What belongs to a question whatever its wording: tags, notes, places, enemies, case studies."""

from __future__ import annotations

import pytest

from questions.models import Enmity, Placement, Question, ScenarioRevision, Standing, Task
from questions.services import drafts, labels, publishing, review, scenarios
from questions.services.base import Changed, NotAnAuthor, Refused
from tests.accounts.factories import UserFactory
from tests.questions import material
from tests.questions.material import loaded, question
from tests.questions.studio import (
    STEMS,
    a_draft,
    a_published,
    approved,
    choice,
    fresh,
    reworded,
    trail,
)
from tests.together import together

pytestmark = pytest.mark.django_db

TEXT = "A small town runs its own ferry."


@pytest.fixture
def two(author, small) -> list[Question]:
    return [a_draft(author, small, choice(STEMS[number]), f"tst-90{number}").question for number in (1, 2)]


def task(exam, code):
    return Task.objects.get(exam=exam, code=code)


# ---- tags and notes --------------------------------------------------------------------------------------------------


def test_tags_are_added_and_removed_in_bulk(two, author):
    assert labels.retag(questions=two, add=["Rain", "new  ideas"], by=author) == 2
    assert labels.retag(questions=two[:1], add=["rain"], remove=["new-ideas"], by=author) == 1
    assert labels.retag(questions=two[:1], add=["rain"], by=author) == 0
    assert [Question.objects.get(pk=one.pk).tags for one in two] == [["rain"], ["new-ideas", "rain"]]
    assert trail(two[0])[-2:] == ["label", "label"]


@pytest.mark.parametrize("tag", ["", "-", "a" * 41, "naïve", "a,b"])
def test_odd_tags_are_refused_for_all(two, author, tag):
    with pytest.raises(Refused, match="A tag has"):
        labels.retag(questions=two, add=["good", tag], by=author)
    assert Question.objects.get(pk=two[0].pk).tags == []


def test_too_many_tags_are_refused_for_all(two, author):
    labels.retag(questions=two[1:], add=[f"t{number}" for number in range(20)], by=author)
    with pytest.raises(Refused, match="tst-902 would have 21 tags"):
        labels.retag(questions=two, add=["one-more"], by=author)
    assert Question.objects.get(pk=two[0].pk).tags == []


def test_notes_are_not_overwritten_silently(two, author, reviewer):
    labels.set_notes(question=two[0], notes="Ask the harbour.\r\nTwice.", was="", by=author)
    with pytest.raises(Changed):
        labels.set_notes(question=two[0], notes="Never mind.", was="", by=reviewer)
    labels.set_notes(question=two[0], notes="Asked.", was="Ask the harbour.\nTwice.", by=reviewer)
    assert Question.objects.get(pk=two[0].pk).notes == "Asked."


@pytest.mark.django_db(transaction=True)
def test_two_who_tag_at_once_lose_nothing(two, author):
    together(*(lambda tag=tag: labels.retag(questions=two, add=[tag], by=author) for tag in "abcdef"))
    assert [Question.objects.get(pk=one.pk).tags for one in two] == [list("abcdef")] * 2


# ---- places ----------------------------------------------------------------------------------------------------------


def test_a_question_moves_inside_an_exam_and_into_another(author, reviewer, small, exam):
    row = a_published(author, reviewer, small)
    topics = task(small, "2.1").topics.all()
    labels.place(question=row.question, exam=small, task=task(small, "2.1"), topics=topics, by=author)
    labels.place(question=row.question, exam=exam, task=task(exam, "1.2"), by=author)
    assert sorted(Placement.objects.filter(question=row.question).values_list("exam__code", "task__code")) == [
        ("MLA-C01", "1.2"), ("TST-01", "2.1"),
    ]  # fmt: skip
    assert {one.exam.code: one.status for one in Standing.objects.filter(revision=row)} == {
        "MLA-C01": "pretest", "TST-01": "pretest",
    }  # fmt: skip
    labels.remove_from_exam(question=row.question, exam=exam, by=author)
    with pytest.raises(Refused, match="at least one exam"):
        labels.remove_from_exam(question=row.question, exam=small, by=author)
    with pytest.raises(Refused, match="does not belong to MLA-C01"):
        labels.remove_from_exam(question=row.question, exam=exam, by=author)


def test_a_place_is_in_the_exam_and_its_topics_in_the_task(two, author, small, exam):
    with pytest.raises(Refused, match="does not belong to TST-01"):
        labels.place(question=two[0], exam=small, task=task(exam, "1.1"), by=author)
    with pytest.raises(Refused, match=r"does not belong to task 1\.1"):
        labels.place(
            question=two[0], exam=small, task=task(small, "1.1"), topics=task(small, "2.1").topics.all(), by=author
        )


def test_a_pack_does_not_move_it_back(tmp_path, author):
    loaded(tmp_path, question(1))
    row = Question.objects.get(public_id="tst-001")
    exam = row.placements.get().exam
    labels.place(question=row, exam=exam, task=task(exam, "2.1"), by=author)
    assert loaded(tmp_path, question(1)).kept == ["tst-001"]
    assert row.placements.get().task.code == "2.1"


# ---- enemies ---------------------------------------------------------------------------------------------------------


def test_enemies_are_made_once_whichever_comes_first(two, author):
    first, second = two
    pair = labels.make_enemies(first=second, second=first, by=author)
    assert labels.make_enemies(first=first, second=second, by=author) == pair
    assert trail(first).count("enemies") == trail(second).count("enemies") == 1
    labels.make_peace(first=first, second=second, by=author)
    assert not Enmity.objects.filter(pk=pair.pk).exists()
    with pytest.raises(Refused, match="no enemies"):
        labels.make_peace(first=first, second=second, by=author)
    with pytest.raises(Refused, match="its own enemy"):
        labels.make_enemies(first=first, second=first, by=author)


def test_a_pack_neither_parts_nor_joins_them_again(tmp_path, author):
    pack = [question(1, enemies=["tst-002"]), question(2), question(3)]
    loaded(tmp_path, *pack)
    one, two, three = Question.objects.filter(public_id__startswith="tst-00")
    labels.make_peace(first=one, second=two, by=author)
    labels.make_enemies(first=two, second=three, by=author)
    loaded(tmp_path, *pack)
    assert list(Enmity.objects.filter(first__in=(one, two)).values_list("first", "second")) == [(two.pk, three.pk)]


# ---- case studies ----------------------------------------------------------------------------------------------------


@pytest.fixture
def ferry(author):
    return scenarios.create_scenario(public_id="tst-ferry", title="The ferry", text=TEXT, by=author)


def in_case(ferry, author, small, number):
    draft = a_draft(author, small, choice(STEMS[number]), f"tst-91{number}")
    scenarios.set_scenario(question=draft.question, scenario=ferry.scenario, by=author)
    return fresh(draft)


def published_in_case(ferry, author, reviewer, small, number):
    row = approved(in_case(ferry, author, small, number), author, reviewer)
    return publishing.publish(revision=row, expected_version=row.lock_version, by=author)


def reword(ferry, author, text="A small town runs two ferries."):
    return scenarios.reword_scenario(
        scenario=ferry.scenario, title="The ferry", text=text, expected_number=ferry.number, by=author
    )


def test_a_question_joins_and_leaves_a_case_study_while_it_is_new(ferry, author, small):
    draft = in_case(ferry, author, small, 1)
    assert (draft.scenario_revision, draft.lock_version) == (ferry, 3)
    scenarios.set_scenario(question=draft.question, scenario=None, by=author)
    assert fresh(draft).scenario_revision is None
    assert trail(draft.question)[-2:] == ["scenario", "scenario"]


def test_a_published_question_stays_where_it_is(ferry, author, reviewer, small):
    row = published_in_case(ferry, author, reviewer, small, 1)
    with pytest.raises(Refused, match="has been published"):
        scenarios.set_scenario(question=row.question, scenario=None, by=author)


def test_a_reworded_case_study_is_published_as_a_whole(ferry, author, reviewer, small):
    old = [published_in_case(ferry, author, reviewer, small, number) for number in (1, 2)]
    new = reword(ferry, author)
    assert (new.number, new.html) == (2, "<p>A small town runs two ferries.</p>")
    written = [row.question.revisions.get(state="draft") for row in old]
    assert [one.scenario_revision for one in written] == [new, new]
    first = approved(written[0], author, reviewer)
    with pytest.raises(Refused, match="tst-912 has not been approved"):
        publishing.publish(revision=first, expected_version=first.lock_version, by=author)
    second = approved(written[1], author, reviewer)
    said = review.comment(revision=second, place="stem", text="Two ferries or three?", by=reviewer)
    with pytest.raises(Refused, match="open comments on tst-912"):
        publishing.publish(revision=first, expected_version=first.lock_version, by=author)
    review.resolve(comment=said, by=author)
    publishing.publish(revision=first, expected_version=first.lock_version, by=author)
    assert [fresh(one).state for one in (*old, *written)] == ["superseded"] * 2 + ["published"] * 2


def test_drafts_show_the_new_wording_and_who_read_the_old_one_is_told(ferry, author, small):
    draft = in_case(ferry, author, small, 1)
    new = reword(ferry, author)
    with pytest.raises(drafts.Stale):
        reworded(draft, author, STEMS[2])
    assert fresh(draft).scenario_revision == new


def test_a_case_study_is_not_reworded_under_a_reviewer_or_another_writer(ferry, author, reviewer, small):
    draft = in_case(ferry, author, small, 1)
    review.submit(revision=draft, reviewer=reviewer, expected_version=draft.lock_version, by=author)
    with pytest.raises(Refused, match="tst-911 of this case study is in review"):
        reword(ferry, author)
    review.take_back(revision=draft, by=author)
    reword(ferry, author)
    with pytest.raises(Changed):
        reword(ferry, reviewer, "Something else.")


def test_a_pack_does_not_reword_it_back(tmp_path, author):
    pack = [question(number, scenario="tst-case") for number in (1, 2)]
    loaded(tmp_path, *pack, scenarios=[material.scenario()])
    row = Question.objects.get(public_id="tst-001")
    old = ScenarioRevision.objects.get(scenario__public_id="tst-case")
    new = reword(old, author)
    for _ in range(2):
        assert loaded(tmp_path, *pack, scenarios=[material.scenario()]).kept == ["tst-001", "tst-002"]
    assert old.scenario.revisions.order_by("-number")[0] == new
    assert row.revisions.get(state="published").scenario_revision == old


def test_only_authors_label(two, small, ferry):
    somebody, (first, second) = UserFactory(), two
    for act in (
        lambda: labels.retag(questions=two, add=["a"], by=somebody),
        lambda: labels.set_notes(question=first, notes="a", was="", by=somebody),
        lambda: labels.place(question=first, exam=small, task=task(small, "2.1"), by=somebody),
        lambda: labels.remove_from_exam(question=first, exam=small, by=somebody),
        lambda: labels.make_enemies(first=first, second=second, by=somebody),
        lambda: labels.make_peace(first=first, second=second, by=somebody),
        lambda: scenarios.create_scenario(public_id="tst-x", title="a", text="b", by=somebody),
        lambda: reword(ferry, somebody),
        lambda: scenarios.set_scenario(question=first, scenario=None, by=somebody),
    ):
        with pytest.raises(NotAnAuthor):
            act()
