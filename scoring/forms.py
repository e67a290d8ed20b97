"""What candidates fill in after an exam."""

from __future__ import annotations

from typing import Any

from django import forms

from scoring import problem_reports
from scoring.models import ProblemReport
from scoring.models.reports import LONGEST
from scoring.problem_reports import SHORTEST


class ProblemForm(forms.Form):
    """What is wrong with a question. Length is counted by the service: browsers send line ends as two characters."""

    category = forms.ChoiceField(
        label="What is wrong",
        choices=[("", "Choose one"), *ProblemReport.Category.choices],
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose what kind of problem it is."),
    )
    text = forms.CharField(
        label="Describe it",
        widget=forms.Textarea({"rows": 5, "minlength": SHORTEST, "maxlength": LONGEST}),
        help_text=f"{SHORTEST} to {LONGEST:,} characters. Authors do not see who you are, so leave your name out.",
        error_messages={"required": f"Say in at least {SHORTEST} characters what is wrong."},
    )

    def clean_text(self) -> str:
        try:
            return problem_reports.worded(self.cleaned_data["text"])
        except problem_reports.CannotReport as problem:
            raise forms.ValidationError(str(problem)) from problem

    @classmethod
    def of(cls, report: ProblemReport | None) -> ProblemForm:
        """Empty, or with what an open report says."""
        initial: dict[str, Any] = {"category": report.category, "text": report.text} if report else {}
        return cls(initial=initial)
