"""What instructors type about a cohort and its people."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings

from accounts.models import Multiplier
from cohorts import addresses
from cohorts.addresses import Row
from cohorts.models.people import MOST_EXTRA_MINUTES
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


class NameForm(forms.Form):
    name = forms.CharField(label="Name", max_length=LONGEST_NAME, widget=forms.TextInput({"autocomplete": "off"}))


class InstructorForm(forms.Form):
    email = forms.EmailField(
        label="E-mail address", max_length=254, help_text="Of somebody who holds the instructor role.",
        widget=forms.EmailInput({"autocomplete": "off"}),
    )  # fmt: skip


class ExtraTimeForm(forms.Form):
    """A factor and minutes; without a factor the cohort says nothing, and what staff have granted holds."""

    multiplier = forms.TypedChoiceField(
        label="Time", required=False, coerce=Decimal, empty_value=None,
        choices=[("", "As staff have granted everywhere"), *Multiplier.choices],
        error_messages={"invalid_choice": "Choose a factor from the list."},
    )  # fmt: skip
    extra_minutes = forms.IntegerField(
        label="Extra minutes", required=False, min_value=0, max_value=MOST_EXTRA_MINUTES,
        error_messages=dict.fromkeys(
            ("min_value", "max_value", "invalid"), f"A whole number between 0 and {MOST_EXTRA_MINUTES}."
        ),
        widget=forms.NumberInput({"inputmode": "numeric"}),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if self.errors:
            return data
        if data["multiplier"] is None:
            if data["extra_minutes"]:
                self.add_error("multiplier", "Choose a factor as well; “No extra time” leaves only the minutes.")
            data["extra_minutes"] = None
        else:
            data["extra_minutes"] = data["extra_minutes"] or 0
        return data


class UntilForm(forms.Form):
    until = forms.DateTimeField(
        label="Let people in until", required=False,
        help_text="Leave it empty to let them in until you close it.",
        error_messages={"invalid": "Give a day and a time, for example 2026-11-30 18:00."},
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip

    def clean_until(self) -> dt.datetime | None:
        """In UTC; the last days of the calendar have none."""
        until: dt.datetime | None = self.cleaned_data["until"]
        try:
            return until and until.astimezone(dt.UTC)
        except OverflowError:
            raise forms.ValidationError("Give a day and a time that people may see.") from None


class ListForm(forms.Form):
    """A file or pasted text with addresses; what they hold is read by `addresses`."""

    file = forms.FileField(
        label="A CSV file or an Excel workbook (.xlsx)", required=False, allow_empty_file=True,
        widget=forms.FileInput({"accept": ".csv,.tsv,.txt,.xlsx"}),
    )  # fmt: skip
    text = forms.CharField(
        label="Or addresses, one below the other", required=False, widget=forms.Textarea({"rows": 6}),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("file") and data.get("text"):
            raise forms.ValidationError("Give a file or addresses, not both at once.")
        if not data.get("file") and not data.get("text"):
            raise forms.ValidationError("Choose a file, or put addresses into the field.")
        if data.get("file") and data["file"].size > settings.INVITATION_BYTES:
            most = settings.INVITATION_BYTES
            raise forms.ValidationError(f"The file has {data['file'].size:,} bytes; at most {most:,} are read.")
        return data

    def rows(self) -> list[Row]:
        """What the list holds. Raises Unreadable."""
        if upload := self.cleaned_data["file"]:
            return addresses.read(upload.read())
        return addresses.read_text(self.cleaned_data["text"])
