"""CSV: one question in each row; the columns are those of `sheet`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from questions.interchange import sheet
from questions.interchange.collecting import check_size
from questions.interchange.exchange import ForeignQuestion, Limits, Parsed, Unreadable
from questions.interchange.fidelity import lost_by
from questions.interchange.notes import Notes
from questions.interchange.text import UNKEPT, beginning, decode

# A cell that is too long costs its own question; the module's limit, one for the whole process, would cost the file.
csv.field_size_limit(2**31 - 1)
SEPARATORS = ",;\t|"
# A spreadsheet takes a cell that begins so for a formula. An apostrophe before it makes it text again.
FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


@dataclass(frozen=True, slots=True)
class Csv:
    name: str = "csv"
    label: str = "CSV"
    extensions: tuple[str, ...] = (".csv", ".tsv")

    def can_read(self, data: bytes, name: str) -> bool:
        try:
            return any(sheet.is_heading(row) for row in rows(_first_line(beginning(data))))
        except csv.Error:
            return False

    def read(self, data: bytes, limits: Limits) -> Parsed:
        check_size(data, limits)
        text, losses = decode(data)
        file = Notes("")
        file.add(*losses)
        try:
            return sheet.read(rows(text), limits, file)
        except csv.Error as error:
            raise Unreadable(f"The file is not valid CSV: {error}.") from None

    def write(self, questions: Sequence[ForeignQuestion]) -> bytes:
        out = io.StringIO()
        heads = sheet.heads(questions)
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(heads)
        for question in questions:
            cells = sheet.cells(question)
            writer.writerow([harmless(cells.get(head, "")) for head in heads])
        return out.getvalue().encode("utf-8-sig")  # with its mark, so that spreadsheets see the encoding

    def carries(self, question: ForeignQuestion) -> list[str]:
        return lost_by(self, question)


def harmless(cell: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula, without signs that no file keeps."""
    cell = UNKEPT.sub("", cell)
    return f"'{cell}" if FORMULA.match(cell) and not _is_number(cell) else cell


def _meant(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?", cell) is not None


def _first_line(text: str) -> str:
    return next((line for line in text.lstrip("\ufeff").splitlines() if line.strip()), "")


def rows(text: str) -> Iterator[list[str]]:
    """The cells of each row; the separator is the sign that the first line holds most of."""
    text = text.lstrip("\ufeff")
    if found := re.match(r"sep=(.)\r?\n", text):  # said so by a spreadsheet
        separator, text = found[1], text[found.end() :]
    else:
        heading = _first_line(text)
        separator = max(SEPARATORS, key=heading.count)
    for row in csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=separator, strict=True):
        yield [_meant(cell) for cell in row[: sheet.MOST_COLUMNS]]
