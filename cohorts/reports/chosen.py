"""Which outcomes a page of results looks at, and which one of each person counts."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from cohorts.models import Assignment, Cohort, Outcome
from cohorts.packing import Packed

EARLIEST, LATEST = dt.date(1900, 1, 1), dt.date(2999, 12, 31)


class Counting(models.TextChoices):
    LAST = "last", "Last sitting"
    FIRST = "first", "First sitting"
    BEST = "best", "Best sitting"


def a_day(label: str, refusal: str) -> forms.DateField:
    """A day that has a day before and after it in every zone."""
    return forms.DateField(
        required=False,
        label=label,
        error_messages={"invalid": refusal},
        validators=[MinValueValidator(EARLIEST, refusal), MaxValueValidator(LATEST, refusal)],
    )


class Filter(forms.Form):
    """What to look at. Empty fields leave nothing out."""

    since: forms.Field = a_day("Sat from", "The first day is not a date.")
    until: forms.Field = a_day("to", "The last day is not a date.")
    counts: forms.Field = forms.ChoiceField(
        choices=Counting.choices, required=False, error_messages={"invalid_choice": "No such sitting can count."}
    )

    def __init__(self, asked: Mapping[str, Any], assignments: Sequence[Assignment]) -> None:
        super().__init__(asked)
        self.fields["assignment"] = forms.ChoiceField(
            choices=[(str(one.pk), one.title) for one in assignments],
            required=False,
            error_messages={"invalid_choice": "This cohort has no such assignment."},
        )

    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            raise forms.ValidationError("The last day lies before the first one.")


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for. Days are those of the viewer's zone, both ends included."""

    assignments: Sequence[Assignment]
    assignment: Assignment | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    counting: Counting = Counting.LAST
    error: str = ""

    @property
    def start(self) -> dt.datetime | None:
        """The first moment that counts, in the zone of now."""
        return _midnight(self.since) if self.since else None

    @property
    def end(self) -> dt.datetime | None:
        """The first moment that counts no more."""
        return _midnight(self.until + dt.timedelta(days=1)) if self.until else None

    @property
    def any(self) -> bool:
        return bool(self.assignment or self.since or self.until)

    @property
    def query(self) -> str:
        """The same again, for addresses of charts and neighbouring pages."""
        parts = {
            "assignment": self.assignment and self.assignment.pk,
            "since": self.since,
            "until": self.until,
            "counts": self.counting if self.counting != Counting.LAST else None,
        }
        return "&".join(f"{name}={value}" for name, value in parts.items() if value)


def wanted_of(cohort: Cohort, asked: Mapping[str, Any]) -> Wanted:
    """Read the filter; one sentence in `error` if it cannot be. One statement."""
    assignments = list(Assignment.objects.filter(cohort=cohort))
    filled = Filter(asked, assignments)
    if not filled.is_valid():
        return Wanted(assignments, error=str(next(iter(filled.errors.values()))[0]))
    data = filled.cleaned_data
    return Wanted(
        assignments=assignments,
        assignment=next((one for one in assignments if str(one.pk) == data["assignment"]), None),
        since=data["since"],
        until=data["until"],
        counting=Counting(data["counts"] or Counting.LAST),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One outcome with its person, as pages need it."""

    attempt_id: int
    user_id: int
    display_name: str
    email: str
    sitting_id: uuid.UUID
    form_id: int
    table_id: int
    started_at: dt.datetime
    simulated: bool
    raw: int
    maximum_raw: int
    scaled: int
    passed: bool
    provisional: bool
    likely_low: int
    likely_high: int
    chance_of_passing: int | None
    seen_before: int
    used_seconds: int
    domains: Packed
    tasks: Packed

    @property
    def name(self) -> str:
        return self.display_name or self.email.partition("@")[0]


FIELDS = (
    "attempt_id", "user_id", "user__display_name", "user__email", "sitting_id", "form_id", "table_id", "started_at",
    "simulated", "raw", "maximum_raw", "scaled", "passed", "provisional", "likely_low", "likely_high",
    "chance_of_passing", "seen_before", "used_seconds", "domains", "tasks",
)  # fmt: skip


def rows_of(cohort: Cohort, wanted: Wanted) -> list[Row]:
    """Every outcome that the filter leaves, earliest first. One statement; catch up before."""
    found = Outcome.objects.filter(cohort=cohort)
    if wanted.assignment:
        found = found.filter(assignment=wanted.assignment)
    found = found.filter(ended_at__gte=wanted.start) if wanted.start else found
    found = found.filter(ended_at__lt=wanted.end) if wanted.end else found
    return [Row(*values) for values in found.order_by("started_at", "attempt_id").values_list(*FIELDS)]


def by_person(rows: Sequence[Row]) -> dict[int, list[Row]]:
    """Person -> their outcomes, earliest first."""
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.user_id].append(row)
    return found


def counted(people: dict[int, list[Row]], counting: Counting) -> list[Row]:
    """The outcome of each person that counts. The best is the one of the highest score, the earliest of equals."""
    if counting == Counting.FIRST:
        return [rows[0] for rows in people.values()]
    if counting == Counting.BEST:
        return [max(rows, key=lambda row: row.scaled) for rows in people.values()]
    return [rows[-1] for rows in people.values()]
