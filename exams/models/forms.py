"""An assembled paper. Once made, a form, its seats and its tables never change; a new table is a new version."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from questions.models import Exam, Revision, Task


class FormQuerySet(models.QuerySet["Form"]):
    def pool(self) -> FormQuerySet:
        return self.filter(state=Form.State.POOL)

    def pending_for(self, user_id: int) -> FormQuerySet:
        return self.filter(state=Form.State.PENDING, owner=user_id)

    def offered_to(self, user_id: int) -> FormQuerySet:
        """Those that this person could get: the pool's, and what was made for them alone."""
        return self.filter(Q(state=Form.State.POOL) | Q(state=Form.State.PENDING, owner=user_id))


class Form(models.Model):
    """65 seats in order, 50 of them scored, with the table that turns a raw score into a scaled one."""

    class State(models.TextChoices):
        POOL = "pool", "In the pool"
        PENDING = "pending", "Made for one person, not begun"
        PERSONAL = "personal", "Made for one person and begun"
        RETIRED = "retired", "Retired"

    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="forms")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.POOL)
    reference = models.BooleanField(default=False, help_text="Carries the exam's cut; other forms are equated to it.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="personal_forms"
    )
    relaxed = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = FormQuerySet.as_manager()

    class Meta:
        ordering = ("exam", "number")
        constraints = (
            models.UniqueConstraint(fields=("exam", "number"), name="form_number_unique"),
            models.UniqueConstraint(fields=("exam",), condition=Q(reference=True), name="form_one_reference"),
            models.UniqueConstraint(
                fields=("exam", "owner"), condition=Q(state="pending"), name="form_one_pending_per_person"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("pool", "retired")) | Q(owner__isnull=False), name="form_personal_has_owner"
            ),
        )

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        """The form's name inside its exam, as candidates and commands see it."""
        return f"Form {self.number}"


class Seat(models.Model):
    """A numbered place on a form: what stands there, whether it counts, and the order of its options.

    `options` holds the option numbers in display order and `tokens`, in step with it, the opaque names under which
    they are sent to the candidate. `slots` is the length of a complete response.
    """

    form = models.ForeignKey(Form, on_delete=models.CASCADE, related_name="seats", db_index=False)
    number = models.PositiveSmallIntegerField()
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="seats")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="seats")
    scored = models.BooleanField()
    kind = models.CharField(max_length=20)
    options = ArrayField(models.PositiveSmallIntegerField())
    tokens = ArrayField(models.CharField(max_length=8))
    slots = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("form", "number")
        constraints = (
            models.UniqueConstraint(fields=("form", "number"), name="seat_number_unique"),
            models.UniqueConstraint(fields=("form", "revision"), name="seat_revision_unique"),
            models.CheckConstraint(condition=Q(number__gte=1), name="seat_number_from_one"),
        )

    def __str__(self) -> str:
        return f"{self.form_id} seat {self.number}"

    def letters(self) -> dict[str, str]:
        """Token -> letter under which the option is shown (A, B, ...)."""
        return {token: chr(ord("A") + place) for place, token in enumerate(self.tokens)}

    def key(self, numbers: tuple[int, ...]) -> tuple[str, ...]:
        """The key, given as option numbers, in this seat's tokens."""
        return tuple(self.tokens[self.options.index(number)] for number in numbers)


class Standard(models.Model):
    """The exam's cut score and where it lies on the ability scale. Rows never change; the newest one holds.

    A row is written when the reference form is made, when somebody changes S, and when a calibration is promoted.
    """

    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="standards")
    version = models.PositiveSmallIntegerField(default=1)
    cut = models.DecimalField(max_digits=9, decimal_places=4, help_text="S, raw points on the reference form.")
    ability = models.FloatField(
        default=0.0, help_text="θ of the borderline candidate on the stored parameters' scale: T_reference(θ) = S."
    )
    # What is believed of a question that is not measured: a = slope, d = alpha + beta·logit(rating).
    slope = models.FloatField(default=1.0)
    alpha = models.FloatField(default=0.0)
    beta = models.FloatField(default=1.0)
    population_mean = models.FloatField(null=True, blank=True, help_text="First sittings, on the same scale.")
    population_sd = models.FloatField(null=True, blank=True)
    reason = models.CharField(max_length=500)
    preview = models.JSONField(default=dict, blank=True, help_text="What whoever set it was shown.")
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("exam", "-version")
        constraints = (
            models.UniqueConstraint(fields=("exam", "version"), name="standard_version_unique"),
            models.CheckConstraint(
                condition=Q(population_mean__isnull=True, population_sd__isnull=True) | Q(population_sd__gt=0),
                name="standard_population_whole",
            ),
        )

    def __str__(self) -> str:
        return f"{self.exam_id}: {self.cut}"


class ScoreTable(models.Model):
    """One version of a form's table from raw to equated and scaled score. Rows never change.

    It says all that scoring needs beside the answers: which seats count no more, and which keys were corrected.
    """

    form = models.ForeignKey(Form, on_delete=models.CASCADE, related_name="tables")
    version = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    reason = models.CharField(max_length=200)
    reference_cut = models.DecimalField(
        max_digits=9, decimal_places=4, help_text="S: the rating sum of the exam's reference form."
    )
    expected_at_cut = models.FloatField(help_text="T_f(0): the borderline candidate's expected raw score on this form.")
    minimum_passing_raw = models.PositiveSmallIntegerField()
    maximum_raw = models.PositiveSmallIntegerField()
    provisional = models.BooleanField(default=True, help_text="Rests on judged, not measured, difficulty.")
    removed = ArrayField(
        models.PositiveSmallIntegerField(), default=list, blank=True, help_text="Scored seats that count no more."
    )
    keys = models.JSONField(
        default=dict, blank=True,
        help_text="Seat number -> the responses that are right, in option numbers, where a key was corrected.",
    )  # fmt: skip
    population_mean = models.FloatField(null=True, blank=True, help_text="First sittings, with the cut at 0.")
    population_sd = models.FloatField(null=True, blank=True)
    # Item parameters as they were when the table was made, by seat number, with the borderline candidate at θ = 0;
    # empty for questions without a rating.
    discriminations = ArrayField(models.FloatField(null=True))
    intercepts = ArrayField(models.FloatField(null=True))

    class Meta:
        ordering = ("form", "version")
        constraints = (models.UniqueConstraint(fields=("form", "version"), name="score_table_version_unique"),)

    def __str__(self) -> str:
        return f"{self.form_id} v{self.version}"


class ScoreRow(models.Model):
    """What one raw score is worth."""

    table = models.ForeignKey(ScoreTable, on_delete=models.CASCADE, related_name="rows")
    raw = models.PositiveSmallIntegerField()
    equated = models.DecimalField(max_digits=10, decimal_places=6)
    scaled = models.PositiveSmallIntegerField()
    passed = models.BooleanField()

    class Meta:
        ordering = ("table", "raw")
        constraints = (models.UniqueConstraint(fields=("table", "raw"), name="score_row_raw_unique"),)

    def __str__(self) -> str:
        return f"{self.raw} -> {self.scaled}"
