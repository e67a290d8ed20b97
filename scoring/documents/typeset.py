"""Sections to a PDF, either as a report with title page, table of contents and numbers, or as a sheet that begins with
its title. Both have bookmarks, and equal sections and an equal date give equal bytes.

ReportLab's free edition writes no structure tree: title, language and bookmarks are in the file, tags are not.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, BinaryIO

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    Image,
    KeepTogether,
    LongTable,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
)
from reportlab.platypus import Table as Grid
from reportlab.platypus.tableofcontents import TableOfContents

from scoring import plots
from scoring.documents import fonts
from scoring.documents.content import Block, Chart, Heading, Section, Table, Text
from scoring.documents.fonts import BODY, BOLD, markup
from scoring.documents.numbers import day

Progress = Callable[[int, int], None]

LANGUAGE = "en-GB"
MARGIN = 22 * mm
WIDTH, HEIGHT = A4
ROOM = WIDTH - 2 * MARGIN
CELL = 3.0  # points around the text of a cell
NARROWEST = 42.0
DOTS_PER_INCH = 160
MANY = 80  # rows, from which on each is one line
SMALL = 7.6
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
LEFT = style("cell", SMALL)
RIGHT = style("number", SMALL, alignment=TA_RIGHT)
COVER = style("cover", 26, spaceAfter=12)
TITLE = style("title", 20, spaceAfter=2)
SUBTITLE = style("subtitle", 11, spaceAfter=4)
PART = style("part", 13, spaceBefore=14, spaceAfter=6)
CONTENTS = style("contents", 9.6, leftIndent=0, firstLineIndent=0, spaceBefore=3)
for heavy in (SECTION, HEADING, COVER, TITLE, PART):
    heavy.fontName = BOLD
for quiet in (CAPTION,):
    quiet.textColor = QUIET


@dataclass(frozen=True, slots=True)
class Cover:
    """What the title page, or the head of a sheet, and the file's own properties say."""

    title: str
    subtitle: str
    lines: Sequence[str]
    date: dt.date
    author: str


class Document(BaseDocTemplate):  # type: ignore[misc]
    """Pages with a running head and number; section headings go into contents and bookmarks."""

    def __init__(self, sink: BinaryIO, cover: Cover, *, sheet: bool = False) -> None:
        super().__init__(
            sink, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
            title=cover.title, author=cover.author, subject=cover.subtitle, creator=cover.author, lang=LANGUAGE,
            displayDocTitle=True, invariant=1,
        )  # fmt: skip
        self.cover = cover
        frame = Frame(MARGIN, MARGIN, ROOM, HEIGHT - 2 * MARGIN, 0, 0, 0, 0)
        page = PageTemplate("page", frame, onPage=self._decorate)
        top = PageTemplate("top", frame, onPage=self._top, autoNextPageTemplate="page")
        front = PageTemplate("cover", frame, onPage=self._first)
        self.addPageTemplates([top, page] if sheet else [front, page])

    def _first(self, canvas: Any, document: Any) -> None:
        self._top(canvas, document, numbered=False)
        canvas.setFillColor(MARK)
        canvas.rect(MARGIN, HEIGHT - 70 * mm, 3, 42 * mm, stroke=0, fill=1)

    def _top(self, canvas: Any, document: Any, *, numbered: bool = True) -> None:
        """The day of the report is the file's, too, not the moment of writing."""
        date = self.cover.date
        canvas.setDateFormatter(lambda *_: f"D:{date:%Y%m%d}000000+00'00'")
        canvas.showOutline()
        if numbered:
            self._number(canvas)

    def _number(self, canvas: Any) -> None:
        canvas.setFont(BODY, SMALL)
        canvas.setFillColor(QUIET)
        canvas.drawRightString(WIDTH - MARGIN, MARGIN - 10 * mm, str(canvas.getPageNumber()))

    def _decorate(self, canvas: Any, document: Any) -> None:
        canvas.saveState()
        self._number(canvas)
        left = MARGIN
        for font, piece in fonts.runs(self.cover.title):
            canvas.setFont(font or BODY, SMALL)
            canvas.drawString(left, HEIGHT - MARGIN + 8 * mm, piece if font else fonts.MISSING)
            left += fonts.width(piece, SMALL)
        canvas.setStrokeColor(RULE)
        canvas.line(MARGIN, HEIGHT - MARGIN + 5 * mm, WIDTH - MARGIN, HEIGHT - MARGIN + 5 * mm)
        canvas.restoreState()

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802  # ReportLab's name
        """Contents and bookmarks learn of a section when its heading is placed."""
        if isinstance(flowable, Paragraph) and flowable.style in (SECTION, PART, HEADING):
            level = 1 if flowable.style is HEADING else 0
            title = flowable.getPlainText()
            key = f"section-{self.seq.nextf('bookmark')}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(title, key, level, closed=level == 0)
            if flowable.style is SECTION:
                self.notify("TOCEntry", (level, title, self.page, key))


def typeset(sections: Sequence[Section], cover: Cover, sink: BinaryIO, progress: Progress | None = None) -> int:
    """Write the report and return its number of pages. `progress` hears of every section whose charts are drawn."""
    fonts.register()
    contents = TableOfContents(levelStyles=[CONTENTS], dotsMinLevel=0)
    story: list[Flowable] = [
        Spacer(0, 10 * mm),
        Paragraph(markup(cover.title), _indented(COVER)),
        Paragraph(markup(cover.subtitle), _indented(TEXT, 12)),
        Spacer(0, 60 * mm),
        *(Paragraph(markup(line), TEXT) for line in (*cover.lines, f"Made on {day(cover.date)}.")),
        NextPageTemplate("page"),
        PageBreak(),
        Paragraph("Contents", _unlisted(SECTION)),
        contents,
    ]
    counter = _Counter()
    for place, section in enumerate(sections, 1):
        # A new page, unless there is room for a good part of the section.
        story += [Spacer(0, 8 * mm), CondPageBreak(HEIGHT * 0.45)] if place > 1 else [PageBreak()]
        story.append(Paragraph(f"{place}&nbsp;&nbsp;{markup(section.title)}", SECTION))
        for block, following in pairwise((*section.blocks, None)):
            story += _flowables(block, counter, following)
        if progress:
            progress(place, len(sections))
    document = Document(sink, cover)
    document.multiBuild(story)
    return int(document.page)


def sheet(sections: Sequence[Section], cover: Cover, sink: BinaryIO) -> int:
    """Write the sections under their title, without title page and contents, and return the number of pages."""
    fonts.register()
    story: list[Flowable] = [
        Paragraph(markup(cover.title), TITLE),
        Paragraph(markup(cover.subtitle), SUBTITLE),
        *(Paragraph(markup(line), CAPTION) for line in cover.lines),
    ]
    for section in sections:
        story += [CondPageBreak(60 * mm), Paragraph(markup(section.title), PART)]
        for block, following in pairwise((*section.blocks, None)):
            story += _flowables(block, None, following)
    document = Document(sink, cover, sheet=True)
    document.build(story)
    return int(document.page)


class _Counter:
    """Numbers tables and figures through the whole report."""

    def __init__(self) -> None:
        self.tables = self.figures = 0

    def label(self, block: Table | Chart) -> str:
        if isinstance(block, Table):
            self.tables += 1
            return f"<b>Table {self.tables}.</b> {markup(block.caption)}"
        self.figures += 1
        return f"<b>Figure {self.figures}.</b> {markup(block.caption)}"


def _flowables(block: Block | None, counter: _Counter | None, following: Block | None) -> list[Flowable]:
    match block:
        case None:
            return []
        case Text():
            return [Paragraph(markup(block.text), STANDS_OUT if block.stands_out else TEXT)]
        case Heading():
            # Never alone at the foot of a page.
            room = 115 * mm if isinstance(following, Chart) else 55 * mm
            return [CondPageBreak(room), Paragraph(markup(block.title), HEADING)]
        case Chart():
            return [KeepTogether([_picture(block), Paragraph(_label(block, counter), CAPTION), Spacer(0, 4)])]
        case Table():
            caption = Paragraph(_label(block, counter), CAPTION)
            caption.keepWithNext = len(block.rows) <= MANY  # longer ones would be moved to a page of their own
            return [CondPageBreak(30 * mm), caption, _grid(block), Spacer(0, 8)]


def _label(block: Table | Chart, counter: _Counter | None) -> str:
    """The caption, numbered in a report."""
    return counter.label(block) if counter else markup(block.caption)


def _picture(chart: Chart) -> Image:
    figure = chart.draw()
    wide, high = (inches * 72 for inches in figure.get_size_inches())
    scale = min(ROOM / wide, 1.0)
    picture = Image(io.BytesIO(plots.png(figure, dots_per_inch=DOTS_PER_INCH)), wide * scale, high * scale)
    picture.hAlign = "LEFT"
    return picture


def _grid(table: Table) -> Flowable:
    if len(table.rows) > MANY:
        return _list(table)
    headed = any(table.header)
    lines = [table.header, *table.rows] if headed else list(table.rows)
    cells = [
        [
            Paragraph(
                f"<b>{markup(text)}</b>" if headed and not line else markup(text),
                LEFT if place < table.words else RIGHT,
            )
            for place, text in enumerate(row)
        ]
        for line, row in enumerate(lines)
    ]
    return Grid(cells, colWidths=_widths(table), repeatRows=int(headed), style=_rules(headed), hAlign="LEFT")


def _list(table: Table) -> Flowable:
    """A table of very many rows: a line for each, cut where it is too long, for laying paragraphs out takes long."""
    widths = _widths(table)
    head = [
        Paragraph(f"<b>{markup(text)}</b>", LEFT if n < table.words else RIGHT) for n, text in enumerate(table.header)
    ]
    cells = [
        [
            _line(text, width - 2 * CELL, n < table.words)
            for n, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in table.rows
    ]
    rules = [
        *_rules(headed=True),
        ("FONT", (0, 1), (-1, -1), BODY, SMALL, LEFT.leading),
        ("TEXTCOLOR", (0, 1), (-1, -1), INK),
        ("ALIGN", (table.words, 1), (-1, -1), "RIGHT"),
    ]
    return LongTable([head, *cells], colWidths=widths, repeatRows=1, style=rules, hAlign="LEFT")


def _line(text: str, room: float, words: bool) -> str | Paragraph:
    if fonts.width(text, SMALL) > room:
        while text and fonts.width(f"{text}…", SMALL) > room:
            text = text[:-1]
        text = f"{text.rstrip()}…"
    if fonts.is_embedded(text):
        return text
    return Paragraph(markup(text), LEFT if words else RIGHT)


def _rules(headed: bool) -> list[tuple[Any, ...]]:
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
    return rules


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
    return fonts.width(text, LEFT.fontSize, bold=True) + 2 * CELL + 0.5


def _indented(given: ParagraphStyle, size: float = 0) -> ParagraphStyle:
    more = {"fontSize": size, "leading": size * 1.42} if size else {}
    return ParagraphStyle(f"{given.name} indented", parent=given, leftIndent=12, **more)


def _unlisted(given: ParagraphStyle) -> ParagraphStyle:
    """The same look, but in no table of contents."""
    return ParagraphStyle(f"{given.name} unlisted", parent=given)
