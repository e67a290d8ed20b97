"""A line at the end that says how much was sent."""

from __future__ import annotations

from collections import Counter

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    answers: Counter[int] = Counter()
    seconds = 0.0
    for report in (*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")):
        kept = dict(report.user_properties)
        if report.when == "call" and "answers" in kept:
            answers.update({int(status): int(count) for status, count in kept["answers"].items()})
            seconds += float(kept["seconds"])
    if answers:
        said = ", ".join(f"{count:,} × {status}" for status, count in sorted(answers.items()))
        total = answers.total()
        terminalreporter.write_line(f"{total:,} requests, {total / seconds:.1f}/s in each process: {said}")
