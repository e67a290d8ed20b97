"""What an author writes of a question, complete or not, and the names of the places in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from questions.kinds import KINDS, Content, Kind, OptionContent, PromptContent
from questions.models import Revision
from questions.pack import schema

# Places as comments, checks and differences name them.
PLACE = re.compile(
    r"question|stem|scenario|options|prompts|references"
    r"|(option|key|rationale|prompt|match|prompt rationale|reference) [1-9][0-9]?"
)


@dataclass(frozen=True, slots=True)
class ReferenceContent:
    """A documentation page as written."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Writing:
    """A question's wording as plain content, in the author's order. Anything may still be missing."""

    kind: str
    stem: str = ""
    options: tuple[OptionContent, ...] = field(default=())
    prompts: tuple[PromptContent, ...] = field(default=())
    references: tuple[ReferenceContent, ...] = field(default=())

    @property
    def strategy(self) -> Kind:
        return KINDS[self.kind]

    @property
    def content(self) -> Content:
        return Content(self.options, self.prompts)

    def texts(self) -> Iterator[tuple[str, str]]:
        """Every text in Markdown under the name of its place."""
        yield "stem", self.stem
        for number, option in enumerate(self.options, 1):
            yield f"option {number}", option.text
            yield f"rationale {number}", option.rationale
        for number, prompt in enumerate(self.prompts, 1):
            yield f"prompt {number}", prompt.text
            yield f"prompt rationale {number}", prompt.rationale


def of_revision(revision: Revision) -> Writing:
    """What stands in the bank; reads options, prompts and references, so prefetch them (`with_content`)."""
    content = revision.content
    return Writing(
        kind=revision.kind,
        stem=revision.stem,
        options=content.options,
        prompts=content.prompts,
        references=tuple(ReferenceContent(row.title, row.url) for row in revision.references.all()),
    )


def of_pack(question: schema.Question) -> Writing:
    """What a pack says."""
    content = question.content
    return Writing(
        kind=question.kind,
        stem=question.stem,
        options=content.options,
        prompts=content.prompts,
        references=tuple(ReferenceContent(row.title, str(row.url)) for row in question.references),
    )


def place_of(path: str) -> str:
    """The name of the place that a path names: ``options.2.rationale`` is "rationale 3".

    Paths count from 0, as the kinds and the schema do.
    """
    parent, _, rest = path.partition(".")
    number, _, child = rest.partition(".")
    if not number.isdigit():
        return parent if PLACE.fullmatch(parent) else "question"
    names = {
        "options": {"rationale": "rationale", "correct": "key", "position": "key"},
        "prompts": {"rationale": "prompt rationale", "option": "match"},
    }
    single = parent.removesuffix("s")
    place = f"{names.get(parent, {}).get(child, single)} {int(number) + 1}"
    return place if PLACE.fullmatch(place) else "question"
