"""Interactions into our four kinds."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from questions.interchange.exchange import ForeignOption, ForeignPrompt
from questions.interchange.notes import Dropped, Notes
from questions.interchange.qti.canonical import attribute, children, drop, flag
from questions.interchange.qti.feedback import CHOICES, Feedback
from questions.interchange.qti.keys import Key
from questions.interchange.qti.texts import markdown_of

UNSUPPORTED = {
    "textEntryInteraction": "a text has to be typed",
    "extendedTextInteraction": "it asks for an essay",
    "inlineChoiceInteraction": "it has drop-down lists inside a text",
    "hottextInteraction": "words of a text have to be picked",
    "associateInteraction": "pairs are made within one set",
    "hotspotInteraction": "a place in an image has to be picked",
    "selectPointInteraction": "a place in an image has to be picked",
    "graphicOrderInteraction": "places in an image have to be ordered",
    "graphicAssociateInteraction": "places in an image have to be joined",
    "graphicGapMatchInteraction": "images have to be placed in an image",
    "positionObjectInteraction": "an object has to be placed in an image",
    "uploadInteraction": "a file has to be uploaded",
    "drawingInteraction": "something has to be drawn",
    "mediaInteraction": "it plays a recording",
    "sliderInteraction": "a number has to be set on a slider",
    "customInteraction": "it runs a program of its own",
    "portableCustomInteraction": "it runs a program of its own",
    "endAttemptInteraction": "it has only a button",
}
MOST_ANSWERS = 200  # nobody asks for more, and a file that means harm would be slow to read
SUPPORTED = ("choiceInteraction", "orderInteraction", "matchInteraction", "gapMatchInteraction")


@dataclass(frozen=True, slots=True)
class Answerable:
    kind: str
    options: tuple[ForeignOption, ...]
    prompts: tuple[ForeignPrompt, ...] = ()


def read_interaction(element: etree._Element, key: Key, feedback: Feedback, notes: Notes) -> Answerable:
    """What can be answered in one of the SUPPORTED interactions. Raises Dropped."""
    if sum(1 for _ in element.iter(*CHOICES, "gap")) > MOST_ANSWERS:
        raise Dropped(f"it has more than {MOST_ANSWERS} answers")
    if attribute(element, "shuffle").lower() == "false" or any(flag(choice, "fixed") for choice in element.iter()):
        notes.converted("fixed order of answers", "answers stand in an order of their own on every form")
    if element.tag == "choiceInteraction":
        return _choice(element, key, feedback, notes)
    if element.tag == "orderInteraction":
        return _order(element, key, feedback, notes)
    if element.tag == "matchInteraction":
        return _match(element, key, feedback, notes)
    return _gaps(element, key, feedback, notes)


def _texts(choices: list[etree._Element], notes: Notes, name: str = "answer") -> list[str]:
    return [markdown_of(choice, notes, f"{name} {number}") for number, choice in enumerate(choices, 1)]


def _rationales(choices: list[etree._Element], feedback: Feedback, name: str = "answer") -> list[str]:
    return [
        feedback.of(attribute(choice, "identifier"), f"feedback of {name} {number}")
        for number, choice in enumerate(choices, 1)
    ]


def _choice(element: etree._Element, key: Key, feedback: Feedback, notes: Notes) -> Answerable:
    choices = children(element, "simpleChoice")
    names = [attribute(choice, "identifier") for choice in choices]
    right = [index for index, name in enumerate(names) if name in key.values]
    limit = attribute(element, "maxChoices", "1")
    several = key.cardinality == "multiple" and limit != "1"
    if not right:
        notes.dropped("key", "the item names no correct response")
    elif several and limit != str(len(right)):
        notes.converted("number of answers to choose", f"candidates are told to choose {len(right)}")
    rationales = feedback.rest(_rationales(choices, feedback), right)
    return Answerable(
        "multiple_response" if several else "multiple_choice",
        tuple(
            ForeignOption(text, rationale, correct=index in right)
            for index, (text, rationale) in enumerate(zip(_texts(choices, notes), rationales, strict=True))
        ),
    )


def _order(element: etree._Element, key: Key, feedback: Feedback, notes: Notes) -> Answerable:
    choices = children(element, "simpleChoice")
    places = {name: number for number, name in enumerate(key.values, 1)}
    if not places:
        notes.dropped("key", "the item names no correct response")
    rationales = feedback.rest(_rationales(choices, feedback, "step"), [])
    return Answerable(
        "ordering",
        tuple(
            ForeignOption(text, rationale, position=places.get(attribute(choice, "identifier")))
            for choice, text, rationale in zip(choices, _texts(choices, notes, "step"), rationales, strict=True)
        ),
    )


def _match(element: etree._Element, key: Key, feedback: Feedback, notes: Notes) -> Answerable:
    sets = [children(found, "simpleAssociableChoice") for found in children(element, "simpleMatchSet")]
    if len(sets) != 2:
        raise Dropped("a matching needs two sets")
    names = [[attribute(choice, "identifier") for choice in found] for found in sets]
    pairs = {(a, b) if a in names[0] else (b, a) for a, b in key.pairs}
    pairs = {(a, b) for a, b in pairs if a in names[0] and b in names[1]}
    if not pairs:
        raise Dropped("the item names no correct pairs")
    if not _one_each(names[0], [a for a, _ in pairs]):
        if not _one_each(names[1], [b for _, b in pairs]):
            raise Dropped("its pairs are not one for each prompt")
        sets, pairs = sets[::-1], {(b, a) for a, b in pairs}
        notes.converted("the two sets", "they changed places, so that each prompt has one answer")
    return _matching(sets[0], sets[1], dict(pairs), _texts(sets[0], notes, "prompt"), feedback, notes)


def _gaps(element: etree._Element, key: Key, feedback: Feedback, notes: Notes) -> Answerable:
    if children(element, "gapImg"):
        raise Dropped("images have to be placed in gaps")
    gaps, choices = list(element.iter("gap")), children(element, "gapText")
    names = [attribute(gap, "identifier") for gap in gaps]
    pairs = [(a, b) if a in names else (b, a) for a, b in key.pairs]
    if not pairs:
        raise Dropped("the item names no correct words for its gaps")
    if not _one_each(names, [a for a, _ in pairs]):
        raise Dropped("its pairs are not one for each gap")
    notes.converted("gaps in a text", "each became a prompt of a matching question")
    texts = [f"Gap {number}" for number in range(1, len(gaps) + 1)]
    answerable = _matching(gaps, choices, dict(pairs), texts, feedback, notes)
    for number, gap in enumerate(gaps, 1):
        gap.tag, gap.text = "span", f" ({number}) ____ "
    for choice in choices:
        drop(choice)
    return answerable


def _matching(
    prompts: list[etree._Element],
    options: list[etree._Element],
    pairs: dict[str, str],
    texts: list[str],
    feedback: Feedback,
    notes: Notes,
) -> Answerable:
    places = {attribute(option, "identifier"): index for index, option in enumerate(options)}
    answers = [places.get(pairs[attribute(prompt, "identifier")]) for prompt in prompts]
    if None in answers:
        raise Dropped("its key names answers that it does not have")
    rationales = _rationales(prompts, feedback, "prompt")
    reasons = feedback.rest(_rationales(options, feedback), [])
    return Answerable(
        "matching",
        tuple(ForeignOption(text, reason) for text, reason in zip(_texts(options, notes), reasons, strict=True)),
        tuple(
            ForeignPrompt(text, rationale, answer)
            for text, rationale, answer in zip(texts, rationales, answers, strict=True)
            if answer is not None
        ),
    )


def _one_each(names: list[str], given: list[str]) -> bool:
    return sorted(names) == sorted(given) and len(set(names)) == len(names)
