"""What a run's figures mean for a question: what keeps it from being calibrated, and what somebody should look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from psychometrics.calibration import Settings
from questions.models.bank import RevisionState
from questions.models.measurement import Status
from scoring.calibration.options import Record
from scoring.models import RunItem


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a question must meet to be calibrated, and from when on a scored one raises an alarm."""

    n: int = 200
    se_difficulty: float = 0.25
    item_rest: float = 0.15
    facility_above_chance: float = 0.05
    facility: float = 0.95
    least_slope: float = 0.4
    greatest_slope: float = 2.5
    least_infit: float = 0.8
    greatest_infit: float = 1.2
    distractor: float = 0.05
    alarm_n: int = 100
    alarm_item_rest: float = 0.05
    alarm_drift: float = 0.3
    alarm_drift_z: float = 2.7

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


THRESHOLDS = Thresholds()
SETTINGS = Settings()  # by which runs are made, and what the next run needs of the one that is promoted


@dataclass(frozen=True, slots=True)
class Place:
    """How a revision stands in the exam. `chance`: of a blind guess; `scored`: counts on a form or may."""

    status: str
    state: str
    kind: str
    rated: bool
    chance: float
    scored: bool


def obstacles(item: RunItem, place: Place, limits: Thresholds = THRESHOLDS) -> list[str]:
    """Everything that keeps a pretest or scorable question from being calibrated, with the figures.

    Below the number of answers wanted nothing else is judged that more answers may mend.
    """
    if place.status == Status.CALIBRATED:
        return []
    found = []
    if place.state != RevisionState.PUBLISHED:
        found.append(f"this wording is {RevisionState(place.state).label.lower()}, not published")
    if not place.rated:
        found.append("no judge has rated it, which a scored question needs")
    if not item.connected:
        found.append("not connected to the rest: nobody who answered it answered what others did")
    if item.n < limits.n:
        return [*found, f"{item.n} first exposures, {limits.n} needed"]
    chance = place.chance + limits.facility_above_chance
    found += _too_low(
        "facility", item.facility, chance, f" (chance {place.chance:.2f} + {limits.facility_above_chance})"
    )
    found += _too_high("facility", item.facility, limits.facility)
    found += _too_low("item-rest correlation", item.item_rest, limits.item_rest)
    if item.connected:
        found += _too_high("standard error of the difficulty", item.se_difficulty, limits.se_difficulty)
        found += _too_low("slope a", item.discrimination, limits.least_slope)
        found += _too_high("slope a", item.discrimination, limits.greatest_slope)
        found += _too_low("infit", item.infit, limits.least_infit)
        found += _too_high("infit", item.infit, limits.greatest_infit)
    if place.kind in ("multiple_choice", "multiple_response"):
        found += [
            f"option {record['label'][0]} is wrong and draws the abler (r = {record['correlation']:.2f}, "
            f"at most {limits.distractor})"
            for record in item.options
            if not record["key"] and record["correlation"] is not None and record["correlation"] > limits.distractor
        ]
    return list(dict.fromkeys(found))


def alarms(item: RunItem, place: Place, limits: Thresholds = THRESHOLDS) -> list[str]:
    """What is amiss with a scored question; nothing with too few answers, or with one that does not count."""
    if not place.scored or item.n < limits.alarm_n:
        return []
    found = []
    if item.facility in (0.0, 1.0):  # so nothing can be correlated
        found.append(
            f"everybody of {item.n} is right (facility 1.00)"
            if item.facility
            else f"nobody of {item.n} is right (facility 0.00, at least {place.chance:.2f} expected of guessing)"
        )
    if item.item_rest is not None and item.item_rest < limits.alarm_item_rest:
        found.append(f"item-rest correlation {item.item_rest:.2f}, below {limits.alarm_item_rest}")
    found += [_drawn(record, item.options) for record in item.options if record["flagged"]]
    drift, z = item.drift or 0.0, item.drift_z or 0.0
    if abs(drift) > limits.alarm_drift and abs(z) > limits.alarm_drift_z:
        way = "harder" if drift > 0 else "easier"
        found.append(f"{abs(drift):.2f} logits {way} than when it was measured (robust z {z:.1f})")
    return found


def _drawn(record: Record, options: Sequence[Record]) -> str:
    numbers = ", ".join(str(number) for number in record["label"])
    name = f"option {numbers}" if len(record["label"]) == 1 else f"the wrong response {numbers}"
    key = min(other["thirds"][-1] for other in options if other["key"] and other["thirds"][-1] is not None)
    return f"{name} is chosen by {record['thirds'][-1]:.0%} of the ablest third, the key by {key:.0%}"


def _too_low(what: str, value: float | None, limit: float, why: str = "") -> list[str]:
    if value is None:
        return [f"{what} cannot be computed"]
    return [f"{what} {_short(value, limit)}, at least {limit:.2f} needed{why}"] if value < limit else []


def _too_high(what: str, value: float | None, limit: float) -> list[str]:
    if value is None:
        return [f"{what} cannot be computed"]
    return [f"{what} {_short(value, limit)}, at most {limit:.2f} allowed"] if value > limit else []


def _short(value: float, limit: float) -> str:
    """Two digits, or as many as it takes to tell the value from its limit."""
    for digits in (2, 3, 4):
        if f"{value:.{digits}f}" != f"{limit:.{digits}f}":
            return f"{value:.{digits}f}"
    return f"{value:.6f}"
