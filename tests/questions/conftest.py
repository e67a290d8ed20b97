"""People who write and an exam to write for."""

from __future__ import annotations

import pytest

from accounts.models import User
from questions.models import Exam
from tests.questions import studio


@pytest.fixture
def author(db: None) -> User:
    return studio.an_author(display_name="Ada")


@pytest.fixture
def reviewer(db: None) -> User:
    return studio.an_author(display_name="Rita")


@pytest.fixture
def small(db: None) -> Exam:
    return studio.an_exam()
