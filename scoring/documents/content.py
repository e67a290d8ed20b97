"""What a section of the report is made of, before anybody thinks of pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # slow to import, and only whoever writes a report needs it
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; one that stands out says what must not be overlooked."""

    text: str
    stands_out: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a section."""

    title: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of words as long as `header`. The first `words` columns hold text, the others numbers, aligned right."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture. Its numbers stand in a table beside it; `draw` is called once, when the page is set."""

    caption: str
    draw: Callable[[], Figure]


Block = Text | Heading | Table | Chart


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    blocks: Sequence[Block]


def facts(caption: str, rows: Sequence[tuple[str, str]]) -> Table:
    """What is known of one thing, name by name."""
    return Table(caption, ("", ""), rows, words=2)
