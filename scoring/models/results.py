"""What a closed sitting is worth. A regrade, or the close after a reopening, adds a version; nothing is overwritten."""

from __future__ import annotations

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet

from exams.models import ScoreTable, Sitting
from questions.models import Domain, Task


class ResultQuerySet(models.QuerySet["Result"]):
    def current(self) -> ResultQuerySet:
        return self.filter(current=True)

    def on_standing_answers(self) -> ResultQuerySet:
        """Those made from the answers as they are: since the sitting was closed for the last time."""
        versions = Result.objects.filter(sitting=OuterRef("sitting"))
        closed_again = versions.filter(version__gt=OuterRef("version"), regrade=None)
        return self.filter(Exists(versions.current())).exclude(Exists(closed_again))


class Result(models.Model):
    """The scored outcome of a closed sitting by one version of its form's table."""

    sitting = models.ForeignKey(Sitting, on_delete=models.CASCADE, related_name="results", db_index=False)
    version = models.PositiveSmallIntegerField(default=1)
    current = models.BooleanField(default=True)
    table = models.ForeignKey(ScoreTable, on_delete=models.RESTRICT, related_name="results")
    created_at = models.DateTimeField()
    regrade = models.ForeignKey(
        "scoring.Regrade", on_delete=models.PROTECT, null=True, blank=True, related_name="results",
        help_text="What made this version, if not the close of the sitting.",
    )  # fmt: skip
    raw = models.PositiveSmallIntegerField()
    maximum_raw = models.PositiveSmallIntegerField()
    equated = models.DecimalField(max_digits=10, decimal_places=6)
    scaled = models.PositiveSmallIntegerField()
    passed = models.BooleanField()
    provisional = models.BooleanField()
    likely_low = models.PositiveSmallIntegerField()
    likely_high = models.PositiveSmallIntegerField()
    chance_of_passing = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Per cent in steps of 5; 0 is under 5, 100 over 95; empty when too many were seen before.",
    )
    seen_before = models.PositiveSmallIntegerField(default=0, help_text="Scored questions met in an earlier sitting.")

    objects = ResultQuerySet.as_manager()

    class Meta:
        ordering = ("sitting", "version")
        constraints = (
            models.UniqueConstraint(fields=("sitting", "version"), name="result_version_unique"),
            models.UniqueConstraint(fields=("sitting",), condition=Q(current=True), name="result_one_current"),
            models.CheckConstraint(condition=Q(raw__lte=models.F("maximum_raw")), name="result_raw_fits"),
        )

    def __str__(self) -> str:
        return f"{self.sitting_id}: {self.scaled}"


def without_result(sittings: QuerySet[Sitting]) -> QuerySet[Sitting]:
    """Those for which no result holds: never scored, or reopened since."""
    return sittings.exclude(Exists(Result.objects.current().filter(sitting=OuterRef("pk"))))


class DomainResult(models.Model):
    """The score in one domain against what the borderline candidate is expected to reach there."""

    result = models.ForeignKey(Result, on_delete=models.CASCADE, related_name="domains", db_index=False)
    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="+", db_index=False)
    correct = models.PositiveSmallIntegerField()
    scored = models.PositiveSmallIntegerField()
    expected = models.FloatField(help_text="T_domain(0)")
    meets = models.BooleanField()
    too_close = models.BooleanField()

    class Meta:
        ordering = ("result", "domain")
        constraints = (models.UniqueConstraint(fields=("result", "domain"), name="domain_result_unique"),)

    def __str__(self) -> str:
        return f"{self.correct} of {self.scored}"


class SeatResult(models.Model):
    """Whether one seat was right. Task counts are sums over these."""

    result = models.ForeignKey(Result, on_delete=models.CASCADE, related_name="seats", db_index=False)
    seat = models.PositiveSmallIntegerField()
    # Found through their results only; sixty-five of them are written at once for everybody who finishes.
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="+", db_index=False)
    scored = models.BooleanField()
    correct = models.BooleanField()
    answered = models.BooleanField()
    spent_ms = models.PositiveIntegerField(default=0)
    seen_before = models.BooleanField(default=False)

    class Meta:
        ordering = ("result", "seat")
        constraints = (models.UniqueConstraint(fields=("result", "seat"), name="seat_result_unique"),)

    def __str__(self) -> str:
        return f"seat {self.seat}: {'right' if self.correct else 'wrong'}"
