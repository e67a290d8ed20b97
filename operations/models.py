"""Background work that failed for good, kept until it has gone through or somebody has let it go."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Heartbeat(models.Model):
    """When due work was last begun, by beat and a worker or by `manage.py tick`. One row."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at:%H:%M:%S}"


class DeadLetterQuerySet(models.QuerySet["DeadLetter"]):
    def dead(self) -> DeadLetterQuerySet:
        """What failed and has not gone through since."""
        return self.filter(settled_at=None)

    def asked(self) -> DeadLetterQuerySet:
        """What an operator has put back and nobody has done yet."""
        return self.dead().filter(asked_at__isnull=False)


class DeadLetter(models.Model):
    """One piece of work that failed: a task and the ids that it was given.

    As long as it is dead there is one row for it, however often it fails; work that comes round again, as most of ours
    does, settles its row by itself as soon as it goes through. What failed is told by kind and place and never by
    values: those may be somebody's answers.
    """

    task = models.CharField(max_length=200)
    arguments = models.JSONField(default=list, blank=True)
    error = models.CharField(max_length=200)
    trace = models.TextField(blank=True)
    failures = models.PositiveIntegerField(default=1)
    first_failed_at = models.DateTimeField()
    last_failed_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    busy_until = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = DeadLetterQuerySet.as_manager()

    class Meta:
        ordering = (F("settled_at").desc(nulls_first=True), "-last_failed_at")
        constraints = (
            models.UniqueConstraint(
                fields=("task", "arguments"), condition=Q(settled_at=None), name="one_dead_letter_for_each_work"
            ),
        )

    def __str__(self) -> str:
        return f"{self.task}({', '.join(map(str, self.arguments))})"
