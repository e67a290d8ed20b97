"""What counts as the wording of a question, and what the pack says beside it."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from questions.pack import schema
from questions.writing import Writing, of_pack

_ADDRESS: TypeAdapter[Any] = TypeAdapter(schema.Address)  # writes an address in one way, however it was typed


def mean_rating(values: list[int]) -> Decimal:
    """Mean of ratings in hundredths as an exact share with four decimals."""
    return (Decimal(sum(values)) / Decimal(100 * len(values))).quantize(Decimal("0.0001"))


def wording_of(question: schema.Question) -> dict[str, Any]:
    """What a candidate or reader of the review sees; a change here is a new revision."""
    return wording(of_pack(question))


def wording(writing: Writing) -> dict[str, Any]:
    """The same of anything that was written; its addresses must be sound."""
    return {
        "kind": writing.kind,
        "stem": writing.stem,
        "options": [
            {"text": one.text, "rationale": one.rationale, "correct": one.correct, "position": one.position}
            for one in writing.options
        ],
        "prompts": [[one.text, one.rationale, one.option] for one in writing.prompts],
        "references": [[one.title, str(_ADDRESS.validate_python(one.url))] for one in writing.references],
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
