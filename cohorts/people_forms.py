"""What instructors type about a cohort and its people."""

from __future__ import annotations

from typing import Any

from django import forms

from cohorts.services.running import LONGEST_NAME
from questions.models import Exam


class ExamChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]  # its base takes none when it runs
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.code}, {obj.short_name}"


class CohortForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=LONGEST_NAME, widget=forms.TextInput({"autocomplete": "off"}),
        help_text="Members see it, for example “Autumn class, Tuesdays”.",
    )  # fmt: skip
    exam = ExamChoiceField(
        label="Exam", queryset=Exam.objects.none(), empty_label="Choose an exam",
        error_messages={"invalid_choice": "Choose an exam from the list."},
        help_text="It cannot be changed later.",
    )  # fmt: skip

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        field: Any = self.fields["exam"]
        field.queryset = Exam.objects.offered().order_by("code")
