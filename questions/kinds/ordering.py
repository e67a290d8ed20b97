from __future__ import annotations

from collections.abc import Sequence
from math import perm

import numpy as np

from questions.kinds.base import (
    Content,
    ImpossibleResponse,
    Kind,
    Problem,
    Response,
    distinct,
    drawn,
    known,
    no_correct,
    no_prompts,
    option_count,
    others,
)

# Shares of the wrong responses that are simulated.
OUTSIDER = 0.4  # where there are steps that stay out
ONE_SWAP = 0.7


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

    def wrong(self, content: Content, appeal: Sequence[float], rng: np.random.Generator) -> tuple[int, ...]:
        """Neighbours that have changed places, or a step that does not belong there."""
        given = list(self.key(content))
        distractors = others(content, given)
        if distractors and rng.random() < OUTSIDER:
            given[int(rng.integers(len(given)))] = drawn(1, distractors, appeal, rng)[0]
            return tuple(given)
        for place in rng.permutation(len(given) - 1)[: 1 if rng.random() < ONE_SWAP else 2]:
            given[place], given[place + 1] = given[place + 1], given[place]
        return tuple(given)

    def parse(self, posted: Sequence[str], *, tokens: Sequence[str], slots: int) -> Response:
        """Entries are the chosen steps from first to last; fewer than `slots` is an unfinished order."""
        known(posted, tokens)
        distinct(posted)
        if len(posted) > slots:
            raise ImpossibleResponse(f"This question takes {slots} steps, not {len(posted)}.")
        return tuple(posted)
