"""A question as an assessment item, a scenario as an assessment stimulus."""

from __future__ import annotations

from lxml import etree

from questions.interchange.exchange import ForeignOption, ForeignPrompt, ForeignQuestion, ForeignScenario
from questions.interchange.qti.canonical import TOOL
from questions.interchange.qti.versions import Version
from questions.interchange.qti.xhtml import add_block, add_inline, is_inline, line

RESPONSE, SCORE, FEEDBACK = "RESPONSE", "SCORE", "FEEDBACK"
INTERACTIONS = {
    "multiple_choice": ("choiceInteraction", "single", "identifier"),
    "multiple_response": ("choiceInteraction", "multiple", "identifier"),
    "ordering": ("orderInteraction", "ordered", "identifier"),
    "matching": ("matchInteraction", "multiple", "directedPair"),
}


def write_item(question: ForeignQuestion, identifier: str, stimulus: str, version: Version) -> etree._Element:
    """The item; `stimulus` is the identifier of its stimulus, "" where it has none."""
    title = line(question.title) or identifier
    root = version.element(
        "assessmentItem", identifier=identifier, title=title, adaptive="false", timeDependent="false", toolName=TOOL
    )
    if not question.title:
        root.set("title", identifier)
    _, cardinality, base = INTERACTIONS[question.kind]
    declared = version.add(root, "responseDeclaration", identifier=RESPONSE, cardinality=cardinality, baseType=base)
    if values := _key(question):
        correct = version.add(declared, "correctResponse")
        for value in values:
            version.add(correct, "value", value)
    score = version.add(root, "outcomeDeclaration", identifier=SCORE, cardinality="single", baseType="float")
    version.add(version.add(score, "defaultValue"), "value", "0")
    explained = _explained(question)
    if explained:
        several = "single" if question.kind == "multiple_choice" else "multiple"
        version.add(root, "outcomeDeclaration", identifier=FEEDBACK, cardinality=several, baseType="identifier")
    if stimulus:
        version.add(root, "assessmentStimulusRef", identifier=stimulus, href=f"../stimuli/{stimulus}.xml")
    body = version.add(root, "itemBody")
    if question.stem.strip():
        add_block(body, question.stem, version)
    _interaction(body, question, version)
    _processing(root, question, explained, version)
    return root


def write_stimulus(scenario: ForeignScenario, identifier: str, version: Version) -> etree._Element:
    # The label keeps an identifier that QTI would not take.
    root = version.element(
        "assessmentStimulus",
        identifier=identifier,
        title=line(scenario.title),
        label=line(scenario.identifier),
        toolName=TOOL,
    )
    body = version.add(root, "stimulusBody")
    add_block(body, scenario.text, version)
    return root


def _option_id(index: int) -> str:
    return f"A{index + 1}"


def _prompt_id(index: int) -> str:
    return f"P{index + 1}"


def _key(question: ForeignQuestion) -> list[str]:
    options = list(enumerate(question.options))
    if question.kind == "matching":
        return [
            f"{_prompt_id(index)} {_option_id(prompt.option_index)}" for index, prompt in enumerate(question.prompts)
        ]
    if question.kind == "ordering":
        placed = sorted((option.position, index) for index, option in options if option.position is not None)
        return [_option_id(index) for _, index in placed]
    return [_option_id(index) for index, option in options if option.correct]


def _explained(question: ForeignQuestion) -> list[str]:
    """The identifiers of what has a rationale."""
    return [_option_id(index) for index, option in enumerate(question.options) if option.rationale.strip()] + [
        _prompt_id(index) for index, prompt in enumerate(question.prompts) if prompt.rationale.strip()
    ]


def _interaction(body: etree._Element, question: ForeignQuestion, version: Version) -> None:
    name, _, _ = INTERACTIONS[question.kind]
    count = len(_key(question))
    most = "1" if question.kind == "multiple_choice" else str(count) if count > 1 else "0"  # 0: as many as one likes
    limits = {
        "choiceInteraction": {"maxChoices": most, "minChoices": "0"},
        "orderInteraction": {}
        if count == len(question.options) or not count
        else {"minChoices": "1", "maxChoices": str(count)},
        "matchInteraction": {"maxAssociations": str(count)},
    }[name]
    element = version.add(body, name, responseIdentifier=RESPONSE, shuffle="true", **limits)
    if question.kind == "matching":
        prompts = version.add(element, "simpleMatchSet")
        for index, prompt in enumerate(question.prompts):
            _answer(prompts, "simpleAssociableChoice", _prompt_id(index), prompt, version, matchMax="1")
        options = version.add(element, "simpleMatchSet")
        for index, option in enumerate(question.options):
            most = str(len(question.prompts))
            _answer(options, "simpleAssociableChoice", _option_id(index), option, version, matchMax=most)
        return
    for index, option in enumerate(question.options):
        _answer(element, "simpleChoice", _option_id(index), option, version)


def _answer(
    parent: etree._Element,
    name: str,
    identifier: str,
    content: ForeignOption | ForeignPrompt,
    version: Version,
    **attributes: str,
) -> None:
    element = version.add(parent, name, identifier=identifier, **attributes)
    add_inline(element, content.text, version)
    if not content.rationale.strip():
        return
    shown = {"outcomeIdentifier": FEEDBACK, "identifier": identifier, "showHide": "show"}
    if is_inline(content.rationale):
        add_inline(version.add(element, "feedbackInline", **shown), content.rationale, version)
        return
    feedback = version.add(element, "feedbackBlock", **shown)
    add_block(version.add(feedback, "contentBody") if version.hyphens else feedback, content.rationale, version)


def _processing(root: etree._Element, question: ForeignQuestion, explained: list[str], version: Version) -> None:
    """All or nothing, as everywhere here; then the feedback."""
    processing = version.add(root, "responseProcessing")
    if _key(question):
        condition = version.add(processing, "responseCondition")
        right = version.add(condition, "responseIf")
        match = version.add(right, "match")
        version.add(match, "variable", identifier=RESPONSE)
        version.add(match, "correct", identifier=RESPONSE)
        _set(right, SCORE, "float", "1", version)
        _set(version.add(condition, "responseElse"), SCORE, "float", "0", version)
    if not explained:
        return
    setting = version.add(processing, "setOutcomeValue", identifier=FEEDBACK)
    if INTERACTIONS[question.kind][0] == "choiceInteraction":
        version.add(setting, "variable", identifier=RESPONSE)  # what was chosen explains itself
        return
    everything = version.add(setting, "multiple")
    for identifier in explained:
        version.add(everything, "baseValue", identifier, baseType="identifier")


def _set(parent: etree._Element, outcome: str, base: str, value: str, version: Version) -> None:
    version.add(version.add(parent, "setOutcomeValue", identifier=outcome), "baseValue", value, baseType=base)
