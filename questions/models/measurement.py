"""What is known about a revision's difficulty in an exam: judges' ratings, status and item parameters."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from questions.models.bank import Revision
from questions.models.outline import Exam


class Status(models.TextChoices):
    PRETEST = "pretest", "Pretest"  # unscored seats only
    SCORABLE = "scorable", "Scorable"  # reviewed and rated
    CALIBRATED = "calibrated", "Calibrated"  # measured on first exposures


class Standing(models.Model):
    """The status of a revision in an exam, its rating and, once measured, its parameters."""

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="standings")
    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="standings")
    status = models.CharField(max_length=10, choices=Status, default=Status.PRETEST)
    rating = models.DecimalField(
        max_digits=5, decimal_places=4, null=True, blank=True, help_text="Mean of the judges' ratings, 0-1, exact."
    )
    discrimination = models.FloatField(null=True, blank=True, help_text="a in logistic(a·θ + d)")
    intercept = models.FloatField(null=True, blank=True, help_text="d in logistic(a·θ + d)")
    first_exposures = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("revision", "exam"), name="standing_unique"),
            models.CheckConstraint(
                condition=Q(rating__isnull=True) | Q(rating__gt=0, rating__lt=1), name="standing_rating_range"
            ),
            models.CheckConstraint(
                condition=Q(status=Status.PRETEST) | Q(rating__isnull=False), name="standing_scorable_is_rated"
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.CALIBRATED) | Q(discrimination__gt=0, intercept__isnull=False),
                name="standing_calibrated_has_parameters",
            ),
        )

    def __str__(self) -> str:
        return f"{self.revision_id} in {self.exam_id}: {self.status}"


class Rating(models.Model):
    """One judge's share of borderline candidates who would answer correctly, in hundredths."""

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="ratings")
    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="ratings")
    judge = models.CharField(max_length=80)
    value = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(97)])
    round = models.PositiveSmallIntegerField(default=1)
    rated_on = models.DateField()
    method = models.CharField(max_length=80)

    class Meta:
        ordering = ("revision", "exam", "round", "judge")
        constraints = (
            models.UniqueConstraint(fields=("revision", "exam", "judge", "round"), name="rating_unique"),
            models.CheckConstraint(condition=Q(value__gte=1, value__lte=97), name="rating_range"),
        )

    def __str__(self) -> str:
        return f"{self.judge}: {self.value}"
