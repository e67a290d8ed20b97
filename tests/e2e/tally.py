"""A pytest plugin for `make soak`: a line of progress after every batch of sessions, and a table at the end."""

from __future__ import annotations

import json
import os
import time
from collections import Counter

import pytest

CONTROLLER = "PYTEST_XDIST_WORKER" not in os.environ
PLANNED = int(os.environ.get("SOAK_SESSIONS", "0"))

started = time.monotonic()
sums: Counter[str] = Counter()
outcomes: Counter[str] = Counter()
faults: Counter[str] = Counter()
failed: list[str] = []


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        failed.append(report.nodeid)
    if report.when != "call":
        return
    for name, value in report.user_properties:
        if name == "soak":
            figures = json.loads(str(value))
            outcomes.update(figures.pop("outcomes"))
            faults.update(figures.pop("faults"))
            sums.update(figures)
        if name == "trouble" and CONTROLLER:
            print(f"\n{value}\n", flush=True)  # noqa: T201
    if CONTROLLER:
        found = ", ".join(f"{sums[name]} {name}" for name in ("lost", "stuck", "wrong"))
        print(f"\r{sums['sessions']:,} of {PLANNED:,} sessions, {sums['acknowledged']:,} acknowledged,"  # noqa: T201
              f" {found}, {time.monotonic() - started:,.0f} s", flush=True)  # fmt: skip


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    say = terminalreporter.write_line
    terminalreporter.section("soak")
    rows = {
        "sessions": sums["sessions"],
        "changes acknowledged": sums["acknowledged"],
        **{f"  {name}": count for name, count in outcomes.most_common()},
        "actions of candidates": sums["actions"],
        "  that found the way barred": sums["blocked"],
        "faults": faults.total(),
        **{f"  {name.replace('_', ' ')}": count for name, count in faults.most_common()},
        "batches that failed": len(failed),
        "acknowledged and lost": sums["lost"],
        "not sent a minute later": sums["stuck"],
        "wrongly shown or stored": sums["wrong"],
    }
    for name, count in rows.items():
        say(f"{name:30} {count:10,}")
    say(f"{'minutes':30} {(time.monotonic() - started) / 60:10.1f}")
