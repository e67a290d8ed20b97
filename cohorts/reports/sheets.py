"""Rows as files: CSV that is sent while it is made, and a workbook that is made in a file of its own."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from django.utils import timezone

from cohorts.reports.exports import Cell
from questions.interchange.csv import harmless

FLUSHED = 500  # rows that leave together
MOST_ROWS = 1_048_575  # of a worksheet, below its heads
TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


class TooLong(Exception):
    """More rows than a worksheet takes; the message is one sentence."""


def csv_pieces(heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """The file in UTF-8 with its mark, so that spreadsheets see the encoding, piece by piece."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    out.write("\ufeff")
    writer.writerow(heads)
    for number, row in enumerate(rows, 1):
        writer.writerow([_text(cell) for cell in row])
        if number % FLUSHED == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def workbook(title: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> IO[bytes]:
    """A temporary file, open at its beginning and gone when it is closed. Raises TooLong."""
    from openpyxl import Workbook  # slow to import, and most processes never make a workbook
    from openpyxl.utils import get_column_letter

    from questions.interchange.xlsx import text_cell

    book = Workbook(write_only=True)
    page = book.create_sheet(title)
    page.freeze_panes = "A2"
    for number, head in enumerate(heads, 1):
        page.column_dimensions[get_column_letter(number)].width = 28 if number <= 2 else max(12, min(len(head), 24))
    sink = tempfile.TemporaryFile()  # noqa: SIM115  # whoever sends it closes it
    try:
        page.append([text_cell(page, head, bold=True) for head in heads])
        for number, row in enumerate(rows, 1):
            if number > MOST_ROWS:
                raise TooLong("This is more than a worksheet holds: take the CSV file, or choose fewer attempts.")
            page.append([_value(page, cell) for cell in row])
        book.save(sink)
    except BaseException:
        sink.close()
        page.close()
        page._writer.cleanup()  # the library's own file
        raise
    sink.seek(0)
    return sink


def _plain(cell: Cell) -> str | int | float | None:
    match cell:
        case bool():
            return "yes" if cell else "no"
        case dt.datetime():
            return timezone.localtime(cell, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return cell


def _text(cell: Cell) -> str:
    plain = _plain(cell)
    if plain is None:
        return ""
    return harmless(plain) if isinstance(plain, str) else str(plain)


def _value(page: Any, cell: Cell) -> Any:
    """Numbers as numbers; text as it is, and marked as text where a spreadsheet would take it for something else."""
    from questions.interchange.xlsx import text_cell

    plain = _plain(cell)
    if not isinstance(plain, str):
        return plain
    safe = harmless(plain)
    return safe if safe == plain else text_cell(page, plain)
