"""Whether a question is still the same: what candidates see of it, and what a format does not bring back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from questions import markdown
from questions.interchange.exchange import ForeignQuestion, Format, Limits, Unreadable

GENEROUS = Limits(text=10_000_000)
CODE = re.compile(r"(<pre>.*?</pre>)", re.DOTALL)


def canonical(question: ForeignQuestion) -> ForeignQuestion:
    """The question with its options in an order that means nothing to candidates and that every format can keep.

    Steps stand in their right order and matches in the order of their prompts; what is not part of the key follows.
    """
    if question.kind == "ordering":
        options = sorted(question.options, key=lambda option: option.position or len(question.options) + 1)
        return replace(question, options=tuple(options))
    if question.kind == "matching":
        order = list(dict.fromkeys(prompt.option_index for prompt in question.prompts))
        order = [index for index in order if 0 <= index < len(question.options)]
        order += [index for index in range(len(question.options)) if index not in order]
        places = {old: new for new, old in enumerate(order)}
        return replace(
            question,
            options=tuple(question.options[index] for index in order),
            prompts=tuple(
                replace(prompt, option_index=places.get(prompt.option_index, -1)) for prompt in question.prompts
            ),
        )
    return question


def seen(html: str) -> str:
    """What readers see of HTML: a line break in its source means nothing, except in code."""
    return "".join(part if part.startswith("<pre>") else re.sub(r"\s+", " ", part) for part in CODE.split(html))


def shown(text: str) -> str:
    return seen(markdown.inline(text))


FIELDS: dict[str, Callable[[ForeignQuestion], object]] = {
    "identifier": lambda question: question.identifier,
    "title": lambda question: question.title,
    "kind": lambda question: question.kind,
    "wording of the stem": lambda question: shown(question.stem),
    "answers": lambda question: [(shown(option.text), option.correct, option.position) for option in question.options],
    "prompts": lambda question: [(shown(prompt.text), prompt.option_index) for prompt in question.prompts],
    "rationales of answers": lambda question: [shown(option.rationale) for option in question.options],
    "rationales of prompts": lambda question: [shown(prompt.rationale) for prompt in question.prompts],
    "references": lambda question: question.references,
    "tags": lambda question: question.tags,
    "exam and task": lambda question: (question.exam, question.task),
    "rating": lambda question: question.rating,
    "statistics": lambda question: question.statistics,
    "scenario": lambda question: (
        question.scenario and (question.scenario.identifier, question.scenario.title, shown(question.scenario.text))
    ),
}
WORDING = (
    "kind", "wording of the stem", "answers", "prompts", "rationales of answers", "rationales of prompts", "references",
)  # fmt: skip


def differences(one: ForeignQuestion, other: ForeignQuestion) -> list[str]:
    """The names of the fields in which the two differ; texts are compared as they are shown."""
    first, second = canonical(one), canonical(other)
    return [name for name, of in FIELDS.items() if of(first) != of(second)]


def changed_wording(one: ForeignQuestion, other: ForeignQuestion) -> list[str]:
    """The same for what candidates see before and after the exam."""
    first, second = canonical(one), canonical(other)
    return [name for name in WORDING if FIELDS[name](first) != FIELDS[name](second)]


def lost_by(format_: Format, question: ForeignQuestion) -> list[str]:
    """What the format does not bring back of the question, found out by doing it."""
    try:
        back = format_.read(format_.write([question]), GENEROUS).questions
    except Unreadable:
        back = ()
    return ["the question"] if len(back) != 1 else differences(question, back[0])
