"""One vocabulary for all versions of QTI.

QTI 3.0 writes ``qti-choice-interaction response-identifier``, 2.x ``choiceInteraction responseIdentifier``; the
namespaces differ with every version. Everything that reads sees the 2.x names without a namespace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from questions.interchange.exchange import Limits
from questions.interchange.text import tidy
from questions.interchange.xml import parse

MATHML = ("http://www.w3.org/1998/Math/MathML", "http://www.w3.org/2010/Math/MathML")
XINCLUDE = "http://www.w3.org/2001/XInclude"
OURS = "urn:cutscore:interchange:1"
TOOL = "Cutscore"
ACCESSIBILITY = ("apip", "ssml", "synthesis")  # in a namespace: spoken and other alternatives
DOCTYPE = re.compile(rb"<!DOCTYPE\s+[\w:.-]+(?:\s+(?:SYSTEM|PUBLIC|\"[^\"<>\[]*\"|'[^'<>\[]*'))*\s*>", re.IGNORECASE)
PROLOGUE = 4_096
HYPHEN = re.compile(r"-([a-z])")


def canonical(data: bytes, limits: Limits) -> etree._Element:
    """The root of a document with canonical names. Raises Unreadable."""
    root = parse(_without_doctype(data), limits)
    for element in root.iter("*"):
        name = etree.QName(element)
        element.tag, is_qti = _tag(name.namespace or "", name.localname)
        renamed = [
            (camel(etree.QName(key).localname) if is_qti else etree.QName(key).localname, value)
            for key, value in element.attrib.items()
            if isinstance(key, str)
        ]
        element.attrib.clear()
        for key, value in renamed:
            element.set(key, str(value))
    return root


def _without_doctype(data: bytes) -> bytes:
    """The document without a document type that declares nothing itself.

    Files of QTI 1.2 and pages of HTML name theirs. It is never fetched, so it may as well go; one that brings
    declarations of its own stays, and is refused.
    """
    found = DOCTYPE.search(data, 0, PROLOGUE)
    return data[: found.start()] + data[found.end() :] if found else data


def _tag(namespace: str, local: str) -> tuple[str, bool]:
    if namespace in MATHML:
        return (local if local == "math" else f"math-{local}"), False
    if namespace == XINCLUDE:
        return f"xi-{local}", False
    if namespace == OURS:
        return f"cutscore-{local}", False
    if any(part in namespace for part in ACCESSIBILITY):
        return f"spoken-{local}", False
    if local.startswith("qti-"):
        return camel(local[4:]), True
    return local, local != local.lower()


def camel(name: str) -> str:
    """``response-identifier`` as ``responseIdentifier``; data attributes stay."""
    return name if name.startswith(("data-", "aria-")) else HYPHEN.sub(lambda found: found[1].upper(), name)


def children(element: etree._Element, *tags: str) -> list[etree._Element]:
    return [child for child in element if child.tag in tags]


def first(element: etree._Element, *path: str) -> etree._Element | None:
    """The first element down a path of child names."""
    found: etree._Element | None = element
    for tag in path:
        found = next(iter(children(found, tag)), None) if found is not None else None
    return found


def every(element: etree._Element, *tags: str) -> Iterator[etree._Element]:
    return element.iter(*tags)


def text_of(element: etree._Element | None) -> str:
    """All text inside, one space for each run of white space."""
    return " ".join(tidy("".join(str(part) for part in element.itertext())).split()) if element is not None else ""


def attribute(element: etree._Element, name: str, default: str = "") -> str:
    return tidy(str(element.get(name, default)))


def flag(element: etree._Element, name: str) -> bool:
    return attribute(element, name).lower() in ("true", "1", "yes")


def drop(element: etree._Element) -> None:
    """Take an element out of its tree; the text after it stays."""
    parent = element.getparent()
    if parent is None:
        return
    tail = element.tail or ""
    before = element.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(element)
