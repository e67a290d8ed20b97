"""A revision as its authors read it, complete or not: rendered, with key and rationales, under the authors' numbers.

Numbers, not letters: comments, checks and differences name places so (`questions.writing.PLACE`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from questions import markdown
from questions.models import Option, Prompt, Revision
from questions.writing import of_revision
from scoring.reports.wording import listed


@dataclass(frozen=True, slots=True)
class Line:
    """An option or a prompt; `right` where it belongs to the key."""

    place: str
    number: int
    html: str
    why: str
    verdict: str
    right: bool


@dataclass(frozen=True, slots=True)
class Wording:
    """What candidates see, and apart from it the key in words."""

    revision: Revision
    stem: str
    prompts: list[Line]
    options: list[Line]
    slots: int
    key: str

    @property
    def asks(self) -> str:
        """What stands between stem and options: "", "choose" or "order"."""
        return {"multiple_response": "choose", "ordering": "order"}.get(self.revision.kind, "")

    @property
    def places(self) -> list[str]:
        """Every place that can be remarked on, in reading order."""
        found = ["question", "stem"]
        if self.revision.scenario_revision_id:
            found.append("scenario")
        for line in self.prompts:
            found += [line.place, f"match {line.number}", f"prompt rationale {line.number}"]
        found.append("options")
        for line in self.options:
            found += [line.place, f"key {line.number}", f"rationale {line.number}"]
        found += [f"reference {row.number}" for row in self.revision.references.all()]
        return [*found, "references"]


def wording_of(revision: Revision) -> Wording:
    """Reads options, prompts and references, so prefetch them. What was never published is rendered now."""
    options, prompts = list(revision.options.all()), list(revision.prompts.all())
    key = revision.strategy.key(revision.content)
    fresh = revision.published_at is None
    shown = markdown.pictures_of(text for _, text in of_revision(revision).texts()) if fresh else {}
    return Wording(
        revision=revision,
        stem=revision.stem_html or markdown.stem(revision.stem, shown),
        prompts=[_prompt(row, options, shown) for row in prompts],
        options=[_option(row, revision.kind, key, shown) for row in options],
        slots=revision.strategy.slots(revision.content),
        key=_key(revision.kind, key),
    )


def _prompt(prompt: Prompt, options: Sequence[Option], shown: markdown.Pictures) -> Line:
    match = next((option.number for option in options if option.pk == prompt.option_id), None)
    return Line(
        place=f"prompt {prompt.number}",
        number=prompt.number,
        html=prompt.html or markdown.inline(prompt.text, shown),
        why=prompt.rationale_html or markdown.inline(prompt.rationale, shown),
        verdict=f"Belongs with option {match}" if match else "No option chosen yet",
        right=match is not None,
    )


def _option(option: Option, kind: str, key: Sequence[int], shown: markdown.Pictures) -> Line:
    places = [place for place, number in enumerate(key, 1) if number == option.number]
    right = bool(places)
    said = listed([str(place) for place in places])
    verdict = {
        "ordering": f"Step {said}" if right else "Stays out",
        "matching": f"Belongs to {said}" if right else "Belongs to none",
        "multiple_response": "Part of the key" if right else "Distractor",
    }.get(kind, "Key" if right else "Distractor")
    return Line(
        place=f"option {option.number}",
        number=option.number,
        html=option.html or markdown.inline(option.text, shown),
        why=option.rationale_html or markdown.inline(option.rationale, shown),
        verdict=verdict,
        right=right,
    )


def _key(kind: str, key: Sequence[int]) -> str:
    """Option 2; options 1 and 4; options 3, then 1; 1 with option 3, 2 with nothing yet."""
    if not key:
        return "not chosen yet"
    if kind == "matching":
        return ", ".join(
            f"{place} with {f'option {number}' if number else 'nothing yet'}" for place, number in enumerate(key, 1)
        )
    numbers = [str(number) for number in key]
    said = ", then ".join(numbers) if kind == "ordering" else listed(numbers)
    return f"option{'s' * (len(key) > 1)} {said}"
