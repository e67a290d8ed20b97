from __future__ import annotations

from collections.abc import Sequence
from math import perm

from questions.kinds.base import (
    Content,
    ImpossibleResponse,
    Kind,
    Problem,
    Response,
    distinct,
    known,
    no_correct,
    no_prompts,
    option_count,
)


class Ordering(Kind):
    """Three to five steps to put in order; steps without a position are distractors and stay out."""

    name = "ordering"
    label = "Ordering"

    def problems(self, content: Content) -> list[Problem]:
        positions = sorted(option.position for option in content.options if option.position is not None)
        found = option_count(content, 3, 6) + no_correct(content) + no_prompts(content)
        if not 3 <= len(positions) <= 5:
            found.append(Problem("options", f"gives {len(positions)} options a position, must give 3 to 5"))
        elif positions != list(range(1, len(positions) + 1)):
            found.append(Problem("options", f"positions must be 1 to {len(positions)}, each once, not {positions}"))
        return found

    def key(self, content: Content) -> tuple[int, ...]:
        placed = [
            (option.position, number) for number, option in enumerate(content.options, 1) if option.position is not None
        ]
        return tuple(number for _, number in sorted(placed))

    def slots(self, content: Content) -> int:
        return len(self.key(content))

    def chance(self, content: Content) -> float:
        return 1 / perm(len(content.options), self.slots(content))

    def parse(self, posted: Sequence[str], *, tokens: Sequence[str], slots: int) -> Response:
        """Entries are the chosen steps from first to last; fewer than `slots` is an unfinished order."""
        known(posted, tokens)
        distinct(posted)
        if len(posted) > slots:
            raise ImpossibleResponse(f"This question takes {slots} steps, not {len(posted)}.")
        return tuple(posted)
