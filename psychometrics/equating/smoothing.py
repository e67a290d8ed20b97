"""Log-linear presmoothing of score distributions.

Sources:
    Holland, P. W., & Thayer, D. T. (2000). Univariate and bivariate loglinear models for discrete test score
        distributions. Journal of Educational and Behavioral Statistics, 25(2), 133-183.
    Karlin, S., & Studden, W. J. (1966). Tchebycheff Systems: With Applications in Analysis and Statistics. Wiley.
    Kolen, M. J., & Brennan, R. L. (2014). Test Equating, Scaling, and Linking: Methods and Practices (3rd ed.),
        chapter 3. Springer.
"""

import operator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp, xlogy

from psychometrics.arrays import FloatArray
from psychometrics.equating.frequencies import read_frequencies

ROUNDS = 200
HALVINGS = 40
# Moments in polynomials orthonormal under the fit are of order one; the fit keeps them to within this.
GRADIENT = 1e-12
# No share is above 1; a step that makes one larger than e leads too far.
HIGHEST = 1.0
DEEPEST = 10.0
# Two values of the likelihood that differ by less than this share are the same.
ROUNDING = 1e-13


class NoFit(ValueError):
    """The model has no maximum-likelihood fit to these frequencies, or none was reached."""


@dataclass(frozen=True, slots=True)
class LogLinear:
    """A fitted polynomial log-linear model of a score distribution.

    `fitted`, shape (K + 1,), are the smoothed frequencies, with the sum N and the first `degree`
    moments of the observed ones. `deviance` is the likelihood-ratio chi-square against the observed frequencies, on
    `degrees_of_freedom` = K - degree. `aic` is the deviance plus twice the number of parameters, degree + 1: it
    ranks degrees as any definition of Akaike's criterion does, which differ by a constant (Kolen & Brennan 2014,
    chapter 3).
    """

    degree: int
    fitted: FloatArray
    deviance: float
    degrees_of_freedom: int
    aic: float


def loglinear(frequencies: ArrayLike, degree: int) -> LogLinear:
    """Fit log m(s) = b_0 + b_1·s + … + b_degree·s^degree to the frequencies of scores s = 0…K, shape (K + 1,).

    Poisson maximum likelihood (Holland & Thayer 2000) by Newton's method on orthonormal polynomials, which span the
    same model and stay stable. Raises BadScores if there are no frequencies, ValueError unless 1 <= degree <= K, and
    NoFit if persons stand at too few scores for so many moments or if the iteration does not converge.
    """
    counts = read_frequencies(frequencies, "the form")
    power = operator.index(degree)
    if not 1 <= power < counts.size:
        raise ValueError(f"the degree must lie between 1 and {counts.size - 1}, got {power}")
    if not _has_fit(counts, power):
        raise NoFit(f"persons stand at too few scores to keep {power} moments")
    total = float(counts.sum())
    fitted, logs = _newton(counts / total, power)
    deviance = 2 * total * float((xlogy(counts / total, counts / total) - counts / total * logs).sum())
    return LogLinear(
        degree=power,
        fitted=total * fitted,
        deviance=max(deviance, 0.0),
        degrees_of_freedom=counts.size - 1 - power,
        aic=max(deviance, 0.0) + 2 * (power + 1),
    )


def _has_fit(counts: FloatArray, degree: int) -> bool:
    """Whether the likelihood has its maximum at finite coefficients.

    It has none exactly if a polynomial of this degree vanishes wherever persons stand and is never negative at any
    other score, and positive at one: following it forever only lowers the other frequencies. Such a polynomial
    needs one root for each score of a run of occupied scores that begins at 0 or ends at K, and an even number of
    them for any other run: the counterpart, on whole scores, of the index of Karlin & Studden (1966).
    """
    occupied = (counts > 0).tolist()
    if all(occupied):
        return True
    roots = 0
    for stands, run in groupby(range(len(occupied)), key=occupied.__getitem__):
        scores = list(run)
        if stands:
            inside = scores[0] > 0 and scores[-1] < len(occupied) - 1
            roots += len(scores) + (len(scores) % 2 if inside else 0)
    return degree < roots


def _newton(shares: FloatArray, degree: int) -> tuple[FloatArray, FloatArray]:
    """Fitted shares and their logarithms.

    The negative log-likelihood is convex, so Newton's method, with a step halved until it leads down, finds its one
    minimum. In polynomials that are orthonormal under the present fit the matrix of second derivatives is one.
    """
    scores = np.linspace(-1, 1, shares.size)
    logs = _start(shares, scores, degree)
    for _ in range(ROUNDS):
        fitted = np.exp(logs)
        basis = _orthonormal(fitted, scores, degree)
        gradient = basis.T @ (shares - fitted)
        if np.abs(gradient).max() < GRADIENT:
            return fitted, logs
        step = basis @ gradient
        now = fitted.sum() - shares @ logs
        for _ in range(HALVINGS):
            tried = logs + step
            if tried.max() < HIGHEST and np.exp(tried).sum() - shares @ tried <= now + ROUNDING * abs(now):
                break
            step /= 2
        else:
            break
        logs = tried
    raise NoFit("the log-linear fit did not converge")


def _start(shares: FloatArray, scores: FloatArray, degree: int) -> FloatArray:
    """Logarithms of the shares of a normal distribution, which is a model of degree 2, or of equal shares.

    A narrow distribution starts wider, so that no score is so unlikely that its few persons throw the first step.
    """
    logs = np.zeros(shares.size)
    if degree > 1:
        mean = shares @ scores
        logs = -((scores - mean) ** 2) / (2 * (shares @ (scores - mean) ** 2))
        logs *= min(1.0, DEEPEST / -logs.min())
    start: FloatArray = logs - logsumexp(logs)
    return start


def _orthonormal(weights: FloatArray, scores: FloatArray, degree: int) -> FloatArray:
    """Polynomials of degree 0…degree as columns, orthonormal under these weights, shape (K + 1, degree + 1).

    Each comes from the one before, times the score, made orthogonal to all before: twice, because rounding in the
    first pass leaves a remainder.
    """
    basis = np.zeros((scores.size, degree + 1))
    column = np.ones(scores.size)
    for power in range(degree + 1):
        for _ in range(2):
            column = column - basis @ (basis.T @ (weights * column))
        length = np.sqrt(weights @ column**2)
        if not (0 < length < np.inf):
            raise NoFit("the log-linear fit did not converge")
        basis[:, power] = column / length
        column = scores * basis[:, power]
    return basis
