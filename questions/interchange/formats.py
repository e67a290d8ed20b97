"""The formats there are, and which one a file is in."""

from __future__ import annotations

from pathlib import PurePath

from questions.interchange.aiken import Aiken
from questions.interchange.csv import Csv
from questions.interchange.exchange import Format, Unreadable
from questions.interchange.gift import Gift
from questions.interchange.moodle import Moodle
from questions.interchange.pack import Pack
from questions.interchange.qti.formats import QTI3, QTI22
from questions.interchange.xlsx import Xlsx

# In this order a file is tried; Aiken before GIFT, which takes more for its own.
ALL: tuple[Format, ...] = (
    Moodle(),
    Aiken(),
    Gift(),
    Xlsx(),
    Csv(),
    Pack(),
    QTI3,
    QTI22,
)
FORMATS: dict[str, Format] = {format_.name: format_ for format_ in ALL}


def format_named(name: str) -> Format:
    """The format of this name. Raises Unreadable."""
    if name not in FORMATS:
        raise Unreadable(f"There is no format {name}; there are {', '.join(FORMATS)}.")
    return FORMATS[name]


def sniff(data: bytes, name: str) -> Format:
    """The format of a file: first among those that its name suggests, then among all. Raises Unreadable."""
    if not data.strip():
        raise Unreadable("The file is empty.")
    ending = PurePath(name.lower()).suffix
    for format_ in sorted(ALL, key=lambda format_: ending not in format_.extensions):
        if format_.can_read(data, name):
            return format_
    labels = ", ".join(format_.label for format_ in ALL)
    raise Unreadable(f"The file is in none of the formats that can be read: {labels}.")
