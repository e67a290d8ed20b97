"""What goes into assembly and what comes out: candidates, targets and drafts of forms."""

from __future__ import annotations

import math
from dataclasses import dataclass

# The names of what may give way, in the order in which it does.
INFORMATION = "information"
OUTER_POINTS = "outer points"
CUT_BAND = "cut band"
OVERLAP = "overlap"
ANCHORS = "anchors"  # never relaxed to find a form, but reported when a form has too few of them
RELAXATIONS = (INFORMATION, OUTER_POINTS, CUT_BAND, OVERLAP)

ABILITIES = (-1.0, 0.0, 1.0)
BANDS = (0.5, 0.25, 0.5)  # raw points allowed between a form and its target at ABILITIES
INFORMATION_BAND = 0.05
CALIBRATED_SHARE = 0.8  # from this share of measured questions on, information is demanded


@dataclass(frozen=True, slots=True)
class Candidate:
    """One question that may be seated.

    `task` is an index into `Blueprint.tasks`; `kind` a label of `Blueprint.shares`. A candidate that is not
    `scorable` (pretest) may only take unscored seats. `rating` is exact, in ten-thousandths (0-10000). The
    response function is `P = logistic(a * theta + d)`. `exposure` counts sittings that have shown it,
    `first_exposures` those of people who met it for the first time, `seen` says whether the person of a
    personal form has met it. Candidates with the same `scenario` stand together or not at all; `enemies` holds
    the ids that must not share a form with it (one direction is enough).
    """

    id: int
    task: int
    kind: str
    scorable: bool
    rating: int
    a: float
    d: float
    calibrated: bool = False
    exposure: int = 0
    first_exposures: int = 0
    seen: bool = False
    scenario: int | None = None
    enemies: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Target:
    """What every form must resemble: the reference form.

    `curve` is its expected raw score T at theta -1, 0 and +1; `information` is its test information at theta 0
    (in 1/theta^2), or None while too few questions are calibrated for it to mean anything.
    """

    curve: tuple[float, float, float]
    minimum_passing_raw: int
    information: float | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """The ids on one form, each part in the order of the candidates. Seat order is the caller's matter."""

    scored: tuple[int, ...]
    unscored: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Assembly:
    """The drafts, the names of the constraints that they do not meet (see RELAXATIONS), and the seconds it took."""

    drafts: tuple[Draft, ...]
    relaxed: tuple[str, ...]
    seconds: float


def minimum_passing_raw(expected: float) -> int:
    """The smallest raw score that reaches the cut `expected` = T_f(0): its ceiling, forgiving 1e-6 of float noise."""
    return math.ceil(expected - 1e-6)
