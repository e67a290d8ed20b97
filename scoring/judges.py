"""What the judges of an exam said last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from questions.models import Exam, Rating
from questions.pack.loader import METHOD as DESK


def last_ratings(exam: Exam, revisions: Collection[int]) -> tuple[dict[str, dict[int, Rating]], bool]:
    """By judge and revision the rating of the last round, and whether the judges are a convened panel. One statement.

    As soon as a convened panel has rated every one of the revisions, desk estimates no longer count.
    """
    given = list(Rating.objects.filter(exam=exam, revision__in=revisions).order_by("round"))
    by_panel = [rating for rating in given if rating.method != DESK]
    panel = bool(revisions) and {rating.revision_id for rating in by_panel} == set(revisions)
    last: dict[str, dict[int, Rating]] = defaultdict(dict)
    for rating in by_panel if panel else given:
        last[rating.judge][rating.revision_id] = rating
    return last, panel
