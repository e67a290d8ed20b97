"""Images as authors write them: ``![what it shows](image:<sha256>)``, in packs also ``image:<file name>``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

# "html: False" shows an author's raw HTML as text.
PARSER = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")

HASH = re.compile(r"image:([0-9a-f]{64})")
FILE = re.compile(r"image:([A-Za-z0-9][A-Za-z0-9._\-]{0,99})")
_WRITTEN = re.compile(r"!\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(\s*<?image:[^)]*\)")

NO_ALT = "An image has no words that say what it shows: write ![what it shows](image:…)."
FOREIGN = "An image comes from elsewhere: upload it here and write the address that it gets, image:…"


@dataclass(frozen=True, slots=True)
class Mention:
    """An image in a text: its words and its address, as written."""

    alt: str
    source: str

    @property
    def sha256(self) -> str:
        """The content hash that it names, "" when it names none."""
        found = HASH.fullmatch(self.source)
        return found[1] if found else ""

    @property
    def file(self) -> str:
        """The file of a pack that it names, "" when it names none."""
        found = FILE.fullmatch(self.source)
        return found[1] if found and not self.sha256 else ""


def mentions(text: str) -> list[Mention]:
    """The images of a text; what stands in code is none."""
    if "![" not in text:
        return []
    return [Mention(alt_of(token), str(token.attrGet("src") or "")) for token in _images(PARSER.parse(text))]


def hashes(texts: Iterable[str]) -> set[str]:
    """Content hashes of all images that these texts show."""
    return {one.sha256 for text in texts for one in mentions(text)} - {""}


def alt_of(token: Token) -> str:
    """What stands in the brackets, as plain words on one line."""
    renderer = PARSER.renderer
    assert isinstance(renderer, RendererHTML)
    return " ".join(renderer.renderInlineAsText(token.children or [], PARSER.options, {}).split())


def problems(text: str) -> list[str]:
    """What can be said against a text's images without a look at the bank, in sentences."""
    found = mentions(text)
    wrong = [NO_ALT] if any(not one.alt for one in found) else []
    return [*wrong, FOREIGN] if any(not one.sha256 for one in found) else wrong


def words(text: str) -> str:
    """The text with each image's words in its place: an address says nothing and has a length of its own."""
    return _WRITTEN.sub(r"\1", text) if "image:" in text else text


def _images(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.type == "image":
            yield token
        elif token.children:
            yield from _images(token.children)
