"""What counts as the wording of a question, and what the pack says beside it."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any

from questions.kinds import KINDS
from questions.pack import schema


def mean_rating(values: list[int]) -> Decimal:
    """Mean of ratings in hundredths as an exact share with four decimals."""
    return (Decimal(sum(values)) / Decimal(100 * len(values))).quantize(Decimal("0.0001"))


def wording_of(question: schema.Question) -> dict[str, Any]:
    """What a candidate or reader of the review sees; a change here is a new revision."""
    return {
        "kind": KINDS[question.kind].name,
        "stem": question.stem,
        "options": [option.model_dump(exclude={"id"}) for option in question.options],
        "prompts": [
            [prompt.text, prompt.rationale, content.option]
            for prompt, content in zip(question.prompts, question.content.prompts, strict=True)
        ],
        "references": [[reference.title, str(reference.url)] for reference in question.references],
    }


def facts_of(question: schema.Question) -> dict[str, Any]:
    """What the pack says about a question beside its wording."""
    return {
        "placements": {place.exam: [place.task, sorted(place.topics)] for place in question.placements},
        "ratings": {exam: sorted(values) for exam, values in question.ratings.items()},
    }


def digest(content: dict[str, Any], *more: str) -> str:
    text = json.dumps([content, *more], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
