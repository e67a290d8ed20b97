"""Words and navigation of the pages about a question's life."""

from __future__ import annotations

import re
from typing import Any

from django import template

from scoring.reports import judging, reviews

register = template.Library()

NAMES = {
    "question": "The question as a whole",
    "stem": "Stem",
    "scenario": "Case study",
    "options": "Options as a whole",
    "prompts": "Prompts as a whole",
    "references": "References as a whole",
    "key": "Option {}, its part in the key",
    "rationale": "Option {}, rationale",
    "prompt": "Prompt {}",
    "prompt rationale": "Prompt {}, rationale",
    "match": "Prompt {}, match",
    "option": "Option {}",
    "reference": "Reference {}",
}
NUMBERED = re.compile(r"(.+) (\d+)")


@register.filter
def place_name(place: str) -> str:
    """rationale 3 -> Option 3, rationale."""
    if found := NUMBERED.fullmatch(place):
        return NAMES.get(found[1], "{}").format(found[2])
    return "Order of the options" if place == "order" else NAMES.get(place, place)


@register.inclusion_tag("bank/life/nav.html", takes_context=True)
def bank_nav(context: dict[str, Any], here: str = "") -> dict[str, Any]:
    """The bank's own navigation, with how much waits for this person. Two statements."""
    user = context["user"]
    return {"here": here, "waiting": reviews.waiting_count(user), "to_judge": judging.waiting_count(user)}
