"""Ratings that are unusual are named beside the question's statistics."""

from __future__ import annotations

import datetime as dt

import pytest

from questions.models import Rating
from questions.services import drafts
from tests.questions.studio import an_author
from tests.scoring.life.talk import LIFE
from tests.scoring.test_views_results import text_of

FAR = "The judges for TST-01 differ much: between 0.45 and 0.80."
HIGH = "The mean rating for TST-01 is 0.95; most questions lie between 0.35 and 0.90."
OUTSIDE = "TST-01 is rated 0.07, but a rating of this question lies between 0.30 and 0.97."


@pytest.fixture
def rate(published, small):
    """A round of ratings in hundredths of the published question."""

    def give(*values, number=1):
        Rating.objects.bulk_create(
            Rating(
                revision=published, exam=small, judge=f"judge {judge}", value=value, round=number,
                rated_on=dt.date(2026, 3, 2), method="panel",
            )
            for judge, value in enumerate(values, 1)
        )  # fmt: skip

    return give


@pytest.mark.parametrize(
    ("values", "said"),
    [((45, 80), {FAR}), ((95, 96, 94), {HIGH}), ((7, 30), {OUTSIDE}), ((60, 70), set()), ((), set())],
)
def test_ratings_to_consider_are_named(look, rate, author, values, said):
    rate(*values)
    page = text_of(look(author))
    assert {sentence for sentence in (FAR, HIGH, OUTSIDE) if sentence in page} == said


def test_only_the_newest_round_counts(look, rate, author):
    rate(45, 80)
    rate(60, 70, number=2)
    assert FAR not in text_of(look(author))


def test_a_correction_has_no_ratings_yet(look, rate, published, author):
    rate(45, 80)
    drafts.start_revision(question=published.question, by=author)
    assert FAR not in text_of(look(author))


@pytest.mark.parametrize("judges", [1, 12])
def test_ratings_take_one_statement(client, rate, judges, django_assert_num_queries):
    rate(*range(40, 40 + judges * 4, 4))
    client.force_login(an_author())
    client.get(LIFE)
    with django_assert_num_queries(20):
        client.get(LIFE)
