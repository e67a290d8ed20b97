"""Where every room counts what Prometheus is to know. `config.observing.metrics` shows it.

Several web processes share their counts through PROMETHEUS_MULTIPROC_DIR; without it each tells its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, multiprocess

if _folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    Path(_folder).mkdir(parents=True, exist_ok=True)  # before the first figure is made, which opens a file there
    for _path in Path(_folder).glob("gauge_live*.db"):
        with suppress(ValueError, OSError):
            _number = int(_path.stem.rpartition("_")[2])
            if not Path(f"/proc/{_number}").exists():  # what a process said of itself ends with it
                multiprocess.mark_process_dead(_number)  # type: ignore[no-untyped-call]

registry = CollectorRegistry()
saves = Counter(
    "cutscore_saves",
    "Changes of answers by what became of them; refused are packets, of which nothing was read.",
    ("outcome",),
    registry=registry,
)


def saved(outcomes: Iterable[str]) -> None:
    """What became of the changes in one packet."""
    for outcome in outcomes:
        saves.labels(str(outcome)).inc()


def refused() -> None:
    """A packet was turned away."""
    saves.labels("refused").inc()
