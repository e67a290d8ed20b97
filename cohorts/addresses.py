"""Lists of e-mail addresses as people have them: a CSV file, a workbook, or text copied from somewhere.

`read` and `read_text` return what the rows hold, each with its number, or raise Unreadable with one sentence.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from questions.interchange.exchange import Limits, Unreadable
from questions.interchange.grid import grid_of, grid_of_text
from questions.interchange.text import UNKEPT

LONGEST_ADDRESS, LONGEST_NAME, SHOWN = 254, 80, 60
LOOKED_AT = 100  # rows in which a column of addresses is sought
ADDRESS_HEADS = {
    "email", "e mail", "mail", "email address", "e mail address", "mail address", "emailadresse", "e mail adresse",
    "courriel", "adresse email", "adresse e mail", "correo", "correo electrónico", "correo electronico",
    "e post", "posta elettronica", "indirizzo email", "user email", "login email", "email 1 value",
}  # fmt: skip
NAME_HEADS = {
    "name",
    "full name",
    "display name",
    "fullname",
    "participant",
    "student",
    "nom complet",
    "nombre completo",
}
FIRST_HEADS = {"first name", "firstname", "given name", "forename", "vorname", "prénom", "prenom", "nombre"}
LAST_HEADS = {"last name", "lastname", "surname", "family name", "nachname", "nom", "apellidos", "cognome"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row that holds anything: an address in lower case with a name, or the clause that says why there is none."""

    number: int  # as a spreadsheet or an editor counts, from 1
    email: str
    name: str = ""
    problem: str = ""


def limits() -> Limits:
    """What may be read. One row more than may be invited is the heading."""
    return Limits(
        bytes=settings.INVITATION_BYTES, questions=settings.INVITATION_ROWS + 1, archive_entries=1_000,
        archive_bytes=50 * settings.INVITATION_BYTES,
    )  # fmt: skip


def read(data: bytes) -> list[Row]:
    """The rows of a file. Raises Unreadable."""
    grid = grid_of(data, limits())
    _check_count(sum(any(cell.strip() for cell in cells) for cells in grid))
    return _rows_of(grid)


def read_text(text: str) -> list[Row]:
    """The rows of pasted text: a table with a heading, or addresses in any order, also as `Name <address>`."""
    if len(text.encode(errors="replace")) > settings.INVITATION_BYTES:
        raise Unreadable(f"The text is too long; at most {settings.INVITATION_BYTES:,} bytes are read.")
    lines = text.lstrip("\ufeff").splitlines()
    first = next((line for line in lines if line.strip()), "")
    if "@" not in first and _heads(re.split(r"[,;\t|]", first)):
        grid = grid_of_text(text, limits())
        _check_count(sum(any(cell.strip() for cell in cells) for cells in grid))
        return _rows_of(grid)
    rows = [row for number, line in enumerate(lines, 1) for row in _loose(number, line)]
    _check_count(len(rows))
    return rows


def written(rows: Iterable[Row]) -> str:
    """The rows as text that `read_text` reads alike."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["email", "name"])
    writer.writerows([row.email, row.name] for row in rows)
    return out.getvalue()


def _check_count(count: int) -> None:
    most = settings.INVITATION_ROWS
    if count > most + 1:  # a heading may be among them
        raise Unreadable(f"There are more than {most:,} rows; at most {most:,} people are invited at once.")


# ---- tables --------------------------------------------------------------------------------------------------------


def _rows_of(grid: Sequence[Sequence[str]]) -> list[Row]:
    filled = [(number, cells) for number, cells in enumerate(grid, 1) if any(cell.strip() for cell in cells)]
    if not filled:
        raise Unreadable("There is nothing in it: no row holds any text.")
    heads = _heads(filled[0][1])
    headed = bool(heads) or not any("@" in cell for cell in filled[0][1])
    column = heads["email"] if heads else _column_of_addresses([cells for _, cells in filled[:LOOKED_AT]])
    rows = filled[1:] if headed else filled
    _check_count(len(rows) + 1)
    found = [(parsed(number, _cell(cells, column)), _name(cells, heads)) for number, cells in rows]
    return [replace(row, name=name or row.name) for row, name in found]


def _heads(cells: Sequence[str]) -> dict[str, int]:
    """Which columns a heading names."""
    found: dict[str, int] = {}
    kinds = (("email", ADDRESS_HEADS), ("name", NAME_HEADS), ("first", FIRST_HEADS), ("last", LAST_HEADS))
    for column, cell in enumerate(cells):
        head = " ".join(re.sub(r"[_\-.:*]+", " ", cell.lower()).split())
        kind = next((kind for kind, heads in kinds if head in heads), None)
        if kind:
            found.setdefault(kind, column)
    return found if "email" in found else {}


def _column_of_addresses(rows: Sequence[Sequence[str]]) -> int:
    """The first column with an address in it. Raises Unreadable."""
    columns = max(map(len, rows))
    for column in range(columns):
        if any(not parsed(0, _cell(cells, column)).problem for cells in rows):
            return column
    raise Unreadable("No column holds e-mail addresses. Name it “email” in the first row, or put it first.")


def _cell(cells: Sequence[str], column: int) -> str:
    return cells[column] if column < len(cells) else ""


def _name(cells: Sequence[str], heads: dict[str, int]) -> str:
    wanted = ("name",) if "name" in heads else ("first", "last")
    return _tidy_name(" ".join(_cell(cells, heads[kind]) for kind in wanted if kind in heads))


def _tidy_name(text: str) -> str:
    return " ".join(UNKEPT.sub("", text).split())[:LONGEST_NAME].strip()


# ---- one address -----------------------------------------------------------------------------------------------------


def parsed(number: int, text: str) -> Row:
    """What one cell says: `ann@example.org`, `<ann@example.org>`, `mailto:ann@example.org` or `Ann <ann@…>`."""
    text = " ".join(UNKEPT.sub("", text).split())
    name = ""
    if found := re.fullmatch(r"([^<>]*)<([^<>]*)>", text):
        name, text = _tidy_name(found[1].strip(" \"'")), found[2].strip()
    email = re.sub(r"^mailto:", "", text.strip(" \"'"), flags=re.IGNORECASE).lower()
    if not email:
        return Row(number, "", name, "it holds no address")
    short = email if len(email) <= SHOWN else f"{email[: SHOWN - 1]}…"
    if len(email) > LONGEST_ADDRESS:
        return Row(number, short, name, f"the address has more than {LONGEST_ADDRESS} characters")
    try:
        validate_email(email)
    except ValidationError:
        return Row(number, short, name, "this is not an e-mail address")
    return Row(number, email, name)


def _loose(number: int, line: str) -> Iterator[Row]:
    """The addresses of one line of text. What stands beside a single one is its name."""
    pieces = [piece.strip() for piece in re.split(r"[,;\t|]", line) if piece.strip()]
    addresses = [piece for piece in pieces if "@" in piece]
    if len(addresses) == 1:
        row = parsed(number, addresses[0])
        if row.problem and " " in addresses[0]:  # Ann Lee ann@example.org
            words = addresses[0].split()
            one = next(word for word in words if "@" in word)
            row = replace(parsed(number, one), name=_tidy_name(" ".join(word for word in words if word != one)))
        others = " ".join(piece.strip(" \"'") for piece in pieces if piece != addresses[0])
        yield replace(row, name=_tidy_name(f"{others} {row.name}"))
    elif addresses:
        for piece in pieces:
            if "@" in piece:
                words = piece.split()
                several = "<" not in piece and sum("@" in word for word in words) > 1
                yield from (parsed(number, one) for one in (words if several else [piece]))
    elif pieces:
        yield parsed(number, " ".join(pieces))
