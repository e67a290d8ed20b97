"""What every kind of question must be able to do.

A kind is a strategy without state. It works on plain content (options and prompts by number), never on
database rows, so that packs, the studio, delivery and scoring all ask the same object.

A *response* is what a candidate gave at a seat: a tuple of option tokens. Tokens are the seat's own opaque
names for the options. What a position in the tuple means depends on the kind.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

Response = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OptionContent:
    """One option as written: its text, why it is right or wrong, and its part in the key."""

    text: str
    rationale: str
    correct: bool = False
    position: int | None = None


@dataclass(frozen=True, slots=True)
class PromptContent:
    """One prompt of a matching question; `option` is the number (from 1) of the option that belongs to it."""

    text: str
    rationale: str
    option: int


@dataclass(frozen=True, slots=True)
class Content:
    """The answerable part of a revision, options and prompts in the author's order."""

    options: tuple[OptionContent, ...]
    prompts: tuple[PromptContent, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a question: where (a path such as ``options.2.position``) and what."""

    where: str
    what: str


class ImpossibleResponse(ValueError):
    """A response that no candidate could have given on the page; the message is one sentence."""


class Kind(ABC):
    """Validates content, knows the key, parses a posted response and decides whether it is right."""

    name: ClassVar[str]
    label: ClassVar[str]

    @property
    def template(self) -> str:
        """Template that renders the answer controls of this kind on the sitting page."""
        return f"exams/kinds/{self.name}.html"

    @property
    def review_template(self) -> str:
        """Template that renders options, key, own answer and rationales after closing."""
        return f"scoring/kinds/{self.name}.html"

    @abstractmethod
    def problems(self, content: Content) -> list[Problem]:
        """Everything that makes the content unusable as this kind; empty when it is sound."""

    @abstractmethod
    def key(self, content: Content) -> tuple[int, ...]:
        """The right response as option numbers from 1."""

    @abstractmethod
    def slots(self, content: Content) -> int:
        """How many entries a complete response has."""

    @abstractmethod
    def chance(self, content: Content) -> float:
        """Probability that a blind guess is right, 0-1."""

    @abstractmethod
    def wrong(self, content: Content, appeal: Sequence[float], rng: np.random.Generator) -> tuple[int, ...]:
        """A complete response that is not right, as option numbers: what somebody gives who does not know.

        `appeal` holds a positive weight for each option. For simulated candidates.
        """

    @abstractmethod
    def parse(self, posted: Sequence[str], *, tokens: Sequence[str], slots: int) -> Response:
        """Canonical form of a posted response; () when nothing is given.

        `tokens` are the seat's option tokens in display order, `slots` the length of a complete response.
        Raises ImpossibleResponse.
        """

    def is_complete(self, response: Sequence[str], *, slots: int) -> bool:
        """Whether every entry that the question asks for is given."""
        return sum(1 for token in response if token) == slots

    def is_correct(self, response: Sequence[str], key: Sequence[str]) -> bool:
        """All or nothing: no part credit. `response` is canonical, `key` holds the seat's tokens."""
        return tuple(response) == tuple(key)


def drawn(count: int, numbers: Iterable[int], appeal: Sequence[float], rng: np.random.Generator) -> list[int]:
    """`count` different ones of the option numbers, each drawn in proportion to its appeal among those left."""
    # The first of several exponential clocks to ring is drawn in proportion to its rate.
    return sorted(numbers, key=lambda number: rng.exponential() / appeal[number - 1])[:count]


def others(content: Content, numbers: Sequence[int]) -> list[int]:
    """The option numbers that are not among `numbers`."""
    return [number for number in range(1, len(content.options) + 1) if number not in numbers]


def known(posted: Sequence[str], tokens: Sequence[str]) -> None:
    """Refuse tokens that this seat does not have."""
    if not set(posted) <= set(tokens):
        raise ImpossibleResponse("The answer names an option that this question does not have.")


def distinct(posted: Sequence[str]) -> None:
    """Refuse a response that uses one option twice."""
    if len(set(posted)) != len(posted):
        raise ImpossibleResponse("The answer names an option twice.")


def option_count(content: Content, minimum: int, maximum: int) -> list[Problem]:
    """Problem when the number of options is outside minimum..maximum."""
    count = len(content.options)
    if minimum <= count <= maximum:
        return []
    wanted = str(minimum) if minimum == maximum else f"{minimum} to {maximum}"
    return [Problem("options", f"has {count} options, must have {wanted}")]


def no_positions(content: Content) -> list[Problem]:
    """Problems for positions given where the kind has none."""
    return [
        Problem(f"options.{number}.position", "only an ordering question has positions")
        for number, option in enumerate(content.options)
        if option.position is not None
    ]


def no_prompts(content: Content) -> list[Problem]:
    """Problem for prompts given where the kind has none."""
    return [Problem("prompts", "only a matching question has prompts")] if content.prompts else []


def no_correct(content: Content) -> list[Problem]:
    """Problems for options marked correct where the key is something else."""
    return [
        Problem(f"options.{number}.correct", "only multiple choice and multiple response mark options correct")
        for number, option in enumerate(content.options)
        if option.correct
    ]
