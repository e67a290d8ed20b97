"""What becomes of each question when a run is promoted, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from questions.models import Standing
from questions.models.measurement import Status
from questions.services import Measured
from scoring.models import CalibrationRun, RunItem


class Outcome(StrEnum):
    """Before and after: the status that a question has, and whether it takes the run's parameters."""

    READY = "ready"  # pretest until now; it may be scored from then on
    WAITS = "waits"  # pretest, and stays so
    MEASURED = "measured"  # scored by its rating until now
    LINE = "line"  # scored by its rating, and stays so: it follows the run's line
    AGAIN = "again"  # calibrated before, and again
    KEEPS = "keeps"  # calibrated before; something speaks against the new figures, so the old ones stay


FEW = 30

OUTCOMES = {
    (Status.PRETEST, True): Outcome.READY,
    (Status.PRETEST, False): Outcome.WAITS,
    (Status.SCORABLE, True): Outcome.MEASURED,
    (Status.SCORABLE, False): Outcome.LINE,
    (Status.CALIBRATED, True): Outcome.AGAIN,
    (Status.CALIBRATED, False): Outcome.KEEPS,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """One question of the run, its status before, and what keeps it from taking the run's parameters, if anything."""

    item: RunItem
    status: Status
    rating: Decimal | None
    reasons: tuple[str, ...]

    @property
    def taken(self) -> bool:
        return not self.reasons

    @property
    def outcome(self) -> Outcome:
        return OUTCOMES[self.status, self.taken]

    @property
    def few(self) -> bool:
        """Too few answers to tell more than facility."""
        return self.item.n < FEW

    @property
    def alarms(self) -> list[str]:
        """What is wrong with a question that counts; of a pretest question nothing counts yet."""
        return [] if self.status == Status.PRETEST else list(self.item.alarms)

    @property
    def measured(self) -> Measured:
        parameters = (self.item.discrimination, self.item.intercept) if self.taken else (None, None)
        return Measured(self.item.revision_id, *parameters, n=self.item.n)


def decide(item: RunItem, standing: Standing | None, status: Status | None = None) -> Decision:
    """What promoting the item's run means for its question. `status`: the one it had, if not the present one."""
    status = status or (Status(standing.status) if standing else Status.PRETEST)
    rating = standing.rating if standing else None
    return Decision(item, status, rating, tuple(_reasons(item, rating, status)))


def _reasons(item: RunItem, rating: Decimal | None, status: Status) -> list[str]:
    reasons = list(item.obstacles)
    if rating is None:
        reasons.append("no rating")
    if not item.connected:
        reasons.append("not connected with the other questions")
    estimated = item.discrimination is not None and item.intercept is not None and item.discrimination > 0
    if not reasons and not (item.measured and estimated):
        reasons.append("not measured by itself")
    if status == Status.CALIBRATED and item.alarms:
        reasons.append("an alarm")
    return list(dict.fromkeys(reasons))


def decisions_of(
    run: CalibrationRun, standings: Mapping[int, Standing], before: Mapping[int, Status] | None = None
) -> list[Decision]:
    """A decision for every question of the run, by public id. `standings` by revision id; `before`, where given, holds
    the statuses at the time of the promotion. One statement."""
    items = run.items.defer("options", "curve").select_related("revision__question")
    items = items.order_by("revision__question__public_id", "revision")
    return [decide(item, standings.get(item.revision_id), (before or {}).get(item.revision_id)) for item in items]
