"""Whether the time was enough: who reached the end, and where answers were left out.

Seats are numbered from 1. A seat after the last one that a person reached is *not reached*; a seat up to it without
an answer is *omitted*.

Sources:
    Cintron, D. W. (2021). Methods for measuring speededness: Chronology, classification, and ensuing research and
        development. ETS Research Report Series, 2021(1), 1-36.
    Rindler, S. E. (1979). Pitfalls in assessing test speededness. Journal of Educational Measurement, 16(4), 261-270.
    Swineford, F. (1974). The Test Analysis Manual (ETS SR 74-06). Educational Testing Service.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from psychometrics.arrays import FloatArray

COMPLETING = 0.80
MOST_OF_THE_FORM = 0.75
# "Virtually everyone" has no published number; this one is ours.
VIRTUALLY_EVERYONE = 0.99


class BadSeats(ValueError):
    """Seats and omissions that contradict each other or a form; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat of the form, from 1: the share of persons who reached it, and of those the share who omitted it.

    `judged` is how many persons the omit rate rests on; it is None if there are none.
    """

    position: int
    reached: float
    judged: int
    omitted: float | None


@dataclass(frozen=True, slots=True)
class Speededness:
    """How far the form got finished; all shares are 0 to 1.

    `persons`: those whose last seat is known, on whom every share rests; `unknown`: those left out. `completing`: share
    who reached the last seat. `reaching_most`: share who reached three quarters of the seats. `reached_by_most`: the
    last seat that 80 % reached, 0 if there is none. `not_reached`, seats + 1 shares: of persons for whom exactly x
    seats, 0 to all, were not reached; `mean_not_reached`: their mean number. `unspeeded`: the rule of thumb of ETS is
    met. `seats`: one record for each seat, in order.
    """

    persons: int
    unknown: int
    completing: float
    reaching_most: float
    reached_by_most: int
    not_reached: tuple[float, ...]
    mean_not_reached: float
    unspeeded: bool
    seats: tuple[Seat, ...]


def speededness(last_reached: ArrayLike, omitted: ArrayLike) -> Speededness:
    """Return how far persons got and what they omitted on the way.

    `last_reached`, shape (persons,): the last seat each person reached, 0 for none, NaN where unknown; who is unknown
    is left out of everything. `omitted`, shape (persons, seats): 1 for no answer, 0 for an answer, NaN where that is
    unknown or the seat does not count for the person (a removed question); NaN is left out of that seat's omit rate
    only, and what stands after the last seat reached is not looked at.

    By the rule of thumb of ETS (Swineford 1974; Rindler 1979; Cintron 2021) a form is essentially unspeeded if at
    least 80 % reach the last seat and virtually everyone reaches 75 % of the seats; 75 % is rounded up to a whole
    seat, and virtually everyone is 99 % here. Raises BadSeats for other shapes or values, or if no last seat is known.
    """
    last, empty = np.asarray(last_reached, dtype=np.float64), np.asarray(omitted, dtype=np.float64)
    if empty.ndim != 2 or empty.shape[1] == 0 or last.shape != (empty.shape[0],):
        raise BadSeats("omissions must be persons × seats, with one last seat for each person")
    known = ~np.isnan(last)
    if not known.any():
        raise BadSeats("nobody's last seat is known")
    last, empty, seats = last[known], empty[known], empty.shape[1]
    if not ((last >= 0) & (last <= seats) & (last == np.round(last))).all():
        raise BadSeats(f"a last seat must be a whole number from 0 to {seats}")
    if not (np.isnan(empty) | (empty == 0) | (empty == 1)).all():
        raise BadSeats("omissions must be 0, 1 or missing")
    persons = last.size
    missed = np.bincount((seats - last).astype(np.intp), minlength=seats + 1) / persons
    reached = (last[:, np.newaxis] >= np.arange(1, seats + 1)).sum(axis=0)
    most = math.ceil(MOST_OF_THE_FORM * seats)
    completing, reaching_most = float(reached[-1] / persons), float(reached[most - 1] / persons)
    return Speededness(
        persons=persons,
        unknown=int((~known).sum()),
        completing=completing,
        reaching_most=reaching_most,
        reached_by_most=int((reached / persons >= COMPLETING).sum()),
        not_reached=tuple(missed.tolist()),
        mean_not_reached=float((seats - last).mean()),
        unspeeded=completing >= COMPLETING and reaching_most >= VIRTUALLY_EVERYONE,
        seats=tuple(_seat(position, last, empty[:, position - 1]) for position in range(1, seats + 1)),
    )


def _seat(position: int, last: FloatArray, empty: FloatArray) -> Seat:
    there = last >= position
    judged = empty[there & ~np.isnan(empty)]
    return Seat(position, float(there.mean()), judged.size, float(judged.mean()) if judged.size else None)
