"""Broken HTTP over real sockets to the real server processes: they stay up and answer whoever comes next."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from random import Random

import pytest

from tests.e2e.server import Server, collect_static
from tests.fuzz import raw

SEED = int(os.environ.get("FUZZ_SEED", "1"))
pytestmark = [pytest.mark.django_db]
BROKEN = max(40, int(os.environ.get("FUZZ_REQUESTS", "0")) // 50)
MISTAKES = ("Internal Server Error", "Application callable raised", "panicked", "Unexpected exit")


@pytest.fixture(scope="module")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    collect_static()
    server = Server(tmp_path_factory.mktemp("raw") / "server.log", workers=1)
    server.start()
    yield server
    server.stop()


def is_well(server: Server) -> bool:
    """Whether the next ordinary request is answered, by the process that was there before."""
    with urllib.request.urlopen(f"{server.url}/readyz", timeout=raw.PATIENCE) as answer:
        return server.running and answer.status == 200


def unharmed(server: Server) -> None:
    """Refusals are logged, some with a traceback; nothing may be logged that is our own mistake or the server's."""
    said = server.log.read_text(errors="replace")
    assert [wrong for wrong in MISTAKES if wrong in said] == [], said[-3_000:]


@pytest.mark.parametrize("case", raw.CASES, ids=lambda case: case.name)
def test_the_server_survives(server: Server, case: raw.Case) -> None:
    heard = raw.send(server.port, case)
    assert all(status < 500 for status in raw.statuses(heard)), heard[:500]
    assert is_well(server)
    unharmed(server)


def test_broken_requests_break_nothing(server: Server) -> None:
    for number in range(BROKEN):
        case = raw.broken(Random(f"{SEED}:{number}"))
        heard = raw.send(server.port, case)
        assert all(status < 500 for status in raw.statuses(heard)), (number, case.pieces, heard[:500])
        if number % 20 == 0:
            assert is_well(server), (number, case.pieces)
    assert is_well(server)
    unharmed(server)
