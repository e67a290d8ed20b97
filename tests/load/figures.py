"""What was measured, and how it is told."""

from __future__ import annotations

import os
import platform
import time
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

Figures = dict[str, Any]


class Clockwork:
    """Durations of requests by kind, in seconds, and what went wrong, by its name."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.ended: dict[str, list[float]] = defaultdict(list)  # when, by time.perf_counter, in the same order
        self.trouble: Counter[str] = Counter()

    def note(self, kind: str, seconds: float) -> None:
        self.seconds[kind].append(seconds)
        self.ended[kind].append(time.perf_counter())

    def wrong(self, what: str) -> None:
        self.trouble[what[:120]] += 1

    def spread(self, kind: str) -> dict[str, float]:
        """Median, 95th and 99th percentile and the slowest, in milliseconds."""
        values = sorted(self.seconds[kind])
        if not values:
            return {"count": 0, "p50": 0.0, "p95": 0.0, "p99": 0.0, "slowest": 0.0}
        marks = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
        return {
            "count": len(values),
            **{name: round(percentile(values, share) * 1_000, 1) for name, share in marks.items()},
            "slowest": round(values[-1] * 1_000, 1),
        }


def percentile(ascending: Sequence[float], share: float) -> float:
    return ascending[min(len(ascending) - 1, int(share * len(ascending)))]


@dataclass
class Stretches:
    """A run in stretches of some seconds: how long requests took, and what the machine had to do meanwhile."""

    begun: list[float] = field(default_factory=list)
    ticks: list[list[int]] = field(default_factory=list)

    def mark(self) -> None:
        """One stretch ends here and another begins."""
        self.begun.append(time.perf_counter())
        self.ticks.append([int(each) for each in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]])

    def rows(self, clock: Clockwork) -> list[dict[str, float]]:
        """One for each stretch; shares of the processors are in per cent."""
        took: list[list[float]] = [[] for _ in self.begun]
        for kind, ends in clock.ended.items():
            for end, seconds in zip(ends, clock.seconds[kind], strict=True):
                took[max(0, bisect_right(self.begun, end) - 1)].append(seconds)
        rows = []
        for place, (before, after) in enumerate(pairwise(self.ticks)):
            spent = [late - early for early, late in zip(before, after, strict=True)]
            whole = sum(spent) or 1
            _, _, _, idle, waiting, *_, stolen = spent
            rows.append(
                {
                    "second": round(self.begun[place] - self.begun[0]),
                    "requests": len(took[place]),
                    "p99": round(percentile(sorted(took[place]), 0.99) * 1_000, 1) if took[place] else 0.0,
                    "busy": round(100 * (whole - idle - waiting - stolen) / whole),
                    "disk": round(100 * waiting / whole),
                    "stolen": round(100 * stolen / whole),
                }
            )
        return rows


def machine() -> dict[str, Any]:
    """On what it was measured, and what else the machine had to do."""
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else ""
    return {
        "cores": os.cpu_count(),
        "processor": model or platform.machine(),
        "python": platform.python_version(),
        "load before": [round(value, 1) for value in os.getloadavg()],
    }


def promise(name: str, value: float, *, least: float | None = None, most: float | None = None) -> dict[str, Any]:
    """A figure beside what is promised of it."""
    kept = (least is None or value >= least) and (most is None or value <= most)
    said = f"at least {least:g}" if least is not None else f"at most {most:g}"
    return {"what": name, "value": value, "promised": said, "kept": kept}


def table(found: Mapping[str, Any]) -> str:
    """A scenario's figures for people."""
    lines = [found["scenario"]]
    for promised in found.get("promises", []):
        mark = "kept  " if promised["kept"] else "BROKEN"
        lines.append(f"  {mark} {promised['what']:<58} {promised['value']:>10g}  ({promised['promised']})")
    if found.get("requests"):
        lines.append(f"  {'request':<14}{'count':>9}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}{'slowest':>10}")
    for kind, row in found.get("requests", {}).items():
        cells = "".join(f"{row[name]:>10}" for name in ("p50", "p95", "p99", "slowest"))
        lines.append(f"  {kind:<14}{row['count']:>9}{cells}")
    for name, value in found.get("more", {}).items():
        lines.append(f"  {name}: {value}")
    for what, count in found.get("trouble", {}).items():
        lines.append(f"  {count} × {what}")
    return "\n".join(lines)
