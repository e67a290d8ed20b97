"""How the tests are divided among processes: what shares something costly stays together and makes it once."""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

# A production stack, a rollout and a round of faults take minutes to make. They come first: they are the longest piece.
ON_THE_STACK = ("tests/e2e/test_stack.py", "tests/faults/test_stack.py", "tests/load/")
TOGETHER = {
    **dict.fromkeys(ON_THE_STACK, "stack"),
    "tests/attack/": "attack",  # one of everything for everybody
    "tests/config/test_local.py": "embedded",  # the slow first start of a database of their own
    "tests/config/test_postgres.py": "embedded",
    "tests/config/test_doctor.py": "worker",  # a Redis server and workers
    "tests/config/test_reporting.py": "worker",
    "tests/operations/": "worker",
}

APART = ("tests/e2e/test_soak.py", "tests/fuzz/test_fuzz.py")  # long, and each test makes all it needs


class Division(LoadScopeScheduling):
    """A file's tests run in one process, and so do files that share something costly."""

    def _split_scope(self, nodeid: str) -> str:
        return piece(nodeid)


def piece(nodeid: str) -> str:
    """What a test is part of: a name in TOGETHER, its file, or nothing but itself."""
    if nodeid.startswith(APART):
        return nodeid
    return next((name for path, name in TOGETHER.items() if nodeid.startswith(path)), nodeid.split("::", 1)[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Division:
    return Division(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: piece(item.nodeid) != "stack")
