"""Items of QTI 1.2 (``questestinterop``), as Canvas and others still write them: the simple ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from questions.interchange.exchange import ForeignOption, ForeignPrompt, ForeignQuestion
from questions.interchange.html import from_plain, to_markdown
from questions.interchange.notes import Dropped, Notes
from questions.interchange.qti.canonical import attribute, children, every, first, text_of

TYPED = ("response_str", "response_num", "response_xy", "response_grp", "response_na", "response_extension")
WHY_NOT = {
    "short_answer_question": "a text has to be typed",
    "fill_in_multiple_blanks_question": "texts have to be typed",
    "multiple_dropdowns_question": "it has drop-down lists inside a text",
    "essay_question": "it asks for an essay",
    "file_upload_question": "a file has to be uploaded",
    "numerical_question": "a number has to be typed",
    "calculated_question": "its numbers are drawn anew for everybody",
    "text_only_question": "it asks nothing",
}
IMAGES = ("matimage", "mataudio", "matvideo", "matapplet", "matapplication")
FOR_ALL = re.compile(r"general_fb", re.IGNORECASE)  # Canvas: shown after every response, so it explains the key
FOR_THE_RIGHT = re.compile(r"(general_)?correct(_fb)?", re.IGNORECASE)
MOST_ANSWERS = 200  # nobody asks for more, and a file that means harm would be slow to read
UNTITLED = re.compile(r"Question( [0-9]+)?")


@dataclass(slots=True)
class Scoring:
    """What the response processing says: points by response and value, and feedback by response and value."""

    points: dict[tuple[str, str], float] = field(default_factory=dict)
    feedback: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    steps: int = 0  # conditions that give points


def read_classic(item: etree._Element, notes: Notes) -> ForeignQuestion:
    """The question. Raises Dropped."""
    fields = {
        text_of(first(found, "fieldlabel")): text_of(first(found, "fieldentry"))
        for found in every(item, "qtimetadatafield")
    }
    kind = fields.get("question_type", "")
    presentation = first(item, "presentation")
    if kind in WHY_NOT:
        raise Dropped(WHY_NOT[kind])
    if presentation is None:
        raise Dropped("it has no presentation")
    if any(True for _ in every(presentation, *TYPED)):
        raise Dropped("it asks for something other than a choice")
    responses = list(every(presentation, "response_lid"))
    if not responses:
        raise Dropped("it asks nothing")
    if len(responses) > MOST_ANSWERS or any(
        sum(1 for _ in every(found, "response_label")) > MOST_ANSWERS for found in responses
    ):
        raise Dropped(f"it has more than {MOST_ANSWERS} answers")
    if any(attribute(found, "rcardinality").lower() == "ordered" for found in responses):
        raise Dropped("orderings of QTI 1.2 are written in too many ways")
    scoring = _scoring(item)
    stem = _material(presentation, notes, "stem", ("response_lid",))
    read = _choice if len(responses) == 1 else _matching
    title = attribute(item, "title")
    name, options, prompts = read(item, responses, scoring, notes)
    return ForeignQuestion(
        identifier=notes.where,
        kind=name,
        stem=stem,
        options=options,
        prompts=prompts,
        title="" if UNTITLED.fullmatch(title) else title,
    )


def _choice(
    item: etree._Element, responses: list[etree._Element], scoring: Scoring, notes: Notes
) -> tuple[str, tuple[ForeignOption, ...], tuple[ForeignPrompt, ...]]:
    response = responses[0]
    name, labels = attribute(response, "ident"), list(every(response, "response_label"))
    several = attribute(response, "rcardinality", "Single").lower() == "multiple"
    points = {value: score for (found, value), score in scoring.points.items() if found == name and score > 0}
    if several:
        if scoring.steps > 1:
            notes.dropped("partial credit", "a question is right or wrong here, nothing between")
        right = set(points)
    else:
        if len(set(points.values())) > 1:
            notes.dropped("partial credit", "a question is right or wrong here, nothing between")
        right = {value for value, score in points.items() if score == max(points.values())}
    if not right:
        notes.dropped("key", "the item names no correct response")
    feedback = _feedback_texts(item, notes)
    options = []
    for number, label in enumerate(labels, 1):
        ident, text = attribute(label, "ident"), _material(label, notes, f"answer {number}")
        if not text:
            notes.dropped(f"answer {number}", "it is empty")
            continue
        names = scoring.feedback.get((name, ident), [])
        own = [feedback.pop(found) for found in names if found in feedback]
        if ident in right:
            own += _shared(feedback, (FOR_ALL,) if own else (FOR_ALL, FOR_THE_RIGHT), notes)
        options.append(ForeignOption(text, "\n\n".join(filter(None, own)), correct=ident in right))
    _leftover(feedback, notes)
    return "multiple_response" if several else "multiple_choice", tuple(options), ()


def _matching(
    item: etree._Element, responses: list[etree._Element], scoring: Scoring, notes: Notes
) -> tuple[str, tuple[ForeignOption, ...], tuple[ForeignPrompt, ...]]:
    texts: dict[str, int] = {}
    prompts = []
    feedback = _feedback_texts(item, notes)
    for number, response in enumerate(responses, 1):
        name = attribute(response, "ident")
        if attribute(response, "rcardinality", "Single").lower() != "single":
            raise Dropped(f"it asks {len(responses)} things at once")
        places = {}
        for place, label in enumerate(every(response, "response_label"), 1):
            text = _material(label, notes, f"answer {place}")
            if not text:
                continue
            places[attribute(label, "ident")] = texts.setdefault(text, len(texts))
        right = [value for (found, value), score in scoring.points.items() if found == name and score > 0]
        if len(right) != 1 or right[0] not in places:
            raise Dropped("its pairs are not one for each prompt")
        named = [found for (of, _), names in scoring.feedback.items() if of == name for found in names]
        rationale = "\n\n".join(feedback.pop(found) for found in named if found in feedback)
        text = _material(response, notes, f"prompt {number}", ("render_choice",))
        prompts.append(ForeignPrompt(text, rationale, places[right[0]]))
    if scoring.steps > 1:
        notes.dropped("partial credit", "a question is right or wrong here, nothing between")
    _leftover(feedback, notes)
    return "matching", tuple(ForeignOption(text) for text in texts), tuple(prompts)


def _scoring(item: etree._Element) -> Scoring:
    scoring = Scoring()
    for condition in every(item, "respcondition"):
        variables = first(condition, "conditionvar")
        if variables is None:
            continue
        given = [
            (attribute(found, "respident"), text_of(found))
            for found in every(variables, "varequal")
            if not _negated(found)
        ]
        points = sum(_number(text_of(found)) for found in children(condition, "setvar"))
        links = [attribute(found, "linkrefid") for found in children(condition, "displayfeedback")]
        if points > 0 and given:
            scoring.steps += 1
            for pair in given:
                scoring.points[pair] = max(points, scoring.points.get(pair, 0))
        elif len(given) == 1:
            scoring.feedback.setdefault(given[0], []).extend(links)
    return scoring


def _negated(element: etree._Element) -> bool:
    return any(True for _ in element.iterancestors("not"))


def _number(text: str) -> float:
    return float(text) if re.fullmatch(r"[-+]?[0-9]{1,9}(\.[0-9]{1,9})?", text) else 0.0


def _feedback_texts(item: etree._Element, notes: Notes) -> dict[str, str]:
    found = {attribute(each, "ident"): _material(each, notes, "feedback") for each in children(item, "itemfeedback")}
    return {ident: text for ident, text in found.items() if text}


def _shared(feedback: dict[str, str], wanted: tuple[re.Pattern[str], ...], notes: Notes) -> list[str]:
    """The feedbacks of no single answer that explain the key, taken out of those that are left."""
    found = [name for name in feedback if any(pattern.fullmatch(name) for pattern in wanted)]
    for name in found:
        notes.converted(f"feedback {name}", "it became part of the key's rationale")
    return [feedback.pop(name) for name in found]


def _leftover(feedback: dict[str, str], notes: Notes) -> None:
    for ident in feedback:
        notes.dropped(f"feedback {ident[:40]}", "it belongs to no single answer")


def _material(element: etree._Element, notes: Notes, what: str, without: tuple[str, ...] = ()) -> str:
    """The texts in an element, except those inside its parts named in `without`."""
    parts = []
    for found in every(element, "mattext", "matemtext", *IMAGES):
        if any(parent.tag in without for parent in _up_to(found, element)):
            continue
        if found.tag in IMAGES:
            notes.dropped(f"{str(found.tag).removeprefix('mat')} in {what}", "questions hold text only")
            continue
        given = "".join(str(text) for text in found.itertext())
        if attribute(found, "texttype", "text/plain").lower() in ("text/html", "text/xhtml"):
            text, losses = to_markdown(given, notes.where, what)
        else:
            text, losses = from_plain(given, notes.where, what)
        notes.add(*losses)
        parts.append(text)
    return "\n\n".join(part for part in parts if part)


def _up_to(element: etree._Element, top: etree._Element) -> list[etree._Element]:
    found = []
    for parent in element.iterancestors():
        if parent is top:
            break
        found.append(parent)
    return found
