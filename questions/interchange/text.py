"""Bytes and characters from anywhere into text that can be kept."""

from __future__ import annotations

import codecs
import re

from questions.interchange.exchange import Loss, Severity

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LOOKED_AT, BEGINNING = 2_000, 20_000
# Control characters, half surrogates and what Unicode calls no characters: PostgreSQL refuses the first of them, and
# nobody can see the others.
UNKEPT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]")


def decode(data: bytes) -> tuple[str, list[Loss]]:
    """The text of a plain-text file, and what was not certain about it.

    By its byte order mark, as UTF-16 without one where every other byte is empty, as UTF-8, or as Western European,
    which is then named.
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            try:
                return data.decode("utf-8-sig" if mark == codecs.BOM_UTF8 else encoding), []
            except UnicodeDecodeError:
                break
    if encoding := _utf16(data):
        try:
            return data.decode(encoding), []
        except UnicodeDecodeError:
            pass
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    why = "it is not valid UTF-8, so it was read as Western European (Windows-1252)"
    return text, [Loss("", "character encoding", why, Severity.CONVERTED)]


def beginning(data: bytes) -> str:
    """The beginning of a file as text, "" where it is none."""
    text, _ = decode(data[:BEGINNING])
    return "" if "\0" in text else text


def _utf16(data: bytes) -> str:
    """The UTF-16 that Western text without a mark is in, "" if in none."""
    start = data[:LOOKED_AT]
    even, odd = start[::2].count(0), start[1::2].count(0)
    if max(even, odd) * 4 < len(start):  # half of the bytes of plain English, less of other Western languages
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def tidy(text: str) -> str:
    """Text as it can be stored: one kind of line break, no control characters, nothing around it."""
    return UNKEPT.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
