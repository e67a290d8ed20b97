"""What is said about a question while it is read."""

from __future__ import annotations

from questions.interchange.exchange import Loss, Severity


class Dropped(Exception):
    """A question that cannot come in at all; the message is a clause that says why."""


class Notes:
    """The losses of one question (or of the file, with where = ""), each once and in the order of finding."""

    def __init__(self, where: str) -> None:
        self.where = where
        self._losses: dict[Loss, None] = {}

    @property
    def losses(self) -> list[Loss]:
        return list(self._losses)

    def converted(self, what: str, why: str) -> None:
        self.add(Loss(self.where, what, why, Severity.CONVERTED))

    def dropped(self, what: str, why: str) -> None:
        self.add(Loss(self.where, what, why, Severity.DROPPED))

    def add(self, *losses: Loss) -> None:
        self._losses.update(dict.fromkeys(losses))

    def text(self, found: tuple[str, list[Loss]]) -> str:
        """The text of what a conversion returned; its losses are noted."""
        text, losses = found
        self.add(*losses)
        return text
