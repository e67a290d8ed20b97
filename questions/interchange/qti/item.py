"""One assessment item of QTI 2.x or 3.0, in canonical names."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from questions.interchange.exchange import ForeignQuestion, ForeignScenario
from questions.interchange.notes import Dropped, Notes
from questions.interchange.qti.canonical import attribute, children, drop, first, flag, text_of
from questions.interchange.qti.feedback import Feedback
from questions.interchange.qti.interactions import SUPPORTED, UNSUPPORTED, read_interaction
from questions.interchange.qti.keys import key_of
from questions.interchange.qti.texts import markdown_of

FindScenario = Callable[[str, str, Notes], ForeignScenario | None]  # from an address and an identifier


def read_item(item: etree._Element, notes: Notes, scenario_at: FindScenario) -> ForeignQuestion:
    """The question. Raises Dropped. Takes the element apart."""
    body = first(item, "itemBody")
    if flag(item, "adaptive"):
        raise Dropped("it is adaptive: what it asks depends on earlier attempts")
    if children(item, "templateDeclaration", "templateProcessing"):
        raise Dropped("it is a template: its numbers are drawn anew for everybody")
    if body is None:
        raise Dropped("it has no body")
    scenario = _scenario(item, body, notes, scenario_at)
    feedback = Feedback(item, body, notes)
    _rubrics(body, notes)
    interaction = _only_interaction(body, notes)
    if _text_after(interaction, body):
        notes.converted("text after the answers", "it stands before the question now")
    answerable = read_interaction(
        interaction, key_of(item, attribute(interaction, "responseIdentifier"), notes), feedback, notes
    )
    title, identifier = attribute(item, "title"), attribute(item, "identifier")
    return ForeignQuestion(
        identifier=notes.where,
        kind=answerable.kind,
        stem=_stem(body, interaction, notes),
        options=answerable.options,
        prompts=answerable.prompts,
        title="" if title == identifier else " ".join(title.split()),
        tags=(label,) if (label := " ".join(attribute(item, "label").split())) else (),
        scenario=scenario,
    )


def _scenario(
    item: etree._Element, body: etree._Element, notes: Notes, scenario_at: FindScenario
) -> ForeignScenario | None:
    """The shared situation: a referenced stimulus, or an embedded document in QTI 2.x."""
    found: list[ForeignScenario] = []
    for reference in children(item, "assessmentStimulusRef"):
        scenario = scenario_at(attribute(reference, "href"), attribute(reference, "identifier"), notes)
        if scenario is not None:
            found.append(scenario)
    for embedded in list(body.iter("object", "xi-include")):
        address = attribute(embedded, "data") or attribute(embedded, "href")
        if "html" in attribute(embedded, "type") or address.lower().endswith((".html", ".xhtml", ".htm", ".xml")):
            scenario = scenario_at(address, "", notes)
            found += [scenario] if scenario is not None else []
            drop(embedded)
    for extra in found[1:]:
        notes.dropped(f"stimulus {extra.identifier}", "a question has one scenario")
    return found[0] if found else None


def _rubrics(body: etree._Element, notes: Notes) -> None:
    for rubric in list(body.iter("rubricBlock")):
        views = attribute(rubric, "view").split()
        if views and "candidate" not in views:
            if text_of(rubric):
                notes.dropped(f"rubric for the {' and the '.join(views)}", "questions hold what candidates see")
            drop(rubric)


def _only_interaction(body: etree._Element, notes: Notes) -> etree._Element:
    found = [element for element in body.iter() if isinstance(element.tag, str) and element.tag.endswith("Interaction")]
    buttons = [element for element in found if element.tag == "endAttemptInteraction"]
    if buttons and len(buttons) < len(found):
        notes.dropped("a button that ends the attempt", "sittings have buttons of their own")
        for button in buttons:
            drop(button)
        found = [element for element in found if element.tag != "endAttemptInteraction"]
    if not found:
        raise Dropped("it asks nothing")
    for element in found:
        if element.tag not in SUPPORTED:
            raise Dropped(UNSUPPORTED.get(str(element.tag), f"its {element.tag} is not known"))
    if len(found) > 1:
        raise Dropped(f"it asks {len(found)} things at once")
    return found[0]


def _text_after(interaction: etree._Element, body: etree._Element) -> bool:
    element: etree._Element | None = interaction
    while element is not None and element is not body:
        if (element.tail or "").strip() or any(text_of(later) for later in element.itersiblings()):
            return True
        element = element.getparent()
    return False


def _stem(body: etree._Element, interaction: etree._Element, notes: Notes) -> str:
    """The body without the interaction, then the prompt, then a text with gaps where there is one."""
    prompt = first(interaction, "prompt")
    parts = [markdown_of(prompt, notes, "prompt")]
    if interaction.tag == "gapMatchInteraction":
        if prompt is not None:
            drop(prompt)
        parts.append(markdown_of(_as_division(interaction), notes, "text with gaps"))
    drop(interaction)
    return "\n\n".join(part for part in [markdown_of(body, notes, "stem"), *parts] if part)


def _as_division(interaction: etree._Element) -> etree._Element:
    division = etree.Element("div")
    division.text = interaction.text
    division.extend(list(interaction))
    return division
