"""An exam whose true parameters are known, for tests of its calibration: ability 0 just passes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from psychometrics import irt
from psychometrics.arrays import FloatArray, IntArray
from psychometrics.calibration import Calibration, Held


@dataclass(frozen=True)
class Exam:
    """True slopes and intercepts, (items,), ratings as given by judges, the reference form and S on it."""

    a: FloatArray
    d: FloatArray
    ratings: FloatArray
    reference: IntArray
    cut: float

    @property
    def b(self) -> FloatArray:
        return -self.d / self.a

    @property
    def items(self) -> int:
        return self.a.size

    def sat(self, persons: int, each: int, seed: int, *, mean: float = 0.4, sd: float = 1.0) -> Any:
        """Answers of persons who each see some questions at random."""
        rng = np.random.default_rng(seed)
        seen = irt.assign(persons, self.items, each, rng)
        return irt.simulate(rng.normal(mean, sd, persons), self.a, self.b, seen, rng)

    def cut_of(self, form: IntArray) -> float:
        """The true cut of a form."""
        return irt.characteristic_curve(0.0, self.a[form], self.b[form])


def exam_of(
    items: int = 60, seed: int = 1, *, alpha: float = 0.0, beta: float = 1.0, off: float = 0.3, slopes: float = 0.25
) -> Exam:
    """An exam rated logit = alpha + beta·(true logit at the cut) + N(0, off²), whose reference form is its first half.

    `slopes`: sd of the log slopes.
    """
    rng = np.random.default_rng(seed)
    a, d = np.exp(rng.normal(0.0, slopes, items)), rng.normal(0.6, 0.7, items)
    ratings = expit(alpha + beta * d + rng.normal(0, off, items))
    reference = np.arange(items // 2)
    return Exam(a, d, ratings, reference, float(expit(d[reference]).sum()))


def held_of(run: Calibration) -> Held:
    """What a later run holds of an earlier one."""
    measured = run.rung > 0
    return Held(np.where(measured, run.a, np.nan), np.where(measured, run.d, np.nan), run.rung == 2)


def form_cut(run: Calibration, form: IntArray) -> float:
    return irt.characteristic_curve(run.ability, run.a[form], -run.d[form] / run.a[form])


def common_cut(run: Calibration, form: IntArray) -> float:
    a, d = run.common_a[form], run.common_d[form]
    return irt.characteristic_curve(run.common_ability, a, -d / a)


def rmse(estimates: FloatArray, truth: FloatArray) -> float:
    return float(np.sqrt(np.mean((estimates - truth) ** 2)))
