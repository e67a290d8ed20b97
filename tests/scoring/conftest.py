"""Fixtures of the tests about results."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from accounts.models import User
from exams.models import Form
from questions.models import Exam
from tests.factories import begin
from tests.scoring.course import START, Course


@pytest.fixture
def course(user: User, exam: Exam) -> Iterator[Course]:
    with time_machine.travel(START, tick=False) as time:
        yield Course(begin(user, exam, Form.objects.get(exam=exam, reference=True)), time)
