"""What every exchange format reads and writes, and what it has to say about losses.

A format turns bytes into `ForeignQuestion`s and back. It knows neither the database nor another format. Texts are our
Markdown. What a file holds and we cannot keep is a `Loss`, one for each thing and place; a file that is no use as a
whole is `Unreadable`. A format never raises anything else, however hostile the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from django.conf import settings


class Unreadable(ValueError):
    """A file that cannot be used at all. The message is one plain sentence for whoever brought the file."""


class Severity(StrEnum):
    CONVERTED = "converted"  # kept in another shape
    DROPPED = "dropped"  # not kept


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that was not kept as it was.

    `where` is the identifier of the question in the same `Parsed`, the name of a question that was dropped as a whole,
    or "" for the file. `what` names the thing with its place in the question ("feedback of answer 2"), `why` is a
    clause that gives the reason, both without a full stop.
    """

    where: str
    what: str
    why: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class ForeignOption:
    """An option, step or response. `position` (from 1) only in an ordering; there None is a step that stays out."""

    text: str
    rationale: str = ""
    correct: bool = False
    position: int | None = None


@dataclass(frozen=True, slots=True)
class ForeignPrompt:
    """A prompt of a matching question; `option_index` (from 0) is the place of its option in `options`."""

    text: str
    rationale: str
    option_index: int


@dataclass(frozen=True, slots=True)
class ForeignReference:
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class ForeignScenario:
    """The shared situation of a case study. Questions with the same `identifier` share it."""

    identifier: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class ForeignStatistics:
    """What has been measured, None where nothing was.

    `facility` is the share of right answers (0-1), `point_biserial` lies in -1 to 1; `discrimination` and `intercept`
    are a and d in logistic(a·θ + d); `first_exposures` counts the candidates behind them.
    """

    facility: float | None = None
    point_biserial: float | None = None
    discrimination: float | None = None
    intercept: float | None = None
    first_exposures: int | None = None


@dataclass(frozen=True, slots=True)
class ForeignQuestion:
    """A question on its way in or out.

    `identifier` is unique among the questions of one file (`names.Names` sees to that) and the same whenever the file
    is read again; on the way out it is the public id. `kind` is one of `questions.kinds.KINDS`. The content need not be
    publishable: a question with three options comes in as a draft with a problem. `rating` is a share 0-1, `exam` and
    `task` are codes, "" where not given.
    """

    identifier: str
    kind: str
    stem: str
    options: tuple[ForeignOption, ...]
    prompts: tuple[ForeignPrompt, ...] = ()
    title: str = ""
    references: tuple[ForeignReference, ...] = ()
    tags: tuple[str, ...] = ()
    exam: str = ""
    task: str = ""
    rating: Decimal | None = None
    statistics: ForeignStatistics | None = None
    scenario: ForeignScenario | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file held, in its order. A question that is not here is among the losses."""

    questions: tuple[ForeignQuestion, ...]
    losses: tuple[Loss, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file may hold. Beyond `text` one question is dropped, beyond the others the file is refused."""

    bytes: int = 20_000_000
    questions: int = 10_000
    text: int = 20_000  # characters in one text
    archive_entries: int = 20_000
    archive_ratio: int = 100  # uncompressed to compressed bytes
    archive_bytes: int = 200_000_000  # uncompressed

    @classmethod
    def from_settings(cls) -> Limits:
        return cls(**settings.INTERCHANGE_LIMITS)


class Format(Protocol):
    """A file format. Instances hold no state."""

    @property
    def name(self) -> str:
        """Short name for command lines and addresses, such as ``moodle``."""

    @property
    def label(self) -> str:
        """Name for people, such as ``Moodle XML``."""

    @property
    def extensions(self) -> tuple[str, ...]:
        """Lower-case file name endings with their dot; the first one is used for exports."""

    def can_read(self, data: bytes, name: str) -> bool:
        """Whether the file looks like this format. Cheap: looks at the beginning and at the file's name."""

    def read(self, data: bytes, limits: Limits) -> Parsed:
        """The questions and what was lost. Raises Unreadable."""

    def write(self, questions: Sequence[ForeignQuestion]) -> bytes:
        """The file. Equal questions give equal bytes."""

    def carries(self, question: ForeignQuestion) -> list[str]:
        """What an export of the question in this format loses, as noun phrases; empty when all of it comes back."""
