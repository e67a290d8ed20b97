"""Fixtures of the tests about results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from accounts import services
from accounts.models import User
from accounts.roles import Role
from exams.models import Form
from questions.models import Exam
from tests.factories import UserFactory, begin
from tests.scoring.course import START, Course


@pytest.fixture
def course(user: User, exam: Exam) -> Iterator[Course]:
    with time_machine.travel(START, tick=False) as time:
        yield Course(begin(user, exam, Form.objects.get(exam=exam, reference=True)), time)


@pytest.fixture
def author(db: None) -> User:
    person: User = UserFactory()
    services.grant_role(user=person, role=Role.AUTHOR)
    return person


@pytest.fixture
def as_author(client: Any, author: User) -> Any:
    client.force_login(author)
    return client
