"""XLSX: a workbook whose first sheet holds one question in each row; the columns are those of `sheet`."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from questions.interchange import sheet
from questions.interchange.collecting import check_size
from questions.interchange.exchange import ForeignQuestion, Limits, Parsed, Unreadable
from questions.interchange.fidelity import GENEROUS, differences
from questions.interchange.notes import Notes
from questions.interchange.text import UNKEPT

SIGNATURE, PART = b"PK\x03\x04", b"xl/workbook.xml"
CHUNK, SLACK = 65_536, 100_000
DECLARES = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
MOST_CELL = 32_767  # characters, the format's own bound
WIDE, NARROW = 40, 14
CHANGED = dt.datetime(2026, 1, 1)  # noqa: DTZ001  # the format knows no zones; equal questions give equal bytes
STAMP = (2026, 1, 1, 0, 0, 0)
NO_WORKBOOK = "The file is no workbook that can be read."


@dataclass(frozen=True, slots=True)
class Xlsx:
    name: str = "xlsx"
    label: str = "Excel workbook"
    extensions: tuple[str, ...] = (".xlsx",)

    def can_read(self, data: bytes, name: str) -> bool:
        return data.startswith(SIGNATURE) and PART in data

    def read(self, data: bytes, limits: Limits) -> Parsed:
        check_size(data, limits)
        file = Notes("")
        return sheet.read(texts_of(data, limits, file), limits, file)

    def write(self, questions: Sequence[ForeignQuestion]) -> bytes:
        from openpyxl import Workbook  # slow to import, and most processes never see a workbook
        from openpyxl.utils import get_column_letter

        book = Workbook(write_only=True)
        page = book.create_sheet("Questions")
        page.freeze_panes = "A2"
        heads = sheet.heads(questions)
        for number, head in enumerate(heads, 1):
            wide = re.match("stem|option|rationale|prompt|scenario text", head)
            page.column_dimensions[get_column_letter(number)].width = WIDE if wide else NARROW
        page.append([text_cell(page, head, bold=True) for head in heads])
        for question in questions:
            cells = sheet.cells(question)
            page.append([text_cell(page, cells.get(head, "")) for head in heads])
        book.properties.created = book.properties.modified = CHANGED
        book.properties.creator = "Cutscore"
        out = io.BytesIO()
        book.save(out)
        return _same_times(out.getvalue())

    def carries(self, question: ForeignQuestion) -> list[str]:
        """By the rows alone, for a workbook around each question would take its time."""
        heads, row = sheet.heads([question]), sheet.cells(question)
        cells = [UNKEPT.sub("", row.get(head, ""))[:MOST_CELL] for head in heads]
        back = sheet.read([heads, cells], GENEROUS, Notes("")).questions
        return differences(question, back[0]) if back else ["the question"]


def text_cell(page: Any, text: str, *, bold: bool = False) -> Any:
    """A cell that holds text and nothing else, whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font

    text = UNKEPT.sub("", text)[:MOST_CELL]
    cell = WriteOnlyCell(page, value=None)
    if text:
        cell.value = text
        cell.data_type = "s"
        cell.quotePrefix = True
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if bold:
        cell.font = Font(bold=True)
    return cell


def _same_times(data: bytes) -> bytes:
    """The archive with one time for all of its members."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            content = old.read(member)
            if member.filename == "docProps/core.xml":  # openpyxl writes the present there
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2026-01-01T00:00:00Z", content)
            info = zipfile.ZipInfo(member.filename, STAMP)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, content)
    return out.getvalue()


def texts_of(data: bytes, limits: Limits, file: Notes) -> list[list[str]]:
    """The texts of the first sheet's cells, row by row, of any workbook. Raises Unreadable."""
    _check_archive(data, limits)
    try:
        return list(_rows(data, limits, file))
    except Unreadable:
        raise
    except Exception:  # openpyxl meets broken parts with errors of every class
        raise Unreadable(NO_WORKBOOK) from None


def _check_archive(data: bytes, limits: Limits) -> None:
    """Raise Unreadable for an archive that unpacks to too much or whose XML declares entities.

    What an archive says of its sizes is a claim; so everything is unpacked once, counted, and thrown away.
    """
    if data.count(b"PK\x01\x02") > limits.archive_entries:
        raise Unreadable(f"The archive has more than {limits.archive_entries:,} entries.")
    left = limits.archive_bytes
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                if member.flag_bits & 0x1:
                    raise Unreadable("The workbook is protected by a password.")
                left -= _unpacked(archive, member, left, limits)
    except Unreadable:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError):
        raise Unreadable(NO_WORKBOOK) from None


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int, limits: Limits) -> int:
    """The number of bytes of a member."""
    size, end = 0, b""
    with archive.open(member) as stream:
        while piece := stream.read(CHUNK):
            size += len(piece)
            if size > left:
                raise Unreadable(f"The archive unpacks to more than {limits.archive_bytes:,} bytes.")
            if size > SLACK and size > max(member.compress_size, 1) * limits.archive_ratio:
                raise Unreadable(f"A part of the archive unpacks to more than {limits.archive_ratio} times its size.")
            whole = end + piece.replace(b"\0", b"")  # in UTF-16 every other byte of these signs is empty
            if DECLARES.search(whole):  # in any part: what a part is called says nothing about how it is read
                raise Unreadable("The workbook declares entities or a document type; that is not allowed.")
            end = whole[-16:]
    return size


def _rows(data: bytes, limits: Limits, file: Notes) -> Iterator[list[str]]:
    """The texts of the first sheet's cells. Of a formula the value that was computed last."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(data), read_only=True, data_only=False)
    if not book.worksheets:
        raise Unreadable("The workbook has no sheets.")
    if len(book.worksheets) > 1:
        file.dropped("all sheets but the first", "questions stand in one sheet")
    rows = list(_values(book.worksheets[0], limits))
    if any(isinstance(cell, str) and cell.startswith("=") and kind == "f" for row in rows for cell, kind in row):
        file.converted("formulas", "the values that were computed last were taken")
        values = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        rows = list(_values(values.worksheets[0], limits))
    for row in rows:
        yield [_text(cell) for cell, _ in row]


def _values(page: Any, limits: Limits) -> Iterator[list[tuple[object, str]]]:
    # Rows that are empty count as well: a sheet may claim a million of them.
    most = 2 * limits.questions + sheet.EMPTY_ROWS
    for row in page.iter_rows(max_row=most, max_col=sheet.MOST_COLUMNS):
        yield [(cell.value, getattr(cell, "data_type", "n")) for cell in row]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
