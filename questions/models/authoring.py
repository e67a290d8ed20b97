"""What happens around a revision before and after it is published: comments, reviews, judges' turns, the trail."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from questions.models.bank import Question, Revision
from questions.models.outline import Exam


class Comment(models.Model):
    """A remark on a place of a revision, such as "stem", "option 2" or "rationale 3" (`questions.writing.PLACE`)."""

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    place = models.CharField(max_length=30)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("revision", "created_at", "id")

    def __str__(self) -> str:
        return f"{self.place}: {self.text[:60]}"


class Verdict(models.TextChoices):
    APPROVE = "approve", "Approved"
    CHANGES = "changes", "Changes asked for"


class Review(models.Model):
    """What a reviewer decided about the wording that was submitted.

    `author` is the revision's author on that day, so that the database itself can refuse that somebody reviews
    their own. `own` says that it was allowed to (SELF_REVIEW).
    """

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="reviews")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    own = models.BooleanField(default=False)
    verdict = models.CharField(max_length=7, choices=Verdict)
    note = models.TextField(blank=True)
    lock_version = models.PositiveIntegerField(help_text="The version of the draft that was read.")
    reviewed_at = models.DateTimeField()

    class Meta:
        ordering = ("revision", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(own=True) | Q(author__isnull=True) | Q(reviewer__isnull=True) | ~Q(reviewer=F("author")),
                name="review_is_not_the_authors",
            ),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="review_verdict_known"),
        )

    def __str__(self) -> str:
        return f"{self.revision_id}: {self.verdict}"


class Act(models.TextChoices):
    """What people do to questions."""

    CREATE = "create", "Created"
    SAVE = "save", "Wrote"
    REVISE = "revise", "Began a new revision"
    REBASE = "rebase", "Took note of a newer published wording"
    DELETE = "delete", "Deleted the draft"
    LABEL = "label", "Changed tags or notes"
    PLACE = "place", "Changed the place in an exam"
    ENEMIES = "enemies", "Changed the enemies"
    SCENARIO = "scenario", "Changed the case study"
    SUBMIT = "submit", "Submitted for review"
    TAKE_BACK = "take_back", "Took back from review"
    ASSIGN = "assign", "Named the reviewer"
    COMMENT = "comment", "Commented"
    RESOLVE = "resolve", "Resolved a comment"
    ACKNOWLEDGE = "acknowledge", "Let a warning pass"
    APPROVE = "approve", "Approved"
    CHANGES = "changes", "Asked for changes"
    PUBLISH = "publish", "Published"
    RETIRE = "retire", "Retired"
    WITHDRAW = "withdraw", "Withdrew"
    ASK_JUDGES = "ask_judges", "Asked judges"
    RATE = "rate", "Rated"
    CLOSE_ROUND = "close_round", "Closed a round of ratings"
    APPROVE_ROUND = "approve_round", "Approved a round of ratings"


class Audit(models.Model):
    """Who did what, and when. A trigger keeps rows as they are; they outlive the draft or person that they name.

    `public_id` is that of the question, or of the scenario if `question` was never set.
    """

    question = models.ForeignKey(Question, on_delete=models.SET_NULL, null=True, blank=True, related_name="audits")
    public_id = models.CharField(max_length=61)
    revision = models.ForeignKey(Revision, on_delete=models.SET_NULL, null=True, blank=True, related_name="audits")
    who = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    when = models.DateTimeField()
    act = models.CharField(max_length=13, choices=Act)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ("-when", "-id")
        constraints = (models.CheckConstraint(condition=Q(act__in=Act.values), name="audit_act_known"),)
        indexes = (models.Index(fields=("public_id", "when"), name="audit_by_question"),)

    def __str__(self) -> str:
        return f"{self.public_id}: {self.act}"


class RatingRequest(models.Model):
    """A judge's turn in a round of ratings of a revision for an exam: first the answer, then the rating.

    A round is open until it is closed as a whole; its ratings count once somebody has approved them.
    """

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="rating_requests")
    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="rating_requests")
    round = models.PositiveSmallIntegerField()
    judge = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    due = models.DateField(null=True, blank=True)
    answer = ArrayField(
        models.PositiveSmallIntegerField(), null=True, blank=True,
        help_text="What the judge answered before the key was known, in option numbers.",
    )  # fmt: skip
    answered_at = models.DateTimeField(null=True, blank=True)
    value = models.PositiveSmallIntegerField(null=True, blank=True, help_text="In hundredths.")
    done_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("revision", "exam", "round", "id")
        constraints = (
            models.UniqueConstraint(fields=("revision", "exam", "round", "judge"), name="rating_request_unique"),
            models.CheckConstraint(
                condition=Q(value__isnull=True) | Q(value__gte=1, value__lte=97), name="rating_request_range"
            ),
            models.CheckConstraint(
                condition=Q(value__isnull=True, done_at__isnull=True) | Q(value__isnull=False, done_at__isnull=False),
                name="rating_request_done_has_value",
            ),
            models.CheckConstraint(
                condition=Q(answer__isnull=True, answered_at__isnull=True)
                | Q(answer__isnull=False, answered_at__isnull=False),
                name="rating_request_answered_has_answer",
            ),
            models.CheckConstraint(
                condition=Q(value__isnull=True) | Q(answer__isnull=False), name="rating_request_answered_first"
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True) | Q(closed_at__isnull=False),
                name="rating_request_approved_closed",
            ),
        )

    def __str__(self) -> str:
        return f"{self.revision_id} for {self.exam_id}, round {self.round}"
