from __future__ import annotations

from collections.abc import Sequence
from math import comb

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
    no_positions,
    no_prompts,
    option_count,
    others,
)

ONE_MISSED = 0.7  # of the wrong responses that are simulated


class MultipleResponse(Kind):
    """Two or more right options of five or more; the page says how many to choose."""

    name = "multiple_response"
    label = "Multiple response"

    def problems(self, content: Content) -> list[Problem]:
        right = sum(option.correct for option in content.options)
        found = option_count(content, 5, 8) + no_positions(content) + no_prompts(content)
        if not 2 <= right < len(content.options):
            found.append(Problem("options", f"marks {right} options correct, must mark at least 2 and not all"))
        return found

    def key(self, content: Content) -> tuple[int, ...]:
        return tuple(number for number, option in enumerate(content.options, 1) if option.correct)

    def slots(self, content: Content) -> int:
        return len(self.key(content))

    def chance(self, content: Content) -> float:
        return 1 / comb(len(content.options), self.slots(content))

    def wrong(self, content: Content, appeal: Sequence[float], rng: np.random.Generator) -> tuple[int, ...]:
        """Most of the key, with one option of it missed, or now and then two."""
        key = self.key(content)
        distractors = others(content, key)
        missed = min(1 if rng.random() < ONE_MISSED else 2, len(key), len(distractors))
        return (*drawn(len(key) - missed, key, appeal, rng), *drawn(missed, distractors, appeal, rng))

    def parse(self, posted: Sequence[str], *, tokens: Sequence[str], slots: int) -> Response:
        known(posted, tokens)
        distinct(posted)
        if len(posted) > slots:
            raise ImpossibleResponse(f"This question takes {slots} options, not {len(posted)}.")
        return tuple(token for token in tokens if token in posted)

    def is_correct(self, response: Sequence[str], key: Sequence[str]) -> bool:
        return set(response) == set(key)
