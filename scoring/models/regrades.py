"""Regrades: a corrected key or a removed question gives forms a new table and results a new version."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from exams.models import ScoreTable
from questions.models import Exam, Revision


class Regrade(models.Model):
    """One audited decision about one revision in one exam. It can be taken back, which is again on record."""

    class Act(models.TextChoices):
        KEY = "key", "Key corrected"
        REMOVED = "removed", "Question removed"

    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="regrades")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="regrades")
    act = models.CharField(max_length=7, choices=Act)
    keys = models.JSONField(default=list, help_text="Responses that are right now, each a list of option numbers.")
    reason = models.CharField(max_length=500)
    losing_reason = models.CharField(
        max_length=500, blank=True, help_text="Why it is right that somebody loses a pass."
    )
    summary = models.JSONField(
        default=dict, help_text="How many results moved: forms, results, up, down, gained, lost."
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField()
    tables = models.ManyToManyField(ScoreTable, related_name="regrades", help_text="Versions that it made.")

    reverted_at = models.DateTimeField(null=True, blank=True)
    reverted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    revert_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-made_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("exam", "revision"), condition=Q(reverted_at__isnull=True), name="regrade_one_standing"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_act_display()}: {self.revision_id}"
