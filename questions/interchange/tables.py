"""HTML tables into Markdown's: one row of heads, cells of one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from questions.interchange.html import Writer

SIDES = {"left": ":--", "center": ":-:", "right": "--:"}


def table(writer: Writer, element: etree._Element) -> list[str]:
    """The caption as a paragraph and the table; nothing for a table without cells."""
    captions = [text for child in element if child.tag == "caption" for text in writer.blocks(child)]
    rows = [row for row in element.iter("tr") if _owner(row) is element]
    cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in rows]
    cells = [row for row in cells if row]
    if not cells:
        return captions
    if any(cell.get(name, "1") != "1" for row in cells for cell in row for name in ("colspan", "rowspan")):
        writer.losses.converted("merged table cells", "each cell stands alone now")
    if any(
        inner.tag in ("table", "ul", "ol", "pre") for row in cells for cell in row for inner in cell.iterdescendants()
    ):
        writer.losses.converted("lists, code or tables in table cells", "a cell has one line of text")
    if not all(cell.tag == "th" or not (len(cell) or (cell.text or "").strip()) for cell in cells[0]):
        writer.losses.converted("a table without heads", "its first row became the heads")
    width = max(len(row) for row in cells)
    texts = [[writer.cell(cell).replace("|", "\\|") for cell in row] + [""] * (width - len(row)) for row in cells]
    sides = [SIDES.get(cell.get("align", ""), "---") for cell in cells[0]] + ["---"] * (width - len(cells[0]))
    lines = [texts[0], sides, *texts[1:]]
    return [*captions, "\n".join(f"| {' | '.join(line)} |" for line in lines)]


def _owner(row: etree._Element) -> etree._Element | None:
    return next((parent for parent in row.iterancestors() if parent.tag == "table"), None)
