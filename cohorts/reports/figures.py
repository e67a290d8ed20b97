"""The figures of a cohort's results, and from how many people on each of them is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cohorts import packing
from cohorts.models import Cohort, Outcome
from cohorts.reports.chosen import Row
from exams.models import Form
from psychometrics import classical
from psychometrics.arrays import FloatArray
from questions.models import Exam

FACILITY_FROM = 10  # people who met a question before its facility is told
RELIABILITY_FROM = 50  # people on one form before reliability, and on a question before discrimination
COMPARED_FROM = 5  # people on either side of a comparison
RANKED_FROM = 4  # scored questions of a task per person, on average, before it is ranked

READY, NOT_YET = 80, 20  # per cent: at least, and at most
UNDER, OVER = 0.025, 0.975  # what a chance told as "under 5 %" and "over 95 %" is taken for


@dataclass(frozen=True, slots=True)
class Reliability:
    """KR-20 and the standard error in raw points on the form that most of those who count have sat; the first two are
    None where there are too few of them, or nothing varies."""

    kr20: float | None
    sem: float | None
    n: int
    form: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What the tiles say. `low` and `high` are the quartiles, between which the middle half lies."""

    n: int
    people: int
    passed: int
    median: float
    low: float
    high: float
    least: int
    most: int
    median_minutes: int

    @property
    def pass_rate(self) -> float:
        return self.passed / self.n

    @property
    def spread(self) -> float:
        return self.high - self.low

    @property
    def missing(self) -> int:
        return self.people - self.n


def figures_of(rows: Sequence[Row], people: int) -> Figures | None:
    """`rows` are those that count, one a person; `people` is how many there could be. None without any."""
    if not rows:
        return None
    scores = np.array([row.scaled for row in rows])
    low, median, high = np.percentile(scores, (25, 50, 75))
    return Figures(
        n=len(rows),
        people=max(people, len(rows)),
        passed=sum(row.passed for row in rows),
        median=float(median),
        low=float(low),
        high=float(high),
        least=int(scores.min()),
        most=int(scores.max()),
        median_minutes=round(float(np.median([row.used_seconds for row in rows])) / 60),
    )


def reliability_of(cohort: Cohort, rows: Sequence[Row]) -> Reliability | None:
    """Of the form that most have sat, over its scored questions. None without rows. At most two statements."""
    counts = Counter(row.form_id for row in rows)
    if not counts:
        return None
    form_id, n = max(counts.items(), key=lambda one: (one[1], -one[0]))
    form = Form.objects.get(pk=form_id)
    if n < RELIABILITY_FROM:
        return Reliability(None, None, n, form.code)
    wanted = [row.attempt_id for row in rows if row.form_id == form_id]
    packed = Outcome.objects.filter(cohort=cohort, pk__in=wanted).values_list("seats", flat=True)
    seats = packing.seats(list(packed))
    counts_for_all = packing.has(seats, packing.SCORED).all(axis=0)
    right = packing.has(seats, packing.CORRECT)[:, counts_for_all].astype(np.float64)
    try:
        return Reliability(classical.kr20(right), classical.sem(right), n, form.code)
    except classical.NotComputable:
        return Reliability(None, None, n, form.code)


# ---- the chance of passing ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Band:
    """People with about the same chance; `either` of them have a likely range that holds the pass mark."""

    key: str
    label: str
    hint: str
    n: int
    either: int


@dataclass(frozen=True, slots=True)
class Readiness:
    """Bands of the chance of passing, for how many there is none, and how many would pass another form today.

    `expected` is the sum of the chances; `low` and `high` lie one standard deviation of that many independent passes
    either side of it, whole people.
    """

    bands: list[Band]
    n: int
    without: int
    expected: float
    low: int
    high: int


def band_of(chance: int) -> str:
    """ready, borderline or not-yet; `chance` in per cent as results hold it."""
    return "ready" if chance >= READY else "not-yet" if chance <= NOT_YET else "borderline"


def readiness_of(rows: Sequence[Row], pass_mark: int) -> Readiness:
    told = [(row, row.chance_of_passing) for row in rows if row.chance_of_passing is not None]
    bands = []
    for key, label, hint in (
        ("ready", "Ready", f"chance of {READY} % or more"),
        ("borderline", "Borderline", "in between"),
        ("not-yet", "Not yet", f"chance of {NOT_YET} % or less"),
    ):
        of_band = [row for row, chance in told if band_of(chance) == key]
        either = sum(row.likely_low < pass_mark <= row.likely_high for row in of_band)
        bands.append(Band(key, label, hint, len(of_band), either))
    chances = np.array([{0: UNDER, 100: OVER}.get(chance, chance / 100) for _, chance in told])
    expected, deviation = float(chances.sum()), float(np.sqrt((chances * (1 - chances)).sum()))
    return Readiness(
        bands=bands,
        n=len(told),
        without=len(rows) - len(told),
        expected=expected,
        low=max(0, round(expected - deviation)),
        high=min(len(told), round(expected + deviation)),
    )


# ---- the histogram -----------------------------------------------------------------------------------------------

BINS = 22  # about so many over the whole scale


@dataclass(frozen=True, slots=True)
class Bin:
    """Scores from `low` to `high`, both included."""

    low: int
    high: int
    n: int
    passes: bool


def histogram(scores: Sequence[int], exam: Exam) -> list[Bin]:
    """Bins of one width; the pass mark is where one begins, so that none mixes passes with failures."""
    width = max(5, 5 * round((exam.scale_maximum - exam.scale_minimum) / BINS / 5))
    first = exam.pass_mark - width * -(-(exam.pass_mark - exam.scale_minimum) // width)
    edges = np.arange(first, exam.scale_maximum + width, width)
    if edges[-1] <= exam.scale_maximum:
        edges = np.append(edges, edges[-1] + width)
    counts, _ = np.histogram(np.array(scores), bins=edges)
    return [
        Bin(max(int(low), exam.scale_minimum), min(int(low) + width - 1, exam.scale_maximum), int(n),
            bool(low >= exam.pass_mark))
        for low, n in zip(edges[:-1], counts, strict=True)
    ]  # fmt: skip


def bands(correct: FloatArray, expected: FloatArray, scored: FloatArray) -> FloatArray:
    """scoring.reports.progress.band for arrays of one shape: 1 (far below the borderline candidate) to 7, NaN where
    nothing was scored."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = expected / scored
        steps = (correct - expected) / np.sqrt(scored * share * (1 - share))
        size = sum((np.abs(steps) > border).astype(float) for border in (0.5, 1.0, 2.0))
        return np.where(scored > 0, 4 + np.where(steps > 0, size, -size), np.nan)
