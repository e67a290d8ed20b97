"""What instructors fill in about assignments. Times are typed in their own zone and leave these forms in UTC."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from accounts.models import Multiplier
from cohorts.models import Arrangement, Assignment, FormRule, Release
from cohorts.models.assignments import MOST_ATTEMPTS, MOST_GRACE
from cohorts.models.people import MOST_EXTRA_MINUTES
from cohorts.reports.planning import FormChoice
from cohorts.services.arranging import Wish
from cohorts.services.assigning import FIXED_ONCE_BEGUN, Plan
from cohorts.services.attending import Offer

TYPED = "%Y-%m-%dT%H:%M"
MOST_GRACE_MINUTES = MOST_GRACE // 60


class MomentField(forms.DateTimeField):
    """A date and a time in the zone of whoever types it."""

    def __init__(self, *, label: str, required: bool = True, **more: Any) -> None:
        super().__init__(
            label=label,
            required=required,
            input_formats=[TYPED],
            widget=forms.DateTimeInput({"type": "datetime-local"}, format=TYPED),
            error_messages={"required": "Give a date and a time.", "invalid": "Give a date and a time."},
            **more,
        )

    def clean(self, value: Any) -> dt.datetime | None:
        try:
            moment: dt.datetime | None = super().clean(value)
        except forms.ValidationError as error:
            if error.code != "ambiguous_timezone":
                raise
            raise forms.ValidationError(
                "The clocks change at that hour, so this time comes twice or not at all; choose one an hour away."
            ) from None
        except OverflowError:
            raise forms.ValidationError("Give a date and a time.") from None
        # In UTC, because times that share a zone are subtracted as if its clocks were never changed.
        return moment.astimezone(dt.UTC) if moment else None

    def unless_same(self, typed: dt.datetime | None, was: dt.datetime | None) -> dt.datetime | None:
        """What was stored, if only its seconds are not in what was typed."""
        if typed is None or was is None:
            return typed
        typed_at, was_at = (one.replace(second=0, microsecond=0) for one in (typed, was))
        return was if typed_at == was_at else typed


def numbers(label: str, low: int, high: int, **more: Any) -> forms.IntegerField:
    sentence = f"Give a number from {low} to {high:,}."
    return forms.IntegerField(
        label=label, min_value=low, max_value=high, widget=forms.NumberInput({"inputmode": "numeric"}),
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), sentence), **more,
    )  # fmt: skip


class AssignmentForm(forms.Form):
    title = forms.CharField(max_length=100, error_messages={"required": "Give the assignment a title."})
    form_rule = forms.ChoiceField(label="Which form", choices=FormRule.choices)
    form = forms.ChoiceField(label="The one form", required=False)
    opens_at = MomentField(label="Opens")
    start_by = MomentField(label="Start by", help_text="The last moment to begin.")
    end_by = MomentField(label="End by", help_text="When the last clock stops, for whoever still sits.")
    attempts = numbers("Attempts", 1, MOST_ATTEMPTS, help_text="For each person.")
    extra_minutes = numbers(
        "Extra minutes for all", 0, MOST_EXTRA_MINUTES, help_text="Beside the exam’s limit and anybody’s extra time."
    )
    grace_minutes = numbers(
        "Grace in minutes", 0, MOST_GRACE_MINUTES,
        help_text="How long answers given in time may still arrive from a device without a network.",
    )  # fmt: skip
    results = forms.ChoiceField(label="Results are shown", choices=Release.choices)
    results_at = MomentField(label="Results from", required=False, help_text="Only for “at a certain time”.")
    review = forms.ChoiceField(label="Keys and rationales are shown", choices=Release.choices)
    review_at = MomentField(label="Keys from", required=False, help_text="Only for “at a certain time”.")

    def __init__(
        self, data: Any = None, *, choices: Iterable[FormChoice], assignment: Assignment | None, begun: bool,
        initial: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.assignment = assignment
        self.pool = {str(one.form.pk): one.form for one in choices}
        if assignment:
            initial = {name: getattr(assignment, name, None) for name in self.base_fields}
            initial |= {"form": assignment.form_id or "", "grace_minutes": assignment.grace_seconds // 60}
        super().__init__(data, initial=initial)
        labels = [(str(one.form.pk), one.label) for one in choices]
        if assignment and assignment.form and str(assignment.form_id) not in self.pool:
            self.pool[str(assignment.form_id)] = assignment.form
            labels.append((str(assignment.form_id), f"{assignment.form.code}: no longer in use"))
        self.fields["form"].choices = [("", "Choose …"), *labels]  # type: ignore[attr-defined]
        if begun:
            for name in FIXED_ONCE_BEGUN:
                self.fields["grace_minutes" if name == "grace_seconds" else name].disabled = True

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        for name in ("opens_at", "start_by", "end_by", "results_at", "review_at"):
            if self.assignment and name in data:
                field = self.fields[name]
                assert isinstance(field, MomentField)
                data[name] = field.unless_same(data[name], getattr(self.assignment, name))
        return data

    def plan(self) -> Plan:
        """What was filled in; what does not belong to the chosen rules is left out."""
        data = self.cleaned_data
        grace = data["grace_minutes"] * 60
        if self.assignment and self.assignment.grace_seconds // 60 == data["grace_minutes"]:
            grace = self.assignment.grace_seconds
        return Plan(
            title=" ".join(data["title"].split()),
            form_rule=data["form_rule"],
            form=self.pool.get(str(data["form"])) if data["form_rule"] == FormRule.FIXED else None,
            opens_at=data["opens_at"],
            start_by=data["start_by"],
            end_by=data["end_by"],
            attempts=data["attempts"],
            extra_minutes=data["extra_minutes"],
            grace_seconds=grace,
            results=data["results"],
            results_at=data["results_at"] if data["results"] == Release.AT else None,
            review=data["review"],
            review_at=data["review_at"] if data["review"] == Release.AT else None,
        )


def first_values(*, title: str, now: dt.datetime, minutes: int, grace_seconds: int) -> dict[str, Any]:
    """What a new assignment starts from: tomorrow, with a day to begin in and the whole time for the last to begin."""
    opens_at = timezone.localtime(now).replace(hour=9, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
    start_by = opens_at + dt.timedelta(days=7)
    return {
        "title": title,
        "form_rule": FormRule.POOL,
        "opens_at": opens_at,
        "start_by": start_by,
        # Twice the limit: also for whoever has double time.
        "end_by": start_by + dt.timedelta(minutes=2 * minutes),
        "attempts": 1,
        "extra_minutes": 0,
        "grace_minutes": grace_seconds // 60,
        "results": Release.AT_ONCE,
        "review": Release.AT_END,
    }


class ArrangementForm(forms.Form):
    multiplier = forms.ChoiceField(label="Time", required=False)
    extra_minutes = numbers(
        "Extra minutes", 0, MOST_EXTRA_MINUTES, required=False, help_text="Only with a choice of the time."
    )
    start_by = MomentField(label="Own last start", required=False, help_text="Empty: as for all.")
    end_by = MomentField(label="Own end", required=False, help_text="Empty: as for all.")
    more_attempts = numbers("More attempts", 0, MOST_ATTEMPTS, help_text="Beside those that everybody has.")
    note = forms.CharField(max_length=200, required=False, help_text="Only instructors of this cohort see it.")

    def __init__(self, data: Any = None, *, arrangement: Arrangement | None, usual: Offer) -> None:
        """`usual` is what would hold without the arrangement."""
        self.arrangement = arrangement
        names = ("multiplier", "extra_minutes", "start_by", "end_by", "more_attempts", "note")
        initial: dict[str, Any] = {"more_attempts": 0}
        if arrangement:
            initial = {name: getattr(arrangement, name) for name in names}
            initial["multiplier"] = str(arrangement.multiplier) if arrangement.multiplier is not None else ""
        super().__init__(data, initial=initial)
        as_usual = f"As in all assignments: {_time_words(usual)}"
        self.fields["multiplier"].choices = [("", as_usual), *Multiplier.choices]  # type: ignore[attr-defined]

    def wish(self) -> Wish:
        data = self.cleaned_data
        multiplier = Decimal(data["multiplier"]) if data["multiplier"] else None
        minutes: int | None = data["extra_minutes"]
        if multiplier is not None:
            minutes = minutes or 0
        elif minutes == 0:
            minutes = None
        was = self.arrangement
        moments = {}
        for name in ("start_by", "end_by"):
            field = self.fields[name]
            assert isinstance(field, MomentField)
            moments[name] = field.unless_same(data[name], getattr(was, name) if was else None)
        return Wish(
            multiplier=multiplier,
            extra_minutes=minutes,
            more_attempts=data["more_attempts"],
            note=" ".join(data["note"].split()),
            **moments,
        )


def _time_words(offer: Offer) -> str:
    terms = offer.terms
    factor = f"×{terms.multiplier.normalize():f}" if terms.multiplier != 1 else "no extra time"
    return f"{factor} and {terms.extra_minutes} extra minutes" if terms.extra_minutes else factor
