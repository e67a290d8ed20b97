"""What the acts of a question's life take from a form."""

from __future__ import annotations

from django import forms

BIGGEST = 2**31 - 1  # that the database's numbers hold


class ActForm(forms.Form):
    """Which wording was read, in which version, and what is said about it. The services judge the rest."""

    revision = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    version = forms.IntegerField(required=False, min_value=0, max_value=BIGGEST)
    current = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    reviewer = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    comment = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    place = forms.CharField(required=False, max_length=30)
    rule = forms.CharField(required=False, max_length=60)
    text = forms.CharField(required=False, strip=False)

    @property
    def problem(self) -> str:
        """One sentence on what no page of ours sends."""
        if self["text"].errors:
            return "The text holds a character that cannot be kept."
        return "This page sent something that cannot be read; please load it again."
