"""Drafts as the editor's form posts them."""

from __future__ import annotations

from typing import Any

from questions.models import Revision
from questions.writing import Writing


def posted(writing: Writing, revision: Revision, **more: Any) -> dict[str, Any]:
    """The whole form with this wording, as it was loaded for the revision."""
    fields: dict[str, Any] = {
        "revision": revision.pk,
        "version": revision.lock_version,
        "stem": writing.stem,
        "option": [str(number) for number in range(1, len(writing.options) + 1)],
        "prompt": [str(number) for number in range(1, len(writing.prompts) + 1)],
        "reference": [str(number) for number in range(1, len(writing.references) + 1)],
        "correct": [str(number) for number, one in enumerate(writing.options, 1) if one.correct],
    }
    for number, option in enumerate(writing.options, 1):
        fields[f"option-{number}-text"], fields[f"option-{number}-rationale"] = option.text, option.rationale
        if option.position is not None:
            fields[f"option-{number}-position"] = option.position
    for number, prompt in enumerate(writing.prompts, 1):
        fields[f"prompt-{number}-text"], fields[f"prompt-{number}-rationale"] = prompt.text, prompt.rationale
        fields[f"prompt-{number}-match"] = prompt.option or ""
    for number, reference in enumerate(writing.references, 1):
        fields[f"reference-{number}-title"], fields[f"reference-{number}-url"] = reference.title, reference.url
    return fields | more
