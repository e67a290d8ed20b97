"""The judge's pages: what waits, answering blind, then rating; no byte tells the key or what others said."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from html import unescape

import pytest
from django.db import connection
from django.utils import timezone

from questions.kinds import OptionContent
from questions.models import RatingRequest, Revision
from questions.services import publishing, ratings, scenarios
from tests.questions import studio
from tests.questions.material import loaded, question
from tests.questions.studio import BECAUSE, EVERY_KIND, a_draft, a_published, an_author, an_exam, approved
from tests.scoring.judged import ROOM, ask, page, rate, text_of, tokens

pytestmark = pytest.mark.django_db

KEYS = {"multiple_choice": [1], "multiple_response": [1, 5], "ordering": [1, 2, 3, 4], "matching": [3, 2, 3]}
WRONG = {"multiple_choice": [2], "multiple_response": [1, 2], "ordering": [4, 3, 2, 1], "matching": [1, 1, 1]}


@pytest.fixture
def small(db):
    return an_exam()


@pytest.fixture
def reviewer(db):
    return an_author()


@pytest.fixture
def judges(db):
    return [an_author(display_name=name) for name in ("Jill Quandt", "Olga Petz", "Udo Brahm")]


@pytest.fixture
def jill(client, judges):
    client.force_login(judges[0])
    return client


@pytest.fixture
def turns(author, reviewer, small, judges):
    return ask(a_published(author, reviewer, small), small, judges, author)


@pytest.fixture
def many(tmp_path, author, small, judges):
    """A turn of the first judge in each of so many new questions, whose key is written first."""

    def make(count, **more):
        first = Revision.objects.filter(question__public_id__startswith="tst-0").count() + 1
        numbers = range(first, first + count)
        loaded(tmp_path / str(first), *(question(number) for number in numbers))
        found = Revision.objects.filter(question__public_id__in=[f"tst-{number:03}" for number in numbers])
        return [ask(one, small, judges, author, **more)[0] for one in found.order_by("question")]

    return make


# ---- blind -----------------------------------------------------------------------------------------------------------


def options_of(body):
    """What the page offers, in its order: the value that is posted and the words."""
    found = re.findall(
        r'<input type="(?:radio|checkbox)" name="answer" value="([^"]*)".*?class="text">(.*?)</span>', body
    )
    if not found:  # selects: the first one's
        select = re.findall(r'<select[^>]*name="answer".*?</select>', body, re.DOTALL)[0]
        found = [(value, words.partition(". ")[2]) for value, words in re.findall(r'value="(\d+)"[^>]*>(.*?)<', select)]
    return [(value, unescape(words)) for value, words in found]


@pytest.mark.parametrize("writing", EVERY_KIND, ids=lambda one: one.kind)
def test_until_both_steps_are_done_no_byte_tells_the_key_or_what_others_said(
    jill, author, reviewer, small, judges, writing
):
    """The same page for the same question with another key."""
    published = a_published(author, reviewer, small, writing)
    mine, *others = ask(published, small, judges, author)
    for turn, value in zip(others, (83, 91), strict=True):
        rate(turn, value, tuple(KEYS[writing.kind]))
    secrets = [
        BECAUSE,
        published.question.public_id,
        *(str(one) for one in judges[1:]),
        author.email,
        "docs.example.com",
    ]

    def look():
        body = jill.get(page(mine)).content.decode()
        for secret in secrets:
            assert secret not in body
        assert not re.search(r"\b(83|91)\b", text_of(jill.get(page(mine))))
        return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", body)

    first = look()
    assert [value for value, _ in options_of(first)] == [str(one) for one in range(1, len(writing.options) + 1)]
    ratings.answer(request=mine, response=WRONG[writing.kind], by=judges[0])
    second = look()
    assert "right" not in re.findall(r'class="card judge-question".*?</section>', second, re.DOTALL)[0].lower()
    swap_key(published)
    assert look() == second
    RatingRequest.objects.filter(pk=mine.pk).update(answer=None, answered_at=None)
    assert look() == first


def swap_key(published):
    """Another key for the same words, which only a test can do: the page must not notice."""
    correct = {"multiple_choice": [2], "multiple_response": [2, 3]}.get(published.kind, [])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE questions_option SET correct = number = ANY(%s), position = 10 - position WHERE revision_id = %s",
            [correct, published.pk],
        )
        cursor.execute(
            "UPDATE questions_prompt SET option_id = (SELECT min(id) FROM questions_option WHERE revision_id = %s)"
            " WHERE revision_id = %s",
            [published.pk, published.pk],
        )
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def test_the_order_of_the_options_tells_nothing(jill, many):
    """The key is written first; on the pages it stands everywhere, and values only count what is shown."""
    places = []
    for turn in many(24):
        shown = options_of(jill.get(page(turn)).content.decode())
        assert [value for value, _ in shown] == ["1", "2", "3", "4"]
        places.append([words for _, words in shown].index("Right"))
        assert shown == options_of(jill.get(page(turn)).content.decode())
    assert set(places) == {0, 1, 2, 3}


def test_the_list_names_no_question_and_nobody_elses_ratings(jill, turns):
    rate(turns[1], 83)
    body = jill.get(ROOM).content.decode()
    assert turns[0].revision.question.public_id not in body
    assert "Olga" not in body
    said = text_of(jill.get(ROOM))
    assert RatingRequest.objects.filter(value=83).update(value=12) == 1
    assert text_of(jill.get(ROOM)) == said


def test_a_case_study_is_shown_with_its_question(jill, author, reviewer, small, judges):
    made = scenarios.create_scenario(public_id="tst-case", title="A harbour", text="Fog comes at *night*.", by=author)
    draft = a_draft(author, small)
    scenarios.set_scenario(question=draft.question, scenario=made.scenario, by=author)
    row = approved(studio.fresh(draft), author, reviewer)
    published = publishing.publish(revision=row, expected_version=row.lock_version, by=author)
    turn, *_ = ask(published, small, judges, author)
    assert "Fog comes at <em>night</em>." in jill.get(page(turn)).content.decode()


# ---- answering, then rating ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("writing", EVERY_KIND, ids=lambda one: one.kind)
def test_a_question_of_every_kind_is_answered_and_rated(jill, author, reviewer, small, judges, writing):
    turn, *_ = ask(a_published(author, reviewer, small, writing), small, judges, author)
    assert "Answer the question" in text_of(jill.get(page(turn)))
    given = KEYS[writing.kind]
    response = jill.post(page(turn), {"act": "answer", "answer": tokens(turn, given)})
    assert response.url == page(turn)
    turn.refresh_from_db()
    assert turn.answer == given
    assert "Of 100 borderline candidates" in text_of(jill.get(page(turn)))
    assert jill.post(page(turn), {"act": "rate", "value": "71"}).url == ROOM
    turn.refresh_from_db()
    assert turn.value == 71


@pytest.mark.parametrize("writing", EVERY_KIND, ids=lambda one: one.kind)
@pytest.mark.parametrize(
    "posted",
    [[], ["0"], ["99"], ["x"], [""], ["1", "1", "1", "1", "1"], ["", "1", "", "2"], ["9" * 30], ["9" * 5_000], ["٣"]],
)
def test_an_impossible_or_unfinished_answer_is_refused(jill, author, reviewer, small, judges, writing, posted):
    turn, *_ = ask(a_published(author, reviewer, small, writing), small, judges, author)
    response = jill.post(page(turn), {"act": "answer", "answer": posted})
    assert response.status_code == 422
    assert "Nothing was saved." in text_of(response)
    turn.refresh_from_db()
    assert turn.answer is None


def test_what_was_chosen_stays_when_an_answer_is_refused(jill, author, reviewer, small, judges):
    turn, *_ = ask(a_published(author, reviewer, small, studio.response()), small, judges, author)
    body = jill.post(page(turn), {"act": "answer", "answer": ["3"]}).content.decode()
    assert re.findall(r'value="(\d)" checked', body) == ["3"]


def test_nobody_rates_before_answering_or_answers_twice(jill, turns):
    mine = turns[0]
    refused = jill.post(page(mine), {"act": "rate", "value": "70"})
    assert refused.status_code == 422
    assert "Please answer the question before you rate it." in text_of(refused)
    jill.post(page(mine), {"act": "answer", "answer": ["1"]})
    again = jill.post(page(mine), {"act": "answer", "answer": ["2"]})
    assert "You have answered this question already." in text_of(again)


@pytest.mark.parametrize("value", ["", "29", "98", "0", "-5", "70.5", "abc", "7" * 400, "٧٠"])
def test_a_rating_out_of_bounds_is_refused_and_stays_in_the_field(jill, turns, judges, value):
    ratings.answer(request=turns[0], response=[1], by=judges[0])
    response = jill.post(page(turns[0]), {"act": "rate", "value": value})
    assert response.status_code == 422
    assert "A rating of this question lies between 30 and 97 of 100." in text_of(response)
    assert f'value="{value}" aria-describedby="value-hint"' in response.content.decode()
    assert RatingRequest.objects.get(pk=turns[0].pk).value is None


def test_a_rating_may_be_changed_until_the_round_is_closed(jill, turns, author, small):
    rate(turns[0], 60)
    assert "Leave it at 60" in text_of(jill.get(page(turns[0])))
    assert jill.post(page(turns[0]), {"act": "rate", "value": "65"}).url == ROOM
    assert "65 of 100" in text_of(jill.get(ROOM))
    ratings.close_round(revision=turns[0].revision, exam=small, by=author)
    assert "You rated this question 65 of 100 ." in text_of(jill.get(page(turns[0])))
    late = jill.post(page(turns[0]), {"act": "rate", "value": "70"})
    assert (late.status_code, RatingRequest.objects.get(pk=turns[0].pk).value) == (422, 65)
    assert "This round of ratings is closed." in text_of(late)


def test_after_a_rating_comes_the_next_turn_and_what_was_skipped_comes_again(jill, many):
    one, two, three = many(3)
    assert f'href="{page(two)}">Later; show another one' in jill.get(page(one)).content.decode()
    for turn, following in ((two, three), (three, one), (one, None)):
        jill.post(page(turn), {"act": "answer", "answer": ["1"]})
        assert jill.post(page(turn), {"act": "rate", "value": "70"}).url == (page(following) if following else ROOM)
    assert "Nothing waits" in text_of(jill.get(ROOM))


# ---- the list --------------------------------------------------------------------------------------------------------


def test_the_list_tells_what_waits_by_when_and_how_far_one_is(jill, many):
    assert "Nothing waits for you" in text_of(jill.get(ROOM))
    today = timezone.now().date()
    later, sooner = (many(1, due=today + dt.timedelta(days=days))[0] for days in (9, 2))
    undated = many(1)[0]
    body = jill.get(ROOM).content.decode()
    assert re.findall(rf'class="go begins" href="{ROOM}(\d+)/"', body) == [str(x.pk) for x in (sooner, later, undated)]
    assert f'<a class="btn primary" href="{page(sooner)}">Begin' in body
    assert "0 of 3 rated" in text_of(jill.get(ROOM))
    rate(sooner, 70)
    assert "1 of 3 rated" in text_of(jill.get(ROOM))
    RatingRequest.objects.filter(pk=later.pk).update(due=today - dt.timedelta(days=1))
    assert "overdue" in text_of(jill.get(ROOM))
    assert "overdue" in text_of(jill.get(page(later)))


def test_the_bank_counts_what_waits(jill, turns):
    assert "Judging 1 question" in text_of(jill.get("/bank/"))
    rate(turns[0], 70)
    assert "Judging: " not in text_of(jill.get("/bank/"))


@pytest.mark.parametrize("count", [2, 14])
def test_the_pages_take_a_constant_number_of_statements(jill, judges, many, count, django_assert_num_queries):
    turn, *others = many(count)
    rate(others[0], 70)
    with django_assert_num_queries(10):
        assert jill.get(ROOM).status_code == 200
    with django_assert_num_queries(13):
        assert jill.get(page(turn)).status_code == 200
    ratings.answer(request=turn, response=[1], by=judges[0])
    with django_assert_num_queries(17):
        assert jill.get(page(turn)).status_code == 200


def test_markup_in_options_is_shown_as_a_candidate_sees_it(jill, author, reviewer, small, judges):
    options = tuple(OptionContent(f"`a < {number}` & more", BECAUSE, number == 1) for number in range(1, 5))
    turn, *_ = ask(
        a_published(author, reviewer, small, replace(studio.choice(), options=options)), small, judges, author
    )
    assert "<code>a &lt; 1</code> &amp; more" in jill.get(page(turn)).content.decode()
