"""What a summed score says about ability.

Sources:
    Bock, R. D., & Mislevy, R. J. (1982). Adaptive EAP estimation of ability in a microcomputer environment. Applied
        Psychological Measurement, 6(4), 431-444.
    Lord, F. M., & Wingersky, M. S. (1984). Comparison of IRT true-score and equipercentile observed-score
        "equatings". Applied Psychological Measurement, 8(4), 453-461.
    Thissen, D., Pommerich, M., Billeaud, K., & Williams, V. S. L. (1995). Item response theory for scores on tests
        including polytomous items with ordered responses. Applied Psychological Measurement, 19(1), 39-49.
"""

import math
import operator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from psychometrics.arrays import FloatArray
from psychometrics.irt.model import score_distribution

NODES = 481
REACH = 6.0


@dataclass(frozen=True)
class Prior:
    """A normal population N(mean, sd²) of theta in logits, on a fixed grid of 481 equally spaced nodes, ±6 sd.

    The grid is a rectangle rule, which converges geometrically for bell-shaped integrands; a 50-item posterior
    spans several nodes per standard deviation. Raises ValueError unless mean is finite and sd positive and finite.
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.sd) and self.sd > 0):
            raise ValueError("a prior needs a finite mean and a positive, finite sd")

    @cached_property
    def nodes(self) -> FloatArray:
        """Theta at the grid points, shape (481,), increasing, in logits."""
        return self.mean + self.sd * np.linspace(-REACH, REACH, NODES)

    @cached_property
    def weights(self) -> FloatArray:
        """Prior probability of each node, shape (481,), summing to 1."""
        density = np.exp(-0.5 * ((self.nodes - self.mean) / self.sd) ** 2)
        weights: FloatArray = density / density.sum()
        return weights


def posterior_of_score(raw: int, a: ArrayLike, b: ArrayLike, prior: Prior) -> FloatArray:
    """Return P(theta = node | X = raw) over `prior.nodes`, shape (481,), summing to 1.

    `raw` is the summed score on all n items given. Source: Thissen, Pommerich, Billeaud & Williams (1995), with the
    likelihood of Lord & Wingersky (1984). Raises ValueError unless 0 <= raw <= n, or if that score has no
    probability anywhere on the grid; TypeError if raw is not an integer.
    """
    score = operator.index(raw)
    distribution = score_distribution(prior.nodes, a, b)
    if not 0 <= score < distribution.shape[-1]:
        raise ValueError(f"raw score {score} is not on a form of {distribution.shape[-1] - 1} items")
    joint = distribution[:, score] * prior.weights
    total = joint.sum()
    if total == 0:
        raise ValueError(f"raw score {score} is impossible under this prior")
    posterior: FloatArray = joint / total
    return posterior


def eap_of_score(raw: int, a: ArrayLike, b: ArrayLike, prior: Prior) -> float:
    """Return the posterior mean of theta given the summed score, in logits.

    Source: Bock & Mislevy (1982) for the estimator, Thissen et al. (1995) for summed scores. Errors as in
    `posterior_of_score`.
    """
    return float(posterior_of_score(raw, a, b, prior) @ prior.nodes)
