"""What is kept of a wording to search by, when it is read anew, and what an input asks for."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from questions import search
from questions.models import Revision, SearchEntry
from questions.services import drafts
from tests.questions.studio import an_author, choice
from tests.scoring.studio import written


def finds(revision: Revision, text: str) -> bool:
    query, values = search.query_of(search.asked(text).words)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT vector @@ ({query}) FROM questions_searchentry WHERE revision_id = %(pk)s",
            {**values, "pk": revision.pk},
        )
        hit: bool = cursor.fetchall()[0][0]
    return hit


@pytest.mark.parametrize(
    "text",
    ["embedding", "EMBED", "embeddi", "embeddings", "policies", "polic", "model fit", "model.fit", "does fit", "s3",
     "weigh", "because", "zeta 7", "zeta-7", "über"],
)  # fmt: skip
def test_words_of_every_part_are_found_by_how_they_begin(db, text):
    revision = written(
        "zeta-7.1", "Which embeddings does `model.fit()` use?", options=["IAM policies", "An S3 bucket über all"],
        rationale="Because weights are kept",
    )  # fmt: skip
    assert finds(revision, text)


@pytest.mark.parametrize("text", ["mbedding", "embeddings glue", "iamb", "zeta 8"])
def test_what_is_not_there_is_not_found(db, text):
    revision = written("zeta-7.1", "Which embeddings does it use?", options=["IAM policies"], rationale="Because.")
    assert not finds(revision, text)


def test_a_wording_that_was_changed_without_a_word_is_read_by_the_next_round(db):
    assert search.refresh_stale() == 0
    revision = written("zeta-1", "About turtles")
    Revision.objects.filter(pk=revision.pk).update(stem="About tortoises", digest="other")
    fresh = written("zeta-2", "About newts")
    SearchEntry.objects.filter(pk=fresh.pk).delete()
    assert not finds(revision, "tortoise")
    assert search.refresh_stale() == 2
    assert finds(revision, "tortoise")
    assert not finds(revision, "turtle")
    assert finds(fresh, "newt")
    assert search.refresh_stale() == 0


def test_a_draft_is_found_as_soon_as_it_is_saved(exam):
    by = an_author()
    draft = drafts.create_question(kind="multiple_choice", exam=exam, task=exam.tasks.all()[0], author=by)
    saved = drafts.save_draft(revision=draft, content=choice("A tortoise"), expected_version=1, by=by)
    assert finds(draft, "tortoise waxed")
    drafts.save_draft(revision=draft, content=choice("A newt"), expected_version=saved.lock_version, by=by)
    assert finds(draft, "newt")
    assert not finds(draft, "tortoise")
    assert search.refresh_stale() == 0


def test_a_round_reads_no_more_than_its_limit(db):
    SearchEntry.objects.all().delete()
    assert search.refresh_stale(limit=7) == 7
    assert SearchEntry.objects.count() == 7


def test_what_a_pack_brings_is_searchable_at_once(exam):
    assert SearchEntry.objects.count() == Revision.objects.count() > 0


def test_an_input_is_read_as_words_and_parts():
    asked = search.asked("  Model.fit\0 in\nMLA-1.2 model ")
    assert asked.text == "Model.fit in MLA-1.2 model"
    assert asked.words == ("model", "fit", "in", "mla", "1", "2")
    assert asked.parts == ("model.fit", "in", "mla-1.2", "model")
    assert not search.asked(" \n\0 ")


@given(st.text(max_size=600))
def test_no_input_is_too_much(text):
    asked = search.asked(text)
    assert len(asked.text) <= search.LONGEST
    assert len(asked.words) <= search.MOST_WORDS
    assert all(word.isalnum() and len(word) <= search.LONGEST_WORD for word in asked.words)
    assert asked.text.isprintable()
    assert search.asked(asked.text).words == asked.words
