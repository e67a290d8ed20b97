"""What one randomized session did and found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Summary:
    """What one session did and found."""

    seed: int
    actions: int = 0
    blocked: int = 0
    acknowledged: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    lost: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        counted = {"sessions": 1, "actions": self.actions, "blocked": self.blocked, "acknowledged": self.acknowledged}
        return {**counted, "lost": len(self.lost), "outcomes": dict(self.outcomes), "faults": dict(self.faults)}

    def report(self) -> str:
        """All that is needed to find out what went wrong."""
        return "\n".join([f"Seed {self.seed}: {len(self.lost)} lost", *self.lost, "What happened:", *self.log])
