"""Observed-score equating of forms taken by groups that differ, through items that both have answered.

Group 1 has taken form X and the anchor V, group 2 form Y and the same anchor. Each takes persons' scores, two
arrays of equal length for each group. The anchor is internal if its items count in the scores on X and Y, external
if not. Variances and covariances divide by the number of persons.

Sources:
    Kolen, M. J., & Brennan, R. L. (2014). Test Equating, Scaling, and Linking: Methods and Practices (3rd ed.),
        chapter 4 (Tucker, Levine, chained linear) and chapter 5 (chained equipercentile). Springer.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from psychometrics.arrays import FloatArray
from psychometrics.equating.frequencies import BadScores, Continuous, tabulate
from psychometrics.equating.smoothing import loglinear


@dataclass(frozen=True, slots=True)
class Line:
    """A linear equating: score x on X, from 0 to `max_x`, is worth slope · x + intercept points of Y.

    Calling it equates any scores; NumPy takes the whole for the array of `equivalents`.
    """

    slope: float
    intercept: float
    max_x: int

    def __call__(self, scores: ArrayLike) -> FloatArray:
        """Return the Y-equivalents of scores on X, same shape as given."""
        return self.intercept + self.slope * np.asarray(scores, dtype=np.float64)

    @property
    def equivalents(self) -> FloatArray:
        """The Y-equivalent of each score 0…max_x, shape (max_x + 1,), in raw points of Y."""
        return self(np.arange(self.max_x + 1))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> FloatArray:
        return self.equivalents if dtype is None else self.equivalents.astype(dtype)


@dataclass(frozen=True, slots=True)
class Group:
    """Means, variances and the covariance of one group's form scores and anchor scores."""

    mean: float
    mean_anchor: float
    variance: float
    variance_anchor: float
    covariance: float


def tucker(
    x: ArrayLike,
    x_anchor: ArrayLike,
    y: ArrayLike,
    y_anchor: ArrayLike,
    max_x: int,
    *,
    w1: float = 1.0,
    internal: bool = True,
) -> Line:
    """Return Tucker linear equating of X, scores 0…max_x, to Y.

    It takes the regression of form scores on anchor scores to be the same in both groups, and equates in a
    population that holds group 1 with weight `w1` and group 2 with 1 - w1. Kolen & Brennan (2014), chapter 4, with
    gamma = cov(X, V) / var(V); an internal and an external anchor have the same formula. Raises BadScores as
    `_groups` does, and if the population has no spread; ValueError unless 0 <= w1 <= 1.
    """
    one, two = _groups(x, x_anchor, y, y_anchor)
    gammas = one.covariance / one.variance_anchor, two.covariance / two.variance_anchor
    return _synthetic(one, two, gammas, w1, max_x)


def levine(
    x: ArrayLike,
    x_anchor: ArrayLike,
    y: ArrayLike,
    y_anchor: ArrayLike,
    max_x: int,
    *,
    w1: float = 1.0,
    internal: bool = True,
    true_score: bool = False,
) -> Line:
    """Return Levine linear equating of X, scores 0…max_x, to Y, for observed scores or, if asked, for true scores.

    It takes true scores on form and anchor to lie on one line, the same in both groups, and errors to be those of a
    classical congeneric model. Kolen & Brennan (2014), chapter 4: gamma = var(X) / cov(X, V) for an internal anchor,
    (var(X) + cov(X, V)) / (var(V) + cov(X, V)) for an external one. For true scores the line is
    gamma_2 / gamma_1 · (x - mean_1(X)) + mean_2(Y) + gamma_2 · (mean_1(V) - mean_2(V)), whatever `w1`. Raises
    BadScores as `_groups` does, and if anchor scores do not rise with form scores; ValueError unless 0 <= w1 <= 1.
    """
    one, two = _groups(x, x_anchor, y, y_anchor)
    gammas = _levine_gamma(one, "form X", internal), _levine_gamma(two, "form Y", internal)
    if not true_score:
        return _synthetic(one, two, gammas, w1, max_x)
    _check_weight(w1)
    slope = gammas[1] / gammas[0]
    at_mean = two.mean + gammas[1] * (one.mean_anchor - two.mean_anchor)
    return Line(slope, at_mean - slope * one.mean, _checked_maximum(max_x, "form X"))


def chained_linear(x: ArrayLike, x_anchor: ArrayLike, y: ArrayLike, y_anchor: ArrayLike, max_x: int) -> Line:
    """Return chained linear equating of X, scores 0…max_x, to Y: from X to V in group 1, from V to Y in group 2.

    Kolen & Brennan (2014), chapter 4; it knows no synthetic population, and an internal and an external anchor have
    the same formula. Raises BadScores as `_groups` does.
    """
    one, two = _groups(x, x_anchor, y, y_anchor)
    to_anchor = math.sqrt(one.variance_anchor / one.variance)
    from_anchor = math.sqrt(two.variance / two.variance_anchor)
    slope = to_anchor * from_anchor
    at_mean = two.mean + from_anchor * (one.mean_anchor - two.mean_anchor)
    return Line(slope, at_mean - slope * one.mean, _checked_maximum(max_x, "form X"))


def chained_equipercentile(
    x: ArrayLike,
    x_anchor: ArrayLike,
    y: ArrayLike,
    y_anchor: ArrayLike,
    max_x: int,
    max_anchor: int,
    max_y: int,
    *,
    smooth: int | tuple[int, int, int, int] | None = None,
) -> FloatArray:
    """Return the Y-equivalent of each X score 0…max_x by chained equipercentile equating, shape (max_x + 1,).

    Equal percentile ranks lead from X to V in group 1, and from V to Y in group 2 (Kolen & Brennan 2014, chapter 5),
    all by the rules of `equipercentile`. `smooth` fits log-linear models of this degree to the four distributions
    first; four degrees stand in the order of the four arrays. Raises BadScores as `_groups` does, and unless all
    scores are whole numbers from 0 to their maximum; and the errors of `loglinear`.
    """
    _groups(x, x_anchor, y, y_anchor)
    maxima = [_checked_maximum(*pair) for pair in ((max_x, "form X"), (max_anchor, "the anchor"), (max_y, "form Y"))]
    counts = [
        tabulate(x, maxima[0], "form X"),
        tabulate(x_anchor, maxima[1], "the anchor"),
        tabulate(y, maxima[2], "form Y"),
        tabulate(y_anchor, maxima[1], "the anchor"),
    ]
    if smooth is not None:
        degrees = np.broadcast_to(smooth, 4).tolist()
        counts = [loglinear(*pair).fitted for pair in zip(counts, degrees, strict=True)]
    on_x, anchor_1, on_y, anchor_2 = (Continuous.of(each) for each in counts)
    through = (anchor_1.score(on_x.rank(Fraction(score))) for score in range(maxima[0] + 1))
    return np.array([float(on_y.score(anchor_2.rank(score))) for score in through])


def _synthetic(one: Group, two: Group, gammas: tuple[float, float], w1: float, max_x: int) -> Line:
    """Linear equating in the synthetic population, whose moments follow from both groups' and the gammas."""
    _check_weight(w1)
    w2 = 1 - w1
    means = one.mean_anchor - two.mean_anchor
    variances = one.variance_anchor - two.variance_anchor
    mean_x = one.mean - w2 * gammas[0] * means
    mean_y = two.mean + w1 * gammas[1] * means
    variance_x = one.variance + gammas[0] ** 2 * (w1 * w2 * means**2 - w2 * variances)
    variance_y = two.variance + gammas[1] ** 2 * (w1 * w2 * means**2 + w1 * variances)
    if variance_x <= 0 or variance_y <= 0:
        raise BadScores("the anchor says that the synthetic population has no spread on a form")
    slope = math.sqrt(variance_y / variance_x)
    return Line(slope, mean_y - slope * mean_x, _checked_maximum(max_x, "form X"))


def _levine_gamma(group: Group, form: str, internal: bool) -> float:
    if group.covariance <= 0:
        raise BadScores(f"anchor scores do not rise with scores on {form}")
    if internal:
        return group.variance / group.covariance
    return (group.variance + group.covariance) / (group.variance_anchor + group.covariance)


def _groups(x: ArrayLike, x_anchor: ArrayLike, y: ArrayLike, y_anchor: ArrayLike) -> tuple[Group, Group]:
    """Both groups' moments.

    Raises BadScores unless each group has two persons or more with a finite score on form and anchor, and its
    scores on either are not all the same.
    """
    return _group(x, x_anchor, "form X"), _group(y, y_anchor, "form Y")


def _group(scores: ArrayLike, anchor: ArrayLike, form: str) -> Group:
    both = [np.asarray(each, dtype=np.float64) for each in (scores, anchor)]
    if both[0].ndim != 1 or both[0].shape != both[1].shape:
        raise BadScores(
            f"the group of {form} needs two lists of one length, got shapes {both[0].shape}, {both[1].shape}"
        )
    if both[0].size < 2:
        raise BadScores(f"the group of {form} needs two persons or more")
    if not np.isfinite(both).all():
        raise BadScores(f"a score in the group of {form} is not a number")
    for given, name in zip(both, (form, f"the anchor in the group of {form}"), strict=True):
        if (given == given[0]).all():
            raise BadScores(f"all scores on {name} are the same")
    (variance, covariance), (_, variance_anchor) = np.cov(both[0], both[1], ddof=0)
    return Group(
        mean=float(both[0].mean()),
        mean_anchor=float(both[1].mean()),
        variance=float(variance),
        variance_anchor=float(variance_anchor),
        covariance=float(covariance),
    )


def _check_weight(w1: float) -> None:
    if not 0 <= w1 <= 1:
        raise ValueError(f"the weight of group 1 must lie between 0 and 1, got {w1}")


def _checked_maximum(maximum: int, form: str) -> int:
    if maximum < 1:
        raise BadScores(f"{form} needs a maximum score of at least 1, got {maximum}")
    return maximum
