"""Which font sets which sign, so that a name in any script is either set or said to be missing, never a box.

DejaVu Sans comes with Matplotlib, is embedded, and has Latin, Greek and Cyrillic whole, Armenian, Georgian and signs.
Chinese, Japanese and Korean are set in the fonts that every reader of PDF has to have for them, which are named and
not embedded. Scripts that are written from right to left or whose letters change shape need more than a font; they,
and everything that no font has, cannot be set here: `can_set` says so, and `markup` puts a question mark in the place.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from xml.sax.saxutils import escape

from matplotlib import get_data_path
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

BODY, BOLD, ITALIC = "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique"
# Font -> the character set that it covers, in the order in which they are asked.
ASIAN = {
    "HeiseiKakuGo-W5": "euc_jp",
    "STSong-Light": "gb2312",
    "MSung-Light": "big5",
    "HYGothic-Medium": "euc_kr",
}
FROM_THE_RIGHT = ("R", "AL", "AN", "RLE", "RLO", "RLI")
MISSING = "?"


@cache
def register() -> None:
    """Tell ReportLab of the fonts; again and again costs nothing."""
    folder = Path(get_data_path()) / "fonts" / "ttf"
    for name in (BODY, BOLD, ITALIC):
        pdfmetrics.registerFont(TTFont(name, folder / f"{name}.ttf"))
    pdfmetrics.registerFontFamily(BODY, normal=BODY, bold=BOLD, italic=ITALIC, boldItalic=BOLD)
    for name in ASIAN:
        pdfmetrics.registerFont(UnicodeCIDFont(name))


def tidy(text: str) -> str:
    """The text composed, in one line, and without pictures, joiners and other signs that are not writing."""
    kept = (sign for sign in unicodedata.normalize("NFC", text) if unicodedata.category(sign) not in NOT_WRITING)
    return " ".join("".join(" " if sign.isspace() else sign for sign in kept if not _is_selector(sign)).split())


NOT_WRITING = ("So", "Cs", "Cf", "Co", "Cn", "Sk")


def _is_selector(sign: str) -> bool:
    return "\ufe00" <= sign <= "\ufe0f"


def can_set(text: str) -> bool:
    """Whether every sign of the text is there."""
    return all(font for font, _ in runs(text))


def is_embedded(text: str) -> bool:
    """Whether the text looks the same everywhere, for its font is in the file."""
    return all(font == BODY for font, _ in runs(text))


@lru_cache(4096)
def runs(text: str) -> tuple[tuple[str, str], ...]:
    """The text in pieces with the font of each; an empty name where there is none."""
    register()
    found: list[tuple[str, str]] = []
    for in_body, piece in _pieces(text):
        if in_body:
            found.append((BODY, piece))
        elif font := _asian(piece):
            found.append((font, piece))
        else:
            found += [(_asian(sign), sign) for sign in piece]
    return tuple(found)


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Runs of signs that the body's font has, and of others."""
    known = pdfmetrics.getFont(BODY).face.charToGlyph
    piece, inside = "", True
    for sign in text:
        here = ord(sign) in known and unicodedata.bidirectional(sign) not in FROM_THE_RIGHT
        if piece and here != inside:
            yield inside, piece
            piece = ""
        piece, inside = piece + sign, here
    if piece:
        yield inside, piece


def _asian(text: str) -> str:
    """The first font that has all of the text; empty for none."""
    for font, charset in ASIAN.items():
        try:
            text.encode(charset)
        except UnicodeEncodeError:
            continue
        return font
    return ""


@lru_cache(4096)
def markup(text: str) -> str:
    """The text for a paragraph: escaped, with its fonts, and with a question mark for what cannot be set."""
    parts = []
    for font, piece in runs(text):
        said = escape(piece) if font else MISSING
        parts.append(said if font in (BODY, "") else f'<font name="{font}">{said}</font>')
    return "".join(parts)


@lru_cache(4096)
def width(text: str, size: float, *, bold: bool = False) -> float:
    """Points that the text takes in one line."""
    return sum(
        float(
            pdfmetrics.stringWidth(
                piece if font else MISSING, BOLD if bold and font in (BODY, "") else font or BODY, size
            )
        )
        for font, piece in runs(text)
    )
