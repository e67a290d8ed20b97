"""What a form's parameters alone say about the scores of a population that has not sat it.

Sources:
    Kolen, M. J., Zeng, L., & Hanson, B. A. (1996). Conditional standard errors of measurement for scale scores using
        IRT. Journal of Educational Measurement, 33(2), 129-140.
    Lord, F. M., & Wingersky, M. S. (1984). Comparison of IRT true-score and equipercentile observed-score
        "equatings". Applied Psychological Measurement, 8(4), 453-461.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from psychometrics.arrays import FloatArray
from psychometrics.irt.model import conditional_sem, score_distribution
from psychometrics.irt.summed import Prior


@dataclass(frozen=True, slots=True)
class ExpectedScores:
    """Raw scores as expected: `shares` (n + 1,) of persons at each score, summing to 1, their mean and sd, the standard
    error of measurement, all in raw points, and the reliability, 0 to 1."""

    shares: FloatArray
    mean: float
    sd: float
    sem: float
    reliability: float


def expected_scores(a: ArrayLike, b: ArrayLike, prior: Prior) -> ExpectedScores:
    """Return the marginal distribution of the summed score on n items over the population `prior`.

    Score distributions given theta are Lord & Wingersky's (1984), summed over the population. SEM² is the population's
    mean of the conditional error variance, and reliability 1 - SEM²/variance (Kolen, Zeng & Hanson 1996). Raises
    ValueError for bad items.
    """
    shares: FloatArray = prior.weights @ score_distribution(prior.nodes, a, b)
    scores = np.arange(shares.size)
    mean = float(shares @ scores)
    variance = float(shares @ (scores - mean) ** 2)
    error = float(prior.weights @ conditional_sem(prior.nodes, a, b) ** 2)
    return ExpectedScores(shares, mean, math.sqrt(variance), math.sqrt(error), 1 - error / variance)
