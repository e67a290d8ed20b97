"""Questions as Moodle XML. Texts are HTML, so that Moodle shows what we show."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from questions import markdown
from questions.interchange import feedback
from questions.interchange.collecting import SCENARIO_TAG
from questions.interchange.escaping import plain_of
from questions.interchange.exchange import ForeignQuestion, ForeignScenario
from questions.interchange.fidelity import canonical
from questions.interchange.places import ROOT, path_of
from questions.interchange.text import UNKEPT


def write(questions: Sequence[ForeignQuestion]) -> bytes:
    """The file; a category stands before the first question of each place, a description before the first of a case."""
    root = etree.Element("quiz")
    path, cases = ROOT, set[str]()
    for question in questions:
        if path_of(question) != path:
            path = path_of(question)
            category = etree.SubElement(root, "question", type="category")
            _text(category, "category", path)
        if question.scenario and question.scenario.identifier not in cases:
            cases.add(question.scenario.identifier)
            _description(root, question.scenario)
        _question(root, canonical(question))
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return data


def percent(count: int) -> str:
    """The share of one of `count` answers as Moodle writes it; it knows certain shares only."""
    return f"{100 / max(count, 1):.5f}".rstrip("0").rstrip(".")


def _inline(text: str) -> str:
    """Images stay here, and their words stand for them there: an address of ours leads nowhere in Moodle."""
    return markdown.without_images(markdown.inline(text))


def _text(parent: etree._Element, name: str, text: str, format_: str = "") -> etree._Element:
    element = etree.SubElement(parent, name, {"format": format_} if format_ else {})
    etree.SubElement(element, "text").text = UNKEPT.sub("", text)
    return element


def _value(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, name).text = UNKEPT.sub("", text)


def _head(root: etree._Element, kind: str, identifier: str, title: str, text: str) -> etree._Element:
    element = etree.SubElement(root, "question", type=kind)
    _text(element, "name", title or identifier)
    _text(element, "questiontext", markdown.without_images(markdown.block(text)), "html")
    return element


def _description(root: etree._Element, scenario: ForeignScenario) -> None:
    element = _head(root, "description", scenario.identifier, scenario.title, scenario.text)
    _value(element, "idnumber", scenario.identifier)


def _question(root: etree._Element, question: ForeignQuestion) -> None:
    kind = {"ordering": "ordering", "matching": "matching"}.get(question.kind, "multichoice")
    element = _head(root, kind, question.identifier, question.title, question.stem)
    _text(element, "generalfeedback", feedback.written(question, rationales=kind == "matching"), "html")
    _value(element, "defaultgrade", "1")
    _value(element, "penalty", "0")
    _value(element, "hidden", "0")
    _value(element, "idnumber", question.identifier)
    {"ordering": _ordering, "matching": _matching}.get(question.kind, _choice)(element, question)
    tags = [*question.tags, *([f"{SCENARIO_TAG}{question.scenario.identifier}"] if question.scenario else [])]
    if tags:
        parent = etree.SubElement(element, "tags")
        for tag in tags:
            _text(parent, "tag", tag)


def _choice(element: etree._Element, question: ForeignQuestion) -> None:
    single = question.kind == "multiple_choice"
    share = "100" if single else percent(sum(option.correct for option in question.options))
    _value(element, "single", "true" if single else "false")
    _value(element, "shuffleanswers", "true")
    _value(element, "answernumbering", "ABCD")
    for option in question.options:
        # Where several are to be chosen a wrong one takes a right one's points away: guessing all earns nothing.
        wrong = "0" if single else f"-{share}"
        _answer(element, option.text, option.rationale, share if option.correct else wrong)


def _answer(element: etree._Element, text: str, rationale: str, fraction: str) -> None:
    answer = _text(element, "answer", _inline(text), "html")
    answer.set("fraction", fraction)
    _text(answer, "feedback", _inline(rationale), "html")


def _matching(element: etree._Element, question: ForeignQuestion) -> None:
    _value(element, "shuffleanswers", "true")
    for prompt in question.prompts:
        pair = _text(element, "subquestion", _inline(prompt.text), "html")
        known = 0 <= prompt.option_index < len(question.options)
        _text(pair, "answer", plain_of(question.options[prompt.option_index].text) if known else "")
    used = {prompt.option_index for prompt in question.prompts}
    for index, option in enumerate(question.options):
        if index not in used:
            pair = _text(element, "subquestion", "", "html")
            _text(pair, "answer", plain_of(option.text))


def _ordering(element: etree._Element, question: ForeignQuestion) -> None:
    _value(element, "layouttype", "VERTICAL")
    _value(element, "selecttype", "ALL")
    _value(element, "selectcount", "0")
    _value(element, "gradingtype", "ALL_OR_NOTHING")
    _value(element, "showgrading", "SHOW")
    _value(element, "numberingstyle", "none")
    placed = [option for option in question.options if option.position is not None]
    for number, option in enumerate(placed, 1):
        _answer(element, option.text, option.rationale, str(number))
