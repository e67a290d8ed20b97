"""What an import would do, row by row, before it does anything."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from questions.interchange.exchange import ForeignQuestion, Loss
from questions.services.base import Refused

Progress = Callable[[int, int], None]  # done, of how many


def silent(done: int, total: int) -> None:
    """No progress shown."""


class Outdated(Refused):
    """The bank is not what it was when the plan was made. Nothing has changed; make the plan again."""


class Fate(StrEnum):
    """What happens to a question of the file."""

    ADDED = "added"  # a new question with a draft
    CHANGED = "changed"  # a draft that is to replace what stands in the bank
    UNCHANGED = "unchanged"  # the bank says the same already
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Row:
    """A question of the file and its fate.

    `why` is a clause: why it is dropped, or what changes; "" otherwise. `problems` says what the draft still needs
    before it can be published. `base` is the revision in the bank that it was compared with.
    """

    fate: Fate
    identifier: str
    public_id: str = ""
    kind: str = ""
    stem: str = ""  # its beginning, on one line
    exam: str = ""
    task: str = ""
    why: str = ""
    problems: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()
    question: ForeignQuestion | None = None
    base: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do. `losses` are those of the file as a whole; each row has its own."""

    file: str
    format: str
    label: str
    rows: tuple[Row, ...]
    losses: tuple[Loss, ...]

    @property
    def counts(self) -> Mapping[Fate, int]:
        """How many rows have each fate; every fate is there."""
        found = Counter(row.fate for row in self.rows)
        return {fate: found[fate] for fate in Fate}

    @property
    def all_losses(self) -> tuple[Loss, ...]:
        """The whole loss report: the file's first, then each question's in their order."""
        return (*self.losses, *(loss for row in self.rows for loss in row.losses))

    @property
    def digest(self) -> str:
        """Equal for plans that do the same, so that what was confirmed is what is done."""
        said = [(row.fate, row.public_id, row.exam, row.task, row.base, row.question) for row in self.rows]
        return hashlib.sha256(repr((self.format, said)).encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class Done:
    """Public ids of what was written."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
