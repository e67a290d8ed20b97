"""Any table in a CSV file or a workbook as rows of texts, read as carefully as files of questions are."""

from __future__ import annotations

import csv
import re

from questions.interchange.collecting import check_size
from questions.interchange.csv import rows
from questions.interchange.exchange import Limits, Unreadable
from questions.interchange.notes import Notes
from questions.interchange.text import decode
from questions.interchange.xlsx import Xlsx, texts_of

BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def grid_of(data: bytes, limits: Limits) -> list[list[str]]:
    """The cells of every row. Raises Unreadable, whose message is one sentence, and nothing else.

    `limits.questions` bounds the rows that are read: of a file that holds more come at least one too many, so that
    the caller sees it.
    """
    check_size(data, limits)
    if Xlsx().can_read(data, ""):
        return texts_of(data, limits, Notes(""))
    text, _ = decode(data)
    if BINARY.search(text):
        raise Unreadable("The file is neither CSV nor an Excel workbook (.xlsx).")
    return grid_of_text(text, limits)


def grid_of_text(text: str, limits: Limits) -> list[list[str]]:
    """The cells of every row of text as CSV; as `grid_of`."""
    found: list[list[str]] = []
    try:
        for row in rows(text):
            found.append(row)
            if len(found) > 2 * limits.questions:
                break
    except csv.Error as error:
        raise Unreadable(f"The file is not valid CSV: {error}.") from None
    return found
