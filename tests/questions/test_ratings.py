"""Judges answer first, then rate, and see neither the key nor each other; only approved rounds count."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from questions.models import Rating, RatingRequest, Standing
from questions.models.authoring import Act, Audit
from questions.services import panels, ratings
from questions.services.base import NotAnAuthor, Refused
from tests.accounts.factories import UserFactory
from tests.questions.material import loaded, question
from tests.questions.studio import (
    BECAUSE,
    a_draft,
    a_published,
    an_author,
    matching,
    ordering,
    trail,
)
from tests.together import together

pytestmark = pytest.mark.django_db


@pytest.fixture
def judges(db):
    return [an_author() for _ in range(3)]


@pytest.fixture
def published(author, reviewer, small):
    return a_published(author, reviewer, small)


def ask(published, small, judges, author, **more):
    return ratings.ask_judges(revision=published, exam=small, judges=judges, by=author, **more)


def rated(turns, values, response=(1,)):
    for turn, value in zip(turns, values, strict=True):
        ratings.answer(request=turn, response=response, by=turn.judge)
        ratings.rate(request=turn, value=value, by=turn.judge)


def test_a_round_from_asking_to_counting(published, small, judges, author):
    due = timezone.now().date() + dt.timedelta(days=7)
    turns = ask(published, small, judges, author, due=due)
    assert [(one.judge, one.round, one.due) for one in turns] == [(judge, 1, due) for judge in judges]
    assert [one.pk for one in ratings.waiting_for(judges[0])] == [turns[0].pk]
    rated(turns, (60, 70, 75))
    assert not ratings.waiting_for(judges[0])
    assert Standing.objects.get(revision=published).status == "pretest"

    ratings.close_round(revision=published, exam=small, by=author)
    assert not Rating.objects.filter(revision=published).exists()
    standing = ratings.approve_round(revision=published, exam=small, number=1, by=author)
    assert (standing.status, standing.rating) == ("scorable", Decimal("0.6833"))
    rows = Rating.objects.filter(revision=published, exam=small)
    assert [(one.judge, one.value, one.method, one.round) for one in rows] == [
        (f"judge {judge.pk}", value, "panel", 1) for judge, value in zip(judges, (60, 70, 75), strict=True)
    ]
    assert trail(published.question)[-6:] == ["ask_judges", "rate", "rate", "rate", "close_round", "approve_round"]


# ---- what a judge sees -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("writing", [matching(), ordering()], ids=lambda one: one.kind)
def test_the_paper_holds_neither_key_nor_rationale_nor_ratings(author, reviewer, small, judges, writing):
    turn, *_ = ask(a_published(author, reviewer, small, writing), small, judges, author)
    paper = ratings.paper(request=turn, by=judges[0])
    assert {part.number for part in paper.options} == set(range(1, len(writing.options) + 1))
    assert [part.html for part in paper.prompts] == [prompt.text for prompt in writing.prompts]
    assert BECAUSE not in json.dumps(asdict(paper))
    assert set(asdict(paper)) == {"kind", "scenario_html", "stem_html", "options", "prompts", "slots"}
    assert set(asdict(paper)["options"][0]) == {"number", "html"}
    assert ratings.paper(request=turn, by=judges[0]) == paper


def test_nobody_sees_anothers_paper(published, small, judges, author):
    turn, *_ = ask(published, small, judges, author)
    for act in (
        lambda: ratings.paper(request=turn, by=judges[1]),
        lambda: ratings.answer(request=turn, response=[1], by=judges[1]),
        lambda: ratings.rate(request=turn, value=70, by=judges[1]),
    ):
        with pytest.raises(Refused, match="Somebody else"):
            act()


def test_the_trail_says_that_somebody_rated_but_not_what(published, small, judges, author):
    rated(ask(published, small, judges, author), (61, 72, 83))
    details = Audit.objects.filter(act=Act.RATE).values_list("detail", flat=True)
    assert len(details) == 3
    assert all(detail.keys() == {"number", "exam", "round"} for detail in details)


def test_a_judge_who_has_not_rated_does_not_close_the_round(published, small, judges, author):
    turns = ask(published, small, judges, author)
    rated(turns[1:], (60, 70))
    for close in (
        lambda: ratings.close_round(revision=published, exam=small, by=judges[0]),
        lambda: panels.close_rounds(revisions=[published], exam=small, by=judges[0]),
    ):
        with pytest.raises(Refused, match="have not rated yet"):
            close()
    assert not RatingRequest.objects.filter(closed_at__isnull=False).exists()
    rated(turns[:1], (65,))
    assert len(ratings.close_round(revision=published, exam=small, by=judges[0])) == 3


# ---- answering and rating --------------------------------------------------------------------------------------------


def test_a_judge_answers_before_rating_and_only_once(published, small, judges, author):
    turn, *_ = ask(published, small, judges, author)
    with pytest.raises(Refused, match="answer the question before"):
        ratings.rate(request=turn, value=70, by=judges[0])
    assert ratings.answer(request=turn, response=[2], by=judges[0]).answer == [2]
    with pytest.raises(Refused, match="answered this question already"):
        ratings.answer(request=turn, response=[1], by=judges[0])


@pytest.mark.parametrize("response", [[], [9], [1, 2]])
def test_an_impossible_or_unfinished_answer_is_refused(published, small, judges, author, response):
    turn, *_ = ask(published, small, judges, author)
    with pytest.raises(Refused):
        ratings.answer(request=turn, response=response, by=judges[0])
    assert RatingRequest.objects.get(pk=turn.pk).answer is None


def test_the_database_itself_wants_the_answer_first(published, small, judges, author):
    turn, *_ = ask(published, small, judges, author)
    with pytest.raises(IntegrityError, match="rating_request_answered_first"), transaction.atomic():
        RatingRequest.objects.filter(pk=turn.pk).update(value=70, done_at=timezone.now())


@pytest.mark.parametrize(("value", "good"), [(29, False), (30, True), (97, True), (98, False), (1, False)])
def test_a_rating_lies_between_chance_plus_5_and_97(published, small, judges, author, value, good):
    turn, *_ = ask(published, small, judges, author)
    ratings.answer(request=turn, response=[1], by=judges[0])
    if good:
        assert ratings.rate(request=turn, value=value, by=judges[0]).value == value
    else:
        with pytest.raises(Refused, match="between 30 and 97 of 100"):
            ratings.rate(request=turn, value=value, by=judges[0])


def test_a_rating_may_be_changed_until_the_round_is_closed(published, small, judges, author):
    turn, *_ = ask(published, small, judges, author)
    rated([turn], [60])
    assert ratings.rate(request=turn, value=65, by=judges[0]).value == 65
    ratings.close_round(revision=published, exam=small, by=author)
    with pytest.raises(Refused, match="is closed"):
        ratings.rate(request=turn, value=70, by=judges[0])


# ---- who is asked ----------------------------------------------------------------------------------------------------


def test_nobody_who_knows_the_key_is_asked(published, small, author, reviewer, settings):
    for knowing in (author, reviewer):
        with pytest.raises(Refused, match="knows its key"):
            ask(published, small, [knowing], author)
    settings.SELF_REVIEW = True
    assert len(ask(published, small, [author], author)) == 1


def test_judges_are_authors_and_are_asked_once(published, small, judges, author):
    with pytest.raises(Refused, match="not an author"):
        ask(published, small, [UserFactory()], author)
    ask(published, small, judges[:2], author)
    assert [one.judge for one in ask(published, small, judges, author)] == judges[2:]
    with pytest.raises(Refused, match="has not been asked yet"):
        ask(published, small, judges, author)


def test_only_what_is_published_in_an_exam_of_its_own_is_rated(published, small, exam, judges, author):
    with pytest.raises(Refused, match="Only a published wording"):
        ask(a_draft(author, small), small, judges, author)
    with pytest.raises(Refused, match="does not belong to MLA-C01"):
        ask(published, exam, judges, author)
    with pytest.raises(Refused, match="has passed"):
        ask(published, small, judges, author, due=dt.date(2020, 1, 1))


def test_only_authors_ask_close_and_approve(published, small, judges, author):
    somebody = UserFactory()
    ask(published, small, judges, author)
    for act in (
        lambda: ask(published, small, judges, somebody),
        lambda: ratings.close_round(revision=published, exam=small, by=somebody),
        lambda: ratings.approve_round(revision=published, exam=small, number=1, by=somebody),
    ):
        with pytest.raises(NotAnAuthor):
            act()


# ---- approving -------------------------------------------------------------------------------------------------------


def test_a_round_counts_with_enough_judges_and_once(published, small, judges, author, settings):
    turns = ask(published, small, judges, author)
    rated(turns[:2], (60, 70))
    with pytest.raises(Refused, match="Only a closed round"):
        ratings.approve_round(revision=published, exam=small, number=1, by=author)
    ratings.close_round(revision=published, exam=small, by=author)
    with pytest.raises(Refused, match="2 judges have rated; at least 3"):
        ratings.approve_round(revision=published, exam=small, number=1, by=author)
    settings.MINIMUM_JUDGES = 2
    ratings.approve_round(revision=published, exam=small, number=1, by=author)
    with pytest.raises(Refused, match="approved already"):
        ratings.approve_round(revision=published, exam=small, number=1, by=author)
    assert Rating.objects.filter(revision=published).count() == 2


def test_a_second_round_replaces_the_rating_and_keeps_the_first(published, small, judges, author):
    for values in ((60, 60, 60), (80, 80, 80)):
        rated(ask(published, small, judges, author), values)
        turns = ratings.close_round(revision=published, exam=small, by=author)
        standing = ratings.approve_round(revision=published, exam=small, number=turns[0].round, by=author)
    assert standing.rating == Decimal("0.8000")
    assert (
        sorted(Rating.objects.filter(revision=published).values_list("round", "value")) == [(1, 60)] * 3 + [(2, 80)] * 3
    )


def test_a_panel_stands_above_desk_estimates_and_survives_the_pack(tmp_path, judges, author):
    loaded(tmp_path, question(1), question(2))
    standing = Standing.objects.get(revision__question__public_id="tst-001")
    rated(ask(standing.revision, standing.exam, judges, author), (50, 55, 60))
    (turn, *_) = ratings.close_round(revision=standing.revision, exam=standing.exam, by=author)
    assert turn.round == 2  # the desk's was the first
    ratings.approve_round(revision=standing.revision, exam=standing.exam, number=2, by=author)
    assert loaded(tmp_path, question(1), question(2)).unchanged == ["tst-001", "tst-002"]
    report = loaded(tmp_path, question(1, ratings={"TST-01": [90]}), question(2))
    assert report.changed == ["tst-001"]
    standing.refresh_from_db()
    assert standing.rating == Decimal("0.5500")
    assert sorted(Rating.objects.filter(revision=standing.revision).values_list("method", "value")) == [
        ("desk estimate", 90), ("panel", 50), ("panel", 55), ("panel", 60),
    ]  # fmt: skip


def test_what_is_measured_stays_measured(published, small, judges, author):
    Standing.objects.filter(revision=published).update(
        status="calibrated", rating=Decimal("0.5"), discrimination=1.2, intercept=0.3
    )
    rated(ask(published, small, judges, author), (60, 60, 60))
    ratings.close_round(revision=published, exam=small, by=author)
    standing = ratings.approve_round(revision=published, exam=small, number=1, by=author)
    assert (standing.status, standing.discrimination, standing.rating) == ("calibrated", 1.2, Decimal("0.6000"))


@pytest.mark.django_db(transaction=True)
def test_rating_and_closing_at_once_never_loses_a_rating(small, author):
    judge = an_author()
    row = a_published(author, an_author(), small)
    (turn,) = ask(row, small, [judge], author)
    ratings.answer(request=turn, response=[1], by=judge)
    said, closed = together(
        lambda: ratings.rate(request=turn, value=70, by=judge),
        lambda: ratings.close_round(revision=row, exam=small, by=author),
    )
    assert isinstance(closed, list)
    assert closed[0].value == (None if isinstance(said, Refused) else 70)
    assert RatingRequest.objects.get(pk=turn.pk).value == closed[0].value


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_ask_in_one_round(small, author):
    judges = [an_author() for _ in range(4)]
    row = a_published(author, an_author(), small)
    together(lambda: ask(row, small, judges[:3], author), lambda: ask(row, small, judges[1:], author))
    assert set(RatingRequest.objects.values_list("round", "judge")) == {(1, judge.pk) for judge in judges}
