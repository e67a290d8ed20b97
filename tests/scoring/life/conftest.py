"""A question in every state of its life, people who act on its page and look at it."""

from __future__ import annotations

import pytest

from accounts.models import User
from questions.models import Revision
from questions.services import review
from tests.questions.studio import a_draft, a_published, an_author, an_exam
from tests.scoring.life.talk import LIFE


@pytest.fixture
def small(db):
    return an_exam()


@pytest.fixture
def author(db) -> User:
    return an_author(display_name="Ada")


@pytest.fixture
def reviewer(db) -> User:
    return an_author(display_name="Rita")


@pytest.fixture
def draft(author, small) -> Revision:
    return a_draft(author, small, public_id="tst-1")


@pytest.fixture
def submitted(draft, author, reviewer) -> Revision:
    return review.submit(revision=draft, reviewer=reviewer, expected_version=draft.lock_version, by=author)


@pytest.fixture
def published(author, reviewer, small) -> Revision:
    return a_published(author, reviewer, small, public_id="tst-1")


@pytest.fixture
def go(client):
    """Act as somebody: the reply to the form of an act, with the version that stands there unless it says otherwise."""

    def post(person, act, revision=None, **fields):
        client.force_login(person)
        if revision is not None:
            revision = Revision.objects.get(pk=revision.pk)
            fields = {"revision": revision.pk, "version": revision.lock_version} | fields
        return client.post(f"{LIFE}{act}/", fields)

    return post


@pytest.fixture
def look(client):
    def get(person, address=LIFE, **asked):
        client.force_login(person)
        return client.get(address, asked)

    return get
