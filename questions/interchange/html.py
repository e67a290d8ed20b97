"""HTML from other systems into our Markdown: paragraphs, breaks, lists, code, tables, emphasis, links and headings.

Everything else becomes its text or goes, and is named. Nothing active survives: what comes out is text for our own
renderer, which knows no raw HTML, and no attribute but a link's https address is ever read into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lxml import etree

from questions import markdown
from questions.interchange.escaping import TAGS, code_span, escaped, fenced, line_starts, paragraphs, visible
from questions.interchange.exchange import Limits, Loss, Severity
from questions.interchange.tables import table
from questions.interchange.text import tidy

BREAK = "\x1e"  # a line break, until the text around it is known; `tidy` leaves none in what is read
EDGE = "\x1d"  # the end of a code span, for two of them side by side would run together
LONGEST = 200_000  # characters of HTML; of what is longer, and will be dropped as too long, only the text is read
DEEPEST = 40  # levels of elements; what is deeper keeps its text only

PLAIN = {
    "html", "body", "div", "span", "section", "article", "main", "header", "footer", "label", "address",
    "figure", "figcaption", "center", "small", "big", "abbr", "cite", "q", "bdi", "bdo", "time", "wbr",
    "nobr", "tbody", "thead", "tfoot", "mark", "ins",
}  # fmt: skip
BLOCKS = {
    "p", "div", "ul", "ol", "li", "pre", "table", "blockquote", "hr", "h1", "h2", "h3", "h4", "h5", "h6",
    "dl", "dt", "dd", "section", "article", "main", "header", "footer", "address", "figure", "figcaption",
    "center", "tr", "td", "th", "caption", "tbody", "thead", "tfoot",
}  # fmt: skip
STRONG, EMPHASIS, CODE = {"b", "strong"}, {"i", "em", "var", "dfn"}, {"code", "tt", "kbd", "samp"}
GONE = {
    "script": "a script", "style": "a style sheet", "iframe": "an embedded page", "frame": "an embedded page",
    "object": "an embedded object", "embed": "an embedded object", "applet": "an embedded object", "svg": "a drawing",
    "canvas": "a drawing", "video": "a video", "audio": "a sound", "form": "a form", "input": "a form",
    "select": "a form", "textarea": "a form", "button": "a form", "link": "a style sheet", "template": "a template",
    "noscript": "text for browsers without scripts",
}  # fmt: skip
SILENT = {"head", "meta", "title", "base", "col", "colgroup", "source", "track", "param"}
SIGNS = {"sub": ("_", "subscript"), "sup": ("^", "superscript")}
TEXT_ONLY = {"u": "underline", "s": "strike-through", "strike": "strike-through", "del": "strike-through",
             "font": "a typeface or colour", "math": "a formula in MathML"}  # fmt: skip
# To the end of its line where it has none itself, so that those after it need not look for one again.
IMAGE = re.compile(r"!\[([^\[\]]*)\]\([^)\n]*(\))?")
MATHS = re.compile(r"\\\(|\\\[|\$\$|\\begin\{")


def to_markdown(html: str, where: str, what: str) -> tuple[str, list[Loss]]:
    """Our Markdown for a piece of HTML, and what was lost of it.

    `where` is the question's identifier, `what` names the text for the losses, such as "answer 2".
    """
    html = tidy(html)
    losses = Losses(where, what)
    if MATHS.search(html):
        losses.converted("mathematical notation", "formulas are not set, so they stay as text")
    if "<" not in html and "&" not in html:
        return paragraphs(" ".join(html.split())), losses.all
    if len(html) > LONGEST:
        losses.converted("formatting", "the text is too long for it")
        return paragraphs(TAGS.sub(" ", html)), losses.all
    root = _tree(html)
    if root is None:
        return "", losses.all
    text = Writer(losses, emphasis=True).document(root)
    if "*" in text and len(text) <= Limits.from_settings().text:  # nobody renders what will be dropped as too long
        plain = Writer(Losses(where, what), emphasis=False).document(root)
        # Asterisks beside certain signs are no emphasis to a Markdown reader; then the words count more.
        if visible(markdown.block(text)) != visible(markdown.block(plain)):
            losses.converted("emphasis", "it stands where Markdown cannot express it")
            text = plain
    return text, losses.all


def from_plain(text: str, where: str, what: str) -> tuple[str, list[Loss]]:
    """Our Markdown for plain text in which line breaks count and nothing is markup."""
    losses = Losses(where, what)
    if MATHS.search(text):
        losses.converted("mathematical notation", "formulas are not set, so they stay as text")
    return paragraphs(tidy(text)), losses.all


def from_markdown(text: str, where: str, what: str) -> tuple[str, list[Loss]]:
    """Markdown as it is, with a word about what our renderer will not show."""
    losses = Losses(where, what)
    if MATHS.search(text):
        losses.converted("mathematical notation", "formulas are not set, so they stay as text")
    if IMAGE.search(text):
        losses.converted("an image", "images do not come with the file; its description stays as text")
        text = IMAGE.sub(lambda found: f"[image: {found[1]}]" if found[2] else found[0], text)
    return tidy(text), losses.all


def _tree(html: str) -> etree._Element | None:
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False, recover=True
    )
    try:
        return etree.fromstring(f"<div>{html}</div>".encode(), parser)
    except (etree.XMLSyntaxError, ValueError):  # pragma: no cover - libxml2 recovers from everything we know of
        return None


class Losses:
    """The losses of one text, each kind of thing once."""

    def __init__(self, where: str, what: str) -> None:
        self.where, self.what = where, what
        self._found: dict[Loss, None] = {}  # in order; looked up often where a file means harm

    @property
    def all(self) -> list[Loss]:
        return list(self._found)

    def _add(self, thing: str, why: str, severity: Severity) -> None:
        self._found[Loss(self.where, f"{thing} in {self.what}", why, severity)] = None

    def converted(self, thing: str, why: str) -> None:
        self._add(thing, why, Severity.CONVERTED)

    def dropped(self, thing: str, why: str) -> None:
        self._add(thing, why, Severity.DROPPED)


class Writer:
    """One walk over a tree of elements."""

    def __init__(self, losses: Losses, *, emphasis: bool) -> None:
        self.losses, self.emphasis = losses, emphasis
        self.depth = 0

    def document(self, root: etree._Element) -> str:
        return "\n\n".join(self.blocks(root))

    # ---- blocks ----------------------------------------------------------------------------------------------------

    def blocks(self, element: etree._Element) -> list[str]:
        """The element's content as blocks of Markdown."""
        if self.depth >= DEEPEST:
            self.losses.converted("deep nesting", "only its text is kept")
            return self._paragraphs([self.text(_all_text(element))])
        self.depth += 1
        found: list[str] = []
        run: list[str] = [self.text(element.text)]
        for child in element:
            if self._is_block(child):
                found += self._paragraphs(run)
                run = []
                found += self.block(child, found[-1] if found else "")
            else:
                run.append(self.inline(child))
            run.append(self.text(child.tail))
        self.depth -= 1
        return found + self._paragraphs(run)

    def _is_block(self, element: etree._Element) -> bool:
        tag = element.tag
        if tag in GONE or tag in SILENT:
            return False
        return tag in BLOCKS or (
            tag in (PLAIN | STRONG | EMPHASIS | {"a", "u", "font"})
            and any(inner.tag in BLOCKS for inner in element.iter())
        )

    def _paragraphs(self, run: list[str]) -> list[str]:
        """Text between blocks: two line breaks in a row make a paragraph of their own."""
        found = []
        for part in re.split(rf" *{BREAK}(?:[ {BREAK}]*{BREAK})+ *", self._line("".join(run))):
            lines = [line.strip() for line in part.strip(f"{BREAK} ").split(BREAK)]
            if any(lines):
                found.append("\\\n".join(line_starts(line) for line in lines if line))
        return found

    def _line(self, text: str) -> str:
        return re.sub(r" +", " ", text.replace(EDGE + EDGE, " ").replace(EDGE, ""))

    def block(self, element: etree._Element, before: str) -> list[str]:
        """One block element; `before` is the block in front of it, for lists must not run together."""
        self._attributes(element)
        tag = str(element.tag)
        special: dict[str, Callable[[], list[str]]] = {
            "pre": lambda: [fenced(self._raw(element))],
            "hr": lambda: ["***"],
            "ul": lambda: self._list(element, before),
            "ol": lambda: self._list(element, before),
            "table": lambda: table(self, element),
            "blockquote": lambda: [_indented("\n\n".join(self.blocks(element)), "> ", "> ")],
        }
        if tag in special:
            return [text for text in special[tag]() if text.strip("> \n")]
        if re.fullmatch("h[1-6]", tag):
            return self._heading(element, tag)
        if tag in ("dl", "dt", "dd"):
            self.losses.converted("a list of definitions", "it became paragraphs")
        return self.blocks(element)

    def _heading(self, element: etree._Element, tag: str) -> list[str]:
        if tag not in ("h4", "h5"):
            self.losses.converted("a heading", "headings in questions have two levels of their own")
        text = self.cell(element)
        if text.endswith("#"):  # they would be taken for the end of the heading
            start = text.rstrip("#")
            text = f"{start}\\{text[len(start) :]}"
        return [f"{'#####' if tag in ('h5', 'h6') else '####'} {text}"] if text else []

    def _list(self, element: etree._Element, before: str) -> list[str]:
        items = []
        start = element.get("start", "1")
        number = int(start) if re.fullmatch("[0-9]{1,6}", start) else 1
        marks = ("-", "*") if element.tag == "ul" else (".", ")")
        same = re.match(r"[0-9]*([-*.)]) ", before)
        mark = marks[1] if same and same[1] == marks[0] else marks[0]
        for item in element:
            if item.tag in GONE:
                self.inline(item)
                continue
            sign = f"{number}{mark} " if element.tag == "ol" else f"{mark} "
            inside = self.blocks(item)
            if not inside:
                continue
            tight = all(re.match(r"([-*]|[0-9]+[.)]) ", text) for text in inside[1:])
            items.append(_indented(("\n" if tight else "\n\n").join(inside), sign, " " * len(sign)))
            number += 1
        loose = any("\n\n" in item for item in items) or any(part.tag == "p" for item in element for part in item)
        return [("\n\n" if loose else "\n").join(items)]

    def _raw(self, element: etree._Element) -> str:
        """Text as typed, for code."""
        parts: list[str] = []
        walk = etree.iterwalk(element, events=("start", "end"))
        for event, inner in walk:
            if event == "end":
                parts.append("" if inner is element else inner.tail or "")
            elif inner.tag in GONE:
                walk.skip_subtree()
            else:
                parts.append("\n" if inner.tag == "br" else inner.text or "")
        return "".join(parts).replace("\xa0", " ")

    # ---- inside a line ---------------------------------------------------------------------------------------------

    def text(self, text: str | None) -> str:
        return escaped(re.sub(r"[\s\xa0]+", " ", text or ""))

    def cell(self, element: etree._Element) -> str:
        """The content of an element that has to stay on one line."""
        text = self._line(self.inside(element)).strip(f"{BREAK} ")
        if BREAK in text:
            self.losses.converted("a line break", "it stands where Markdown has one line only")
        return " ".join(text.replace(BREAK, " ").split())

    def inside(self, element: etree._Element) -> str:
        if self.depth >= DEEPEST:
            self.losses.converted("deep nesting", "only its text is kept")
            return self.text(_all_text(element))
        self.depth += 1
        parts = [self.text(element.text)]
        for child in element:
            parts += [self.inline(child), self.text(child.tail)]
        self.depth -= 1
        return "".join(parts)

    def inline(self, element: etree._Element) -> str:
        self._attributes(element)
        tag = str(element.tag)
        if tag in GONE:
            self.losses.dropped(GONE[tag], "questions hold text only")
            return ""
        if tag in SILENT:
            return ""
        if tag == "br":
            return BREAK
        if tag == "img":
            return self._image(element)
        if tag in CODE:
            return f"{EDGE}{code_span(self._raw(element))}{EDGE}"
        if tag in STRONG:
            return self._marked(element, "**")
        if tag in EMPHASIS:
            return self._marked(element, "*")
        if tag == "a":
            return self._link(element)
        if tag in SIGNS:
            sign, name = SIGNS[tag]
            self.losses.converted(name, f"it became text after {sign}")
            return escaped(sign) + self.inside(element).strip()
        if tag in TEXT_ONLY:
            self.losses.converted(TEXT_ONLY[tag], "only its text is kept")
        elif tag not in PLAIN and tag not in BLOCKS:
            self.losses.converted(f"the element {tag[:20]}", "only its text is kept")
        inner = self.inside(element)
        return f" {inner} " if tag in BLOCKS else inner

    def _marked(self, element: etree._Element, sign: str) -> str:
        inner = self.inside(element)
        core = inner.strip(f"{BREAK}{EDGE} ")
        if not self.emphasis or not core:
            return inner
        start = inner.index(core)
        return f"{inner[:start]}{sign}{core}{sign}{inner[start + len(core) :]}"

    def _link(self, element: etree._Element) -> str:
        inner, href = self.inside(element), (element.get("href") or "").strip()
        if not href:
            return inner
        if not re.fullmatch(r"https://[^\s<>()\\]{1,1900}", href):
            self.losses.converted("a link", "only https addresses are kept, so its text stays")
            return inner
        return f"[{inner.replace(BREAK, ' ').strip() or escaped(href)}]({href})"

    def _image(self, element: etree._Element) -> str:
        self.losses.dropped("an image", "images are not taken over; its description stays as text")
        alternative = self.text(element.get("alt")).strip()
        return escaped(f"[image: {alternative}]") if alternative else escaped("[image]")

    def _attributes(self, element: etree._Element) -> None:
        for name in map(str, element.attrib):
            if name.lower().startswith("on"):
                self.losses.dropped("an event handler", "questions hold no scripts")
            elif name == "style":
                self.losses.converted("a style", "every question looks the same")


def _all_text(element: etree._Element) -> str:
    return "".join(map(str, element.itertext()))


def _indented(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join([first + lines[0], *((rest + line).rstrip() for line in lines[1:])])
