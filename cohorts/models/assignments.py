"""What a cohort is to sit, when, on which form, and each member's attempts at it."""

from __future__ import annotations

import datetime as dt
import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from cohorts.models.people import MOST_EXTRA_MINUTES, MULTIPLIERS, Cohort
from exams.models import Form, Sitting

MOST_ATTEMPTS = 10
MOST_GRACE = 3_600


class FormRule(models.TextChoices):
    POOL = "pool", "Any form of the pool"
    FIXED = "fixed", "One form for all"
    UNSEEN = "unseen", "A form of questions that the person has not seen"


class Release(models.TextChoices):
    AT_ONCE = "at_once", "As soon as a sitting is scored"
    AT_END = "at_end", "When the assignment has ended"
    AT = "at", "At a certain time"
    HELD = "held", "When an instructor releases them"


class Assignment(models.Model):
    """An exam given to a cohort. `start_by` is the last moment to begin, `end_by` when the last clock stops."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="assignments")
    title = models.CharField(max_length=100)
    form_rule = models.CharField(max_length=6, choices=FormRule, default=FormRule.POOL)
    form = models.ForeignKey(Form, on_delete=models.PROTECT, null=True, blank=True, related_name="assignments")
    opens_at = models.DateTimeField()
    start_by = models.DateTimeField()
    end_by = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(MOST_ATTEMPTS)]
    )
    extra_minutes = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(MOST_EXTRA_MINUTES)], help_text="For everybody, beside the limit."
    )
    grace_seconds = models.PositiveIntegerField(validators=[MaxValueValidator(MOST_GRACE)])
    results = models.CharField(max_length=7, choices=Release, default=Release.AT_ONCE)
    results_at = models.DateTimeField(null=True, blank=True)
    review = models.CharField(max_length=7, choices=Release, default=Release.AT_END)
    review_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-start_by", "-created_at")
        constraints = (
            models.CheckConstraint(
                condition=Q(opens_at__lt=F("start_by"), start_by__lte=F("end_by")), name="assignment_times_in_order"
            ),
            models.CheckConstraint(condition=Q(attempts__range=(1, MOST_ATTEMPTS)), name="assignment_attempts_bounded"),
            models.CheckConstraint(
                condition=Q(form_rule="fixed", form__isnull=False) | ~Q(form_rule="fixed") & Q(form=None),
                name="assignment_form_when_fixed",
            ),
            models.CheckConstraint(
                condition=Q(results="at", results_at__isnull=False) | ~Q(results="at") & Q(results_at=None),
                name="assignment_results_time_when_named",
            ),
            models.CheckConstraint(
                condition=Q(review="at", review_at__isnull=False) | ~Q(review="at") & Q(review_at=None),
                name="assignment_review_time_when_named",
            ),
        )

    def __str__(self) -> str:
        return self.title

    def is_open(self, now: dt.datetime) -> bool:
        """Whether somebody without an arrangement of their own may begin."""
        return self.cancelled_at is None and self.opens_at <= now <= self.start_by


class Absence(models.TextChoices):
    ABSENT = "absent", "Absent"
    ILL = "ill", "Ill"


class Arrangement(models.Model):
    """What holds for one member in one assignment in place of what holds for all. Empty fields change nothing."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="arrangements")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    multiplier = models.DecimalField(max_digits=3, decimal_places=2, null=True, blank=True)
    extra_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    start_by = models.DateTimeField(null=True, blank=True)
    end_by = models.DateTimeField(null=True, blank=True)
    more_attempts = models.PositiveSmallIntegerField(default=0)
    absence = models.CharField(max_length=6, choices=Absence, blank=True)
    note = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("assignment", "user"), name="arrangement_once"),
            models.CheckConstraint(
                condition=Q(multiplier=None, extra_minutes=None)
                | Q(multiplier__in=MULTIPLIERS, extra_minutes__lte=MOST_EXTRA_MINUTES),
                name="arrangement_extra_time_known",
            ),
            models.CheckConstraint(
                condition=Q(start_by=None) | Q(end_by=None) | Q(start_by__lte=F("end_by")),
                name="arrangement_times_in_order",
            ),
            models.CheckConstraint(condition=Q(more_attempts__lte=MOST_ATTEMPTS), name="arrangement_attempts_bounded"),
        )

    def __str__(self) -> str:
        return f"{self.user}: {self.assignment}"


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def counting(self) -> AttemptQuerySet:
        """Those that no instructor declared void."""
        return self.filter(void_at=None)


class Attempt(models.Model):
    """One sitting of one member for one assignment. This row is why an instructor may see the sitting."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="attempted")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="assigned_attempts")
    number = models.PositiveSmallIntegerField()
    sitting = models.OneToOneField(Sitting, on_delete=models.CASCADE, related_name="attempt")
    void_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=200, blank=True)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        ordering = ("assignment", "user", "number")
        constraints = (models.UniqueConstraint(fields=("assignment", "user", "number"), name="attempt_number_unique"),)

    def __str__(self) -> str:
        return f"{self.user}: {self.assignment}, {self.number}"


class Reminder(models.Model):
    """A mail about an assignment that a member was sent, or is to be: a row for each, so that nobody gets it twice."""

    class Kind(models.TextChoices):
        ASSIGNED = "assigned", "Assigned"
        SOON = "soon", "A day before the last start"
        CHANGED = "changed", "Times changed"
        RELEASED = "released", "Results released"

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="reminders")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("assignment", "user", "kind", "due_at"), name="reminder_once"),)
        indexes = (models.Index(fields=("due_at",), condition=Q(sent_at=None), name="reminder_to_send"),)

    def __str__(self) -> str:
        return f"{self.user}: {self.kind}"
