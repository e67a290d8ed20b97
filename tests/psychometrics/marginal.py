"""The marginal likelihood of the logistic model a second time, pattern by pattern, sharing no code with the library."""

from collections.abc import Callable

import numpy as np

from psychometrics.irt import FloatArray

ROOTS, WEIGHTS = np.polynomial.hermite_e.hermegauss(121)


def log_likelihood(responses: FloatArray, a: FloatArray, b: FloatArray, mean: float = 0.0, sd: float = 1.0) -> float:
    """Log-likelihood of persons × items (NaN: not seen) by Gauss-Hermite quadrature."""
    theta = mean + sd * ROOTS
    chance = 1 / (1 + np.exp(-a * (theta[:, np.newaxis] - b)))
    patterns, counts = np.unique(np.nan_to_num(responses, nan=-1), axis=0, return_counts=True)
    total = 0.0
    for pattern, count in zip(patterns, counts, strict=True):
        likelihood = np.where(pattern == 1, chance, np.where(pattern == 0, 1 - chance, 1.0)).prod(axis=1)
        total += count * np.log(likelihood @ WEIGHTS / WEIGHTS.sum())
    return float(total)


def hessian(function: Callable[[FloatArray], float], at: FloatArray, step: float = 1e-3) -> FloatArray:
    """Second derivatives by central differences."""
    n = len(at)
    found = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            one, other = step * np.eye(n)[i], step * np.eye(n)[j]
            ahead = function(at + one + other) - function(at + one - other)
            found[i, j] = found[j, i] = (ahead - function(at - one + other) + function(at - one - other)) / 4 / step**2
    return found
