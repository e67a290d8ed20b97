"""What came of attempts, gathered in one row each so that a page over a thousand of them stays fast.

Nothing here is the truth: every row can be made again from results, seats and answers, and is when these change
(cohorts.services.outcomes, cohorts.services.norms).
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from cohorts.models.assignments import Assignment, Attempt
from cohorts.models.people import Cohort
from exams.models import Form, ScoreTable, Sitting
from questions.models import Exam
from scoring.models import Result


class Outcome(models.Model):
    """The current result of one attempt that counts, with its domains, tasks and seats.

    An attempt that was declared void, that was reopened or has no result yet has none. `domains`, `tasks` and `seats`
    are packed records; cohorts.packing says how and reads them.
    """

    attempt = models.OneToOneField(Attempt, on_delete=models.CASCADE, primary_key=True, related_name="outcome")
    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="outcomes")
    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="outcomes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    sitting = models.OneToOneField(Sitting, on_delete=models.CASCADE, related_name="+")
    result = models.OneToOneField(Result, on_delete=models.CASCADE, related_name="+")
    form = models.ForeignKey(Form, on_delete=models.CASCADE, related_name="+")
    table = models.ForeignKey(ScoreTable, on_delete=models.CASCADE, related_name="+", help_text="The result's.")
    number = models.PositiveSmallIntegerField(help_text="Of the attempt, in its assignment.")
    simulated = models.BooleanField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    used_seconds = models.PositiveIntegerField(help_text="From start to end, pauses left out.")

    raw = models.PositiveSmallIntegerField()
    maximum_raw = models.PositiveSmallIntegerField()
    equated = models.DecimalField(max_digits=10, decimal_places=6)
    scaled = models.PositiveSmallIntegerField()
    passed = models.BooleanField()
    provisional = models.BooleanField()
    likely_low = models.PositiveSmallIntegerField()
    likely_high = models.PositiveSmallIntegerField()
    chance_of_passing = models.PositiveSmallIntegerField(null=True, help_text="As in the result.")
    seen_before = models.PositiveSmallIntegerField()

    domains = models.BinaryField(help_text="Domain, correct, scored, expected: cohorts.packing.DOMAIN.")
    tasks = models.BinaryField(help_text="Task, correct, scored: cohorts.packing.TASK.")
    seats = models.BinaryField(help_text="Each seat in order: cohorts.packing.SEAT.")

    class Meta:
        ordering = ("started_at",)
        # To find out what is due without reading the rows, which are long.
        indexes = (models.Index(fields=("attempt", "result"), name="outcome_made_of"),)

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.scaled}"


class Norms(models.Model):
    """All candidates of an exam: their first sittings that were real, are closed and were not declared void."""

    exam = models.OneToOneField(Exam, on_delete=models.CASCADE, primary_key=True, related_name="norms")
    n = models.PositiveIntegerField()
    mean = models.FloatField(null=True)
    sd = models.FloatField(null=True, help_text="With n - 1.")
    quantiles = ArrayField(
        models.PositiveSmallIntegerField(), default=list, help_text="At cohorts.services.norms.QUANTILES."
    )
    passed = models.PositiveIntegerField()
    domains = models.JSONField(default=dict, help_text="Domain -> [right, scored], sums over candidates.")
    tasks = models.JSONField(default=dict, help_text="Task -> [right, scored].")
    results = models.PositiveIntegerField(help_text="Real current results that there were,")
    newest = models.PositiveBigIntegerField(help_text="and the newest one's id: when either differs, this is stale.")
    computed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "norms"

    def __str__(self) -> str:
        return f"{self.exam_id}: {self.n}"
