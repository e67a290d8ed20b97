"""What the studio keeps beside the bank: words to search by, and the filters that authors come back to."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from questions.models.bank import Revision


class SearchEntry(models.Model):
    """The words of one revision with its options. Derived: `questions.search` writes it and can make it anew.

    It is a table of its own, because a published revision never changes, and because what exams read of revisions
    need not drag the words along.
    """

    revision = models.OneToOneField(Revision, on_delete=models.CASCADE, primary_key=True, related_name="search_entry")
    digest = models.CharField(max_length=80, help_text="Digest and version of the wording that was read.")
    vector = SearchVectorField()

    class Meta:
        verbose_name_plural = "search entries"
        indexes = (GinIndex(fields=("vector",), name="search_entry_vector"),)

    def __str__(self) -> str:
        return f"words of {self.revision_id}"


class SavedFilter(models.Model):
    """A filter of the list of questions under a name, for its owner alone. `query` is the list's address after "?"."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000)

    class Meta:
        ordering = ("owner", "name")
        constraints = (models.UniqueConstraint(fields=("owner", "name"), name="saved_filter_unique"),)

    def __str__(self) -> str:
        return self.name
