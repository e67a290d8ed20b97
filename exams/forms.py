"""What staff fill in."""

from __future__ import annotations

from django import forms

from exams.services.clock import MOST_GRANTED


class ClockForm(forms.Form):
    """Nothing but a yes."""


class GrantForm(ClockForm):
    """Extra minutes. `warned` holds the minutes for which it was said that a window's end would cut them."""

    minutes = forms.IntegerField(
        label="Extra minutes", min_value=1, max_value=MOST_GRANTED, help_text=f"For each person, 1 to {MOST_GRANTED}."
    )
    extend_window = forms.BooleanField(
        label="Extend the window for these people",
        required=False,
        help_text="Only where its end would cut these minutes, and only as far as they need.",
    )
    warned = forms.IntegerField(required=False, widget=forms.HiddenInput)
