"""Looking for questions that are nearly this one reads the whole bank, so the page asks for it after it has come."""

from __future__ import annotations

import re

import pytest
from django.db import connection

from tests.questions.studio import a_draft, a_published, approved
from tests.scoring.life.talk import LIFE
from tests.scoring.test_views_results import text_of

pytestmark = pytest.mark.django_db

ALIKE = "The stem is much like that of tst-0."


@pytest.fixture
def asked():
    """The statements that read the stems of the whole bank."""
    found: list[str] = []

    def watch(execute, sql, params, many, context):
        if re.match(r'SELECT "questions_question"."public_id"[^,]*, "questions_revision"."stem"', sql):
            found.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield found


@pytest.fixture
def twin(author, reviewer, small):
    a_published(author, reviewer, small, public_id="tst-0")
    return a_draft(author, small, public_id="tst-1")


@pytest.mark.parametrize("submitted", [False, True])
def test_the_page_comes_without_it_and_asks_for_it(go, look, author, reviewer, twin, asked, submitted):
    if submitted:
        go(author, "submit", twin, reviewer=reviewer.pk)
    asked.clear()
    page = look(author)
    assert asked == []
    assert ALIKE not in text_of(page)
    assert f'hx-get="{LIFE}?likeness" hx-trigger="load"' in page.content.decode()
    assert f'href="{LIFE}?likeness#likeness"' in page.content.decode()  # without scripts
    part = look(author, f"{LIFE}?likeness")
    assert len(asked) == 1
    assert ALIKE in text_of(part)
    assert "hx-get" not in part.content.decode()
    assert 'href="/bank/questions/tst-0/"' in part.content.decode()
    assert part.content.decode().count('id="likeness"') == 1


def test_it_is_known_at_once_where_it_decides(go, look, author, reviewer, twin, asked):
    approved(twin, author, reviewer)
    asked.clear()
    page = look(author)
    assert len(asked) == 1
    assert ALIKE in text_of(page)
    assert "/publish/" not in page.content.decode()
    assert "hx-get" not in page.content.decode()


def test_a_published_question_is_not_compared(look, author, reviewer, small, asked):
    a_published(author, reviewer, small, public_id="tst-1")
    asked.clear()
    page = look(author)
    assert asked == []
    assert "likeness" not in page.content.decode()
