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
    no_correct,
    no_positions,
    option_count,
    others,
)

CONFUSED = 0.5  # of the wrong responses that are simulated


class Matching(Kind):
    """Three to seven prompts, each given one option; an option may serve several prompts or none."""

    name = "matching"
    label = "Matching"

    def problems(self, content: Content) -> list[Problem]:
        found = option_count(content, 3, 8) + no_correct(content) + no_positions(content)
        if not 3 <= len(content.prompts) <= 7:
            found.append(Problem("prompts", f"has {len(content.prompts)} prompts, must have 3 to 7"))
        for number, prompt in enumerate(content.prompts):
            if not 1 <= prompt.option <= len(content.options):
                found.append(Problem(f"prompts.{number}.option", "names an option that does not exist"))
        return found

    def key(self, content: Content) -> tuple[int, ...]:
        return tuple(prompt.option for prompt in content.prompts)

    def slots(self, content: Content) -> int:
        return len(content.prompts)

    def chance(self, content: Content) -> float:
        return float(len(content.options) ** -len(content.prompts))

    def wrong(self, content: Content, appeal: Sequence[float], rng: np.random.Generator) -> tuple[int, ...]:
        """Two prompts taken for each other, or one matched amiss."""
        given = list(self.key(content))
        first, second = (int(place) for place in rng.permutation(len(given))[:2])
        if given[first] != given[second] and rng.random() < CONFUSED:
            given[first], given[second] = given[second], given[first]
        else:
            given[first] = drawn(1, others(content, [given[first]]), appeal, rng)[0]
        return tuple(given)

    def parse(self, posted: Sequence[str], *, tokens: Sequence[str], slots: int) -> Response:
        """One entry per prompt in order, "" where nothing is chosen yet."""
        if not any(posted):
            return ()
        if len(posted) != slots:
            raise ImpossibleResponse(f"This question takes {slots} matches, not {len(posted)}.")
        known([token for token in posted if token], tokens)
        return tuple(posted)
