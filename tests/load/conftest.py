"""One small stack for all load tests of a process: real programs, one exam, two forms."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from deploy.stack import Stack, purge
from tests.e2e.server import collect_static
from tests.environment import ROOT
from tests.load.scenarios import Run

EXAM = "MLA-C02"  # the smallest pack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    collect_static()
    folder = tmp_path_factory.mktemp("stack")
    made = Stack(
        folder,
        environment={"DJANGO_SETTINGS_MODULE": "tests.load.settings"},
        static=Path(settings.STATIC_ROOT),
        prepare=(
            ("migrate", "--noinput"),
            ("load_pack", str(ROOT / "questions" / "packs" / EXAM.lower())),
            ("assemble", EXAM, "--forms", "2", "--seed", "1"),
        ),
        durable=False,
    )
    with made:
        yield made
    purge(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def run(stack: Stack) -> Run:
    return Run(stack, exam=EXAM, seconds=3.0, count=24)
