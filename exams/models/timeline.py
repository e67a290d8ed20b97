"""What happened to a sitting, in order. Rows are added under the sitting's lock and never changed."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from exams.models.sittings import Sitting


class Event(models.Model):
    """One entry of a sitting's timeline; which fields it fills depends on its kind."""

    class Kind(models.TextChoices):
        BEGUN = "begun", "Begun"
        CLAIMED = "claimed", "Opened in a new window"
        SAVED = "saved", "Saved"
        LATE = "late", "Arrived after the end, counts"
        KEPT = "kept", "Arrived, does not count"
        SETTLED = "settled", "Conflict settled"
        OFFLINE = "offline", "Offline"
        GRANTED = "granted", "Extra time granted"
        PAUSED = "paused", "Paused"
        RESUMED = "resumed", "Resumed"
        ENDED = "ended", "Ended"
        CLOSED = "closed", "Closed"
        ABANDONED = "abandoned", "Given up"
        REOPENED = "reopened", "Reopened"
        VOIDED = "voided", "Declared void"
        NOTICE = "notice", "Message from staff"

    class By(models.TextChoices):
        CANDIDATE = "candidate", "the candidate"
        CLOCK = "clock", "the clock"
        STAFF = "staff", "staff"

    pk = models.CompositePrimaryKey("sitting_id", "number")
    sitting = models.ForeignKey(Sitting, on_delete=models.CASCADE, related_name="timeline", db_index=False)
    number = models.PositiveIntegerField()
    at = models.DateTimeField(help_text="By the server's clock.")
    kind = models.CharField(max_length=9, choices=Kind)
    by = models.CharField(max_length=9, choices=By, default=By.CANDIDATE)
    # Whoever of the staff it was, as text: a key to people would not stay inside the sitting (ADR 0005).
    staff = models.CharField(max_length=254, blank=True)
    claim = models.PositiveIntegerField(null=True, blank=True)
    first_sequence = models.PositiveBigIntegerField(null=True, blank=True)
    last_sequence = models.PositiveBigIntegerField(null=True, blank=True)
    seats = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    # The browser's word, as time left; `until_ms` is where a span ended.
    left_ms = models.BigIntegerField(null=True, blank=True)
    until_ms = models.BigIntegerField(null=True, blank=True)
    minutes = models.SmallIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("sitting", "number")

    def __str__(self) -> str:
        return f"{self.sitting_id} {self.number}: {self.kind}"


class Notice(models.Model):
    """A message from staff to the candidate of a running sitting, shown on the exam screen."""

    pk = models.CompositePrimaryKey("sitting_id", "number")
    sitting = models.ForeignKey(Sitting, on_delete=models.CASCADE, related_name="messages", db_index=False)
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    text = models.CharField(max_length=500)

    class Meta:
        ordering = ("sitting", "number")

    def __str__(self) -> str:
        return f"{self.sitting_id} {self.number}"


class Presence(models.Model):
    """When a supervised page was last heard of. Not the truth of anything: a crash of the database may empty it."""

    sitting = models.OneToOneField(Sitting, on_delete=models.CASCADE, primary_key=True, related_name="presence")
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.sitting_id} {self.seen_at}"
