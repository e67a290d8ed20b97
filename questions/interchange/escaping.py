"""Literal text in Markdown: what our renderer shows is what was meant, letter for letter."""

from __future__ import annotations

import html
import re

from questions import markdown

INLINE = re.compile(r"[\\`*\[\]]|(?<![^\W_])_|_(?![^\W_])|<(?=[A-Za-z/!?])|&(?=#?\w+;)|!(?=\[)")
LINE_START = re.compile(r"(#{1,6}(?=\s|$)|[-+](?=\s|$)|>|\||:(?=[-\s|])|~{3}|=+$|-[-:|\s]*$)")
NUMBERED = re.compile(r"([0-9]{1,9})([.)])(?=\s|$)")
TAGS = re.compile(r"<[^<>]*>")  # with "<" inside, every one of many would look for an end on its own
WHITE = re.compile(r"\s+")


def escaped(text: str) -> str:
    """The text with a backslash before every sign that could be markup inside a line."""
    return INLINE.sub(lambda found: "\\" + found[0], text)


def line_starts(line: str) -> str:
    """A line, already escaped, with a backslash where its beginning could start a list, heading, table or rule."""
    line = LINE_START.sub(r"\\\1", line, count=1) if LINE_START.match(line) else line
    return NUMBERED.sub(r"\1\\\2", line, count=1) if NUMBERED.match(line) else line


def paragraphs(text: str) -> str:
    """Plain text in which single line breaks count and empty lines part paragraphs."""
    parts = re.split(r"\n[ \t]*\n\s*", text.strip())
    return "\n\n".join(
        "\\\n".join(line_starts(escaped(" ".join(line.split()))) for line in part.split("\n") if line.strip())
        for part in parts
        if part.strip()
    )


def longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def code_span(text: str) -> str:
    """Inline code, in as many backticks as it takes."""
    text = WHITE.sub(" ", text)
    if not text.strip():
        return text
    fence = "`" * (longest_run(text) + 1)
    # One space is taken off both ends if it is there, so it is put there where one is meant or a backtick stands.
    pad = " " if text[0] in " `" or text[-1] in " `" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def fenced(text: str) -> str:
    """A block of code. An empty one is nothing."""
    text = re.sub(r"\A(?:[^\S\n]*\n)+", "", text).rstrip()
    if not text.strip():
        return ""
    fence = "`" * max(3, longest_run(text) + 1)
    return f"{fence}\n{text}\n{fence}"


def visible(rendered: str) -> str:
    """The letters that a rendered text shows."""
    return WHITE.sub("", html.unescape(TAGS.sub("", rendered)))


def plain_of(text: str) -> str:
    """A piece of Markdown as it reads without any markup, on one line."""
    return " ".join(html.unescape(TAGS.sub("", markdown.inline(text))).split())
