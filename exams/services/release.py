"""When the candidates of assigned sittings may see their results, and the keys."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from exams.models import Sitting


def set_release(
    *, sitting_ids: Sequence[uuid.UUID], results_at: dt.datetime | None, results_held: bool,
    review_at: dt.datetime | None, review_held: bool,
) -> int:  # fmt: skip
    """Set from when results and reviews are shown, and whether they are held until somebody releases them.

    No time and not held means at once; a review is never shown before its result. Own practice is left alone.
    Returns how many sittings were set. One statement.
    """
    return Sitting.objects.filter(pk__in=sitting_ids, assigned=True).update(
        results_at=results_at, results_held=results_held, review_at=review_at, review_held=review_held
    )
