"""Fixtures that every test may use."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from accounts.models import User
from deploy.stack import Stack, purge
from exams.models import Sitting
from questions.models import Exam
from tests.background import Worker, redis_server
from tests.factories import UserFactory, begin, load_exam
from tests.faults.stacks import prepare
from tests.kept import Kept

STACK_EXAM = "MLA-C02"  # the smallest pack

# Shared machines stall now and then; a slow example is no failure. Failing examples are printed to be repeated.
hypothesis_settings.register_profile(
    "cutscore", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
hypothesis_settings.load_profile("cutscore")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The bank is loaded once. Tests that roll back share it, and after tests with real commits it is put back."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        load_exam()
        kept = Kept.take()
        # Django would empty every table and make permissions and content types anew: as long as most tests take.
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: kept.put_back())
        yield


@pytest.fixture
def exam(db: None) -> Exam:
    """MLA-C01 with its real bank and two forms."""
    return Exam.objects.get(code="MLA-C01")


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


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One small production stack for all tests of a process that need one: real programs, one exam, two forms.

    It keeps what it has committed whatever is killed. Its users stand in tests/division.py and leave it running.
    """
    from tests.e2e.server import collect_static

    folder = tmp_path_factory.mktemp("stack")
    made = Stack(
        folder,
        environment={"DJANGO_SETTINGS_MODULE": "tests.load.settings"},
        static=collect_static(),
        prepare=prepare(STACK_EXAM),
    )
    with made:
        yield made
    purge(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis server of this process's tests, which leave it running."""
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def worker(redis_url: str, tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """Starts workers that are gone after the test."""
    started: list[Worker] = []

    def start(**options: Any) -> Worker:
        started.append(Worker(redis_url, tmp_path / f"worker-{len(started)}.log", **options))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        print(one.log.read_text()[-3_000:])  # noqa: T201 - pytest shows it when the test has failed
