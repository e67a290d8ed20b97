"""Images that questions show, under the hash of their content."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from questions.images import EXTENSIONS, Prepared

LONGEST_ALT = 300


class ImageQuerySet(models.QuerySet["Image"]):
    def light(self) -> ImageQuerySet:
        """Everything but the bytes."""
        return self.defer("content")

    def keep(self, prepared: Prepared, *, alt: str, by_id: int | None = None) -> Image:
        """The row of this image: the one that is there already, or a new one."""
        found = self.same(prepared.source)
        if found is not None:
            return found
        row = Image(
            sha256=prepared.sha256, source=prepared.source, media_type=prepared.media_type, width=prepared.width,
            height=prepared.height, size=len(prepared.content), content=prepared.content, alt=alt[:LONGEST_ALT],
            uploaded_by_id=by_id,
        )  # fmt: skip
        # Of two who send the same at once the second finds the first one's row.
        self.bulk_create([row], ignore_conflicts=True)
        return self.light().get(Q(sha256=prepared.sha256) | Q(source=prepared.source))

    def same(self, source: str) -> Image | None:
        """The image that these bytes became, or that has them. `source` is their SHA-256."""
        return self.light().filter(Q(sha256=source) | Q(source=source)).first()


class Image(models.Model):
    """One image, never changed. The bytes lie here because PostgreSQL is the only truth (ADR 0021)."""

    sha256 = models.CharField(max_length=64, primary_key=True, help_text="SHA-256 of the content.")
    source = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of what was sent, so that the same bytes are the same image."
    )
    media_type = models.CharField(max_length=10, choices=[(name, name) for name in EXTENSIONS])
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    size = models.PositiveIntegerField(help_text="In bytes.")
    content = models.BinaryField()
    alt = models.CharField(
        max_length=LONGEST_ALT, help_text="What it shows, as a proposal: every use has its own words."
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        help_text="Empty: from a pack.",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "sha256")
        indexes = (models.Index(fields=("-created_at", "sha256"), name="image_newest"),)
        constraints = (
            models.CheckConstraint(condition=Q(media_type__in=list(EXTENSIONS)), name="image_media_type_known"),
            models.CheckConstraint(condition=Q(sha256__regex="^[0-9a-f]{64}$"), name="image_hash"),
        )

    def __str__(self) -> str:
        return self.alt

    @property
    def extension(self) -> str:
        return EXTENSIONS[self.media_type]

    @property
    def address(self) -> str:
        """Where browsers find it. It stands in published wordings, so it never changes."""
        return f"/images/{self.sha256}.{self.extension}"

    @property
    def markdown(self) -> str:
        """What an author writes to show it."""
        alt = "".join(f"\\{sign}" if sign in "\\[]`*_<&" else sign for sign in self.alt)
        return f"![{alt}](image:{self.sha256})"
