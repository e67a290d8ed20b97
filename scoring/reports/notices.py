"""What candidates read of regrades: that a result was regraded, when, why, and what it was before."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise

from scoring.models import Regrade, Result

MADE = {
    Regrade.Act.KEY: "The key of one question was corrected.",
    Regrade.Act.REMOVED: "One question was removed from scoring.",
}
TAKEN_BACK = {
    Regrade.Act.KEY: "The corrected key of one question was taken back.",
    Regrade.Act.REMOVED: "One question that had been removed counts again.",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One regrade of a result: the day, the public sentence, and both versions."""

    on: dt.datetime
    why: str
    before: Result
    after: Result

    @property
    def moved(self) -> bool:
        return self.before.scaled != self.after.scaled

    @property
    def gained(self) -> bool:
        return self.after.passed and not self.before.passed

    @property
    def lost(self) -> bool:
        return self.before.passed and not self.after.passed


@dataclass(frozen=True, slots=True)
class Correction:
    """What became of one question in a result: its key corrected, or removed from scoring, on a day."""

    removed: bool
    on: dt.datetime | None


def notices_of(result: Result) -> list[Notice]:
    """Every regrade up to this version since the sitting was closed for the last time, the latest first. One statement,
    and none for a first version."""
    if result.version == 1:
        return []
    versions = Result.objects.filter(sitting=result.sitting_id, version__lte=result.version)
    found = list(versions.select_related("regrade").order_by("version"))
    # What a reopening has superseded was never this result.
    last_close = max(place for place, version in enumerate(found) if version.regrade is None)
    return [
        Notice(after.created_at, _why(after.regrade, after), before, after)
        for before, after in pairwise(found[last_close:])
        if after.regrade
    ][::-1]


def _why(regrade: Regrade, version: Result) -> str:
    back = regrade.reverted_at is not None and version.created_at >= regrade.reverted_at
    return (TAKEN_BACK if back else MADE)[Regrade.Act(regrade.act)]


def correction_of(result: Result, seat: int, revision_id: int) -> Correction | None:
    """The regrade behind a seat's key or removal. One statement, and none where there was no regrade."""
    removed = seat in result.table.removed
    if not removed and str(seat) not in result.table.keys:
        return None
    standing = Regrade.objects.filter(exam=result.table.form.exam_id, revision=revision_id, reverted_at__isnull=True)
    return Correction(removed, standing.values_list("made_at", flat=True).first())
