"""One form field as our pages show it: label, control, hint and errors, tied together for screen readers."""

from __future__ import annotations

from typing import Any

from django import template
from django.forms import BoundField

from accounts.devices import described

register = template.Library()


@register.inclusion_tag("accounts/field.html")
def field(bound: BoundField, *, label: str = "", hint: str | None = None, autofocus: bool = False) -> dict[str, Any]:
    """`hint` replaces the field's help text; an empty one removes it."""
    if hint is not None:
        bound.help_text = hint  # Django names it in aria-describedby, together with the errors
    # allauth repeats the label as a placeholder; the label is enough.
    attributes: dict[str, str | bool] = {"class": "input", "placeholder": False}
    if autofocus and not bound.form.is_bound:
        attributes["autofocus"] = True
    return {"field": bound, "label": label or bound.label, "control": bound.as_widget(attrs=attributes)}


@register.filter
def browser(user_agent: str) -> str:
    """A browser's own description of itself, in words."""
    return described(user_agent)
