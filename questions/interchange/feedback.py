"""Rationales and references inside a question's general feedback, for formats that have no place of their own.

It is HTML that people can read: lists with class names by which they are found again.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lxml import etree

from questions import markdown
from questions.interchange.exchange import ForeignOption, ForeignPrompt, ForeignQuestion, ForeignReference
from questions.interchange.html import to_markdown
from questions.interchange.notes import Notes
from questions.interchange.text import tidy

OPTIONS, PROMPTS, REFERENCES = "cutscore-options", "cutscore-prompts", "cutscore-references"


@dataclass(frozen=True, slots=True)
class General:
    """What stood in the general feedback: rationales in the order of options and prompts, and anything else."""

    options: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    references: tuple[ForeignReference, ...] = ()
    other: str = ""


def written(question: ForeignQuestion, *, rationales: bool) -> str:
    """The HTML; with the rationales only where `rationales` says that they have no other place."""
    parts = []
    if rationales:
        parts += [_list(OPTIONS, question.options), _list(PROMPTS, question.prompts)]
    if question.references:
        entries = "".join(
            f'<li><a href="{html.escape(one.url)}">{html.escape(one.title)}</a></li>' for one in question.references
        )
        parts.append(f'<ul class="{REFERENCES}">{entries}</ul>')
    return "".join(parts)


def _list(name: str, parts: Sequence[ForeignOption | ForeignPrompt]) -> str:
    if not any(part.rationale.strip() for part in parts):
        return ""
    entries = (f"<dt>{markdown.inline(one.text)}</dt><dd>{markdown.block(one.rationale)}</dd>" for one in parts)
    return f'<dl class="{name}">{"".join(entries)}</dl>'


def read(text: str, notes: Notes) -> General:
    """The lists that `written` made, and the rest as Markdown."""
    if "cutscore-" not in text:
        return General(other=notes.text(to_markdown(text, notes.where, "general feedback")))
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, recover=True)
    root = etree.fromstring(f"<div>{tidy(text)}</div>".encode(), parser)
    references = []
    for link in (link for found in _classed(root, REFERENCES) for link in found.iter("a")):
        title = " ".join("".join(map(str, link.itertext())).split())
        if re.match("https?://", url := str(link.get("href", "")).strip()):
            references.append(ForeignReference(title, url))
        else:
            notes.dropped(f"reference {title}", "its address is no web address")
    general = General(
        _rationales(root, OPTIONS, "answer", notes), _rationales(root, PROMPTS, "prompt", notes), tuple(references)
    )
    for name in (OPTIONS, PROMPTS, REFERENCES):
        for element in _classed(root, name):
            for child in list(element):
                element.remove(child)
            element.text, element.tag = None, "span"  # which says nothing; what follows it stays
    rest = etree.tostring(root, method="html", encoding="unicode")
    return replace(general, other=notes.text(to_markdown(rest, notes.where, "general feedback")))


def _classed(root: etree._Element, name: str) -> list[etree._Element]:
    return [element for element in root.iter("dl", "ul") if element.get("class") == name]


def _rationales(root: etree._Element, name: str, what: str, notes: Notes) -> tuple[str, ...]:
    found = []
    entries = [entry for found in _classed(root, name) for entry in found.iterchildren("dd")]
    for number, entry in enumerate(entries, 1):
        inner = etree.tostring(entry, method="html", encoding="unicode", with_tail=False)
        inner = re.sub(r"^<dd[^>]*>|</dd>$", "", inner)
        found.append(notes.text(to_markdown(inner, notes.where, f"rationale of {what} {number}")))
    return tuple(found)


def explained(question: ForeignQuestion, general: General, notes: Notes) -> ForeignQuestion:
    """The question with what its general feedback held.

    Feedback that belongs to no answer becomes the rationale of the key if that has none.
    """
    options, prompts = list(question.options), list(question.prompts)
    for number, rationale in enumerate(general.options[: len(options)]):
        options[number] = replace(options[number], rationale=options[number].rationale or rationale)
    for number, rationale in enumerate(general.prompts[: len(prompts)]):
        prompts[number] = replace(prompts[number], rationale=prompts[number].rationale or rationale)
    if general.other:
        _place_rest(general.other, options, prompts, notes)
    return replace(
        question, options=tuple(options), prompts=tuple(prompts), references=question.references + general.references
    )


def _place_rest(text: str, options: list[ForeignOption], prompts: list[ForeignPrompt], notes: Notes) -> None:
    if prompts:
        if not prompts[0].rationale:
            prompts[0] = replace(prompts[0], rationale=text)
            notes.converted("general feedback", "it became the rationale of the first prompt")
            return
    else:
        key = next((number for number, one in enumerate(options) if one.correct or one.position == 1), None)
        if key is not None and not options[key].rationale:
            options[key] = replace(options[key], rationale=text)
            notes.converted("general feedback", "it became the rationale of the key, which had none")
            return
    notes.dropped("general feedback", "rationales stand with the answers here, and the key has one already")
