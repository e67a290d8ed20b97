"""The standard as an author reads it: how judges came to it, how sure it is, who would pass."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

import numpy as np
from django.db.models import Count, QuerySet

from accounts.models import User
from exams.models import Form, ScoreTable, Sitting, Standard
from exams.services import bank
from psychometrics import irt, report
from psychometrics import standard as judging
from psychometrics.irt import Prior
from questions.models import Exam, Rating, Standing
from questions.models.measurement import Status
from scoring.judges import last_ratings
from scoring.models import Result

ENOUGH_JUDGES = 5
ENOUGH_SITTINGS = 30
LATEST_STANDARDS = 20


@dataclass(frozen=True, slots=True)
class JudgeLine:
    """One judge's ratings of the scored questions: what was computed, and where they come from."""

    name: str
    record: judging.Judge
    rounds: int
    methods: str
    last: dt.date

    @property
    def leniency(self) -> str:
        return "" if self.record.leniency is None else signed(self.record.leniency, 3)

    @property
    def correlation(self) -> str:
        return "" if self.record.correlation is None else signed(self.record.correlation, 2)


@dataclass(frozen=True, slots=True)
class RatedQuestion:
    """What the judges said of one scored question of the reference form."""

    seat: int
    public_id: str
    rated: judging.RatedItem
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Judged:
    """The ratings behind S, or why nothing can be said: `summary` is None then and `problem` says it."""

    summary: judging.Standard | None
    problem: str
    panel: bool
    judges: list[JudgeLine] = field(default_factory=list)
    questions: list[RatedQuestion] = field(default_factory=list)
    fewest: int = 0  # judges on the scored question that has the fewest

    @property
    def se(self) -> float | None:
        return None if self.summary is None else self.summary.se

    @property
    def provisional(self) -> bool:
        """Whether fewer than five judges of a convened panel stand behind some scored question."""
        return not self.panel or self.fewest < ENOUGH_JUDGES

    @property
    def correlation(self) -> str:
        known = self.summary is not None and self.summary.correlation is not None
        return signed(self.summary.correlation, 2) if known else ""  # type: ignore[union-attr, arg-type]

    @property
    def scored(self) -> int:
        return len(self.questions)


@dataclass(frozen=True, slots=True)
class Distribution:
    """How raw scores on the reference form spread: `frequencies` by raw score from 0, counts or shares.

    `sittings` is the number of first sittings counted; `expected` says that there were too few and the shares come
    from `population`, a normal distribution of ability in logits from the borderline candidate.
    """

    frequencies: tuple[float, ...]
    expected: bool
    sittings: int
    population: Prior
    measured: bool

    @property
    def percents(self) -> list[float]:
        total = sum(self.frequencies)
        return [100 * value / total for value in self.frequencies]


@dataclass(frozen=True, slots=True)
class Rate:
    """Who would pass if the standard were `cut`."""

    label: str
    cut: float
    minimum: int
    share: float

    @property
    def percent(self) -> str:
        return f"{100 * self.share:.1f}"


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the standard's history."""

    standard: Standard
    before: Decimal | None

    @property
    def moved(self) -> bool:
        return self.before is not None and self.before != self.standard.cut

    @property
    def by(self) -> User | None:
        return self.standard.set_by


@dataclass(frozen=True, slots=True)
class StandardPage:
    """The exam's standard with all that is known of it; `reference` is None before the first form."""

    exam: Exam
    standard: Standard
    reference: Form | None
    table: ScoreTable | None
    judged: Judged
    distribution: Distribution | None
    rates: list[Rate]
    history: list[Change]

    @property
    def differs(self) -> bool:
        """Whether S is no longer what the judges' ratings add up to."""
        summary = self.judged.summary
        return summary is not None and abs(summary.cut - float(self.standard.cut)) >= 0.00005


def page_of(exam: Exam) -> StandardPage:
    """A constant number of statements."""
    standard, reference = bank.standard_of(exam), bank.reference_form(exam)
    table = bank.current_table(reference) if reference else None
    judged = judged_of(exam, reference)
    distribution = distribution_of(reference, standard) if reference else None
    return StandardPage(
        exam=exam,
        standard=standard,
        reference=reference,
        table=table,
        judged=judged,
        distribution=distribution,
        rates=rates_of(distribution, standard.cut, judged.se) if distribution else [],
        history=history_of(exam),
    )


# ---- judges ------------------------------------------------------------------------------------------------------


def judged_of(exam: Exam, reference: Form | None) -> Judged:
    """The last round of every judge's ratings of the reference form's scored questions. At most three statements."""
    if reference is None:
        return Judged(None, "There is no reference form yet, so there is nothing to set a standard on.", panel=False)
    rows = reference.seats.filter(scored=True).order_by("number")
    seats = list(rows.values_list("number", "revision_id", "revision__question__public_id"))
    places = {revision: place for place, (_, revision, _) in enumerate(seats)}
    last, panel = last_ratings(exam, places)
    names = sorted(last, key=_in_order)
    table = np.full((len(names), len(seats)), np.nan)
    for row, name in enumerate(names):
        for revision, rating in last[name].items():
            table[row, places[revision]] = rating.value / 100
    try:
        summary = judging.summarise(table, difficulty=_difficulties(exam, places))
    except judging.BadRatings:
        missing = len(places) - len({revision for said in last.values() for revision in said})
        problem = f"{missing} of the {len(places)} scored questions of the reference form have no rating by a judge"
        return Judged(None, f"{problem}, so nothing can be said of the judges’ standard.", panel=False)
    return Judged(
        summary=summary,
        problem="",
        panel=panel,
        judges=[
            _judge(name, record, list(last[name].values())) for name, record in zip(names, summary.judges, strict=True)
        ],
        questions=[
            RatedQuestion(number, public_id, summary.items[place], low=_low(table, place), high=_high(table, place))
            for place, (number, _, public_id) in enumerate(seats)
        ],
        fewest=min(item.judges for item in summary.items),
    )


def _judge(name: str, record: judging.Judge, ratings: Sequence[Rating]) -> JudgeLine:
    return JudgeLine(
        name=name,
        record=record,
        rounds=max(rating.round for rating in ratings),
        methods=", ".join(sorted({rating.method for rating in ratings})),
        last=max(rating.rated_on for rating in ratings),
    )


def _difficulties(exam: Exam, places: Mapping[int, int]) -> list[float]:
    """Difficulty b of the scored questions in logits, NaN where none was measured."""
    found = [math.nan] * len(places)
    rows = Standing.objects.filter(exam=exam, revision__in=places, status=Status.CALIBRATED)
    for revision, slope, intercept in rows.values_list("revision_id", "discrimination", "intercept"):
        if slope is not None and intercept is not None:
            found[places[revision]] = -intercept / slope
    return found


def _low(table: np.typing.NDArray[np.float64], place: int) -> int:
    return round(100 * float(np.nanmin(table[:, place])))


def _high(table: np.typing.NDArray[np.float64], place: int) -> int:
    return round(100 * float(np.nanmax(table[:, place])))


def _in_order(name: str) -> list[str]:
    """Sorts "desk 2" before "desk 10"."""
    return [part.zfill(9) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


# ---- who would pass -------------------------------------------------------------------------------------------------


def first_sittings(exams: Collection[Exam]) -> QuerySet[Sitting]:
    """Everybody's first closed real sitting of each of these exams, unless that one was declared void."""
    closed = Sitting.objects.real().closed().filter(exam__in=exams)
    first = closed.order_by("exam_id", "user_id", "started_at", "pk").distinct("exam_id", "user_id")
    return Sitting.objects.counting().filter(pk__in=first.values("pk")).order_by()


def distribution_of(reference: Form, standard: Standard) -> Distribution:
    """Raw scores of first sittings on the reference form; of fewer than 30 those that the model expects.

    Results by a table that has lost a question do not count: S is in points of the whole form. Without a measured
    population ability is N(0, 1.5²) from where the first standard put the borderline candidate, so that people do
    not move with the cut. Four statements.
    """
    table = bank.current_table(reference)
    scored = list(reference.seats.filter(scored=True).values_list("number", flat=True))
    frequencies = [0.0] * (len(scored) + 1)
    sat = first_sittings([reference.exam]).filter(form=reference)
    results = Result.objects.current().filter(sitting__in=sat, maximum_raw=len(scored)).order_by()
    for raw, count in results.values_list("raw").annotate(Count("pk")):
        frequencies[raw] = float(count)
    sittings = int(sum(frequencies))
    measured = table.population_mean is not None and table.population_sd is not None
    prior = report.UNCALIBRATED_PRIOR
    population = Prior(prior.mean - standard.ability, prior.sd)
    if table.population_mean is not None and table.population_sd is not None:
        population = Prior(table.population_mean, table.population_sd)
    if expected := sittings < ENOUGH_SITTINGS:
        given_ability = irt.score_distribution(population.nodes, *bank.parameters(table, scored))
        frequencies = [float(share) for share in population.weights @ given_ability]
    return Distribution(tuple(frequencies), expected, sittings, population, measured)


def rates_of(distribution: Distribution, cut: Decimal, se: float | None) -> list[Rate]:
    """Pass rates at S - 1 SE, S and S + 1 SE; at S alone where the ratings do not show its error."""
    found = judging.pass_rates(distribution.frequencies, float(cut), se or 0.0)
    labels = ("S − 1 SE", "S", "S + 1 SE")
    lines = [Rate(label, rate.cut, rate.minimum, rate.rate) for label, rate in zip(labels, found, strict=True)]
    return lines if se is not None else lines[1:2]


# ---- history ---------------------------------------------------------------------------------------------------------


def history_of(exam: Exam) -> list[Change]:
    """The latest changes of the standard, newest first. One statement."""
    rows = list(
        Standard.objects.filter(exam=exam).select_related("set_by").order_by("-version")[: LATEST_STANDARDS + 1]
    )
    before = {row.version: older.cut for row, older in pairwise(rows)}
    return [Change(row, before.get(row.version)) for row in rows[:LATEST_STANDARDS]]


def signed(value: float, decimals: int) -> str:
    """0.314 -> +0.31, with a true minus sign below 0."""
    text = f"{value:+.{decimals}f}"
    return text.replace("-", "−")
