"""Questions and their revisions. A published revision never changes; a correction is a new one."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from questions.kinds import KINDS, Content, Kind, OptionContent, PromptContent
from questions.models.outline import Exam, Task, Topic

KIND_CHOICES = [(kind.name, kind.label) for kind in KINDS.values()]


class Scenario(models.Model):
    """The shared situation of a case study."""

    public_id = models.CharField(max_length=61, unique=True)
    from_studio = models.BooleanField(default=False, help_text="Written or changed here: packs leave it alone.")

    def __str__(self) -> str:
        return self.public_id


class ScenarioRevision(models.Model):
    """One immutable wording of a scenario."""

    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("scenario", "number"), name="scenario_revision_unique"),)

    def __str__(self) -> str:
        return f"{self.scenario_id} r{self.number}"


class Question(models.Model):
    """One entry of the bank under a stable public id."""

    public_id = models.CharField(max_length=61, unique=True)
    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT, null=True, blank=True, related_name="questions")
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    notes = models.TextField(blank=True, help_text="For authors only.")
    from_studio = models.BooleanField(default=False, help_text="Written or changed here: packs leave it alone.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("public_id",)
        indexes = (GinIndex(fields=("tags",), name="question_tags"),)

    def __str__(self) -> str:
        return self.public_id


class RevisionState(models.TextChoices):
    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    PUBLISHED = "published", "Published"
    SUPERSEDED = "superseded", "Superseded"  # was published; a newer revision took its place
    RETIRED = "retired", "Retired"


FROZEN = (RevisionState.PUBLISHED, RevisionState.SUPERSEDED, RevisionState.RETIRED)
OPEN = (RevisionState.DRAFT, RevisionState.IN_REVIEW)


class RevisionQuerySet(models.QuerySet["Revision"]):
    def published(self) -> RevisionQuerySet:
        return self.filter(state=RevisionState.PUBLISHED)

    def with_content(self) -> RevisionQuerySet:
        """Everything that a page shows of a revision, in a constant number of statements."""
        return self.select_related("question", "scenario_revision").prefetch_related("options", "prompts", "references")


class Revision(models.Model):
    """One wording of a question: written as a draft, then immutable, and rendered to safe HTML when it is published."""

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=RevisionState, default=RevisionState.DRAFT)
    kind = models.CharField(max_length=20, choices=KIND_CHOICES)
    scenario_revision = models.ForeignKey(
        ScenarioRevision, on_delete=models.PROTECT, null=True, blank=True, related_name="revisions"
    )
    stem = models.TextField()
    stem_html = models.TextField(blank=True)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the wording; equal wordings are one revision.")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True)
    # From here on: the studio's. A revision that a pack brought has lock version 0 and nothing of it.
    lock_version = models.PositiveIntegerField(default=0, help_text="Counts the saves of a draft; 0: from a pack.")
    based_on = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        help_text="The published wording that this one is to replace.",
    )  # fmt: skip
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    acknowledged = models.JSONField(default=list, blank=True, help_text="Warnings that were let pass, with reasons.")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    own_review = models.BooleanField(default=False, help_text="The author was allowed to review it (SELF_REVIEW).")
    approval = models.OneToOneField(
        "Review", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="The review that lets it be published.",
    )  # fmt: skip

    objects = RevisionQuerySet.as_manager()

    class Meta:
        ordering = ("question", "number")
        constraints = (
            models.UniqueConstraint(fields=("question", "number"), name="revision_number_unique"),
            models.UniqueConstraint(
                fields=("question",), condition=Q(state=RevisionState.PUBLISHED), name="revision_one_published"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=FROZEN) | Q(published_at__isnull=False), name="revision_published_has_time"
            ),
            models.CheckConstraint(condition=Q(kind__in=list(KINDS)), name="revision_kind_known"),
            models.UniqueConstraint(fields=("question",), condition=Q(state__in=OPEN), name="revision_one_open"),
            models.CheckConstraint(
                condition=Q(own_review=True)
                | Q(author__isnull=True)
                | Q(reviewer__isnull=True)
                | ~Q(reviewer=F("author")),
                name="revision_reviewer_is_not_author",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=FROZEN) | Q(lock_version=0) | Q(approval__isnull=False),
                name="revision_published_is_reviewed",
            ),
            models.CheckConstraint(
                condition=~Q(state=RevisionState.IN_REVIEW) | Q(submitted_at__isnull=False),
                name="revision_in_review_is_submitted",
            ),
        )

    def __str__(self) -> str:
        return f"{self.question_id} r{self.number}"

    @property
    def strategy(self) -> Kind:
        return KINDS[self.kind]

    @property
    def content(self) -> Content:
        """The answerable part, for the kind; reads `options` and `prompts`, so prefetch them.

        A prompt of a draft that has no option yet names option 0.
        """
        numbers: dict[int | None, int] = {option.pk: option.number for option in self.options.all()}
        return Content(
            options=tuple(
                OptionContent(option.text, option.rationale, option.correct, option.position)
                for option in self.options.all()
            ),
            prompts=tuple(
                PromptContent(prompt.text, prompt.rationale, numbers.get(prompt.option_id, 0))
                for prompt in self.prompts.all()
            ),
        )


class Option(models.Model):
    """An option of any kind: choice, step to order, or response to match. `number` is the author's order."""

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="options")
    number = models.PositiveSmallIntegerField()
    text = models.TextField()
    html = models.TextField(blank=True)
    rationale = models.TextField()
    rationale_html = models.TextField(blank=True)
    correct = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("revision", "number")
        constraints = (
            models.UniqueConstraint(fields=("revision", "number"), name="option_number_unique"),
            models.UniqueConstraint(fields=("revision", "position"), name="option_position_unique"),
        )

    def __str__(self) -> str:
        return self.text[:60]


class Prompt(models.Model):
    """One prompt of a matching question and the option that belongs to it."""

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="prompts")
    number = models.PositiveSmallIntegerField()
    text = models.TextField()
    html = models.TextField(blank=True)
    rationale = models.TextField()
    rationale_html = models.TextField(blank=True)
    option = models.ForeignKey(
        Option, on_delete=models.CASCADE, null=True, related_name="+", help_text="Empty only in a draft."
    )

    class Meta:
        ordering = ("revision", "number")
        constraints = (models.UniqueConstraint(fields=("revision", "number"), name="prompt_number_unique"),)

    def __str__(self) -> str:
        return self.text[:60]


class Reference(models.Model):
    """A documentation page that settles the question."""

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="references")
    number = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=300)
    url = models.URLField(max_length=500)

    class Meta:
        ordering = ("revision", "number")
        constraints = (models.UniqueConstraint(fields=("revision", "number"), name="reference_number_unique"),)

    def __str__(self) -> str:
        return self.title


class Placement(models.Model):
    """Where a question belongs in an exam's outline."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="placements")
    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="placements")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="placements")
    topics = models.ManyToManyField(Topic, related_name="placements", blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("question", "exam"), name="placement_unique"),)

    def __str__(self) -> str:
        return f"{self.question_id} in {self.exam_id}"


class Enmity(models.Model):
    """Two questions that must not share a form, because one gives the other away."""

    first = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("first", "second"), name="enmity_unique"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="enmity_ordered"),
        )

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}"
