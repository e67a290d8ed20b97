from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from questions.kinds.base import (
    Content,
    ImpossibleResponse,
    Kind,
    Problem,
    Response,
    drawn,
    known,
    no_positions,
    no_prompts,
    option_count,
    others,
)


class MultipleChoice(Kind):
    """One right option of four."""

    name = "multiple_choice"
    label = "Multiple choice"

    def problems(self, content: Content) -> list[Problem]:
        right = sum(option.correct for option in content.options)
        found = option_count(content, 4, 4) + no_positions(content) + no_prompts(content)
        if right != 1:
            found.append(Problem("options", f"marks {right} options correct, must mark exactly 1"))
        return found

    def key(self, content: Content) -> tuple[int, ...]:
        return tuple(number for number, option in enumerate(content.options, 1) if option.correct)

    def slots(self, content: Content) -> int:
        return 1

    def chance(self, content: Content) -> float:
        return 1 / len(content.options)

    def wrong(self, content: Content, appeal: Sequence[float], rng: np.random.Generator) -> tuple[int, ...]:
        return tuple(drawn(1, others(content, self.key(content)), appeal, rng))

    def parse(self, posted: Sequence[str], *, tokens: Sequence[str], slots: int) -> Response:
        known(posted, tokens)
        if len(posted) > 1:
            raise ImpossibleResponse("This question takes one option.")
        return tuple(posted)
