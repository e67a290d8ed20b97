"""Calibration runs: what was measured, on which data, how. A run changes nothing until it is promoted."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from exams.models import Form
from questions.models import Exam, Revision


class CalibrationRunQuerySet(models.QuerySet["CalibrationRun"]):
    def promoted(self) -> CalibrationRunQuerySet:
        return self.filter(promoted_at__isnull=False)


class CalibrationRun(models.Model):
    """One calibration of one exam. Its rows never change, except for who promoted it and when.

    Abilities and parameters are on the exam's measured scale, in logits; `ability` is where the borderline candidate
    stands on it: T_reference(ability) = S. Of a first run it is 0.
    """

    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="calibration_runs")
    number = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    based_on = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="followers",
        help_text="The promoted run whose scale this one was linked to; empty for a first run.",
    )  # fmt: skip
    includes_simulated = models.BooleanField(default=False, help_text="To look at only; such a run is never promoted.")

    # Data and settings
    data_until = models.DateTimeField(help_text="Sittings closed up to then were considered.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the responses, in a fixed order.")
    sittings = models.PositiveIntegerField(help_text="First sittings that took part.")
    answers = models.PositiveIntegerField()
    excluded = models.JSONField(default=dict, help_text="Reason -> number of sittings or answers left out.")
    configuration = models.JSONField(default=dict, help_text="Thresholds, priors and versions that the run used.")

    # What came out
    alpha = models.FloatField(help_text="d ~ N(alpha + beta·logit(rating), tau²), in logits on the final scale.")
    beta = models.FloatField()
    tau = models.FloatField()
    slope = models.FloatField(help_text="Common slope a of the questions that are not measured by themselves.")
    population_mean = models.FloatField()
    population_sd = models.FloatField()
    ability = models.FloatField(default=0.0)
    cut = models.DecimalField(max_digits=9, decimal_places=4, help_text="S, as it stood.")
    log_likelihood = models.FloatField()
    converged = models.BooleanField()
    iterations = models.PositiveIntegerField()
    link = models.JSONField(default=dict, help_text="Anchors, those that drifted, and the Stocking-Lord check.")
    disconnected = models.JSONField(default=list, help_text="Parts (lists of question ids) that no anchors connect.")
    warnings = ArrayField(models.CharField(max_length=500), default=list, blank=True)

    promoted_at = models.DateTimeField(null=True, blank=True)
    promoted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = CalibrationRunQuerySet.as_manager()

    class Meta:
        ordering = ("exam", "-number")
        constraints = (
            models.UniqueConstraint(fields=("exam", "number"), name="calibration_run_number_unique"),
            models.CheckConstraint(
                condition=Q(promoted_at__isnull=True) | Q(includes_simulated=False),
                name="calibration_run_simulated_never_promoted",
            ),
        )

    def __str__(self) -> str:
        return f"Run {self.number}"


class Rung(models.TextChoices):
    """How much is known of a question: a rung of the ladder."""

    RATING = "rating", "Rating only"
    COMMON = "common", "Measured, common slope"
    OWN = "own", "Measured, own slope"


class RunItem(models.Model):
    """What one run says about one revision. Empty fields could not be computed; with n < 30 only facility is told.

    `options` holds one record for each option or, where a response is an order or a matching, for each frequent
    response: {label, key, n, share, thirds, correlation, flagged}; label is a list of option numbers. `curve` holds
    [ability, n, share right] of persons grouped by ability.
    """

    run = models.ForeignKey(CalibrationRun, on_delete=models.CASCADE, related_name="items")
    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="run_items")
    rung = models.CharField(max_length=6, choices=Rung)
    n = models.PositiveIntegerField(help_text="First exposures that took part.")
    facility = models.FloatField(null=True)
    item_rest = models.FloatField(null=True, help_text="Point-biserial correlation with the rest score.")
    infit = models.FloatField(null=True)
    outfit = models.FloatField(null=True)
    omitted = models.FloatField(null=True, help_text="Share who saw it and gave no answer.")
    median_ms = models.PositiveIntegerField(null=True)

    discrimination = models.FloatField(null=True, help_text="a; empty without a rating and without data.")
    intercept = models.FloatField(null=True, help_text="d in logistic(a·θ + d)")
    se_discrimination = models.FloatField(null=True)
    se_difficulty = models.FloatField(null=True)
    common_discrimination = models.FloatField(null=True, help_text="a if all questions had one slope.")
    common_intercept = models.FloatField(null=True)

    connected = models.BooleanField(default=True)
    anchor = models.BooleanField(default=False, help_text="Held at its promoted parameters, to link the run.")
    drift = models.FloatField(null=True, help_text="Difficulty in this run's new data less the promoted one, logits.")
    drift_z = models.FloatField(null=True, help_text="Robust z of that.")
    options = models.JSONField(default=list)
    curve = models.JSONField(default=list)
    obstacles = ArrayField(
        models.CharField(max_length=120), default=list, blank=True, help_text="What keeps it from being calibrated."
    )
    alarms = ArrayField(models.CharField(max_length=200), default=list, blank=True)

    class Meta:
        ordering = ("run", "revision")
        constraints = (models.UniqueConstraint(fields=("run", "revision"), name="run_item_unique"),)

    def __str__(self) -> str:
        return f"{self.run_id}: {self.revision_id}"

    @property
    def difficulty(self) -> float | None:
        """b = -d / a, logits; None where nothing is known."""
        if self.discrimination is None or self.intercept is None:
            return None
        return -self.intercept / self.discrimination

    @property
    def measured(self) -> bool:
        return self.rung != Rung.RATING


class RunForm(models.Model):
    """What one run says about one form: its cut under both models, and how well it measured.

    `statistics` is empty below 30 sittings, else a dict; values that could not be computed are None:

    mean, sd, alpha (a case study is one part), sem: of the raw score, in raw points
    frequencies: number of sittings at each raw score, from 0
    q3: [seat, seat, value] for pairs above 0.2
    livingston_lewis, lee: {accuracy, consistency, kappa} at the cut
    speededness: {completing, reaching_most, mean_not_reached, unspeeded, seats: [[number, reached, omitted], …]},
        shares from 0 to 1; `omitted` of those who reached the seat
    median_ms: median time of every seat, in order (None where nobody looked)
    """

    run = models.ForeignKey(CalibrationRun, on_delete=models.CASCADE, related_name="forms")
    form = models.ForeignKey(Form, on_delete=models.CASCADE, related_name="run_forms")
    sittings = models.PositiveIntegerField()
    cut = models.FloatField(help_text="T_f(ability): the borderline candidate's expected raw score.")
    common_cut = models.FloatField(help_text="The same if all questions had one slope.")
    minimum_passing_raw = models.PositiveSmallIntegerField()
    measured = models.PositiveSmallIntegerField(help_text="Scored questions with parameters of their own.")
    statistics = models.JSONField(default=dict)

    class Meta:
        ordering = ("run", "form")
        constraints = (models.UniqueConstraint(fields=("run", "form"), name="run_form_unique"),)

    def __str__(self) -> str:
        return f"{self.run_id}: {self.form_id}"
