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
    lost: list[str] = field(default_factory=list)  # acknowledged, and not accounted for
    stuck: list[str] = field(default_factory=list)  # not sent in good time after everything worked again
    wrong: list[str] = field(default_factory=list)  # shown or stored otherwise than the candidate last said
    log: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        counted = {"sessions": 1, "actions": self.actions, "blocked": self.blocked, "acknowledged": self.acknowledged}
        found = {"lost": len(self.lost), "stuck": len(self.stuck), "wrong": len(self.wrong)}
        return {**counted, **found, "outcomes": dict(self.outcomes), "faults": dict(self.faults)}

    @property
    def trouble(self) -> list[str]:
        return [*self.lost, *self.stuck, *self.wrong]

    def report(self) -> str:
        """All that is needed to find out what went wrong."""
        return "\n".join([f"Seed {self.seed}:", *self.trouble, "What happened:", *self.log])
