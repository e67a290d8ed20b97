"""Sections to a PDF: title page, table of contents, bookmarks, and the sections in order. Equal sections and an equal
date give equal bytes."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO
from xml.sax.saxutils import escape

from matplotlib import get_data_path
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    Image,
    KeepTogether,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
)
from reportlab.platypus import Table as Grid
from reportlab.platypus.tableofcontents import TableOfContents

from scoring import plots
from scoring.technical.content import Block, Chart, Heading, Section, Table, Text
from scoring.technical.numbers import day

Progress = Callable[[int, int], None]

# DejaVu comes with Matplotlib and has Greek, signs and every Latin letter.
BODY, BOLD, ITALIC = "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique"
LANGUAGE = "en-GB"
MARGIN = 22 * mm
WIDTH, HEIGHT = A4
ROOM = WIDTH - 2 * MARGIN
CELL = 3.0  # points around the text of a cell
NARROWEST = 42.0
DOTS_PER_INCH = 160
INK, QUIET, RULE, MARK = (HexColor(colour) for colour in (plots.TEXT, plots.MUTED, plots.LINE, plots.ACCENT))
TINT = HexColor("#f1f3f5")


def style(name: str, size: float, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(name, fontName=BODY, fontSize=size, leading=size * 1.42, textColor=INK, **more)


TEXT = style("text", 9.2, spaceAfter=6)
STANDS_OUT = style("stands out", 9.2, spaceAfter=8, spaceBefore=2, backColor=TINT, borderPadding=5, leftIndent=6,
                   rightIndent=6)  # fmt: skip
SECTION = style("section", 16, spaceAfter=10)
HEADING = style("heading", 11, spaceBefore=8, spaceAfter=4)
CAPTION = style("caption", 8.2, spaceBefore=6, spaceAfter=3)
LEFT = style("cell", 7.6)
RIGHT = style("number", 7.6, alignment=TA_RIGHT)
COVER = style("cover", 26, spaceAfter=12)
CONTENTS = style("contents", 9.6, leftIndent=0, firstLineIndent=0, spaceBefore=3)
for heavy in (SECTION, HEADING, COVER):
    heavy.fontName = BOLD
for quiet in (CAPTION,):
    quiet.textColor = QUIET


@dataclass(frozen=True, slots=True)
class Cover:
    """What the title page and the file's own properties say."""

    title: str
    subtitle: str
    lines: Sequence[str]
    date: dt.date
    author: str


class Document(BaseDocTemplate):  # type: ignore[misc]
    """Pages with a running head and number; section headings go into contents and bookmarks."""

    def __init__(self, sink: BinaryIO, cover: Cover) -> None:
        super().__init__(
            sink, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
            title=cover.title, author=cover.author, subject=cover.subtitle, creator=cover.author, lang=LANGUAGE,
            invariant=1,
        )  # fmt: skip
        self.cover = cover
        frame = Frame(MARGIN, MARGIN, ROOM, HEIGHT - 2 * MARGIN, 0, 0, 0, 0)
        self.addPageTemplates(
            [PageTemplate("cover", frame, onPage=self._first), PageTemplate("page", frame, onPage=self._decorate)]
        )

    def _first(self, canvas: Any, document: Any) -> None:
        """The day of the report is the file's, too, not the moment of writing."""
        date = self.cover.date
        canvas.setDateFormatter(lambda *_: f"D:{date:%Y%m%d}000000+00'00'")
        canvas.showOutline()
        canvas.setFillColor(MARK)
        canvas.rect(MARGIN, HEIGHT - 70 * mm, 3, 42 * mm, stroke=0, fill=1)

    def _decorate(self, canvas: Any, document: Any) -> None:
        canvas.saveState()
        canvas.setFont(BODY, 7.6)
        canvas.setFillColor(QUIET)
        canvas.drawString(MARGIN, HEIGHT - MARGIN + 8 * mm, self.cover.title)
        canvas.drawRightString(WIDTH - MARGIN, MARGIN - 10 * mm, str(canvas.getPageNumber()))
        canvas.setStrokeColor(RULE)
        canvas.line(MARGIN, HEIGHT - MARGIN + 5 * mm, WIDTH - MARGIN, HEIGHT - MARGIN + 5 * mm)
        canvas.restoreState()

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802  # ReportLab's name
        """Contents and bookmarks learn of a section when its heading is placed."""
        if isinstance(flowable, Paragraph) and flowable.style in (SECTION, HEADING):
            level = 0 if flowable.style is SECTION else 1
            title = flowable.getPlainText()
            key = f"section-{self.seq.nextf('bookmark')}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(title, key, level, closed=level == 0)
            if level == 0:
                self.notify("TOCEntry", (level, title, self.page, key))


def typeset(sections: Sequence[Section], cover: Cover, sink: BinaryIO, progress: Progress | None = None) -> int:
    """Write the report and return its number of pages. `progress` hears of every section whose charts are drawn."""
    _register_fonts()
    contents = TableOfContents(levelStyles=[CONTENTS], dotsMinLevel=0)
    story: list[Flowable] = [
        Spacer(0, 10 * mm),
        Paragraph(escape(cover.title), _indented(COVER)),
        Paragraph(escape(cover.subtitle), _indented(TEXT, 12)),
        Spacer(0, 60 * mm),
        *(Paragraph(escape(line), TEXT) for line in (*cover.lines, f"Made on {day(cover.date)}.")),
        NextPageTemplate("page"),
        PageBreak(),
        Paragraph("Contents", _unlisted(SECTION)),
        contents,
    ]
    counter = _Counter()
    for place, section in enumerate(sections, 1):
        # A new page, unless there is room for a good part of the section.
        story += [Spacer(0, 8 * mm), CondPageBreak(HEIGHT * 0.45)] if place > 1 else [PageBreak()]
        story.append(Paragraph(f"{place}&nbsp;&nbsp;{escape(section.title)}", SECTION))
        for block, following in pairwise((*section.blocks, None)):
            story += _flowables(block, counter, following)
        if progress:
            progress(place, len(sections))
    document = Document(sink, cover)
    document.multiBuild(story)
    return int(document.page)


class _Counter:
    """Numbers tables and figures through the whole report."""

    def __init__(self) -> None:
        self.tables = self.figures = 0

    def label(self, block: Table | Chart) -> str:
        if isinstance(block, Table):
            self.tables += 1
            return f"<b>Table {self.tables}.</b> {escape(block.caption)}"
        self.figures += 1
        return f"<b>Figure {self.figures}.</b> {escape(block.caption)}"


def _flowables(block: Block | None, counter: _Counter, following: Block | None) -> list[Flowable]:
    match block:
        case None:
            return []
        case Text():
            return [Paragraph(escape(block.text), STANDS_OUT if block.stands_out else TEXT)]
        case Heading():
            # Never alone at the foot of a page.
            room = 115 * mm if isinstance(following, Chart) else 55 * mm
            return [CondPageBreak(room), Paragraph(escape(block.title), HEADING)]
        case Chart():
            return [KeepTogether([_picture(block), Paragraph(counter.label(block), CAPTION), Spacer(0, 4)])]
        case Table():
            caption = Paragraph(counter.label(block), CAPTION)
            caption.keepWithNext = 1
            return [CondPageBreak(30 * mm), caption, _grid(block), Spacer(0, 8)]


def _picture(chart: Chart) -> Image:
    figure = chart.draw()
    wide, high = (inches * 72 for inches in figure.get_size_inches())
    scale = min(ROOM / wide, 1.0)
    picture = Image(io.BytesIO(plots.png(figure, dots_per_inch=DOTS_PER_INCH)), wide * scale, high * scale)
    picture.hAlign = "LEFT"
    return picture


def _grid(table: Table) -> Grid:
    headed = any(table.header)
    lines = [table.header, *table.rows] if headed else list(table.rows)
    cells = [
        [
            Paragraph(
                f"<b>{escape(text)}</b>" if headed and not line else escape(text),
                LEFT if place < table.words else RIGHT,
            )
            for place, text in enumerate(row)
        ]
        for line, row in enumerate(lines)
    ]
    rules: list[tuple[Any, ...]] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), CELL),
        ("RIGHTPADDING", (0, 0), (-1, -1), CELL),
        ("TOPPADDING", (0, 0), (-1, -1), 1.6),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.2),
    ]
    if headed:
        rules += [("BACKGROUND", (0, 0), (-1, 0), TINT), ("VALIGN", (0, 0), (-1, 0), "BOTTOM")]
    return Grid(cells, colWidths=_widths(table), repeatRows=int(headed), style=rules, hAlign="LEFT")


def _widths(table: Table) -> list[float]:
    """As wide as the words need; where that is too much, long text is folded, numbers and single words are not."""
    columns = list(zip(table.header, *table.rows, strict=True))
    wanted = [max(_length(text) for text in column) for column in columns]
    least = [
        max(max(_length(word) for text in column for word in text.split() or [""]), NARROWEST)
        if place < table.words
        else max(max(_length(text) for text in column[1:] or ("",)), _length(max(column[0].split() or [""], key=len)))
        for place, column in enumerate(columns)
    ]
    wanted = [max(pair) for pair in zip(wanted, least, strict=True)]
    if sum(wanted) <= ROOM:
        return wanted
    spare = ROOM - sum(least)
    if spare <= 0:  # nothing fits: fold words, too
        return [width * ROOM / sum(least) for width in least]
    excess = [want - low for want, low in zip(wanted, least, strict=True)]
    return [low + spare * more / sum(excess) for low, more in zip(least, excess, strict=True)]


def _length(text: str) -> float:
    return float(pdfmetrics.stringWidth(text, BOLD, LEFT.fontSize)) + 2 * CELL + 0.5


def _indented(given: ParagraphStyle, size: float = 0) -> ParagraphStyle:
    more = {"fontSize": size, "leading": size * 1.42} if size else {}
    return ParagraphStyle(f"{given.name} indented", parent=given, leftIndent=12, **more)


def _unlisted(given: ParagraphStyle) -> ParagraphStyle:
    """The same look, but in no table of contents."""
    return ParagraphStyle(f"{given.name} unlisted", parent=given)


def _register_fonts() -> None:
    folder = Path(get_data_path()) / "fonts" / "ttf"
    for name in (BODY, BOLD, ITALIC):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, folder / f"{name}.ttf"))
    pdfmetrics.registerFontFamily(BODY, normal=BODY, bold=BOLD, italic=ITALIC, boldItalic=BOLD)
