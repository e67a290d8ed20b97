"""A real browser in front of a real server process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from accounts.models import User
from exams.models import Sitting
from questions.models import Exam
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.paper import Paper
from tests.e2e.proxy import Network
from tests.e2e.server import Server, collect_static, wait_until_quiet
from tests.e2e.watch import Watch
from tests.environment import CHROMIUM
from tests.factories import begin
from tests.questions.studio import an_exam

SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"]  # fmt: skip
WIDE = {"width": 1280, "height": 900}
PATIENCE = 10_000  # milliseconds; a busy machine is no failure

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def shared_server(django_db_setup: None) -> Iterator[Server]:
    """One for all tests of this process. It depends on the database so that it is gone before that is dropped."""
    collect_static()
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    server = Server(Path(settings.VAR) / f"e2e-{worker}.log", workers=2)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(shared_server: Server) -> Iterator[Server]:
    """The running server; a test may kill it. Whatever it logs as an error fails the test."""
    if not shared_server.running:
        shared_server.start()
    before = shared_server.log.stat().st_size
    yield shared_server
    said = shared_server.log.read_bytes()[before:].decode(errors="replace")
    assert "Traceback" not in said, said
    assert "ERROR" not in said, said


@pytest.fixture
def network(server: Server) -> Iterator[Network]:
    """What lies between browser and server; use it before the browser's fixtures to go through it."""
    between = Network(server.port)
    yield between
    between.stop()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    launched = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
    yield launched
    launched.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Fails the test when the browser complained about anything that the test did not allow."""
    watch = Watch()
    yield watch
    assert watch.unexpected() == []


@pytest.fixture
def base_url(server: Server) -> str:
    """Where browsers find the server; a module that cuts the network names its end of that instead."""
    return server.url


@pytest.fixture
def new_context(
    browser: Browser, base_url: str, server: Server, watch: Watch, transactional_db: None
) -> Iterator[NewContext]:
    """Another device: a browser with no cookies and an empty store."""
    opened: list[BrowserContext] = []

    def new(**options: Any) -> BrowserContext:
        defaults: dict[str, Any] = {"base_url": base_url, "viewport": WIDE, "locale": "en-GB", "timezone_id": "UTC"}
        context = browser.new_context(**{**defaults, **options})
        context.set_default_timeout(PATIENCE)
        watch.follow(context)
        opened.append(context)
        return context

    yield new
    for context in opened:
        context.close()
    wait_until_quiet(server)  # before the tables are emptied


@pytest.fixture
def context(new_context: NewContext, user: User) -> BrowserContext:
    """The candidate's own browser, signed in."""
    return sign_in(new_context(), user)


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def small(db: None) -> Exam:
    """An exam without questions, beside the real one."""
    return an_exam()


@pytest.fixture
def sitting(exam: Exam, user: User) -> Sitting:
    """Just begun, on the same form every time."""
    return begin(user, exam, exam.forms.get(reference=True))


@pytest.fixture
def paper(page: Page, sitting: Sitting) -> Paper:
    """The candidate's window with a sitting that has just begun."""
    return Paper(page).open(sitting)
