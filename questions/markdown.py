"""Authors' Markdown to safe HTML, once, when a revision is published."""

from __future__ import annotations

import html as escaping
import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import nh3

from questions.mentions import HASH, PARSER, alt_of, hashes
from questions.models.images import Image

ALLOWED = {
    "a", "blockquote", "br", "code", "em", "h4", "h5", "hr", "img", "li", "ol", "p", "pre", "strong", "sub", "sup",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href"},
    "img": {"alt", "class", "decoding", "height", "src", "width"},
    "ol": {"start"},
    "td": {"align"},
    "th": {"align", "scope"},
}
# Addresses that may stand in a question: an image of ours, or a page elsewhere.
LEADS = {
    ("a", "href"): re.compile(r"https:.*", re.IGNORECASE | re.DOTALL),
    ("img", "src"): re.compile(r"/images/[0-9a-f]{64}\.(png|jpg|webp)"),
}
_TAG = r"(?:[^>\"]|\"[^\"]*\")*>"
_IMG = re.compile(rf"<img\b{_TAG}")
_ALT = re.compile(r'\balt="([^"]*)"')
_PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)


class Picture(Protocol):
    """What is shown of an image; `questions.models.Image` is one."""

    @property
    def address(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


Pictures = Mapping[str, Picture]  # by content hash


def pictures_of(texts: Iterable[str]) -> Pictures:
    """The images that these texts show. One statement, none when they show none."""
    wanted = hashes(texts)
    return Image.objects.light().in_bulk(list(wanted)) if wanted else {}


def _image(renderer: Any, tokens: Any, place: int, options: Any, env: Any) -> str:
    """An image of ours that says what it shows; any other is left out.

    It is loaded at once, hidden or not: a page that was opened must not need the network for the next question.
    """
    token = tokens[place]
    named = HASH.fullmatch(str(token.attrGet("src") or ""))
    picture = env["pictures"].get(named[1]) if named else None
    alt = alt_of(token)
    if picture is None or not alt:
        return ""
    return (
        f'<img class="picture" src="{picture.address}" alt="{escaping.escape(alt)}" '
        f'width="{picture.width}" height="{picture.height}" decoding="async">'
    )


PARSER.add_render_rule("image", _image)


def _align_by_attribute(html: str) -> str:
    """Tables carry their alignment as an attribute: our policy allows no style attributes."""
    for side in ("left", "center", "right"):
        html = html.replace(f' style="text-align:{side}"', f' align="{side}"')
    return html


def _empty_corners(html: str) -> str:
    """The corner of a table with heads on two sides heads nothing."""
    return html.replace("<th></th>", "<td></td>")


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Inside the application a question has nowhere to lead, and shows only what lies here."""
    leads = LEADS.get((tag, name))
    return value if leads is None or leads.fullmatch(value) else None


def _clean(html: str) -> str:
    """nh3 removes whatever else a link, an image or a table could smuggle in."""
    return nh3.clean(
        _empty_corners(_align_by_attribute(html)),
        tags=ALLOWED,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"https"},
        url_relative="pass_through",  # `_attribute` has the word on these
        link_rel="noopener noreferrer",
    )


def block(text: str, pictures: Pictures | None = None) -> str:
    """Paragraphs, lists, code and tables.

    `pictures` are those of `pictures_of`, for whoever renders many texts; without them they are looked up.
    """
    known = pictures_of([text]) if pictures is None else pictures
    return _clean(PARSER.render(text, {"pictures": known})).strip()


def inline(text: str, pictures: Pictures | None = None) -> str:
    """One run of text without a paragraph around it; texts with several blocks keep their blocks."""
    html = block(text, pictures)
    if html.startswith("<p>") and html.count("<p>") == 1 and html.endswith("</p>"):
        return html[3:-4]
    return html


def stem(text: str, pictures: Pictures | None = None) -> str:
    """A stem: its last paragraph of words is the question proper and is marked so."""
    html = block(text, pictures)
    starts = [one.start() for one in _PARAGRAPH.finditer(html) if _IMG.sub("", one[1]).strip()]
    return f'{html[: starts[-1]]}<p class="ask">{html[starts[-1] + 3 :]}' if starts else html


def without_images(html: str) -> str:
    """Rendered Markdown with each image's words, still escaped, in its place."""
    return _IMG.sub(_words, html) if "<img" in html else html


def _words(image: re.Match[str]) -> str:
    alt = _ALT.search(image[0])
    return alt[1] if alt else ""
