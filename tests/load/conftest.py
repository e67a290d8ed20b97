"""What the load tests put load on."""

from __future__ import annotations

import pytest

from deploy.stack import Stack
from tests.conftest import STACK_EXAM
from tests.load.scenarios import Run


@pytest.fixture
def run(stack: Stack) -> Run:
    return Run(stack, exam=STACK_EXAM, seconds=3.0, count=24)
