"""Candidates who answer by a known model in plausible times, so that estimates can be compared with the truth.

Right and wrong follow the two-parameter logistic model (Birnbaum 1968), P = logistic(a·theta + d). The parameters
come from the item's Angoff rating r with the error that judges have:

    d = alpha + beta·logit(r) + tau·z,  z ~ N(0, 1),      log a ~ N(0, slope_sd²)

With alpha = 0 and beta = 1 the judges are right on average; alpha < 0 says that they find the items too easy, beta > 1
that their ratings lie too close together. Response times are lognormal (van der Linden 2006): log T ~ N(intensity -
speed, spread²), where the item has an intensity and the person a speed. Ability and speed are independent.

Everything drawn hangs only on the words that name it (see `generator`): an item's truth is the same in every run with
the same seed, whoever answers it, and a person is the same whoever else takes part.

Sources:
    Birnbaum, A. (1968), in F. M. Lord & M. R. Novick, Statistical Theories of Mental Test Scores, chapters 17-20.
        Addison-Wesley.
    van der Linden, W. J. (2006). A lognormal model for response times on test items. Journal of Educational and
        Behavioral Statistics, 31(2), 181-204.
"""

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from psychometrics.arrays import FloatArray
from psychometrics.irt import Rating, probability

BoolArray = NDArray[np.bool_]

OMITTED = 0.03  # of the answers that would be wrong


def generator(*words: str | int) -> np.random.Generator:
    """A random generator of its own for what the words name: PCG64, seeded with SHA-256 of "word/word/…" in UTF-8.

    Different words give independent streams. The same words give the same numbers on every machine.
    """
    digest = hashlib.sha256("/".join(map(str, words)).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))


def _finite(*numbers: float) -> None:
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError("a simulation needs finite numbers")


def _spreads(*spreads: float) -> None:
    if not all(0 <= spread < math.inf for spread in spreads):
        raise ValueError("a spread must be finite and not negative")


@dataclass(frozen=True, slots=True)
class Judging:
    """How true item parameters follow ratings; the module's head gives the formula.

    Raises ValueError for a negative spread or a number that is not finite.
    """

    alpha: float = 0.0
    beta: float = 1.0
    tau: float = 0.35
    slope_sd: float = 0.25

    def __post_init__(self) -> None:
        _finite(self.alpha, self.beta)
        _spreads(self.tau, self.slope_sd)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long people take. Three spreads of log time, between items, persons and single answers, and `used`.

    `used` is the share of the limit that the average person needs. With these figures about one person in eighty
    runs out of time, and answers under 5 s are rare. Raises ValueError for a negative spread or unless `used` is
    positive.
    """

    used: float = 0.68
    item_sd: float = 0.30
    person_sd: float = 0.16
    answer_sd: float = 0.45

    def __post_init__(self) -> None:
        _spreads(self.item_sd, self.person_sd, self.answer_sd)
        if not 0 < self.used < math.inf:
            raise ValueError("the share of the limit that is used must be positive")

    def mean_intensity(self, limit: float, items: int) -> float:
        """The average item's intensity in log seconds, so that `items` take `used * limit` seconds on average.

        A lognormal variable has the mean exp(mu + sigma²/2). Raises ValueError unless both are positive.
        """
        if limit <= 0 or items < 1:
            raise ValueError("a pace needs a positive limit and at least one item")
        variance = self.item_sd**2 + self.person_sd**2 + self.answer_sd**2
        return math.log(self.used * limit / items) - variance / 2


JUDGING = Judging()
PACE = Pace()


@dataclass(frozen=True, slots=True)
class Item:
    """An item's truth: slope `a` per logit, intercept `d` in logits, `intensity` in log seconds.

    `appeal` holds one positive weight for each option: how much it attracts those who do not know the answer.
    """

    a: float
    d: float
    intensity: float
    appeal: tuple[float, ...]

    @property
    def b(self) -> float:
        """Difficulty in logits."""
        return -self.d / self.a


@dataclass(frozen=True, slots=True)
class Person:
    """A candidate's truth: ability in logits, and speed, by which they are faster than the average in log time."""

    theta: float
    speed: float


@dataclass(frozen=True, slots=True)
class Course:
    """What a person does at each seat in order, every array of shape (n,).

    `seconds` is the time spent there, `reached` whether they came there before time ran out, `answered` whether
    they left an answer, `right` whether it was right. A seat that was omitted, or at which time ran out, was reached
    and has no answer; one that was not reached has taken no time. `finished` is false when time ran out.
    """

    finished: bool
    seconds: FloatArray
    reached: BoolArray
    answered: BoolArray
    right: BoolArray


def draw_item(
    rating: Rating,
    options: int,
    rng: np.random.Generator,
    *,
    mean_intensity: float,
    judging: Judging = JUDGING,
    pace: Pace = PACE,
) -> Item:
    """Draw the truth of an item with this rating and number of options. Raises ValueError for ratings outside (0, 1).

    The draws are standard normal, in this order: z of the difficulty, log a, intensity, log appeal of each option.
    """
    share = float(rating)
    if not 0 < share < 1:
        raise ValueError(f"a rating lies strictly between 0 and 1, not {share}")
    z, slope, intensity, *appeal = rng.standard_normal(3 + options).tolist()
    return Item(
        a=math.exp(judging.slope_sd * slope),
        d=judging.alpha + judging.beta * math.log(share / (1 - share)) + judging.tau * z,
        intensity=mean_intensity + pace.item_sd * intensity,
        appeal=tuple(math.exp(weight) for weight in appeal),
    )


def draw_person(mean: float, sd: float, rng: np.random.Generator, *, pace: Pace = PACE) -> Person:
    """Draw a candidate from the population theta ~ N(mean, sd²), speed ~ N(0, pace.person_sd²), theta first.

    Raises ValueError unless the mean is finite and the sd positive and finite.
    """
    _finite(mean)
    if not 0 < sd < math.inf:
        raise ValueError(f"the population's sd must be positive, not {sd}")
    theta, speed = rng.standard_normal(2).tolist()
    return Person(mean + sd * theta, pace.person_sd * speed)


def sit(
    person: Person,
    a: ArrayLike,
    b: ArrayLike,
    intensity: ArrayLike,
    limit: float,
    rng: np.random.Generator,
    *,
    pace: Pace = PACE,
    omitted: float = OMITTED,
) -> Course:
    """Let a person work through n items, each array of shape (n,), in order, for at most `limit` seconds.

    Only what would be wrong is omitted, so an item that time was left for is answered right with the model's chance,
    exactly. Raises ValueError for bad items and as `psychometrics.irt.probability` does.
    """
    chance = probability(person.theta, a, b)
    knows = rng.random(chance.shape) < chance
    omits = ~knows & (rng.random(chance.shape) < omitted)
    wanted = response_times(person.speed, intensity, rng, pace=pace)
    before = np.concatenate(([0.0], np.cumsum(wanted)[:-1]))
    reached = before < limit
    in_time = before + wanted <= limit
    answered = in_time & ~omits
    return Course(bool(in_time.all()), np.clip(limit - before, 0.0, wanted), reached, answered, knows & answered)


def response_times(speed: float, intensity: ArrayLike, rng: np.random.Generator, *, pace: Pace = PACE) -> FloatArray:
    """Draw the seconds that each item takes a person: log T ~ N(intensity - speed, pace.answer_sd²), shape (n,).

    Source: van der Linden (2006), whose alpha is 1 / pace.answer_sd.
    """
    means = np.asarray(intensity, dtype=np.float64) - speed
    times: FloatArray = np.exp(means + pace.answer_sd * rng.standard_normal(means.shape))
    return times
