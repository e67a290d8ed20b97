"""Files that authors have brought and not confirmed yet: kept here, because no web server keeps anything itself."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class ImportState(models.TextChoices):
    """Where an import is. Nothing is written to the bank before DONE."""

    READING = "reading", "Being read"
    PLANNED = "planned", "To be confirmed"
    WRITING = "writing", "Being written"
    DONE = "done", "Written"
    REFUSED = "refused", "Refused"


FATES = (
    "added",
    "changed",
    "unchanged",
    "dropped",
)  # `questions.interchange.plans.Fate`, which cannot be imported from here
WAITING = (ImportState.READING, ImportState.WRITING)  # for background work


class ImportUpload(models.Model):
    """A file on its way into the bank. Only its owner sees it; the file goes once it is written, all else in a day.

    `exam`, `task` and `format_name` are as chosen; "" is "as the file says". `digest` is that of the plan that
    is shown (`questions.interchange.plans.Plan`), `counts` its fates, `losses` those of the file as a whole. `message`
    is the one sentence for the owner: why the file is refused, or why the plan was made anew.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    data = models.BinaryField()
    size = models.PositiveIntegerField()
    exam = models.CharField(max_length=40, blank=True)
    task = models.CharField(max_length=60, blank=True, help_text="Code of its exam, a space, and its own code.")
    format_name = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=8, choices=ImportState, default=ImportState.READING)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often background work has begun on it.")
    message = models.TextField(blank=True)
    label = models.CharField(max_length=60, blank=True, help_text="The format that was found.")
    digest = models.CharField(max_length=64, blank=True)
    counts = models.JSONField(default=dict)
    losses = models.JSONField(default=list)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.CheckConstraint(condition=Q(state__in=ImportState.values), name="import_state_known"),
            models.CheckConstraint(condition=~Q(state="done") | Q(data=b""), name="import_done_keeps_no_file"),
        )
        indexes = (
            models.Index(fields=("created_at",), name="import_by_age"),
            models.Index(fields=("id",), condition=Q(state__in=("reading", "writing")), name="import_waiting"),
        )

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"


class ImportRow(models.Model):
    """A question of the file and what becomes of it, as `questions.interchange.plans.Row` says, to be shown in pages.

    `losses` holds [what, why, severity] for each; of very many the first ones, `lost` counts all.
    """

    upload = models.ForeignKey(ImportUpload, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    fate = models.CharField(max_length=9)
    public_id = models.CharField(max_length=61, blank=True)
    identifier = models.TextField(blank=True)
    kind = models.CharField(max_length=20, blank=True)
    stem = models.TextField(blank=True)
    place = models.CharField(max_length=40, blank=True)
    why = models.TextField(blank=True)
    problems = models.JSONField(default=list)
    losses = models.JSONField(default=list)
    lost = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("upload", "number")
        constraints = (
            models.UniqueConstraint(fields=("upload", "number"), name="import_row_number_unique"),
            models.CheckConstraint(condition=Q(fate__in=FATES), name="import_row_fate_known"),
        )

    def __str__(self) -> str:
        return f"{self.number}: {self.public_id or self.identifier} {self.fate}"
