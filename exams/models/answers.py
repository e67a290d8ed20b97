"""What was answered in a sitting, and what arrived without counting.

Everything below a sitting is keyed `(sitting, ...)` and no constraint or foreign key on it omits the sitting, so
that a distributed PostgreSQL can keep a sitting in one shard (ADR 0005). The primary keys begin with the sitting, so
its foreign keys have no index of their own: it would be written with every save and read by nobody.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from exams.fields import SequenceSetField
from exams.models.sittings import Sitting


def tokens() -> ArrayField[list[str], list[str]]:
    return ArrayField(models.CharField(max_length=8), default=list, blank=True)


def ranges() -> ArrayField[list[int], list[int]]:
    """Highlighted text as start, end, start, end, ... in characters from the text's beginning."""
    return ArrayField(models.PositiveIntegerField(), default=list, blank=True)


class Claim(models.Model):
    """One window's hold on the sitting. The newest one may answer; `arrived` remembers which changes came."""

    pk = models.CompositePrimaryKey("sitting_id", "number")
    sitting = models.ForeignKey(Sitting, on_delete=models.CASCADE, related_name="claims", db_index=False)
    number = models.PositiveIntegerField()
    issued_at = models.DateTimeField()
    arrived = SequenceSetField(default=list)

    class Meta:
        ordering = ("sitting", "number")

    def __str__(self) -> str:
        return f"{self.sitting_id} claim {self.number}"


class AnswerQuerySet(models.QuerySet["Answer"]):
    def brought_by_others(self, sitting: Sitting) -> AnswerQuerySet:
        """Those that older windows have brought in since the newest one opened."""
        opened = Claim.objects.filter(sitting=sitting, number=sitting.claim).values("issued_at")
        return self.filter(sitting=sitting, claim__lt=sitting.claim, saved_at__gte=opened)


class Answer(models.Model):
    """What stands at one seat of a sitting. `version` counts the changes that were applied."""

    pk = models.CompositePrimaryKey("sitting_id", "seat")
    sitting = models.ForeignKey(Sitting, on_delete=models.CASCADE, related_name="answers", db_index=False)
    seat = models.PositiveSmallIntegerField()
    response = tokens()
    flagged = models.BooleanField(default=False)
    struck = tokens()
    marks = ranges()
    scenario_marks = ranges()
    spent_ms = models.PositiveIntegerField(default=0, help_text="Time on the question by the browser's word.")
    version = models.PositiveIntegerField(default=1)
    # 0 while nothing was answered here: then an older window's answer meets no other.
    answered_version = models.PositiveIntegerField(default=1, help_text="Version in which the response last changed.")
    claim = models.PositiveIntegerField()
    sequence = models.PositiveBigIntegerField()
    late = models.BooleanField(default=False, help_text="Arrived within the grace, after the end.")
    saved_at = models.DateTimeField()

    objects = AnswerQuerySet.as_manager()

    class Meta:
        ordering = ("sitting", "seat")

    def __str__(self) -> str:
        return f"{self.sitting_id} seat {self.seat}"


class Pad(models.Model):
    """The candidate's note pad. It obeys the same order of changes as an answer; on the wire it is seat 0."""

    sitting = models.OneToOneField(Sitting, on_delete=models.CASCADE, primary_key=True, related_name="pad")
    text = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)
    claim = models.PositiveIntegerField()
    sequence = models.PositiveBigIntegerField()
    saved_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.sitting_id} pad"


class KeptChangeQuerySet(models.QuerySet["KeptChange"]):
    def open_conflicts(self, sitting: Sitting) -> KeptChangeQuerySet:
        """Those that wait for the candidate's choice."""
        return self.filter(sitting=sitting, reason=KeptChange.Reason.CONFLICT, settled_at__isnull=True)


class KeptChange(models.Model):
    """A change that arrived and does not count: it met a newer answer, or came too late. Nothing is thrown away."""

    class Reason(models.TextChoices):
        CONFLICT = "conflict", "A newer answer of another window stands"
        LATE = "late", "It came after the end"

    pk = models.CompositePrimaryKey("sitting_id", "claim", "sequence")
    sitting = models.ForeignKey(Sitting, on_delete=models.CASCADE, related_name="kept_changes", db_index=False)
    claim = models.PositiveIntegerField()
    sequence = models.PositiveBigIntegerField()
    reason = models.CharField(max_length=8, choices=Reason, default=Reason.CONFLICT)
    seat = models.PositiveSmallIntegerField()
    response = tokens()
    flagged = models.BooleanField(default=False)
    struck = tokens()
    text = models.TextField(blank=True, help_text="The note pad's, for seat 0.")
    left_ms = models.BigIntegerField(default=0, help_text="Time left when it was made, by the browser's word.")
    received_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True, help_text="The candidate has chosen what stands.")

    objects = KeptChangeQuerySet.as_manager()

    class Meta:
        ordering = ("sitting", "claim", "sequence")
        indexes = (
            models.Index(
                fields=("sitting",), condition=Q(reason="conflict", settled_at__isnull=True), name="kept_change_open"
            ),
        )

    def __str__(self) -> str:
        return f"{self.sitting_id} seat {self.seat}, claim {self.claim}"
