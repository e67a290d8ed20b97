"""The written matrix: who gets what kind of answer at which address (matrix.txt says what its letters mean)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tests.attack.world import ANONYMOUS

FILE = Path(__file__).with_name("matrix.txt")
ROLES = (ANONYMOUS, "member", "stranger", "author", "colleague", "instructor", "neighbour", "staff", "superuser")
LETTERS = "+rsanfmue"
REFUSED = "snfmu"  # of these nothing may come but the answer

Row = dict[str, tuple[str, str]]


@cache
def matrix() -> dict[str, Row]:
    """Address name → role → letters of GET and POST. Raises ValueError for a row that cannot be read."""
    found: dict[str, Row] = {}
    for line in FILE.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, *cells = line.split()
        if len(cells) != len(ROLES) or any(len(cell) != 2 or set(cell) - set(LETTERS) for cell in cells):
            raise ValueError(f"The row of {name} has not one pair of known letters for each of {len(ROLES)} roles.")
        if name in found:
            raise ValueError(f"{name} has two rows.")
        found[name] = {role: (cell[0], cell[1]) for role, cell in zip(ROLES, cells, strict=True)}
    return found


def written_as(name: str, row: Row) -> str:
    """The row as it would stand in the file."""
    return f"{name:<46} {'  '.join(''.join(row[role]) for role in ROLES)}"
