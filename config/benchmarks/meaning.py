"""Does a score mean the same on every form? Ten forms whose true cuts lie up to three raw points around the reference.

Everything is drawn from a known model, so that each figure is a distance from the truth. `known` scores with the true
parameters; `estimated` calibrates first sittings of random groups, who share questions through six unscored seats of
every form, and does so twice: with fair judges, and with judges who are 0.4 logits too lenient and see only half of
the differences between questions. The standard S is the same for both, and so are the answers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import brentq
from scipy.special import expit

from psychometrics import irt
from psychometrics.arrays import FloatArray, IntArray
from psychometrics.calibration import Calibration, calibrate
from psychometrics.equating import true_score
from psychometrics.scaling import Scale, minimum_passing_raw, score_table

FORMS, FURTHEST = 10, 3.0
AT_THE_CUT, SITTINGS, ANCHORS = 2_000, 1_000, 6
POPULATION = irt.Prior(0.3, 1.0)
RATINGS_OFF = 0.4  # logits by which one rating is off, whoever judges
LENIENT, REGRESSING = 0.4, 0.5
THETAS = np.linspace(-1, 1, 41)

Figures = dict[str, float | int | str]
BROKEN, NONE = "promises broken", "none"


def measure(scale: Scale, scored: int, unscored: int, seeds: Sequence[int]) -> Figures:
    """All figures, one for each seed, beside what is promised, and which promises are broken."""
    worlds = [world(seed, scored, unscored) for seed in seeds]
    exact = [known(true, scale, seed) for true, seed in zip(worlds, seeds, strict=True)]
    measured = [estimated(true, scale, seed) for true, seed in zip(worlds, seeds, strict=True)]
    promises = [
        ("known parameters, pass rate of 2,000 at the cut, furthest form: SE", 3, [np.abs(k.z).max() for k in exact]),
        ("known parameters, mean scaled score of one ability, apart", 5, [k.apart for k in exact]),
        ("1,000 first sittings a form, RMSE of the cut: raw", 0.5, [np.sqrt(np.mean(e.cut**2)) for e in measured]),
        ("1,000 first sittings a form, mean scaled error", 10, [e.scaled.mean() for e in measured]),
        ("lenient, regressing judges, cut that moves most: raw", 0.5, [np.abs(e.moved).max() for e in measured]),
        ("reference form's cut less S: raw", 1e-6, [e.reference for e in measured]),
        ("disconnected parts", 0, [float(e.parts) for e in measured]),
    ]
    rates = np.concatenate([k.rates for k in exact])
    return {
        "known parameters, exact pass rates at the cut": f"{rates.min():.3f} to {rates.max():.3f}",
        **compare(promises),
    }


def compare(promises: Iterable[tuple[str, float, Sequence[float]]]) -> Figures:
    """Each figure beside the largest value that is promised, and which promises are broken: by NaN, too."""
    figures: Figures = {}
    broken = []
    for label, limit, values in promises:
        figures[f"{label} (promised {limit:g})"] = ", ".join(f"{value:.3g}" for value in values)
        if not all(value <= limit for value in values):
            broken.append(label)
    return figures | {BROKEN: "; ".join(broken) or NONE}


@dataclass(frozen=True)
class World:
    """True slopes and intercepts, (questions,), ability 0 just passing; `forms`: the scored questions of the reference
    form, then of the ten others; `pretest`: what nobody is scored on, for each form. `cut`: S.
    """

    a: FloatArray
    d: FloatArray
    forms: list[IntArray]
    pretest: list[IntArray]
    cut: float


def world(seed: int, scored: int, unscored: int) -> World:
    """Log slopes ~ N(0, 0.25²), difficulties ~ N(-0.6, 0.8²), every form then moved as a whole to its cut."""
    rng = np.random.default_rng(seed)
    fresh = max(0, unscored - ANCHORS)
    a = np.exp(rng.normal(0, 0.25, (FORMS + 1) * (scored + fresh)))
    d = -a * rng.normal(-0.6, 0.8, a.size)
    forms = list(np.arange((FORMS + 1) * scored).reshape(FORMS + 1, scored))
    cut = np.floor(0.63 * scored) + 0.5
    for form, off in zip(forms, [0.0, *np.linspace(-FURTHEST, FURTHEST, FORMS)], strict=True):
        d[form] += _raise_to(cut + off, d[form])
    pretest = list(np.arange((FORMS + 1) * scored, a.size).reshape(FORMS + 1, fresh))
    return World(a, d, forms, pretest, float(cut))


def _raise_to(expected: float, d: FloatArray) -> float:
    """By how much all intercepts must rise for the form's expected score at the cut."""
    return float(brentq(lambda by: float(expit(d + by).sum() - expected), -20, 20, xtol=1e-12))


@dataclass(frozen=True)
class Table:
    """A form's table: scaled scores (scored + 1,), and what passes."""

    scaled: FloatArray
    minimum: int


def table_of(scale: Scale, form: tuple[FloatArray, FloatArray], reference: tuple[FloatArray, FloatArray]) -> Table:
    """The table a form would be frozen with, by IRT true-score equating."""
    cut, points = irt.characteristic_curve(0.0, *reference), reference[0].size
    minimum = minimum_passing_raw(irt.characteristic_curve(0.0, *form))
    rows = score_table(scale, true_score(*form, *reference), round(cut, 6), points, minimum)
    return Table(np.array([row.scaled for row in rows], dtype=np.float64), minimum)


@dataclass(frozen=True)
class Known:
    """Over the ten forms, (10,): `z`, distances of observed pass rates at the cut from the exact `rates`, in standard
    errors. `apart`: the largest difference between two forms' mean scaled scores of one ability, in points.
    """

    z: FloatArray
    rates: FloatArray
    apart: float


def known(true: World, scale: Scale, seed: int) -> Known:
    """Score with the generating parameters. The means are exact: score distribution times table, no simulation."""
    reference = items_of(true, true.forms[0])
    z, rates, means = [], [], []
    for number, form in enumerate(true.forms):
        items = items_of(true, form)
        table = table_of(scale, items, reference)
        means.append(irt.score_distribution(THETAS, *items) @ table.scaled)
        if number:
            raw = irt.simulate(np.zeros(AT_THE_CUT), *items, None, seed + 100 * number).sum(axis=1)
            exact = float(irt.score_distribution(0.0, *items)[table.minimum :].sum())
            observed = float((raw >= table.minimum).mean())
            z.append((observed - exact) / np.sqrt(exact * (1 - exact) / AT_THE_CUT))
            rates.append(exact)
    return Known(np.array(z), np.array(rates), float(np.ptp(means, axis=0).max()))


@dataclass(frozen=True)
class Estimated:
    """Over the ten forms: errors of the cut in raw points, mean absolute errors of the scaled score in points, and by
    how much the cut moves with lenient and regressing judges. `reference`: how far its cut is from S; `parts`:
    disconnected ones.
    """

    cut: FloatArray
    scaled: FloatArray
    moved: FloatArray
    reference: float
    parts: int


def estimated(true: World, scale: Scale, seed: int) -> Estimated:
    """Calibrate a thousand first sittings of each form."""
    rng = np.random.default_rng(seed + 1)
    answers = sittings(true, rng)
    fair, lenient = (
        calibrate(answers, expit(level + rng.normal(0, RATINGS_OFF, level.size)), true.forms[0], true.cut)
        for level in (true.d, LENIENT + REGRESSING * true.d)
    )
    true_cuts, cuts, others = (np.array([cut_of(run, form) for form in true.forms]) for run in (true, fair, lenient))
    return Estimated(
        cut=(cuts - true_cuts)[1:],
        scaled=np.array([scaled_error(true, fair, scale, form) for form in true.forms[1:]]),
        moved=(others - cuts)[1:],
        reference=max(abs(cuts[0] - true.cut), abs(others[0] - true.cut)),
        parts=len(fair.parts) + len(lenient.parts),
    )


def sittings(true: World, rng: np.random.Generator) -> Any:
    """Answers of random groups: everybody's scored questions, six scored ones of other forms, and new ones."""
    papers = []
    for form, pretest in zip(true.forms, true.pretest, strict=True):
        elsewhere = np.setdiff1d(np.concatenate(true.forms), form)
        papers.append(np.concatenate((form, pretest, rng.choice(elsewhere, ANCHORS, replace=False))))
    column = np.repeat(papers, SITTINGS, axis=0)
    row = np.broadcast_to(np.arange(len(column))[:, np.newaxis], column.shape)
    seen = sparse.csr_array((np.ones(column.size), (row.ravel(), column.ravel())), shape=(len(column), true.a.size))
    theta = rng.normal(POPULATION.mean, POPULATION.sd, len(column))
    return irt.simulate(theta, *items_of(true, np.arange(true.a.size)), seen, rng)


def items_of(run: World | Calibration, form: IntArray) -> tuple[FloatArray, FloatArray]:
    return run.a[form], -run.d[form] / run.a[form]


def cut_of(run: World | Calibration, form: IntArray) -> float:
    """What the borderline candidate, at 0 in a first run, expects on a form."""
    return irt.characteristic_curve(0.0, *items_of(run, form))


def scaled_error(true: World, run: Calibration, scale: Scale, form: IntArray) -> float:
    """Mean distance, over the population, between the scaled scores by estimated and by true parameters, in points."""
    tables = [table_of(scale, items_of(one, form), items_of(one, true.forms[0])) for one in (run, true)]
    share = POPULATION.weights @ irt.score_distribution(POPULATION.nodes, *items_of(true, form))
    return float(share @ np.abs(tables[0].scaled - tables[1].scaled))
