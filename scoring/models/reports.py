"""Problems that candidates report with questions, after the exam, and what became of them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from exams.models import Sitting
from questions.models import Revision

LONGEST = 2_000  # characters of a report, and of what is said to it


class ProblemReportQuerySet(models.QuerySet["ProblemReport"]):
    def open(self) -> ProblemReportQuerySet:
        return self.filter(state=ProblemReport.State.OPEN)

    def unread(self) -> ProblemReportQuerySet:
        """Answered, and the candidate has not looked at the answer yet."""
        return self.filter(state=ProblemReport.State.ANSWERED, read_at__isnull=True)


class ProblemReport(models.Model):
    """One candidate's word on the question at one seat. It goes with the sitting, and so with the person.

    `answer` is for the candidate where the report was answered; where it was dismissed it is the reason, and stays
    among authors.
    """

    class Category(models.TextChoices):
        KEY = "key", "The marked answer is wrong"
        SEVERAL = "several", "More than one answer is right"
        UNCLEAR = "unclear", "The wording is unclear"
        OUTDATED = "outdated", "It is out of date"
        DISPLAY = "display", "Typing error or display"
        OTHER = "other", "Something else"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ANSWERED = "answered", "Answered"
        DISMISSED = "dismissed", "Dismissed"

    sitting = models.ForeignKey(Sitting, on_delete=models.CASCADE, related_name="problem_reports")
    seat = models.PositiveSmallIntegerField()
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="problem_reports")
    category = models.CharField(max_length=8, choices=Category)
    text = models.TextField(max_length=LONGEST)
    version = models.PositiveSmallIntegerField(default=1, help_text="Counts the candidate's changes.")
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    answer = models.TextField(max_length=LONGEST, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True, help_text="When the candidate first saw the answer.")

    objects = ProblemReportQuerySet.as_manager()

    class Meta:
        ordering = ("-made_at", "-pk")
        constraints = (
            # That a person has only one in all their sittings of a form is seen to by the service.
            models.UniqueConstraint(fields=("sitting", "seat"), condition=Q(state="open"), name="problem_one_open"),
            models.CheckConstraint(
                condition=Q(state="open", answer="", answered_at__isnull=True)
                | ~Q(state="open") & ~Q(answer="") & Q(answered_at__isnull=False),
                name="problem_closed_has_answer",
            ),
        )
        indexes = (
            models.Index(fields=("-made_at", "-id"), name="problem_newest"),
            models.Index(fields=("revision",), condition=Q(state="open"), name="problem_open_by_revision"),
        )

    def __str__(self) -> str:
        return f"Report {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN
