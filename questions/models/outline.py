"""What an exam asks for: counts, minutes, scale, and the weighted outline of domains, tasks and topics."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class ExamQuerySet(models.QuerySet["Exam"]):
    def offered(self) -> ExamQuerySet:
        return self.filter(offered=True)


class Origin(models.TextChoices):
    PACK = "pack", "Loaded from a pack"
    STUDIO = "studio", "Made in the studio"


class Exam(models.Model):
    """A certification exam's specification."""

    code = models.CharField(max_length=21, unique=True)
    name = models.CharField(max_length=300)
    level = models.CharField(max_length=300)
    status = models.CharField(max_length=300, help_text="How things stand with the real exam, shown to candidates.")
    as_of = models.DateField(help_text="Day on which these facts were checked.")
    minutes = models.PositiveSmallIntegerField()
    language_minutes = models.PositiveSmallIntegerField(
        default=0, help_text="Extra minutes the provider grants to candidates who sit it in a second language."
    )
    questions = models.PositiveSmallIntegerField(help_text="Seats on a form.")
    scored = models.PositiveSmallIntegerField(help_text="Seats that count.")
    scale_minimum = models.PositiveSmallIntegerField(default=100)
    scale_maximum = models.PositiveSmallIntegerField(default=1000)
    pass_mark = models.PositiveSmallIntegerField()
    retake_after_days = models.PositiveSmallIntegerField(default=0, help_text="0: a retake is possible at any time.")
    offered = models.BooleanField(default=True)
    origin = models.CharField(max_length=6, choices=Origin, default=Origin.PACK)
    edited_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the studio last changed what a pack would say; packs then leave it.",
    )

    objects = ExamQuerySet.as_manager()

    class Meta:
        ordering = ("code",)
        constraints = (
            models.CheckConstraint(condition=Q(minutes__gte=1), name="exam_minutes_positive"),
            models.CheckConstraint(condition=Q(scored__gte=1, scored__lte=F("questions")), name="exam_scored_fits"),
            models.CheckConstraint(
                condition=Q(scale_minimum__lt=F("pass_mark"), pass_mark__lt=F("scale_maximum")),
                name="exam_pass_mark_on_scale",
            ),
            models.CheckConstraint(condition=Q(origin__in=Origin.values), name="exam_origin_known"),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def short_name(self) -> str:
        """The name without the publisher's prefix and level, for narrow places."""
        return self.name.removeprefix("AWS Certified ").partition(" - ")[0]

    @property
    def unscored(self) -> int:
        return self.questions - self.scored


class KindShare(models.Model):
    """How many questions of a kind a form and its scored part hold, both ends included."""

    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="kind_shares")
    kind = models.CharField(max_length=20)
    form_minimum = models.PositiveSmallIntegerField()
    form_maximum = models.PositiveSmallIntegerField()
    scored_minimum = models.PositiveSmallIntegerField()
    scored_maximum = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("exam", "kind"), name="kind_share_unique"),
            models.CheckConstraint(
                condition=Q(form_minimum__lte=F("form_maximum"), scored_minimum__lte=F("scored_maximum")),
                name="kind_share_ordered",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.form_minimum}-{self.form_maximum}"


class Domain(models.Model):
    """A weighted part of the outline; the weights of an exam add up to 100."""

    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="domains")
    number = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=8)
    title = models.CharField(max_length=300)
    weight = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("exam", "number")
        constraints = (
            models.UniqueConstraint(fields=("exam", "number"), name="domain_number_unique"),
            models.UniqueConstraint(fields=("exam", "code"), name="domain_code_unique"),
        )

    def __str__(self) -> str:
        return f"{self.number}. {self.title}"


class Task(models.Model):
    """A task statement inside a domain; `code` (such as 1.2) is unique in the exam."""

    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="tasks")
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="tasks")
    number = models.PositiveSmallIntegerField(help_text="Place in the whole outline.")
    code = models.CharField(max_length=8)
    title = models.CharField(max_length=300)

    class Meta:
        ordering = ("exam", "number")
        constraints = (models.UniqueConstraint(fields=("exam", "code"), name="task_code_unique"),)

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class Topic(models.Model):
    """What a task covers, in our own words."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="topics")
    number = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=300)

    class Meta:
        ordering = ("task", "number")
        constraints = (models.UniqueConstraint(fields=("task", "number"), name="topic_number_unique"),)

    def __str__(self) -> str:
        return self.title
