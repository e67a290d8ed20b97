"""Our Markdown as the XHTML that QTI allows."""

from __future__ import annotations

from html.parser import HTMLParser

from lxml import etree

from questions import markdown
from questions.interchange.qti.versions import Version
from questions.interchange.text import UNKEPT

VOID = ("br", "hr")
BLOCKS = {"blockquote", "h4", "h5", "hr", "ol", "p", "pre", "table", "ul"}


def add_block(parent: etree._Element, text: str, version: Version) -> None:
    """Paragraphs, lists, code and tables as children of `parent`, which is empty and gets at least one."""
    _build(parent, markdown.block(clean(text)), version)
    _wrap(parent, version.html("p"))
    if not len(parent):
        etree.SubElement(parent, version.html("p"))


def add_inline(parent: etree._Element, text: str, version: Version) -> None:
    """One run of text, or the blocks of a longer one."""
    _build(parent, markdown.inline(clean(text)), version)


def is_inline(text: str) -> bool:
    """Whether a text can stand in a line."""
    probe = etree.Element("probe")
    _Builder(probe, "").feed(markdown.without_images(markdown.inline(clean(text))))
    return not any(etree.QName(element).localname in BLOCKS for element in probe.iterdescendants())


def clean(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return UNKEPT.sub("", text)


def line(text: str) -> str:
    """Text as it can stand in an attribute."""
    return " ".join(clean(text).split())


def _build(parent: etree._Element, html: str, version: Version) -> None:
    builder = _Builder(parent, f"{{{version.items}}}")
    builder.feed(markdown.without_images(html))  # an address of ours leads nowhere outside, so the words stand
    builder.close()


def _wrap(parent: etree._Element, paragraph: str) -> None:
    """Put what stands bare into paragraphs: a heading of a level that our cleaner does not know is text alone."""
    children, run = list(parent), None
    if (parent.text or "").strip():
        run = etree.Element(paragraph)
        run.text, parent.text = parent.text, None
        parent.insert(0, run)
    for child in children:
        if etree.QName(child).localname in BLOCKS:
            run = None
            if (child.tail or "").strip():
                run = etree.Element(paragraph)
                run.text, child.tail = child.tail, None
                child.addnext(run)
            continue
        if run is None:
            run = etree.Element(paragraph)
            child.addprevious(run)
        run.append(child)


class _Builder(HTMLParser):
    """A tree out of HTML that our own cleaner wrote: every element is closed, every attribute known."""

    def __init__(self, parent: etree._Element, namespace: str) -> None:
        super().__init__(convert_charrefs=True)
        self._open, self._namespace = [parent], namespace

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a" and not dict(attrs).get("href"):
            tag = "span"  # the cleaner took an address away that it does not allow
        element = etree.SubElement(self._open[-1], f"{self._namespace}{tag}")
        for name, value in attrs:
            self._attribute(element, name, value or "")
        if tag not in VOID:
            self._open.append(element)

    def _attribute(self, element: etree._Element, name: str, value: str) -> None:
        # QTI's tables know no alignment and its lists no first number, so both go where readers of ours find them.
        if name == "align":
            element.set("class", f"qti-align-{value}")
        elif name == "start":
            element.set("class", f"start-{value}")
        elif name in ("href", "scope"):
            element.set(name, value)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        element = self._open.pop()
        if tag == "table" and not any(etree.QName(child).localname == "tbody" for child in element):
            self._empty_body(element)

    def _empty_body(self, table: etree._Element) -> None:
        """A table of heads alone still needs a body of one row."""
        body = etree.SubElement(table, f"{self._namespace}tbody")
        row = etree.SubElement(body, f"{self._namespace}tr")
        for _ in table[0].iter(f"{self._namespace}th", f"{self._namespace}td"):
            etree.SubElement(row, f"{self._namespace}td")

    def handle_data(self, data: str) -> None:
        parent = self._open[-1]
        if len(parent):
            parent[-1].tail = (parent[-1].tail or "") + data
        else:
            parent.text = (parent.text or "") + data
