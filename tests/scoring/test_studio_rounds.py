"""Rounds of ratings: convening panels, who may be asked, progress without values, closing, approving, what was said."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.access import has_role
from accounts.roles import Role
from exams.models import Form
from questions.models import Placement, Rating, RatingRequest, Revision, Standing
from questions.services import panels, ratings
from questions.services.base import NotAnAuthor, Refused
from questions.services.knowing import knowing
from tests.accounts.factories import UserFactory
from tests.questions import studio
from tests.questions.material import loaded, question
from tests.questions.studio import a_published, an_author, an_exam
from tests.scoring.judged import ask, rate, text_of

pytestmark = pytest.mark.django_db

PAGE = "/bank/exams/TST-01/rounds/"


@pytest.fixture
def small(db):
    return an_exam()


@pytest.fixture
def reviewer(db):
    return an_author(display_name="Rita")


@pytest.fixture
def judges(db):
    return [an_author(display_name=name) for name in ("Jill Quandt", "Olga Petz", "Udo Brahm")]


@pytest.fixture
def published(author, reviewer, small):
    return a_published(author, reviewer, small)


@pytest.fixture
def packed(tmp_path, small):
    """So many published questions with desk estimates, written by nobody here."""

    def make(count):
        loaded(tmp_path, *(question(number) for number in range(1, count + 1)))
        return list(Revision.objects.filter(question__public_id__startswith="tst-0").order_by("question"))

    return make


def convene(client, revisions, judges, **more):
    posted = {"act": "ask", "question": [one.pk for one in revisions], "judge": [one.pk for one in judges]}
    return client.post(PAGE, posted | more, follow=True)


def done(turns, values, answer=(1,)):
    for turn, value in zip(turns, values, strict=True):
        rate(turn, value, answer)


# ---- convening -------------------------------------------------------------------------------------------------------


def test_a_panel_is_convened_for_many_questions_at_once(as_author, packed, judges):
    revisions = packed(3)
    due = timezone.now().date() + dt.timedelta(days=5)
    page = convene(as_author, revisions, judges[:2], due=due.isoformat())
    assert "Asked for 6 ratings of 3 questions." in text_of(page)
    assert {(one.judge, one.due, one.round) for one in RatingRequest.objects.all()} == {
        (judge, due, 2)
        for judge in judges[:2]  # the pack's estimates are round 1
    }
    assert "Asked for 3 ratings of 3 questions." in text_of(convene(as_author, revisions, judges))


def test_whoever_knows_a_key_is_left_out_and_named_on_the_page(as_author, author, reviewer, published, packed):
    free = packed(1)[0]
    body = as_author.get(PAGE).content.decode()
    (row,) = re.findall(rf"{published.question.public_id}</span>.*?</tr>", body, re.DOTALL)
    assert str(author) in row
    assert "Rita" in row
    page = convene(as_author, [published, free], [author, reviewer])
    said = f"Asked for 2 ratings of 1 question. Nobody was left to ask about {published.question.public_id}."
    assert said in text_of(page)
    assert set(RatingRequest.objects.values_list("revision", flat=True)) == {free.pk}


def test_who_is_named_as_knowing_is_who_may_not_judge(author, reviewer, published, judges, small, settings):
    everybody = (author, reviewer, *judges)
    for allowed, names in ((False, {author.pk, reviewer.pk}), (True, set())):
        settings.SELF_REVIEW = allowed
        assert knowing([published])[published.pk] == names
        for person in everybody:
            if person.pk in names:
                with pytest.raises(Refused, match="knows its key"):
                    ask(published, small, [person], author)
            else:
                ask(published, small, [person], author)
        RatingRequest.objects.all().delete()


@pytest.mark.parametrize(("questions", "statements"), [(1, 17), (4, 47)])
@pytest.mark.parametrize("people", [2, 6])
def test_a_larger_panel_takes_no_more_statements(
    packed, small, author, questions, people, statements, django_assert_num_queries
):
    revisions, panel = packed(questions), [an_author() for _ in range(people)]
    for person in (author, *panel):
        assert has_role(person, Role.AUTHOR)  # kept with the person, and asked of each once
    with django_assert_num_queries(statements):
        done = panels.convene(revisions=revisions, exam=small, judges=panel, by=author)
    assert (done.turns, done.questions) == (questions * people, questions)


@pytest.mark.parametrize(
    ("posted", "said"),
    [
        ({"question": []}, "Please choose at least one question."),
        ({"question": ["x", "9" * 30, "0"]}, "Please choose at least one question."),
        ({"judge": []}, "Please choose at least one judge."),
        ({"judge": ["999999"]}, "Please choose at least one judge."),
        ({"due": "2020-01-01"}, "The day by which ratings are asked for has passed."),
        ({"due": "soon"}, "Please give the day as a date."),
    ],
)
def test_an_impossible_panel_is_refused_and_nobody_is_asked(as_author, packed, judges, posted, said):
    page = convene(as_author, packed(2), judges, **posted)
    assert page.status_code == 422
    assert said in text_of(page)
    assert not RatingRequest.objects.exists()


def test_nobody_is_asked_when_one_question_refuses(as_author, packed, judges):
    one, other = packed(2)
    Placement.objects.filter(question=other.question).delete()
    page = convene(as_author, [one, other], judges)
    assert (page.status_code, RatingRequest.objects.count()) == (422, 0)
    assert "tst-002: This question does not belong to TST-01." in text_of(page)
    assert f'name="question" value="{one.pk}" checked' in page.content.decode()


def test_nobody_is_asked_twice(as_author, packed, judges):
    revisions = packed(1)
    convene(as_author, revisions, judges)
    assert "Nobody could be asked" in text_of(convene(as_author, revisions, judges))


def test_only_authors_convene_close_and_approve(published, small, judges):
    for verb in (
        lambda by: panels.convene(revisions=[published], exam=small, judges=judges, by=by),
        lambda by: panels.close_rounds(revisions=[published], exam=small, by=by),
        lambda by: panels.approve_rounds(rounds=[(published, 1)], exam=small, by=by),
    ):
        with pytest.raises(NotAnAuthor):
            verb(UserFactory())


def offered(client, **asked):
    body = client.get(PAGE, asked).content.decode()
    return re.findall(r'name="question" value="\d+"(?: checked)?><span class="sr-only">([^<]+)', body)


def test_questions_without_a_panel_are_offered(as_author, packed, small, judges, author):
    one, _, third = packed(3)
    assert offered(as_author) == ["tst-001", "tst-002", "tst-003"]  # desk estimates are no panel
    turns = ask(one, small, judges, author)
    ask(third, small, judges, author)
    assert offered(as_author) == ["tst-002"]
    done(turns, (60, 70, 80))
    ratings.close_round(revision=one, exam=small, by=author)
    ratings.approve_round(revision=one, exam=small, number=2, by=author)
    assert offered(as_author) == ["tst-002"]


def test_a_round_too_small_to_be_approved_is_asked_for_again(as_author, packed, small, judges, author):
    revision = packed(1)[0]
    rate(ask(revision, small, judges, author)[0], 60)
    ratings.close_round(revision=revision, exam=small, by=author)
    assert offered(as_author) == ["tst-001"]
    assert "round closed, not approved" in text_of(as_author.get(PAGE))
    assert "Asked for 3 ratings of 1 question." in text_of(convene(as_author, [revision], judges))
    assert set(RatingRequest.objects.values_list("round", flat=True)) == {2, 3}


def test_a_forms_questions_are_offered_in_its_order(as_author, exam):
    form = Form.objects.get(exam=exam, reference=True)
    address = f"/bank/exams/{exam.code}/rounds/"
    body = as_author.get(address, {"form": form.number, "tick": "all"}).content.decode()
    found = re.findall(r'name="question" value="(\d+)" checked', body)
    assert found == [str(pk) for pk in form.seats.order_by("number").values_list("revision", flat=True)]
    body = as_author.get(address, {"form": form.number}).content.decode()
    assert not re.findall(r'name="question" value="\d+" checked', body)
    assert as_author.get(address, {"form": "nonsense", "from": "x", "page": "99", "state": "\0"}).status_code == 200


# ---- the rounds ------------------------------------------------------------------------------------------------------


def test_an_open_round_tells_progress_and_no_value(as_author, published, small, judges, author):
    turns = ask(published, small, judges, author)
    rate(turns[0], 83)
    page = text_of(as_author.get(PAGE))
    assert "1 of 3" in page
    assert "Olga Petz, Udo Brahm" in page
    assert RatingRequest.objects.filter(value=83).update(value=12) == 1
    assert text_of(as_author.get(PAGE)) == page
    assert "Open 1 To be approved 0 Approved 0" in page


def test_a_closed_round_tells_ratings_spread_and_bounds(as_author, published, small, judges, author):
    turns = ask(published, small, judges, author)
    done(turns, (50, 60, 85))
    page = as_author.post(PAGE, {"act": "close", "round": f"{published.pk}.1"}, follow=True)
    said = text_of(page)
    assert "Closed 1 round." in said
    assert re.search(r"50, 60, 85 65\.0 35, wide 30–97 3 of 3", said)
    assert "Quandt" not in said.partition("Convene a panel Choose")[0]
    page = as_author.post(PAGE, {"act": "approve", "round": f"{published.pk}.1"}, follow=True)
    assert "Approved 1 round." in text_of(page)
    assert "Approved 1" in text_of(as_author.get(PAGE, {"state": "approved"}))
    assert Standing.objects.get(revision=published).status == "scorable"
    assert sorted(Rating.objects.filter(revision=published).values_list("value", flat=True)) == [50, 60, 85]


def test_a_key_that_most_judges_missed_is_doubted(as_author, published, small, judges, author):
    done(ask(published, small, judges, author), (50, 60, 70), answer=(2,))
    ratings.close_round(revision=published, exam=small, by=author)
    assert "0 of 3: check the key" in text_of(as_author.get(PAGE))


@pytest.mark.parametrize("writing", studio.EVERY_KIND, ids=lambda one: one.kind)
def test_answers_are_compared_with_the_key_of_every_kind(as_author, author, reviewer, small, judges, writing):
    key = {"multiple_choice": [1], "multiple_response": [1, 5], "ordering": [1, 2, 3, 4], "matching": [3, 2, 3]}
    published = a_published(author, reviewer, small, writing)
    turns = ask(published, small, judges, author)
    done(turns, (60, 60, 60), tuple(key[writing.kind]))
    ratings.close_round(revision=published, exam=small, by=author)
    assert "3 of 3" in text_of(as_author.get(PAGE)).partition("Ratings in hundredths")[0][-120:]


def test_too_few_ratings_are_not_approved_and_none_of_several_is(as_author, packed, small, judges, author):
    one, other = packed(2)
    done(ask(one, small, judges, author), (60, 70, 80))
    rate(ask(other, small, judges, author)[0], 60)
    chosen = [f"{revision.pk}.2" for revision in (one, other)]
    as_author.post(PAGE, {"act": "close", "round": chosen})
    assert "too few" in text_of(as_author.get(PAGE))
    page = as_author.post(PAGE, {"act": "approve", "round": chosen})
    assert page.status_code == 422
    assert "tst-002: 1 judges have rated; at least 3 are asked for." in text_of(page)
    assert not Rating.objects.filter(method="panel").exists()


@pytest.mark.parametrize("act", ["close", "approve"])
@pytest.mark.parametrize("chosen", [[], ["x"], ["1"], ["999999.1"], ["1.x"], [f"{10**30}.1"]])
def test_without_a_round_nothing_happens(as_author, published, act, chosen):
    page = as_author.post(PAGE, {"act": act, "round": chosen})
    assert page.status_code == 422
    assert "Please choose at least one round." in text_of(page)


def test_without_rounds_and_questions_the_page_says_so(as_author, small):
    page = text_of(as_author.get(PAGE))
    assert "No round is open." in page
    assert "Every published question has been rated by a panel" in page


def test_the_page_takes_a_constant_number_of_statements(as_author, packed, small, judges, author):
    revisions = packed(9)

    def count():
        with CaptureQueriesContext(connection) as found:
            assert as_author.get(PAGE, {"state": "closed"}).status_code == 200
        return len(found)

    ask(revisions[0], small, judges, author)
    ratings.close_round(revision=revisions[0], exam=small, by=author)
    few = count()
    for one in revisions[1:6]:
        done(ask(one, small, judges, author), (60, 70, 80))
        ratings.close_round(revision=one, exam=small, by=author)
    for _ in range(5):
        an_author()
    assert count() == few <= 24


def test_the_standard_leads_to_the_rounds(as_author, exam):
    page = as_author.get(f"/bank/exams/{exam.code}/standard/").content.decode()
    assert f'href="/bank/exams/{exam.code}/rounds/"' in page
