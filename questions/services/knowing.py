"""Who knows the key of a wording, because they wrote or reviewed it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from django.conf import settings

from questions.models import Audit, Review, Revision
from questions.models.authoring import Act

WROTE = (Act.CREATE, Act.REVISE, Act.REBASE, Act.SAVE)


def writers_of(revision: Revision) -> set[int]:
    """Ids of everybody who wrote in this revision; they are not its reviewers. One statement."""
    return _writers([revision])[revision.pk]


def knowing(revisions: Collection[Revision]) -> dict[int, set[int]]:
    """Ids of those who wrote or reviewed each revision and so are not its judges, by its id. Two statements for all.

    None with SELF_REVIEW.
    """
    if settings.SELF_REVIEW:
        return defaultdict(set)
    found = _writers(revisions)
    for revision in revisions:
        if revision.reviewer_id is not None:
            found[revision.pk].add(revision.reviewer_id)
    reviewed = Review.objects.filter(revision__in=revisions, reviewer__isnull=False)
    for pk, who in reviewed.values_list("revision", "reviewer"):
        if who is not None:
            found[pk].add(who)
    return found


def _writers(revisions: Collection[Revision]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for revision in revisions:
        if revision.author_id is not None:
            found[revision.pk].add(revision.author_id)
    wrote = Audit.objects.filter(revision__in=revisions, act__in=WROTE, who__isnull=False)
    for pk, who in wrote.values_list("revision", "who"):
        if pk is not None and who is not None:
            found[pk].add(who)
    return found
