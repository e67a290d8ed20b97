"""The long form of the fault test, by `make soak SESSIONS=500 SEED=1 WORKERS=3`. Plain `make test` deselects it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from questions.models import Exam
from tests.e2e.devices import NewContext
from tests.e2e.server import Server
from tests.e2e.soak import Session
from tests.e2e.watch import Watch

pytestmark = [pytest.mark.soak, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SESSIONS = int(os.environ.get("SOAK_SESSIONS", "10"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
BATCH = 5  # sessions on one database; emptying it takes as long as some of them


@pytest.mark.parametrize("first", range(SEED, SEED + SESSIONS, BATCH))
def test_sessions(
    first: int,
    exam: Exam,
    server: Server,
    new_context: NewContext,
    watch: Watch,
    record_property: Callable[[str, object], None],
) -> None:
    watch.allow(*Session.COMPLAINTS)
    trouble = []
    for seed in range(first, min(first + BATCH, SEED + SESSIONS)):
        summary = Session(seed, exam=exam, server=server, new_context=new_context).run()
        record_property("soak", json.dumps(summary.figures()))
        if summary.trouble:
            record_property("trouble", summary.report())  # told at once, in whole
            trouble += summary.trouble
    assert trouble == []
