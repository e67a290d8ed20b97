"""Fixtures that every test may use."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from accounts.models import User
from exams.models import Sitting
from questions.models import Exam
from tests.factories import UserFactory, begin, load_exam

# Shared machines stall now and then; a slow example is no failure. Failing examples are printed to be repeated.
hypothesis_settings.register_profile(
    "cutscore", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
hypothesis_settings.load_profile("cutscore")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The bank is loaded once; tests that roll back share it."""
    with django_db_blocker.unblock():
        load_exam()


@pytest.fixture
def exam(db: None) -> Exam:
    """MLA-C01 with its real bank and two forms. Loaded again where a test with real commits has emptied the tables."""
    return Exam.objects.filter(code="MLA-C01").first() or load_exam()


@pytest.fixture
def user(db: None) -> User:
    person: User = UserFactory()
    return person


@pytest.fixture
def sitting(user: User, exam: Exam) -> Sitting:
    """Just begun."""
    return begin(user, exam)


@pytest.fixture
def signed_in(client: Any, user: User) -> Any:
    client.force_login(user)
    return client
