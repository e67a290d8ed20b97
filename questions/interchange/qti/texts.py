"""Pieces of an item's body into Markdown."""

from __future__ import annotations

import copy
import re

from lxml import etree

from questions.interchange.html import to_markdown
from questions.interchange.notes import Notes
from questions.interchange.qti.canonical import drop, text_of

KEPT = {"href", "alt", "align", "start", "colspan", "rowspan", "style"}
ALIGNED = re.compile(r"(?:^|\s)qti-align-(left|center|right)(?:\s|$)")
STARTED = re.compile(r"(?:^|\s)start-([0-9]{1,6})(?:\s|$)")
SILENT = ("stylesheet", "spoken-apipAccessibility", "spoken-accessibility")
BLOCKS = (
    "contentBody", "prompt", "infoControl", "rubricBlock", "stimulusBody", "itemBody", "feedbackBlock", "modalFeedback",
    "simpleChoice", "simpleAssociableChoice", "gapText",
)  # fmt: skip


def markdown_of(element: etree._Element | None, notes: Notes, what: str) -> str:
    """The content of an element; `what` names it for the losses. The element itself stays as it is."""
    if element is None:
        return ""
    piece = copy.deepcopy(element)
    piece.tail = None
    for found in list(piece.iter("catalogInfo")):
        notes.dropped(f"accessibility catalogue in {what}", "questions hold one text for everybody")
        drop(found)
    for found in list(piece.iter(*SILENT)):
        drop(found)
    for formula in list(piece.iter("math")):
        text = text_of(formula)
        for child in list(formula):
            formula.remove(child)
        formula.text = text
    for body in list(piece.iter("tbody")):
        if len(body) == 1 and not text_of(body) and not any(True for _ in body.iter("img", "object")):
            drop(body)  # QTI has no table without a body
    for inner in piece.iter():
        _plain(inner)
    html = etree.tostring(piece, method="html", encoding="unicode", with_tail=False)
    text, losses = to_markdown(html, notes.where, what)
    notes.add(*losses)
    return text


def _plain(element: etree._Element) -> None:
    """An element as HTML knows it."""
    tag, classes = str(element.tag), str(element.get("class", ""))
    if tag in BLOCKS:
        element.tag = "div"
    elif tag.startswith("spoken-") or tag in ("hottext", "feedbackInline"):
        element.tag = "span"
    if tag in ("td", "th") and (aligned := ALIGNED.search(classes)):
        element.set("align", aligned[1])
    if tag == "ol" and (started := STARTED.search(classes)):
        element.set("start", started[1])
    for name in list(element.attrib):
        if name not in KEPT and not str(name).lower().startswith("on"):
            del element.attrib[name]
