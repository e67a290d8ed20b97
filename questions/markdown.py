"""Authors' Markdown to safe HTML, once, when a revision is published."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt

ALLOWED = {
    "a", "blockquote", "br", "code", "em", "h4", "h5", "hr", "li", "ol", "p", "pre", "strong", "sub", "sup",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href"}, "td": {"align"}, "th": {"align", "scope"}, "ol": {"start"}}

# "html: False" shows an author's raw HTML as text; nh3 then removes whatever else a link or table could smuggle in.
_parser = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")


def _align_by_attribute(html: str) -> str:
    """Tables carry their alignment as an attribute: our policy allows no style attributes."""
    for side in ("left", "center", "right"):
        html = html.replace(f' style="text-align:{side}"', f' align="{side}"')
    return html


def _empty_corners(html: str) -> str:
    """The corner of a table with heads on two sides heads nothing."""
    return html.replace("<th></th>", "<td></td>")


def _clean(html: str) -> str:
    return nh3.clean(
        _empty_corners(_align_by_attribute(html)),
        tags=ALLOWED,
        attributes=ATTRIBUTES,
        url_schemes={"https"},
        url_relative="deny",  # inside the application a question has nowhere to lead
        link_rel="noopener noreferrer",
    )


def block(text: str) -> str:
    """Paragraphs, lists, code and tables."""
    return _clean(_parser.render(text)).strip()


def inline(text: str) -> str:
    """One run of text without a paragraph around it; texts with several blocks keep their blocks."""
    html = block(text)
    if html.startswith("<p>") and html.count("<p>") == 1 and html.endswith("</p>"):
        return html[3:-4]
    return html


def stem(text: str) -> str:
    """A stem: its last paragraph is the question proper and is marked so."""
    html = block(text)
    start = html.rfind("<p>")
    return html if start < 0 else f'{html[:start]}<p class="ask">{html[start + 3 :]}'
